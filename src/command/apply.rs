//! `bpctl apply`

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;

use crate::args;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Lookup, Owner};
use crate::model::{Object, PLAN_VERSION, Plan, Policy, Step, StepAction};
use crate::ops::batch::print_result;
use crate::ops::cloud::{Cloud, organization};
use crate::ops::deletion_time::{LEAD, server_time};
use crate::ops::guard::{NewOwner, NewPolicy, PolicySnapshot, changed};
use crate::ops::onapp_steps;
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::plan_check::check;
use crate::ops::plan_text::{lines, summary};
use crate::ops::planner::{check_deletions, is_consistent, make, pruning, read_text};
use crate::ops::rows::{Rows, print_list};
use crate::ops::sequence::{FailurePolicy, Outcome, Sequence, sum_up};
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::progress_tally::names;
use crate::view::StepResult;

/// Applies a policy file or a plan.
pub async fn run(cx: &Context, args: args::Apply) -> Result<()> {
    cx.check_columns::<StepResult>()?;
    let cloud = Cloud::of(cx)?;
    let at = pruning(cx, cloud, &args.prune)?;
    // Read before the lock is taken: standard input may come from another bpctl.
    let text = read_text(cx, args.plan.as_deref().or(args.file.as_deref()).unwrap_or(Path::new("-"))).await?;
    let lock = Lock::take(cx).await?;
    let (plan, before, live) = if args.plan.is_some() {
        let plan = read_plan(cx, &text)?;
        let before = check_plan(cx, cloud, &plan).await?;
        (plan, before, None)
    } else {
        let made = make(cx, cloud, &text, at).await?;
        made.notes.iter().for_each(|note| cx.ui.warn(note));
        made.refuse_blocked()?;
        (made.plan, made.before, Some(made.live))
    };
    check_deletions(cx, cloud, &plan, live, args.prune.max_deletions).await?;
    let mut preview = lines(&plan, &cx.output.times);
    preview.push(summary(&plan));
    if plan.steps.is_empty() && !cx.global.dry_run {
        preview.iter().for_each(|line| cx.ui.note(line));
        return print_list(Rows::<StepResult>::begin(cx)?, Vec::new(), "to carry out");
    }
    let question = match plan.steps.len() {
        1 => "Carry out this step?".to_owned(),
        count => format!("Carry out these {count} steps?"),
    };
    let is_removal = |step: &Step| matches!(step.action, StepAction::ScheduleDelete | StepAction::Delete);
    let removals_from = plan.steps.iter().position(is_removal).unwrap_or(usize::MAX);
    let options = Options {
        ask: Ask::Always,
        failure_policy: FailurePolicy { removals_from, ..FailurePolicy::of(args.keep_going) },
        // Between the reading and the first step lies the reading of everything else.
        is_stale: true,
        preview: Some(preview),
        ..Options::new(question, lock)
    };
    match carry_out(cx, cloud, &plan, &before, options).await? {
        None => Ok(()),
        Some(sequence) => report(cx, &plan, sequence),
    }
}

/// Checks that a plan still fits what exists; returns the policies that it changes, as they are now.
async fn check_plan(cx: &Context, cloud: Cloud<'_>, plan: &Plan) -> Result<HashMap<String, Object<Policy>>> {
    if let (Cloud::Katapult(api), true) = (cloud, cx.organization()?.is_some()) {
        organization(cx, api, plan.organization.as_deref()).await?;
    }
    check(cx, cloud, plan).await
}

/// Sends the steps of a plan through the pipeline.
async fn carry_out(
    cx: &Context,
    cloud: Cloud<'_>,
    plan: &Plan,
    before: &HashMap<String, Object<Policy>>,
    options: Options,
) -> Result<Option<Sequence<Written>>> {
    match cloud {
        Cloud::Katapult(_) => {
            let writes = plan.steps.iter().map(|step| write(step, before));
            pipeline::run(cx, writes.collect::<Result<Vec<_>>>()?, options).await
        }
        Cloud::OnApp(api) => {
            let now = server_time(cx, api.http());
            let writes = plan.steps.iter().map(|step| onapp_steps::write(step, before, now));
            pipeline::run(cx, writes.collect::<Result<Vec<_>>>()?, options).await
        }
    }
}

/// Makes the write of a step.
fn write(step: &Step, before: &HashMap<String, Object<Policy>>) -> Result<PolicyWrite> {
    let labelled = |change: PolicyChange| PolicyWrite { label: Some(step.label()), ..change.into() };
    if step.action == StepAction::Create {
        return Ok(labelled(PolicyChange::Create(Box::new(new_policy(step)))));
    }
    let id = step.policy.clone().unwrap_or_default();
    let read = before.get(&id).cloned().ok_or_else(|| changed(&id, "it was not read"))?;
    let policy = PolicySnapshot::of(id, read);
    if step.action == StepAction::Update {
        let change = step.after.settings.against(&policy.before.model);
        return Ok(labelled(PolicyChange::Update { policy, change }));
    }
    let at = jiff::Timestamp::from_second(step.after.auto_move_to_trash_at.unwrap_or_default());
    let at = at.map_err(|error| Error::usage(format!("the time of the deletion: {error}")))?;
    Ok(labelled(PolicyChange::ScheduleDelete { policy, at }))
}

