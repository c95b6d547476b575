//! `bpctl policies …` on an OnApp cloud, whose policies are schedules.

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use crate::args::{PolicyCreate, PolicyFields, PolicyList, PolicyNames, PolicyShow, PolicyUpdate};
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::model::{Fleet, Interval, Object, Policy, PolicyPatch, TargetKind};
use crate::onapp::{OnApp, ScheduleOwner};
use crate::ops::batch::{finish, question};
use crate::ops::bulk::{self, Selector};
use crate::ops::find::with_server;
use crate::ops::onapp_change::{NewSchedule, OnAppChange, OnAppWrite, schedule_ids};
use crate::ops::onapp_policies::{find, of_cloud, of_disk, of_machine, of_owner};
use crate::ops::pipeline::{self, Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::write::Written;

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
    let Some(name) = args.policy else {
        return Err(Error::usage("<POLICY> is missing").hint("`bpctl policies list` shows the policies"));
    };
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
    let (kind, target, label) = owner(api, &args).await?;
    if kind == TargetKind::Disk && args.fields.retention.is_some_and(|count| count != 1) {
        return Err(no_retention_on_disks());
    }
    if kind != TargetKind::Disk && args.fields.retention.is_none() {
        return Err(Error::usage("`--retention` is missing"));
    }
    let scope = match kind {
        TargetKind::Disk => ScheduleOwner::Disk(None, &target),
        _ => ScheduleOwner::Machine(&target),
    };
    let existing = of_owner(api, scope).await?;
    let same = existing.rows.iter().find(|policy| policy.model.schedule.interval.as_ref() == Some(interval));
    if let Some(same) = same.filter(|_| !args.allow_duplicate) {
        let id = same.model.id_text();
        return Err(Error {
            code: code::CONFIRMATION_REQUIRED.into(),
            ..Error::usage(format!("{label} already has a policy of this interval: {id}"))
        }
        .hint(format!("`bpctl policy update {id}` changes it; `--allow-duplicate` creates another one")));
    }
    let existing = schedule_ids(api, scope).await?;
    let period = period(interval)?;
    let retention = args.fields.retention.unwrap_or(1);
    let number: Value = target.parse::<u64>().map_or_else(|_| target.clone().into(), Value::from);
    let mut fields = json!({
        "action": "autobackup",
        "target_type": if kind == TargetKind::Disk { "Disk" } else { "VirtualMachine" },
        "target_id": number,
        "duration": args.fields.frequency.unwrap_or(1),
        "period": period,
        "rotation_period": retention,
        "status": "enabled",
    });
    if let Some(start) = start(cx, &args.fields, None)? {
        fields["start_at"] = start.into();
    }
    let policy = Policy {
        retention: Some(retention),
        schedule: args.fields.patch().against(&Policy::default()).applied_to(&Policy::default()).schedule,
        ..Policy::default()
    };
    let new = NewSchedule { kind, target, label: label.clone(), fields, policy, existing };
    let question = format!("Create a policy for {label}?");
    run(cx, vec![OnAppChange::CreatePolicy(new)], Options::new(question, lock)).await
}

async fn owner(api: &OnApp, args: &PolicyCreate) -> Result<(TargetKind, String, String)> {
    if let Some(disk) = &args.disk {
        return Ok((TargetKind::Disk, disk.clone(), format!("disk {disk}")));
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
    Ok((TargetKind::VirtualMachine, id, label))
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
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let mut changes = Vec::new();
    for before in read(cx, api, &args.policies).await? {
        if before.model.target.kind == TargetKind::Disk && args.fields.retention.is_some_and(|count| count != 1) {
            return Err(no_retention_on_disks());
        }
        for expectation in &args.expect {
            if let Some(difference) = expectation.difference(&before.model) {
                return Err(crate::ops::guard::changed(before.model.id_text(), &difference));
            }
        }
        let mut fields = settings(&before.raw);
        if let Some(retention) = patch.retention {
            fields.insert("rotation_period".to_owned(), retention.into());
        }
        // The clock stands in `start_at`, not in the schedule.
        let units = PolicyPatch { time: None, minute: None, ..patch.clone() };
        let change = units.against(&before.model);
        if let Some(schedule) = &change.schedule {
            if let Some(interval) = &schedule.interval {
                fields.insert("period".to_owned(), period(interval)?.into());
            }
            fields.insert("duration".to_owned(), schedule.frequency.unwrap_or(1).into());
        }
        if let Some(at) = start(cx, &args.fields, before.raw["start_at"].as_str())? {
            fields.insert("start_at".to_owned(), at.into());
        }
        let fields = Value::Object(fields);
        changes.push(OnAppChange::UpdatePolicy { before, fields, change, is_paused: false });
    }
    run(cx, changes, Options::new("Change it?", lock)).await
}

/// Pauses or resumes policies.
pub async fn set_status(cx: &Context, args: PolicyNames, status: &str) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let mut changes = Vec::new();
    for before in read(cx, api, &args.policies).await? {
        let mut fields = settings(&before.raw);
        fields.insert("status".to_owned(), status.into());
        let change = PolicyPatch::default().against(&before.model);
        let is_paused = status == "disabled";
        changes.push(OnAppChange::UpdatePolicy { before, fields: Value::Object(fields), change, is_paused });
    }
    let question = if status == "disabled" { "Pause it?" } else { "Resume it?" };
    run(cx, changes, Options::new(question, lock)).await
}

