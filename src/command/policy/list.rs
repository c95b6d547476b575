//! `bpctl policies list`

use futures_util::stream::{self, StreamExt};

use crate::args::PolicyList;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Owner, is_gone};
use crate::model::{Object, Policy};
use crate::ops::bulk::LEFT_OUT;
use crate::ops::find::{with_disk, with_machine};
use crate::ops::guard::is_unreadable;
use crate::ops::rows::Rows;

/// Lists the policies of a machine, a disk or an organization.
pub async fn run(cx: &Context, args: PolicyList) -> Result<()> {
    let (added, left_out) = columns(&args);
    let rows = Rows::begin(cx)?.with_columns(added, left_out);
    if !args.detail {
        refuse_unlisted(&rows)?;
    }
    let mut list = List { cx, rows, unread: Vec::new() };
    let api = cx.katapult()?;
    let (walk, of) = if let Some(disk) = &args.disk {
        let walk = with_disk(cx, api, disk, args.vm.as_deref(), async |id| {
            list.fill(api, &Owner::Disk(id), args.detail).await
        });
        (walk.await?, format!("of disk `{disk}` itself"))
    } else if let Some(name) = args.vm.as_ref().or(args.name.as_ref()) {
        let walk = with_machine(cx, api, name, async |machine| {
            list.fill(api, &Owner::Machine(machine, args.include_disks), args.detail).await
        });
        (walk.await?, format!("of VM `{name}`"))
    } else {
        let organization = api.find_organization(cx.organization()?).await?;
        let walk = list.fill(api, &Owner::Organization(organization), args.detail).await?;
        (walk, "in this organization".to_owned())
    };
    let List { rows, unread, .. } = list;
    rows.end(walk, &of)?;
    if unread.is_empty() {
        return Ok(());
    }
    let message =
        format!("{} policies are shown as listed, since they cannot be read: {}", unread.len(), unread.join(", "));
    Err(Error::new(Exit::Partly, code::PARTLY_DONE, message))
}

/// Refuses to choose or sort rows by what Katapult's lists leave out: every row would look as if it had no value.
fn refuse_unlisted(rows: &Rows<'_, Policy>) -> Result<()> {
    let Some(column) = rows.depends_on(&LEFT_OUT) else {
        return Ok(());
    };
    let message = format!("Katapult's lists of policies do not include `{column}`");
    Err(Error::usage(message).hint("add `--detail`: it reads each policy"))
}

/// The columns that the table shows besides its own, and those that it leaves out: with `--detail` the schedule is known.
pub fn columns(args: &PolicyList) -> (&'static [&'static str], &'static [&'static str]) {
    if args.detail { (&["schedule", "deletion"], &["interval"]) } else { (&[], &[]) }
}

struct List<'a> {
    cx: &'a Context,
    rows: Rows<'a, Policy>,
    /// Ids of policies that exist and cannot be read by themselves.
    unread: Vec<String>,
}

impl List<'_> {
    async fn fill(&mut self, api: &Katapult, owner: &Owner, is_detailed: bool) -> Result<Walk> {
        if !is_detailed {
            return api.policies(owner, &mut |page| self.rows.page(page)).await;
        }
        let listed = api.all_policies(owner).await?;
        let mut detailed =
            stream::iter(listed.rows).map(|policy| detail(api, policy)).buffered(api.http().concurrency());
        while let Some(read) = detailed.next().await {
            let policy = match read? {
                Detail::Read(policy) => policy,
                Detail::Unreadable(listed, error) => {
                    let id = listed.model.id_text().to_owned();
                    self.cx.ui.warn(&format!("policy {id} cannot be read: {} ({})", error.message, error.code));
                    self.unread.push(id);
                    listed
                }
                Detail::Gone => {
                    self.cx.ui.warn("a policy was deleted while the list was read; it is left out");
                    continue;
                }
            };
            if self.rows.page(vec![policy])? == Flow::Enough {
                break;
            }
        }
        Ok(listed.walk)
    }
}

/// What became of a listed policy.
enum Detail {
    Read(Object<Policy>),
    Unreadable(Object<Policy>, Error),
    Gone,
}

async fn detail(api: &Katapult, listed: Object<Policy>) -> Result<Detail> {
    let Some(id) = &listed.model.id else {
        return Ok(Detail::Read(listed));
    };
    match api.policy(id).await {
        Ok(policy) => Ok(Detail::Read(policy)),
        Err(error) if is_gone(&error) => Ok(Detail::Gone),
        Err(error) if is_unreadable(&error) => Ok(Detail::Unreadable(listed, error)),
        Err(error) => Err(error),
    }
}
