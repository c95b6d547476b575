//! `bpctl policy create`

use serde_json::Value;

use crate::args::PolicyCreate;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Request;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Object, Policy, PolicyPatch};
use crate::ops::execute::{self, NewOwner};
use crate::ops::find::with_machine;
use crate::ops::policy_form;
use crate::ops::write::{DryRun, print_dry_runs, print_result};

/// Creates a policy.
pub async fn run(cx: &Context, mut args: PolicyCreate) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let asks = match check(&args) {
        Err(_) if cx.ui.can_ask() => true,
        checked => checked.map(|()| false)?,
    };
    let api = cx.katapult()?;
    if asks {
        if args.vm.is_some() || args.disk.is_some() {
            // Nobody answers questions about what does not exist. Its policies are read again afterwards: what a lost
            // answer is compared with must not be as old as somebody's thoughts.
            owner(cx, api, &args).await?;
        }
        policy_form::missing(cx, api, &mut args).await?;
        check(&args)?;
    }
    let patch = args.fields.patch();
    let (owner, known) = owner(cx, api, &args).await?;
    let request = owner.request(&patch);
    if cx.global.dry_run {
        let after = request.body.as_ref().map_or(Value::Null, |body| body["properties"].clone());
        let words = vec![format!("a policy for {} would be created", owner.label)];
        let run = DryRun { requests: vec![request], before: Value::Null, after, words };
        return print_dry_runs(cx, vec![run]);
    }
    tell_of_others(cx, &owner, known.as_deref(), &patch);
    if asks {
        confirm(cx, &owner, &request, &patch)?;
    }
    let ids = known.map(|policies| policies.into_iter().filter_map(|policy| policy.model.id).collect::<Vec<_>>());
    let created = execute::create(cx, api, &owner, &patch, ids.as_deref(), None).await?;
    let done = format!("policy {} was created", created.model.id_text());
    print_result(cx, &done, || cx.show(created))
}

/// Shows the request, and the command line that needs no questions, and asks.
fn confirm(cx: &Context, owner: &NewOwner, request: &Request, patch: &PolicyPatch) -> Result<()> {
    cx.ui.note(&format!("{} {}", request.method.name(), request.path));
    if let Some(body) = &request.body {
        cx.ui.note(&format!("  {body}"));
    }
    cx.ui.note(&format!("the same without questions: `bpctl {}`", cx.command_line()));
    if cx.global.yes {
        return Ok(());
    }
    let after = patch.against(&Policy::default()).applied_to(&Policy::default());
    let keeps = after.retention.map_or_else(String::new, |retention| format!(", keeps {retention}"));
    cx.must_confirm(&format!("Create a policy for {} ({}{keeps})?", owner.label, after.schedule.words()))
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

/// Codes that say that a new policy has nothing to belong to.
const NO_OWNER: [&str; 3] = ["virtual_machine_not_found", "disk_not_found", "object_in_trash"];

/// The policies that an owner has already; none where they could not be read.
pub type Known = Option<Vec<Object<Policy>>>;

/// Finds what the new policy is for, and reads the policies that it has.
pub async fn owner(cx: &Context, api: &Katapult, args: &PolicyCreate) -> Result<(NewOwner, Known)> {
    if let Some(disk) = &args.disk {
        let owner = Owner::Disk(disk.clone());
        let known = known(api, &owner).await?;
        let lookup = ("disk", Lookup::id(disk));
        return Ok((NewOwner { owner, lookup, label: format!("disk {disk}"), flag: format!("--disk {disk}") }, known));
    }
    let name = args.vm.as_deref().unwrap_or_default();
    with_machine(cx, api, name, async |machine| {
        let owner = Owner::Machine(machine.clone(), false);
        let known = known(api, &owner).await?;
        let lookup = ("virtual_machine", machine);
        Ok((NewOwner { owner, lookup, label: name.to_owned(), flag: format!("--vm {name}") }, known))
    })
    .await
}

/// Reads an owner's policies: what a lost answer is compared with. That the owner is not there ends the command
/// here; a token that may not list can still create.
async fn known(api: &Katapult, owner: &Owner) -> Result<Known> {
    let mut policies = Vec::new();
    let mut keep = |page: Vec<_>| {
        policies.extend(page);
        Ok(crate::http::Flow::More)
    };
    match api.policies(owner, &mut keep).await {
        Ok(_) => Ok(Some(policies)),
        Err(error) if NO_OWNER.contains(&error.code.as_ref()) => Err(error),
        // Nobody answers: nobody will create anything either.
        Err(error) if error.exit == Exit::Unreachable && error.status.is_none() => Err(error),
        Err(_) => Ok(None),
    }
}

fn tell_of_others(cx: &Context, owner: &NewOwner, known: Option<&[Object<Policy>]>, patch: &PolicyPatch) {
    let alike = known.unwrap_or_default().iter().find(|policy| policy.model.schedule.interval == patch.interval);
    if let Some(policy) = alike {
        let interval = patch.interval.as_ref().map_or_else(String::new, ToString::to_string);
        let id = policy.model.id_text();
        cx.ui.note(&format!("{} has a policy that is {interval} already ({id}); this adds another", owner.label));
    }
}
