//! `bpctl policies …` on an OnApp cloud, whose policies are schedules.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::{PolicyCreate, PolicyFields, PolicyList, PolicyNames, PolicyShow, PolicyUpdate};
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::model::{Fleet, Object, Policy, PolicyPatch, TargetKind};
use crate::onapp::{OnApp, schedule_fields};
use crate::ops::batch::{finish, question};
use crate::ops::bulk::{self, Selector};
use crate::ops::find::with_server;
use crate::ops::onapp_change::{OnAppChange, OnAppWrite};
use crate::ops::onapp_policies::{find, of_cloud, of_disk, of_machine, of_owner};
use crate::ops::onapp_schedule::{self, Owner};
use crate::ops::pipeline::{self, Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::write::Written;
use crate::ops::{batch, pick_onapp};

/// The columns that the table shows besides its own, and those that it leaves out: schedules are listed in full.
const COLUMNS: (&[&str], &[&str]) = (&["schedule", "status", "last_run", "failures"], &["interval", "size", "type"]);

/// Lists the policies of a VM and its disks, of a disk, or of the cloud.
pub async fn list(cx: &Context, args: PolicyList) -> Result<()> {
    let mut rows = Rows::begin(cx)?.with_columns(COLUMNS.0, COLUMNS.1);
    let api = cx.onapp()?;
    let vm = args.vm.as_ref().or(args.name.as_ref());
    let (listed, walk, of) = match (vm, &args.disk) {
        (None, None) => {
            let (_, listed, walk) = of_cloud(cx, api).await?;
            (listed, walk, "on this cloud".to_owned())
        }
        (Some(name), None) => {
            let listed = with_server(api, name, async |id| of_machine(api, &id).await).await?;
            (listed.rows, listed.walk, format!("of VM `{name}` and its disks"))
        }
        (vm, Some(disk)) => {
            let listed = match vm {
                Some(name) => with_server(api, name, async |id| of_disk(api, Some(&id), disk).await).await?,
                None => of_disk(api, None, disk).await?,
            };
            (listed.rows, listed.walk, format!("of disk `{disk}`"))
        }
    };
    rows.page(listed)?;
    rows.end(walk, &of)
}

pub async fn show(cx: &Context, args: PolicyShow) -> Result<()> {
    let name = pick_onapp::policies(cx, args.policy.into_iter().collect()).await?.swap_remove(0);
    cx.show(find(cx, cx.onapp()?, &name).await?)
}

pub async fn create(cx: &Context, args: PolicyCreate) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let (Some(interval), true) = (&args.fields.interval, args.vm.is_some() || args.disk.is_some()) else {
        return Err(Error::usage("`--vm` or `--disk`, and `--interval` are needed")
            .hint("as in `bpctl policy create --vm web1 --interval daily --retention 14`"));
    };
    check(&args.fields)?;
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let owner = owner(api, &args).await?;
    let (kind, label) = (owner.kind, owner.label.clone());
    if kind == TargetKind::Disk && args.fields.retention.is_some_and(|count| count != 1) {
        return Err(no_retention_on_disks());
    }
    if kind != TargetKind::Disk && args.fields.retention.is_none() {
        return Err(Error::usage("`--retention` is missing"));
    }
    let existing = of_owner(api, owner.scope()).await?;
    let same = existing.rows.iter().find(|policy| policy.model.schedule.interval.as_ref() == Some(interval));
    if let Some(same) = same.filter(|_| !args.allow_duplicate) {
        let id = same.model.id_text();
        return Err(Error {
            code: code::CONFIRMATION_REQUIRED.into(),
            ..Error::usage(format!("{label} already has a policy of this interval: {id}"))
        }
        .hint(format!("`bpctl policy update {id}` changes it; `--allow-duplicate` creates another one")));
    }
    let mut patch = args.fields.patch();
    let start = start(cx, &mut patch, None)?;
    let new = onapp_schedule::create(api, owner, &patch, start).await?;
    let question = format!("Create a policy for {label}?");
    run(cx, vec![OnAppChange::CreatePolicy(new)], Options::new(question, lock)).await
}

async fn owner(api: &OnApp, args: &PolicyCreate) -> Result<Owner> {
    if let Some(disk) = &args.disk {
        return Ok(Owner { kind: TargetKind::Disk, target: disk.clone(), label: format!("disk {disk}") });
    }
    let name = args.vm.as_deref().unwrap_or_default();
    let machine = with_server(api, name, async |id| api.machine(&id).await).await?;
    let is_windows = machine.raw["operating_system"].as_str().is_some_and(|os| os.eq_ignore_ascii_case("windows"));
    let label = machine.model.label().to_owned();
    let id = machine.model.id.ok_or_else(|| Error::invalid_response(format!("the VM `{name}` has no number")))?;
    if is_windows || machine.raw["support_incremental_backups"] == false {
        let why = if is_windows { "runs Windows" } else { "has no incremental backups" };
        return Err(Error {
            code: code::NOT_OFFERED.into(),
            ..Error::usage(format!("{label} {why}: its disks are backed up, each by a policy of its own"))
        }
        .hint(format!("name a disk with `--disk`; `bpctl disk list --vm {id}` shows them")));
    }
    Ok(Owner { kind: TargetKind::VirtualMachine, target: id, label })
}

