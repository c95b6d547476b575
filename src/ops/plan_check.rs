//! Comparing a plan with what is live, before anything is sent: all of it fits, or nothing is carried out.

use std::collections::{HashMap, HashSet};

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Lookup, Owner};
use crate::model::{Object, Plan, Policy, PolicyState, Step, StepAction, TargetKind};
use crate::ops::cloud::Cloud;
use crate::ops::guard::unreadable_error;
use crate::ops::inventory::each;
use crate::text::shell_word;

/// Reads the policies of every step; returns them by id.
///
/// # Errors
/// `changed`, with every step that no longer fits; `unreadable`, for a policy that a new one may repeat.
pub async fn check(cx: &Context, cloud: Cloud<'_>, plan: &Plan) -> Result<HashMap<String, Object<Policy>>> {
    let ids: Vec<String> = plan.steps.iter().filter_map(|step| step.policy.clone()).collect();
    let (mut live, listed) = match cloud {
        Cloud::Katapult(api) => {
            let read = each(cx, api, ids, "comparing the plan with the live policies", |policy| policy).await?;
            read.refuse_unread()?;
            (read.found, None)
        }
        Cloud::OnApp(_) => {
            let read = cloud.read(cx, None).await?;
            (read.listed.unwrap_or_default(), Some(read.inventory.fleet.policies))
        }
    };
    let mut changed: Vec<String> = Vec::new();
    for step in &plan.steps {
        let (Some(id), Some(then)) = (&step.policy, &step.before) else { continue };
        let Some(now) = live.get_mut(id) else {
            changed.push(format!("policy {id} no longer exists"));
            continue;
        };
        // Lists hold what some single answers leave out, and the plan was made from both.
        now.model.complete(&step.policy_before());
        let mut differences = then.differences(&PolicyState::of(&now.model));
        if now.model.target.is_another_than(&step.policy_before().target) {
            differences.push(format!("it belongs to {}, not {}", now.model.target.label(), step.target.label()));
        }
        if !differences.is_empty() {
            changed.push(format!("policy {id}: {}", differences.join(", ")));
        }
    }
    changed.extend(new_neighbours(cloud, plan, listed).await?);
    if changed.is_empty() {
        return Ok(live);
    }
    let message = format!("the live policies have changed since the plan was made: {}", changed.join("; "));
    Err(Error::new(Exit::Refused, code::CHANGED, message).hint("nothing was sent; plan again with `bpctl plan`"))
}

/// Finds the targets of new policies whose policies are others than when the plan was made.
async fn new_neighbours(cloud: Cloud<'_>, plan: &Plan, listed: Option<Vec<Policy>>) -> Result<Vec<String>> {
    let creates: Vec<&Step> = plan.steps.iter().filter(|step| step.action == StepAction::Create).collect();
    if creates.is_empty() {
        return Ok(Vec::new());
    }
    let policies: Vec<Policy> = match (listed, cloud) {
        (None, Cloud::Katapult(api)) => {
            let organization = Lookup::organization(plan.organization.as_deref().unwrap_or_default());
            let listed = api.all_policies(&Owner::Organization(organization)).await?;
            if let Some(gap) = listed.walk.gap {
                // A policy that is overlooked would be created a second time.
                return Ok(vec![gap.describe("policies")]);
            }
            listed.rows.into_iter().map(|policy| policy.model).collect()
        }
        (listed, _) => listed.unwrap_or_default(),
    };
    let targets = creates.iter().filter_map(|step| step.target.id.as_deref()).collect();
    if let Some(error) = unreadable_conflict(&policies, &targets) {
        return Err(error);
    }
    let mut live: HashMap<&str, HashSet<&str>> = HashMap::new();
    for policy in &policies {
        if let (Some(target), Some(id)) = (&policy.target.id, &policy.id) {
            live.entry(target).or_default().insert(id);
        }
    }
    let none = HashSet::new();
    let differs = creates.into_iter().filter(|step| {
        let now = step.target.id.as_deref().and_then(|id| live.get(id)).unwrap_or(&none);
        *now != step.existing.iter().map(String::as_str).collect::<HashSet<_>>()
    });
    Ok(differs.map(|step| format!("{} has other policies now", step.target.label())).collect())
}

/// Finds a policy that cannot be understood and may be the one that a new policy for `targets` would repeat.
pub fn unreadable_conflict(policies: &[Policy], targets: &HashSet<&str>) -> Option<Error> {
    if targets.is_empty() {
        return None;
    }
    let may_concern = |policy: &Policy| {
        let target = policy.target.id.as_deref().filter(|id| !id.is_empty());
        policy.target.kind == TargetKind::Other || target.is_none_or(|id| targets.contains(id))
    };
    policies.iter().filter(|policy| may_concern(policy)).find_map(unreadable)
}

/// Builds the error for a policy that cannot be understood; none where it can.
pub fn unreadable(policy: &Policy) -> Option<Error> {
    let reason = policy.unreadable()?;
    Some(
        unreadable_error(&format!("policy {}", policy.id_text()), &reason)
            .hint("it may be one that would be created again; nothing was sent")
            .hint(format!("`bpctl policy show {} -o json` shows it as the API sent it", shell_word(policy.id_text()))),
    )
}
