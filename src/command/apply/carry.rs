//! Carrying out a plan, step by step, with a result each.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Object, Plan, Policy, Step, StepAction};
use crate::ops::execute::{self, NewOwner, PolicySnapshot};
use crate::ops::rows::{Rows, print_list};
use crate::ops::sequence::{FailurePolicy, Outcome, Sequence, sum_up};
use crate::ops::write::print_result;
use crate::progress_tally::names;
use crate::view::StepResult;

/// Carries out every step of a plan; `before` has the policies as they were read.
///
/// # Errors
/// The first error when nothing was done; exit 9 when only some was.
pub async fn carry_out(
    cx: &Context,
    api: &Katapult,
    plan: Plan,
    mut before: HashMap<String, Object<Policy>>,
    failure_policy: FailurePolicy,
) -> Result<()> {
    // Policies that this very plan made: a lost answer is not compared with them.
    let mut made: HashMap<String, Vec<String>> = HashMap::new();
    let items = plan.steps.iter().map(|step| (step.label(), step)).collect();
    let series = Sequence::run(cx, items, failure_policy, async |step: &Step| match step.action {
        StepAction::Create => {
            let target = step.target.id.clone().unwrap_or_default();
            let known = made.entry(target).or_default();
            let created = create(cx, api, step, known).await?;
            known.extend(created.model.id.clone());
            Ok(created)
        }
        StepAction::Update => {
            let policy = named(step, &mut before)?;
            execute::update(cx, api, &policy, &step.after.patch().against(&policy.before.model), None).await
        }
        StepAction::ScheduleDelete => {
            let policy = named(step, &mut before)?;
            let at = jiff::Timestamp::from_second(step.after.auto_move_to_trash_at.unwrap_or_default());
            let at = at.map_err(|error| Error::usage(format!("the time of the deletion: {error}")))?;
            execute::schedule_delete(cx, api, &policy, at, None).await
        }
    })
    .await;
    report(cx, &plan, series)
}

async fn create(cx: &Context, api: &Katapult, step: &Step, made: &[String]) -> Result<Object<Policy>> {
    let id = step.target.id.clone().unwrap_or_default();
    let (owner, noun, flag) = match step.target.kind.as_str() {
        "disk" => (Owner::Disk(id.clone()), "disk", "--disk"),
        _ => (Owner::Machine(Lookup::id(&id), false), "virtual_machine", "--vm"),
    };
    let label = step.target.label().to_owned();
    let owner = NewOwner { owner, lookup: (noun, Lookup::id(&id)), label, flag: format!("{flag} {id}") };
    let known: Vec<String> = step.existing.iter().chain(made).cloned().collect();
    execute::create(cx, api, &owner, &step.after.patch(), Some(&known), None).await
}

fn named(step: &Step, before: &mut HashMap<String, Object<Policy>>) -> Result<PolicySnapshot> {
    let id = step.policy.clone().unwrap_or_default();
    match before.remove(&id) {
        Some(before) => Ok(PolicySnapshot { id, before }),
        None => Err(Error::new(crate::error::Exit::Refused, code::CHANGED, format!("policy {id} was not read"))),
    }
}

/// Prints what became of each step, where anything was done.
fn report(cx: &Context, plan: &Plan, series: Sequence<Object<Policy>>) -> Result<()> {
    let (mut rows, mut done, mut failed, mut not_tried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (step, (label, outcome)) in plan.steps.iter().zip(series.results) {
        rows.push(result(step, &outcome));
        match outcome {
            Outcome::Done(_) => done.push(label),
            Outcome::Failed(error) => failed.push((label, error)),
            Outcome::NotTried => not_tried.push(label),
        }
    }
    let printed = match done.is_empty() {
        true => Ok(()),
        false => {
            print_result(cx, &format!("done: {}", names(&done)), || print_list(Rows::begin(cx)?, rows, "to carry out"))
        }
    };
    // What failed matters more than who stopped reading.
    sum_up("steps", &done, failed, &not_tried)?;
    printed
}

fn result(step: &Step, outcome: &Outcome<Object<Policy>>) -> StepResult {
    let mut result = StepResult {
        action: step.action.verb(),
        target: step.target.clone(),
        interval: step.after.interval.clone(),
        policy: step.policy.clone(),
        result: "not_tried",
        error: None,
        after: None,
    };
    match outcome {
        Outcome::Done(object) => {
            result.result = "done";
            result.policy = object.model.id.clone().or(result.policy);
            result.after = Some(object.raw.clone());
        }
        Outcome::Failed(error) => {
            result.result = "failed";
            result.error = Some(error.to_json()["error"].clone());
        }
        Outcome::NotTried => {}
    }
    result
}
