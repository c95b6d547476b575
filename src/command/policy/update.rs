//! `bpctl policy update`

use std::collections::HashSet;

use super::onapp;
use crate::args::PolicyUpdate;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Walk;
use crate::model::{Glob, Interval, Policy, PolicyPatch};
use crate::ops::batch::{self, Batch, Unreadable, question};
use crate::ops::guard::{self, PolicySnapshot};
use crate::ops::inventory::Inventory;
use crate::ops::pipeline::{Ask, Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::sequence::FailurePolicy;
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::ops::{pick, policy_form};

/// Changes policies: reads them, sends only what changes, and reads them again.
pub async fn run(cx: &Context, args: PolicyUpdate) -> Result<()> {
    if cx.provider_is(Provider::OnApp)? {
        return onapp::update(cx, args).await;
    }
    cx.check_columns::<Policy>()?;
    let mut patch = args.fields.patch();
    if let Some(glob) = &args.selection.glob {
        return matching(cx, glob, &args, &patch).await;
    }
    if args.policies.is_empty() {
        pick::must_be_askable(cx, "<POLICY>", "policies list")?;
    }
    let asks = patch.is_empty() && cx.ui.can_ask() && args.policies.len() <= 1 && args.policies != ["-"];
    if patch.is_empty() && !asks {
        return Err(no_changes());
    }
    // Standard input is read before the lock is taken: it may come from another bpctl.
    let names = batch::named(cx, &pick::policies(cx, args.policies).await?).await?;
    let mut lock = Lock::take(cx).await?;
    let batch = Batch::read(cx, &mut lock, names, Unreadable::Fails, &args.expect).await?;
    if let (true, [policy]) = (asks, batch.policies.as_slice()) {
        lock.release();
        patch = policy_form::changes(cx, &policy.before.model)?;
    }
    let to_write = |policy: PolicySnapshot| -> PolicyWrite {
        let change = patch.against(&policy.before.model);
        PolicyChange::Update { policy, change }.into()
    };
    let has_changes = |policy: &&PolicySnapshot| !patch.against(&policy.before.model).is_empty();
    let changing = batch.policies.iter().filter(has_changes).count();
    let options = Options { is_stale: asks, ..Options::new(question(changing, "Change it?", "Change"), lock) };
    batch.write(cx, options, to_write, Written::policy).await
}

/// The error of an update that names no field.
fn no_changes() -> Error {
    Error::usage("no changes specified").hint("give `--retention`, `--interval`, `--frequency`, `--time` or `--minute`")
}

/// Changes the policies that match: a few first, and the others once those are verified.
async fn matching(cx: &Context, glob: &Glob, args: &PolicyUpdate, patch: &PolicyPatch) -> Result<()> {
    if patch.is_empty() {
        return Err(no_changes());
    }
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let selection = &args.selection;
    let organization = api.find_organization(cx.organization()?).await?;
    let inventory = Inventory::fetch_complete(cx, api, organization).await?;
    let ids = select(&inventory, glob, selection.interval_is.as_ref());
    if ids.is_empty() {
        return Err(no_match(glob, selection.interval_is.as_ref()));
    }
    let selected = ids.len();
    let mut details = inventory.details(cx, api, ids.clone()).await?;
    let policies = ids.into_iter().filter_map(|id| Some(PolicySnapshot::of(id.clone(), details.found.remove(&id)?)));
    let changing: Vec<_> = policies.filter(|policy| !patch.against(&policy.before.model).is_empty()).collect();
    changing.iter().try_for_each(|policy| guard::check_expectations(&args.expect, policy))?;
    check_limit(cx, selection.max_changes, changing.len(), selected)?;
    if changing.is_empty() && !cx.global.dry_run {
        Rows::<Policy>::begin(cx)?.end(Walk::default(), "to change")?;
        return details.unread_error().map_or(Ok(()), Err);
    }
    let options = Options {
        ask: Ask::Always,
        failure_policy: FailurePolicy { keep_going: selection.keep_going, canary: selection.canary.unwrap_or(1) },
        ..Options::new(question(changing.len(), "Change it?", "Change"), lock)
    };
    let to_write = |policy: PolicySnapshot| -> PolicyWrite {
        let change = patch.against(&policy.before.model);
        PolicyChange::Update { policy, change }.into()
    };
    Batch::of(changing, details.unread).write(cx, options, to_write, Written::policy).await
}

fn check_limit(cx: &Context, limit: Option<usize>, changing: usize, selected: usize) -> Result<()> {
    let Some(limit) = limit.filter(|limit| changing > *limit) else {
        cx.ui.note(&format!("{changing} of {selected} matching policies change"));
        return Ok(());
    };
    let message = format!("{changing} policies would change, more than `--max-changes {limit}`");
    if cx.global.dry_run {
        cx.ui.warn(&format!("{message}; without `--dry-run` this is refused and nothing is sent"));
        return Ok(());
    }
    Err(Error::usage(message).hint("nothing was sent; `--dry-run` shows what would change"))
}

/// Returns the ids of the policies whose target's name or FQDN matches, in the list's order.
fn select(inventory: &Inventory, glob: &Glob, interval: Option<&Interval>) -> Vec<String> {
    let matching: HashSet<&str> = inventory
        .fleet
        .machines
        .iter()
        .filter(|machine| glob.matches_machine(machine))
        .filter_map(|machine| machine.id.as_deref())
        .collect();
    let is_meant = |policy: &&Policy| {
        let target = &policy.target;
        let has_name = target.name.as_deref().is_some_and(|name| glob.matches(name));
        let has_interval = interval.is_none() || policy.schedule.interval.as_ref() == interval;
        has_interval && (has_name || target.id.as_deref().is_some_and(|id| matching.contains(id)))
    };
    inventory.fleet.policies.iter().filter(is_meant).filter_map(|policy| policy.id.clone()).collect()
}

fn no_match(glob: &Glob, interval: Option<&Interval>) -> Error {
    let interval = interval.map_or_else(String::new, |interval| format!("{interval} "));
    let message = format!("no {interval}policy of the organization has a target that matches `{glob}`");
    Error::new(Exit::NotFound, "not_found", message).hint("`bpctl policies list` shows the policies and their targets")
}