/// Deletes policies; OnApp has no trash.
pub async fn delete(cx: &Context, names: &[String], selector: Option<&Selector>) -> Result<()> {
    cx.check_result_columns::<Policy>()?;
    let (api, lock) = (cx.onapp()?, Lock::take(cx).await?);
    let (read, options) = match selector {
        None => (read(cx, api, names).await?, Options::new("Delete it?", lock)),
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

async fn read(cx: &Context, api: &OnApp, names: &[String]) -> Result<Vec<Object<Policy>>> {
    if names.is_empty() || names == ["-"] {
        return Err(Error::usage("<POLICY> is missing").hint("`bpctl policies list` shows the policies"));
    }
    let mut policies = Vec::new();
    for name in names {
        policies.push(find(cx, api, name).await?);
    }
    Ok(policies)
}

async fn run(cx: &Context, changes: Vec<OnAppChange>, options: Options) -> Result<()> {
    let is_single = changes.len() == 1;
    let writes = changes.into_iter().map(|change| OnAppWrite { change, wait: None }).collect();
    match pipeline::run(cx, writes, options).await? {
        None => Ok(()),
        Some(sequence) => finish(cx, sequence, Vec::new(), is_single, Written::policy),
    }
}

/// All that an update sends, as it is.
fn settings(raw: &Value) -> Map<String, Value> {
    let names = ["duration", "period", "rotation_period", "start_at", "status"];
    names.into_iter().filter(|name| !raw[*name].is_null()).map(|name| (name.to_owned(), raw[name].clone())).collect()
}

fn period(interval: &Interval) -> Result<&'static str> {
    match interval {
        Interval::Daily => Ok("days"),
        Interval::Weekly => Ok("weeks"),
        Interval::Monthly => Ok("months"),
        other => {
            Err(Error { code: code::NOT_OFFERED.into(), ..Error::usage(format!("OnApp has no {other} schedules")) }
                .hint("it has daily, weekly and monthly; `--frequency N` makes it every N of these"))
        }
    }
}

fn check(fields: &PolicyFields) -> Result<()> {
    fields.interval.as_ref().map_or(Ok(()), |interval| period(interval).map(drop))
}

fn no_retention_on_disks() -> Error {
    Error {
        code: code::NOT_OFFERED.into(),
        ..Error::usage("a policy of a disk keeps 1 backup, whatever is entered (documented)")
    }
    .hint("a policy of a VM with incremental backups can keep more: `--vm VM`")
}

/// The next moment with the clock that the fields name, in the zone of the command; that of the day on which the policy
/// would run next, where that is still ahead.
fn start(cx: &Context, fields: &PolicyFields, next: Option<&str>) -> Result<Option<String>> {
    if fields.time.is_none() && fields.minute.is_none() {
        return Ok(None);
    }
    let now = cx.now();
    let next = next.and_then(|text| text.parse::<Timestamp>().ok()).filter(|next| *next > now);
    let day = next.unwrap_or(now).to_zoned(cx.zone().clone());
    let part = |value: Option<i64>, known: i8| value.and_then(|value| i8::try_from(value).ok()).unwrap_or(known);
    let hour = part(fields.time, if next.is_some() { day.hour() } else { 0 });
    let minute = part(fields.minute, if fields.time.is_none() && next.is_some() { day.minute() } else { 0 });
    let invalid = |error: jiff::Error| Error::usage(format!("the time cannot be used: {error}"));
    let mut at = day.with().hour(hour).minute(minute).second(0).subsec_nanosecond(0).build().map_err(invalid)?;
    while at.timestamp() <= now {
        at = at.checked_add(1.day()).map_err(invalid)?;
    }
    Ok(Some(at.timestamp().to_string()))
}
