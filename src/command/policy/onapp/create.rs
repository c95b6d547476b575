//! `bpctl policy create`

use super::start;
use crate::args::PolicyCreate;
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::model::{Capabilities, Policy, TargetKind};
use crate::onapp::OnApp;
use crate::ops::batch::finish;
use crate::ops::cloud::{check_offered, not_offered};
use crate::ops::find::with_server;
use crate::ops::guard;
use crate::ops::onapp_change::{OnAppChange, OnAppWrite};
use crate::ops::onapp_policies::of_owner;
use crate::ops::onapp_schedule::{self, Owner};
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::policy_form;
use crate::ops::write::Written;
use crate::text::shell_word;

pub async fn create(cx: &Context, mut args: PolicyCreate) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let asks = match check(&args) {
        Err(_) if cx.ui.can_ask() => true,
        checked => checked.map(|()| false)?,
    };
    if asks {
        // A VM that does not exist ends the command before the questions.
        if args.vm.is_some() {
            owner(cx.onapp()?, &args).await?;
        }
        policy_form::missing_onapp(cx, &mut args).await?;
        check(&args)?;
    }
    let interval = args.fields.interval.as_ref();
    let mut patch = args.fields.patch();
    let kind = if args.disk.is_some() { TargetKind::Disk } else { TargetKind::VirtualMachine };
    check_offered(&Capabilities::ONAPP, kind, &patch)?;
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let owner = owner(api, &args).await?;
    let label = owner.label.clone();
    let existing = of_owner(api, owner.scope()).await?;
    existing.walk.refuse_gap("policies")?;
    if !args.allow_duplicate {
        guard::refuse_unreadable_beside(&label, interval, &existing.rows)?;
    }
    let same = existing.rows.iter().find(|policy| policy.model.schedule.interval.as_ref() == interval);
    if let Some(same) = same.filter(|_| !args.allow_duplicate) {
        let id = same.model.id_text();
        return Err(Error {
            code: code::CONFIRMATION_REQUIRED.into(),
            ..Error::usage(format!("{label} already has a policy of this interval: {id}"))
        }
        .hint(format!(
            "`bpctl policy update {id}` changes it; `--allow-duplicate` creates another one",
            id = shell_word(id)
        )));
    }
    let start = start(cx, &mut patch, None)?;
    let new = onapp_schedule::create(api, owner, &patch, start).await?;
    let options = Options::new(format!("Create a policy for {label}?"), lock);
    let options = if asks { Options { ask: Ask::Always, ..options } } else { options };
    if asks {
        cx.ui.note(&format!("the same without questions: `bpctl {}`", cx.command_line()));
    }
    match pipeline::run(cx, vec![OnAppWrite::from(OnAppChange::CreatePolicy(new))], options).await? {
        None => Ok(()),
        Some(sequence) => finish(cx, sequence, Vec::new(), true, Written::policy),
    }
}

fn check(args: &PolicyCreate) -> Result<()> {
    let missing = match (&args.vm, &args.disk, &args.fields.interval, args.fields.retention) {
        (None, None, ..) => "`--vm` or `--disk`",
        (_, _, None, _) => "`--interval`",
        (Some(_), _, _, None) => "`--retention`",
        _ => return Ok(()),
    };
    Err(Error::usage(format!("{missing} is missing"))
        .hint("as in `bpctl policy create --vm web1 --interval daily --retention 14`"))
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
        return Err(not_offered(format!("{label} {why}: its disks are backed up, each by a policy of its own"))
            .hint(format!("name a disk with `--disk`; `bpctl disk list --vm {id}` shows them", id = shell_word(&id))));
    }
    Ok(Owner { kind: TargetKind::VirtualMachine, target: id, label })
}