/// Changes policies.
pub async fn update(cx: &Context, args: PolicyUpdate, is_selection: bool) -> Result<()> {
    cx.check_result_columns::<Policy>()?;
    if is_selection {
        return Err(Error {
            code: code::NOT_OFFERED.into(),
            ..Error::usage("`--match` is not supported by provider onapp")
        });
    }
    let patch = args.fields.patch();
    if patch.is_empty() {
        return Err(Error::usage("no changes specified")
            .hint("give `--retention`, `--interval`, `--frequency`, `--time` or `--minute`"));
    }
    check(&args.fields)?;
    let names = named(cx, args.policies).await?;
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let mut changes = Vec::new();
    for before in read(cx, api, &names).await? {
        if before.model.target.kind == TargetKind::Disk && args.fields.retention.is_some_and(|count| count != 1) {
            return Err(no_retention_on_disks());
        }
        for expectation in &args.expect {
            if let Some(difference) = expectation.difference(&before.model) {
                return Err(crate::ops::guard::changed(before.model.id_text(), &difference));
            }
        }
        let mut patch = patch.clone();
        let start = start(cx, &mut patch, schedule_fields::start(&before.raw))?;
        let change = patch.against(&before.model);
        let start = start.filter(|_| change.has("time") || change.has("minute"));
        changes.push(OnAppChange::UpdatePolicy { before, change, start });
    }
    run(cx, changes, Options::new("Change it?", lock)).await
}

/// Pauses or resumes policies.
pub async fn set_enabled(cx: &Context, args: PolicyNames, enabled: bool) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let names = named(cx, args.policies).await?;
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let patch = PolicyPatch { enabled: Some(enabled), ..PolicyPatch::default() };
    let mut changes = Vec::new();
    for before in read(cx, api, &names).await? {
        changes.push(onapp_schedule::update(before, &patch, cx.now())?);
    }
    let question = if enabled { "Resume it?" } else { "Pause it?" };
    run(cx, changes, Options::new(question, lock)).await
}

/// Deletes policies; OnApp has no trash.
pub async fn delete(cx: &Context, names: &[String], selector: Option<&Selector>) -> Result<()> {
    cx.check_result_columns::<Policy>()?;
    let names = if selector.is_none() { named(cx, names.to_vec()).await? } else { Vec::new() };
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let (read, options) = match selector {
        None => (read(cx, api, &names).await?, Options::new("Delete it?", lock)),
        Some(selector) => {
            let (fleet, rows) = complete_cloud(cx, api).await?;
            let chosen = selector.choose(cx, &fleet, rows)?;
            selector.check_limit(cx, chosen.len(), chosen.len())?;
            let ids: HashSet<&str> = chosen.iter().map(|policy| policy.model.id_text()).collect();
            let mut options = selector.options(question(chosen.len(), "Delete it?", "Delete"), lock);
            options.warnings.extend(bulk::left_without(&fleet, &ids));
            (chosen, options)
        }
    };
    let changes = read.into_iter().map(|before| OnAppChange::DeletePolicy { before }).collect();
    run(cx, changes, options).await
}

/// Reads all of a cloud for a change of what is selected: a list with gaps selects too little.
async fn complete_cloud(cx: &Context, api: &OnApp) -> Result<(Fleet, Vec<Object<Policy>>)> {
    let (fleet, rows, walk) = of_cloud(cx, api).await?;
    if let Some(gap) = walk.gap {
        let message = format!("incomplete: {}", gap.describe("policies"));
        return Err(Error::invalid_response(message).hint("nothing was sent; try again"));
    }
    Ok((fleet, rows))
}

/// The policies of the command line, of standard input, or chosen from a list: before the lock is taken.
async fn named(cx: &Context, arguments: Vec<String>) -> Result<Vec<String>> {
    batch::named(cx, &pick_onapp::policies(cx, arguments).await?).await
}

async fn read(cx: &Context, api: &OnApp, names: &[String]) -> Result<Vec<Object<Policy>>> {
    let mut policies = Vec::new();
    for name in names {
        policies.push(find(cx, api, name).await?);
    }
    Ok(policies)
}

async fn run(cx: &Context, changes: Vec<OnAppChange>, options: Options) -> Result<()> {
    let is_single = changes.len() == 1;
    let writes: Vec<OnAppWrite> = changes.into_iter().map(OnAppWrite::from).collect();
    match pipeline::run(cx, writes, options).await? {
        None => Ok(()),
        Some(sequence) => finish(cx, sequence, Vec::new(), is_single, Written::policy),
    }
}

fn check(fields: &PolicyFields) -> Result<()> {
    fields.interval.as_ref().map_or(Ok(()), onapp_schedule::check_interval)
}

fn no_retention_on_disks() -> Error {
    Error {
        code: code::NOT_OFFERED.into(),
        ..Error::usage("a policy of a disk keeps 1 backup, whatever is entered (documented)")
    }
    .hint("a policy of a VM with incremental backups can keep more: `--vm VM`")
}

/// When the policy runs next, where `patch` names a clock: in the zone of the command. Hour and minute of `patch` become
/// those of UTC.
fn start(cx: &Context, patch: &mut PolicyPatch, next: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if patch.time.is_none() && patch.minute.is_none() {
        return Ok(None);
    }
    let at = onapp_schedule::next_at(cx.zone(), (patch.time, patch.minute), next, cx.now())?;
    let clock = at.to_zoned(TimeZone::UTC);
    (patch.time, patch.minute) = (Some(clock.hour().into()), Some(clock.minute().into()));
    Ok(Some(at))
}
