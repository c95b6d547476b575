//! `bpctl policy create`

use crate::args::PolicyCreate;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Capabilities, Policy, TargetKind};
use crate::ops::batch::finish;
use crate::ops::cloud::check_offered;
use crate::ops::find::{with_disk, with_machine};
use crate::ops::guard::{NewOwner, NewPolicy};
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::policy_form;
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::text::shell_word;

pub async fn run(cx: &Context, mut args: PolicyCreate) -> Result<()> {
    cx.check_columns::<Policy>()?;
    check_offered(&Capabilities::KATAPULT, TargetKind::Unknown, &args.fields.patch())?;
    let asks = match check(&args) {
        Err(_) if cx.ui.can_ask() => true,
        checked => checked.map(|()| false)?,
    };
    let api = cx.katapult()?;
    // What a name means is asked before the lock is taken, and an owner that does not exist ends the command before
    // the questions.
    if (asks && args.vm.is_some()) || (cx.ui.can_ask() && args.disk.is_some()) {
        let found = new_policy(cx, api, &args).await?;
        if args.disk.is_some() {
            args.disk = Some(found.owner.lookup.value);
        }
    }
    if asks {
        policy_form::missing(cx, api, &mut args).await?;
        check(&args)?;
    }
    let lock = Lock::take(cx).await?;
    let new = new_policy(cx, api, &args).await?;
    new.refuse_unreadable()?;
    if new.existing.is_none() {
        let label = &new.owner.label;
        cx.ui.warn(&format!("the policies of {label} cannot be listed: duplicates are not detected"));
    }
    let has_duplicate = new.duplicate().is_some() && !args.allow_duplicate;
    if let (Some(id), false, false) =
        (new.duplicate(), args.allow_duplicate, (cx.ui.can_ask() && !cx.global.yes) || cx.global.dry_run)
    {
        let message = format!("{} already has a policy of this interval: {id}", new.owner.label);
        return Err(Error::new(Exit::Usage, code::CONFIRMATION_REQUIRED, message).hint(format!(
            "`bpctl policy update {id}` changes it; `--allow-duplicate` creates another one",
            id = shell_word(id)
        )));
    }
    if asks {
        let request = new.request();
        cx.ui.note(&format!("{} {}", request.method.name(), request.path));
        request.body.iter().for_each(|body| cx.ui.note(&format!("  {body}")));
        cx.ui.note(&format!("the same without questions: `bpctl {}`", cx.command_line()));
    }
    let question = format!("Create a policy for {}?", new.owner.label);
    let ask = if asks || has_duplicate { Ask::Always } else { Ask::Losses };
    let options = Options { ask, ..Options::new(question, lock) };
    let Some(sequence) =
        pipeline::run(cx, vec![PolicyWrite::from(PolicyChange::Create(Box::new(new)))], options).await?
    else {
        return Ok(());
    };
    finish(cx, sequence, Vec::new(), true, Written::policy)
}

fn check(args: &PolicyCreate) -> Result<()> {
    let missing = match (&args.vm, &args.disk, &args.fields.interval, args.fields.retention) {
        (None, None, ..) => "`--vm` or `--disk`",
        (_, _, None, _) => "`--interval`",
        (.., None) => "`--retention`",
        _ => return Ok(()),
    };
    Err(Error::usage(format!("{missing} is missing"))
        .hint("as in `bpctl policy create --vm web-1 --interval daily --retention 14`"))
}

/// Finds what the new policy is for, and lists the policies that it has.
async fn new_policy(cx: &Context, api: &Katapult, args: &PolicyCreate) -> Result<NewPolicy> {
    let listed = async |owner: NewOwner| {
        let mut new = NewPolicy {
            owner,
            patch: args.fields.patch(),
            existing: None,
            planned_beside: None,
            allows_duplicate: args.allow_duplicate,
        };
        new.list(api).await?;
        Ok(new)
    };
    if let Some(disk) = &args.disk {
        return with_disk(cx, api, disk, None, async |id| {
            listed(NewOwner {
                owner: Owner::Disk(id.clone()),
                object: "disk",
                lookup: Lookup::id(&id),
                label: format!("disk {disk}"),
                flag: format!("--disk {}", shell_word(disk)),
            })
            .await
        })
        .await;
    }
    let name = args.vm.as_deref().unwrap_or_default();
    with_machine(cx, api, name, async |machine| {
        listed(NewOwner {
            owner: Owner::Machine(machine.clone(), false),
            object: "virtual_machine",
            lookup: machine,
            label: name.to_owned(),
            flag: format!("--vm {}", shell_word(name)),
        })
        .await
    })
    .await
}