fn new_policy(step: &Step) -> NewPolicy {
    let id = step.target.id.clone().unwrap_or_default();
    let (owner, object, flag) = match step.target.kind.as_str() {
        "disk" => (Owner::Disk(id.clone()), "disk", "--disk"),
        _ => (Owner::Machine(Lookup::id(&id), false), "virtual_machine", "--vm"),
    };
    let label = step.target.label().to_owned();
    NewPolicy {
        owner: NewOwner { owner, object, lookup: Lookup::id(&id), label, flag: format!("{flag} {id}") },
        patch: step.after.settings.clone(),
        existing: None,
        planned_beside: Some(step.existing.clone()),
        allows_duplicate: false,
    }
}

/// Reads a plan, and refuses one that this bpctl did not make for this API.
fn read_plan(cx: &Context, (name, text): &(String, String)) -> Result<Plan> {
    let wrong = |what: String| Error::usage(format!("{name}: {what}"));
    let value: Value = serde_json::from_str(text).map_err(|error| {
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
    let provider = cx.provider()?.name();
    if plan.provider != provider {
        return Err(wrong(format!("the plan was made for {}, not for {provider}", plan.provider)));
    }
    if plan.api != api {
        return Err(wrong(format!("the plan was made for {}, not for {api}", plan.api)));
    }
    let edited = "a plan cannot be edited: change the policy file, and plan again";
    if let Some(step) = plan.steps.iter().find(|step| !is_consistent(&plan, step)) {
        return Err(
            wrong(format!("step `{}`: its requests or its losses do not match its values", step.label())).hint(edited)
        );
    }
    if let Some(step) = repeated(&plan) {
        return Err(wrong(format!("the plan contains the step `{}` twice", step.label())).hint(edited));
    }
    let soonest = cx.now().as_second() + LEAD;
    let removals = plan.steps.iter().filter(|step| step.action == StepAction::ScheduleDelete);
    if let Some(step) = removals.into_iter().find(|step| step.after.auto_move_to_trash_at < Some(soonest)) {
        let message = format!("{name}: the time of `{}` is less than 5 minutes ahead by now", step.label());
        return Err(Error::new(Exit::Refused, code::INVALID_TIMESTAMP, message).hint("nothing was sent; plan again"));
    }
    Ok(plan)
}

/// Finds a step that writes what an earlier one already does: one policy, or one interval of one target, twice.
fn repeated(plan: &Plan) -> Option<&Step> {
    let mut seen = HashSet::new();
    plan.steps.iter().find(|step| {
        let object = match &step.policy {
            Some(id) => (id.clone(), None),
            None => (
                format!("{} {}", step.target.kind, step.target.id.as_deref().unwrap_or_default()),
                Some(step.after.settings.interval.clone()),
            ),
        };
        !seen.insert(object)
    })
}

/// Prints what became of each step, where anything was done.
fn report(cx: &Context, plan: &Plan, sequence: Sequence<Written>) -> Result<()> {
    let (mut rows, mut done, mut failed, mut not_tried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let has_written = sequence.has_written;
    for (step, (_, outcome)) in plan.steps.iter().zip(sequence.results) {
        rows.push(result(step, &outcome));
        match outcome {
            Outcome::Done(_) => done.push(step.label()),
            Outcome::Failed(error) => failed.push((step.label(), error)),
            Outcome::NotTried => not_tried.push(step.label()),
        }
    }
    let printed = if done.is_empty() {
        Ok(())
    } else {
        print_result(cx, &format!("done: {}", names(&done)), || print_list(Rows::begin(cx)?, rows, "to carry out"))
    };
    // What failed matters more than a reader that stopped reading.
    sum_up("steps", &done, failed, &not_tried, has_written)?;
    printed
}

fn result(step: &Step, outcome: &Outcome<Written>) -> StepResult {
    let mut result = StepResult {
        action: step.action.verb(),
        target: step.target.clone(),
        interval: step.after.settings.interval.clone(),
        policy: step.policy.clone(),
        result: "not_tried",
        error: None,
        after: None,
    };
    match outcome {
        Outcome::Done(written) => {
            result.result = "done";
            result.policy = written.id().map(str::to_owned).or(result.policy);
            if let Written::Policy(policy) = written {
                result.after = Some(policy.raw.clone());
            }
        }
        Outcome::Failed(error) => {
            result.result = "failed";
            result.error = Some(error.to_json()["error"].clone());
        }
        Outcome::NotTried => {}
    }
    result
}
