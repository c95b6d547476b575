//! Comparing a plan with what is live, before anything is sent: all of it, or nothing is carried out.

use std::collections::{HashMap, HashSet};

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Flow;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Fields, Object, Plan, Policy, StepAction};
use crate::ops::inventory::each;

/// Reads the policies of every step; gives them by id.
///
/// # Errors
/// `changed`, with every step that no longer fits.
pub async fn check(cx: &Context, api: &Katapult, plan: &Plan) -> Result<HashMap<String, Object<Policy>>> {
    let ids: Vec<String> = plan.steps.iter().filter_map(|step| step.policy.clone()).collect();
    let mut live = each(cx, api, ids, "comparing the plan with what is live").await?;
    let mut changed: Vec<String> = Vec::new();
    for step in &plan.steps {
        let (Some(id), Some(then)) = (&step.policy, &step.before) else { continue };
        let Some(now) = live.get_mut(id) else {
            changed.push(format!("policy {id} is not there any more"));
            continue;
        };
        // Lists tell what some answers leave out, and the plan was made from both.
        now.model.complete(&step.policy_before());
        let mut differences = then.differences(&Fields::of(&now.model));
        if now.model.target.id != step.target.id {
            differences.push(format!("it belongs to {}, not {}", now.model.target.label(), step.target.label()));
        }
        if !differences.is_empty() {
            changed.push(format!("policy {id}: {}", differences.join(", ")));
        }
    }
    changed.extend(new_neighbours(api, plan).await?);
    match changed.is_empty() {
        true => Ok(live),
        false => Err(Error::new(
            Exit::Refused,
            code::CHANGED,
            format!("what the plan was made from has changed since: {}", changed.join("; ")),
        )
        .hint("nothing was sent; plan again with `bpctl plan`")),
    }
}

/// Finds the targets of new policies that have got others, or lost some, since the plan was made.
async fn new_neighbours(api: &Katapult, plan: &Plan) -> Result<Vec<String>> {
    let creates: Vec<_> = plan.steps.iter().filter(|step| step.action == StepAction::Create).collect();
    if creates.is_empty() {
        return Ok(Vec::new());
    }
    let mut live: HashMap<String, HashSet<String>> = HashMap::new();
    let mut keep = |page: Vec<Object<Policy>>| {
        for policy in page {
            if let (Some(target), Some(id)) = (policy.model.target.id, policy.model.id) {
                live.entry(target).or_default().insert(id);
            }
        }
        Ok(Flow::More)
    };
    let walk = api.policies(&Owner::Organization(Lookup::organization(&plan.organization)), &mut keep).await?;
    if let Some(gap) = walk.gap {
        // A policy that is overlooked would be created a second time.
        return Ok(vec![gap.describe("policies")]);
    }
    let none = HashSet::new();
    let differs = creates.into_iter().filter(|step| {
        let now = step.target.id.as_ref().and_then(|id| live.get(id)).unwrap_or(&none);
        *now != step.existing.iter().cloned().collect::<HashSet<_>>()
    });
    Ok(differs.map(|step| format!("{} has other policies than then", step.target.label())).collect())
}
