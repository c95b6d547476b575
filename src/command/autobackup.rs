//! `bpctl autobackup …`

use crate::args::{AutobackupCommand, AutobackupTarget};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Policy, Preset, TargetKind};
use crate::onapp::OnApp;
use crate::ops::batch::print_result;
use crate::ops::find::with_server;
use crate::ops::onapp_autobackup::AutobackupWrite;
use crate::ops::onapp_fleet::is_closed;
use crate::ops::onapp_policies::{not_offered, of_owner};
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::sequence::Outcome;
use crate::text::shell_word;

/// Policies that a recorded cloud made of its presets.
const RECORDED_PRESETS: usize = 4;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: AutobackupCommand) -> Result<()> {
    match verb {
        AutobackupCommand::On(args) => switch(cx, args.target, true).await,
        AutobackupCommand::Off(args) => switch(cx, args.target, false).await,
        AutobackupCommand::Presets(_) => presets(cx).await,
    }
}

async fn presets(cx: &Context) -> Result<()> {
    let mut rows = Rows::<Preset>::begin(cx)?;
    let listed = cx.onapp()?.presets().await.map_err(|error| match error.exit {
        Exit::NotFound => not_offered(&error),
        Exit::Auth => error.hint("presets are settings of the cloud, which only an administrator may read"),
        _ => error,
    })?;
    rows.page(listed.rows)?;
    rows.end(listed.walk, "on this cloud")
}

async fn switch(cx: &Context, target: AutobackupTarget, is_on: bool) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let mut write = write_of(api, target, is_on).await?;
    let listed = of_owner(api, write.owner()).await?;
    listed.walk.refuse_gap("policies")?;
    write.before = listed.rows;
    let warnings =
        if is_on && write.before.is_empty() { vec![what_it_makes(api, &write.label).await] } else { Vec::new() };
    let question = format!("Switch autobackup of {} {}?", write.label, if is_on { "on" } else { "off" });
    let ask = if warnings.is_empty() { Ask::Losses } else { Ask::Always };
    let options = Options { ask, warnings, ..Options::new(question, lock) };
    let Some(sequence) = pipeline::run(cx, vec![write], options).await? else {
        return Ok(());
    };
    let Some((label, outcome)) = sequence.results.into_iter().next() else {
        return Ok(());
    };
    let mut policies = match outcome {
        Outcome::Done(policies) => policies,
        Outcome::Failed(error) => return Err(error),
        Outcome::NotTried => return Ok(()),
    };
    // The list of one target names it by its number.
    policies.iter_mut().for_each(|policy| policy.model.target.name = Some(label.clone()));
    print_result(cx, &format!("done: {label}"), || {
        let mut rows = Rows::<Policy>::begin(cx)?.with_columns(&["schedule", "status"], &["interval", "size", "type"]);
        rows.page(policies)?;
        rows.end(crate::http::Walk::default(), &format!("of {label}"))
    })
}

/// Finds what is switched. A VM that is backed up disk by disk has no policies of its own.
async fn write_of(api: &OnApp, target: AutobackupTarget, is_on: bool) -> Result<AutobackupWrite> {
    if let Some(disk) = target.disk {
        let machine = api.disk(None, &disk).await?.model.machine_id;
        let label = format!("disk {disk}");
        return Ok(AutobackupWrite { kind: TargetKind::Disk, target: disk, label, machine, is_on, before: Vec::new() });
    }
    let name = target.vm.unwrap_or_default();
    let machine = with_server(api, &name, async |id| api.machine(&id).await).await?;
    let label = machine.model.label().to_owned();
    let is_windows = machine.model.is_windows();
    let id = machine.model.id.ok_or_else(|| Error::invalid_response(format!("the VM `{name}` has no number")))?;
    // Policies of the whole VM that make no backups can still be switched off.
    if is_on && (is_windows || machine.raw["support_incremental_backups"] == false) {
        let why = if is_windows { "runs Windows" } else { "has no incremental backups" };
        return Err(Error {
            code: code::NOT_OFFERED.into(),
            ..Error::usage(format!("{label} {why}: its disks are backed up, each by policies of its own"))
        }
        .hint(format!("name a disk with `--disk`; `bpctl disk list --vm {id}` shows them", id = shell_word(&id))));
    }
    let (kind, machine) = (TargetKind::VirtualMachine, Some(id.clone()));
    Ok(AutobackupWrite { kind, target: id, label, machine, is_on, before: Vec::new() })
}

/// Says what the cloud makes of its presets.
async fn what_it_makes(api: &OnApp, label: &str) -> String {
    let words = match api.presets().await {
        Ok(listed) if listed.walk.gap.is_none() => {
            let enabled = listed.rows.iter().filter(|preset| preset.model.enabled != Some(false));
            let words: Vec<String> = enabled.map(|preset| preset.model.schedule.words()).collect();
            format!("{} policies ({})", words.len(), words.join(", "))
        }
        Err(error) if !is_closed(&error) && error.exit != Exit::Auth => {
            format!("a policy of each preset, which could not be read: {}", error.message)
        }
        _ => format!("a policy of each preset, which this user may not read; a recorded cloud made {RECORDED_PRESETS}"),
    };
    format!("{label} has no policy: the cloud makes {words}, and immediately takes one backup for each")
}
