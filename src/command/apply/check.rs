//! Comparing a plan with what is live, before anything is sent: all of it, or nothing is carried out.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Flow;
use crate::katapult::{Katapult, Lookup, Owner, is_gone};
use crate::model::{Fields, Object, Plan, Policy, StepAction};

/// Reads the policies of every step; gives them by id.
///
/// # Errors
/// `changed`, with every step that no longer fits.
pub async fn check(cx: &Context, api: &Katapult, plan: &Plan) -> Result<HashMap<String, Object<Policy>>> {
    let ids: Vec<String> = plan.steps.iter().filter_map(|step| step.policy.clone()).collect();
    let bar = cx.ui.progress("comparing the plan with what is live");
    bar.length(ids.len());
    let one = async |id: String| {
        let read = api.policy(&id).await;
        bar.step(1);
        match read {
            Ok(policy) => Ok(Some((id, policy))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let read: Vec<Option<(String, Object<Policy>)>> =
        stream::iter(ids).map(one).buffered(api.http().concurrency()).try_collect().await?;
    drop(bar);
    let live: HashMap<String, Object<Policy>> = read.into_iter().flatten().collect();
    let mut changed: Vec<String> = Vec::new();
    for step in &plan.steps {
        let (Some(id), Some(then)) = (&step.policy, &step.before) else { continue };
        match live.get(id) {
            None => changed.push(format!("policy {id} is not there any more")),
            Some(now) => {
                let differences = then.differences(&Fields::of(&now.model));
                if !differences.is_empty() {
                    changed.push(format!("policy {id}: {}", differences.join(", ")));
                }
            }
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
    api.policies(&Owner::Organization(Lookup::organization(&plan.organization)), &mut keep).await?;
    let none = HashSet::new();
    let differs = creates.into_iter().filter(|step| {
        let now = step.target.id.as_ref().and_then(|id| live.get(id)).unwrap_or(&none);
        *now != step.existing.iter().cloned().collect::<HashSet<_>>()
    });
    Ok(differs.map(|step| format!("{} has other policies than then", step.target.label())).collect())
}
