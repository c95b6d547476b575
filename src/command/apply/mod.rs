//! `bpctl apply`

mod carry;
mod check;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::args;
use crate::command::plan::{is_consistent, lines, make, organization, prune_at, read_text, requests, summary};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Loss, Object, PLAN_VERSION, Plan, Policy, Step, StepAction};
use crate::ops::rows::{Rows, print_list};
use crate::ops::sequence::FailurePolicy;
use crate::ops::write::{DryRun, confirm_several, print_dry_runs};
use crate::view::StepResult;

/// Makes the live policies as a file or a plan says.
pub async fn run(cx: &Context, args: args::Apply) -> Result<()> {
    cx.check_columns::<StepResult>()?;
    let at = prune_at(cx, &args.prune)?;
    let api = cx.katapult()?;
    // Held until the end: what this user's other commands write does not cross the check.
    let mut held = if cx.global.dry_run { None } else { Some(cx.lock_writes().await?) };
    let (plan, mut before) = match (&args.plan, &args.file) {
        (Some(path), _) => {
            let plan = read_plan(cx, path).await?;
            if cx.organization()?.is_some() {
                organization(cx, api, Some(&plan.organization)).await?;
            }
            let before = check::check(cx, api, &plan).await?;
            (plan, before)
        }
        (None, file) => {
            let made = make(cx, api, file.as_deref().unwrap_or(Path::new("-")), at).await?;
            made.notes.iter().for_each(|note| cx.ui.warn(note));
            (made.plan, made.before)
        }
    };
    if cx.global.dry_run {
        return print_dry_runs(cx, plan.steps.iter().map(|step| dry_run(cx, step, &before)).collect());
    }
    lines(&plan, &cx.output.times).iter().for_each(|line| cx.ui.note(line));
    cx.ui.note(&summary(&plan));
    if plan.steps.is_empty() {
        return print_list(Rows::<StepResult>::begin(cx)?, Vec::new(), "to carry out");
    }
    if cx.ui.can_ask() && !cx.global.yes {
        // Nobody waits for somebody who thinks.
        held = None;
    }
    let was_asked = confirm(cx, &plan)?;
    let _held = match held {
        None => cx.lock_writes().await?,
        Some(held) => held,
    };
    if was_asked {
        before = check::check(cx, api, &plan).await?;
    }
    let failure_policy = FailurePolicy { keep_going: args.keep_going, canary: 0 };
    carry::carry_out(cx, api, plan, before, failure_policy).await
}

/// Asks on a terminal, and tells whether somebody was asked. Elsewhere only what takes protection away needs `--yes`.
fn confirm(cx: &Context, plan: &Plan) -> Result<bool> {
    let count = plan.steps.len();
    let question = match count {
        1 => "Carry out this step?".to_owned(),
        count => format!("Carry out these {count} steps?"),
    };
    let losses: Vec<Loss> =
        plan.steps.iter().flat_map(|step| step.weakens.iter().map(|words| Loss(words.clone()))).collect();
    confirm_several(cx, &losses, &question)
}

/// Reads a plan, and refuses one that this bpctl did not make for this API.
async fn read_plan(cx: &Context, path: &Path) -> Result<Plan> {
    let (name, text) = read_text(cx, path).await?;
    let wrong = |what: String| Error::usage(format!("{name}: {what}"));
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        wrong(format!("not a plan: {error}"))
            .hint("`bpctl plan -f FILE -o json` writes a plan; `bpctl apply -f FILE` takes a policy file")
    })?;
    match value["bpctl_plan"].as_u64() {
        Some(version) if version == u64::from(PLAN_VERSION) => {}
        None => return Err(wrong("not a plan: `bpctl_plan` is missing".to_owned())),
        Some(version) => return Err(wrong(format!("plan version {version}: this bpctl reads {PLAN_VERSION}"))),
    }
    let plan: Plan = serde_json::from_value(value).map_err(|error| wrong(format!("not a plan: {error}")))?;
    let api = cx.api_name()?;
    if plan.api != api {
        return Err(wrong(format!("the plan was made for {}, not for {api}", plan.api)));
    }
    if let Some(step) = plan.steps.iter().find(|step| !is_consistent(step)) {
        return Err(wrong(format!("the step `{}` does not send what it says", step.label()))
            .hint("a plan is not for editing: change the policy file, and plan again"));
    }
    let soonest = cx.now().as_second() + crate::command::policy::schedule_delete::LEAD;
    let removals = plan.steps.iter().filter(|step| step.action == StepAction::ScheduleDelete);
    if let Some(step) = removals.into_iter().find(|step| step.after.auto_move_to_trash_at < Some(soonest)) {
        let message = format!("{name}: the time of `{}` is not at least 5 minutes ahead any more", step.label());
        return Err(Error::new(Exit::Refused, code::INVALID_TIMESTAMP, message).hint("nothing was sent; plan again"));
    }
    Ok(plan)
}

fn dry_run(cx: &Context, step: &Step, before: &HashMap<String, Object<Policy>>) -> DryRun {
    let object = step.policy.as_ref().and_then(|id| before.get(id));
    let requests = requests(step);
    let after = match (step.action, object) {
        (StepAction::Update, Some(object)) => crate::ops::write::raw_after(object, &step.change()),
        (StepAction::ScheduleDelete, Some(object)) => {
            let mut raw = object.raw.clone();
            raw["auto_move_to_trash_at"] = step.after.auto_move_to_trash_at.into();
            raw
        }
        _ => requests[0].body.as_ref().map_or(Value::Null, |body| body["properties"].clone()),
    };
    let one = Plan { steps: vec![step.clone()], unlisted: Vec::new(), ..Plan::default() };
    let words = lines(&one, &cx.output.times);
    DryRun { requests, before: object.map_or(Value::Null, |object| object.raw.clone()), after, words }
}
