//! `bpctl policies update --match …`: the same change for every policy whose target has such a name.

use super::update::{check, dry_run, nothing_named};
use crate::args::PolicyUpdate;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Walk;
use crate::model::{Glob, Interval, Policy, PolicyPatch};
use crate::ops::batch::{Batch, question};
use crate::ops::execute::PolicySnapshot;
use crate::ops::guard::{Proposal, locked};
use crate::ops::inventory::Inventory;
use crate::ops::rows::Rows;
use crate::ops::sequence::FailurePolicy;
use crate::ops::write::print_dry_runs;

/// Changes the policies that match: a few first, and the others once those are checked.
pub async fn run(cx: &Context, glob: &Glob, args: &PolicyUpdate, patch: &PolicyPatch) -> Result<()> {
    if patch.is_empty() {
        return Err(nothing_named());
    }
    let api = cx.katapult()?;
    let lock = locked(cx, &args.expect).await?;
    let selection = &args.selection;
    let organization = api.find_organization(cx.organization()?).await?;
    let survey = Inventory::whole(cx, api, organization).await?;
    let ids = select(&survey, glob, selection.interval_is.as_ref());
    if ids.is_empty() {
        return Err(nothing(glob, selection.interval_is.as_ref()));
    }
    let selected = ids.len();
    let mut details = survey.details(cx, api, ids.clone()).await?;
    let named = ids.into_iter().filter_map(|id| Some(PolicySnapshot { before: details.remove(&id)?, id }));
    let changing: Vec<PolicySnapshot> =
        named.filter(|policy| !patch.against(&policy.before.model).is_empty()).collect();
    for policy in &changing {
        check(&args.expect, &policy.id, &policy.before.model)?;
    }
    let too_many = selection.max_changes.filter(|most| changing.len() > *most);
    let too_many =
        too_many.map(|most| format!("{} policies would change, more than `--max-changes {most}`", changing.len()));
    match too_many {
        Some(limit) if cx.global.dry_run => cx.ui.warn(&format!("{limit}: without `--dry-run` nothing is sent")),
        Some(limit) => {
            return Err(Error::usage(limit).hint("nothing was sent; `--dry-run` shows what would change"));
        }
        None => cx.ui.note(&format!("{} of {selected} matching policies change", changing.len())),
    }
    if cx.global.dry_run {
        return print_dry_runs(cx, changing.into_iter().map(|policy| dry_run(cx, policy, patch)).collect());
    }
    if changing.is_empty() {
        return Rows::<Policy>::begin(cx)?.end(Walk::default(), "to change");
    }
    let proposal = Proposal { patch, expectations: &args.expect, lock, was_asked: false };
    let agreed = proposal.ask(cx, &changing, &question(changing.len(), "Change it?", "Change"), true).await?;
    let failure_policy = FailurePolicy { keep_going: selection.keep_going, canary: selection.canary.unwrap_or(1) };
    Batch::of(changing).carry_out_so(cx, failure_policy, async |policy| agreed.carry_out(cx, api, policy).await).await
}

/// Gives the ids of the policies whose target's name or FQDN matches, in the list's order.
fn select(survey: &Inventory, glob: &Glob, interval: Option<&Interval>) -> Vec<String> {
    let machine_matches = |id: Option<&str>| {
        let machine = id.and_then(|id| survey.fleet.machines.iter().find(|machine| machine.id.as_deref() == Some(id)));
        machine.is_some_and(|machine| glob.matches_machine(machine))
    };
    let is_meant = |policy: &&Policy| {
        let target = &policy.target;
        let has_name = target.name.as_deref().is_some_and(|name| glob.matches(name));
        let has_interval = interval.is_none() || policy.schedule.interval.as_ref() == interval;
        has_interval && (has_name || machine_matches(target.id.as_deref()))
    };
    survey.fleet.policies.iter().filter(is_meant).filter_map(|policy| policy.id.clone()).collect()
}

fn nothing(glob: &Glob, interval: Option<&Interval>) -> Error {
    let interval = interval.map_or_else(String::new, |interval| format!("{interval} "));
    let message = format!("no {interval}policy of the organization has a target that matches `{glob}`");
    Error::new(Exit::NotFound, "not_found", message).hint("`bpctl policies list` shows the policies and their targets")
}
