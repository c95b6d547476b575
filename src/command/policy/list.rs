//! `bpctl policies list`

use futures_util::stream::{self, StreamExt};

use crate::args::PolicyList;
use crate::context::Context;
use crate::error::Result;
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Owner, is_gone};
use crate::model::{Object, Policy};
use crate::ops::find::with_machine;
use crate::ops::rows::Rows;

/// Lists the policies of a machine, a disk or an organization.
pub async fn run(cx: &Context, args: PolicyList) -> Result<()> {
    let mut rows = Rows::begin(cx)?.also(also(&args));
    let api = cx.katapult()?;
    if let Some(name) = args.vm.as_ref().or(args.name.as_ref()) {
        let walk = with_machine(cx, api, name, async |machine| {
            fill(cx, api, &Owner::Machine(machine, args.include_disks), args.detail, &mut rows).await
        });
        let walk = walk.await?;
        return rows.end(walk, &format!("of virtual machine `{name}`"));
    }
    let (owner, of) = match args.disk {
        Some(disk) => (Owner::Disk(disk.clone()), format!("of disk `{disk}` itself")),
        None => {
            let organization = api.find_organization(cx.organization()?).await?;
            (Owner::Organization(organization), "in this organization".to_owned())
        }
    };
    let walk = fill(cx, api, &owner, args.detail, &mut rows).await?;
    rows.end(walk, &of)
}

/// Gives the columns that the table shows besides its own: what was read for it, and no other column tells.
pub fn also(args: &PolicyList) -> &'static [&'static str] {
    if args.detail { &["deletion"] } else { &[] }
}

async fn fill(
    cx: &Context,
    api: &Katapult,
    owner: &Owner,
    is_detailed: bool,
    rows: &mut Rows<'_, Policy>,
) -> Result<Walk> {
    if !is_detailed {
        return api.policies(owner, &mut |page| rows.page(page)).await;
    }
    let mut listed = Vec::new();
    let mut keep = |page: Vec<_>| {
        listed.extend(page);
        Ok(Flow::More)
    };
    let walk = api.policies(owner, &mut keep).await?;
    let mut detailed = stream::iter(listed).map(|policy| detail(api, policy)).buffered(api.http().concurrency());
    while let Some(read) = detailed.next().await {
        let Some(policy) = read? else {
            cx.ui.warn("a policy was deleted while the list was read; it is left out");
            continue;
        };
        if rows.page(vec![policy])? == Flow::Enough {
            break;
        }
    }
    Ok(walk)
}

/// Reads a listed policy in full; none if it is gone by now.
async fn detail(api: &Katapult, listed: Object<Policy>) -> Result<Option<Object<Policy>>> {
    let Some(id) = &listed.model.id else {
        return Ok(Some(listed));
    };
    match api.policy(id).await {
        Ok(policy) => Ok(Some(policy)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
