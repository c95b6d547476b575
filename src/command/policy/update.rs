//! `bpctl policy update`

use serde_json::Value;

use super::bulk;
use crate::args::PolicyUpdate;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::Katapult;
use crate::model::{Change, Expectation, Loss, Policy, PolicyPatch};
use crate::ops::batch::{Batch, question};
use crate::ops::execute::PolicySnapshot;
use crate::ops::guard::{Proposal, locked};
use crate::ops::pick;
use crate::ops::policy_form;
use crate::ops::write::{DryRun, difference_lines, print_dry_runs, raw_after, weakens};
use crate::view::in_a_line;

/// Changes policies: reads them, sends only what changes, reads them again.
pub async fn run(cx: &Context, args: PolicyUpdate) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let mut patch = args.fields.patch();
    if let Some(glob) = &args.selection.glob {
        return bulk::run(cx, glob, &args, &patch).await;
    }
    if args.policies.is_empty() {
        pick::must_be_askable(cx, "<POLICY>", "policies list")?;
    }
    let asks = patch.is_empty() && cx.ui.can_ask() && args.policies.len() <= 1 && args.policies != ["-"];
    if patch.is_empty() && !asks {
        return Err(nothing_named());
    }
    let policies = pick::policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let mut lock = locked(cx, &args.expect).await?;
    let batch = Batch::read(cx, api, &policies).await?;
    for policy in &batch.named {
        check(&args.expect, &policy.id, &policy.before.model)?;
    }
    if asks {
        // Nobody waits for somebody who thinks.
        lock = None;
        if let [policy] = batch.named.as_slice() {
            patch = policy_form::changes(cx, &policy.before.model)?;
        }
    }
    if cx.global.dry_run {
        let runs = batch.named.into_iter().map(|policy| dry_run(cx, policy, &patch)).collect();
        return print_dry_runs(cx, runs);
    }
    let proposal = Proposal { patch: &patch, expectations: &args.expect, lock, was_asked: asks };
    let changing = batch.named.iter().filter(|policy| !patch.against(&policy.before.model).is_empty()).count();
    let agreed = proposal.ask(cx, &batch.named, &question(changing, "Change it?", "Change"), false).await?;
    batch.carry_out(cx, async |policy| agreed.carry_out(cx, api, policy).await).await
}

/// The error of an update that names no field.
pub(super) fn nothing_named() -> Error {
    Error::usage("nothing to change is named")
        .hint("give `--retention`, `--interval`, `--frequency`, `--time` or `--minute`")
}

/// Shows before and after of each policy, and gives what would be lost.
pub fn preview(cx: &Context, policies: &[PolicySnapshot], patch: &PolicyPatch) -> Vec<Loss> {
    let mut losses = Vec::new();
    for policy in policies {
        let before = &policy.before.model;
        let change = patch.against(before);
        if change.is_empty() {
            cx.ui.note(&format!("nothing to change: policy {} is already so", policy.id));
            continue;
        }
        cx.ui.note(&in_a_line(before, &cx.output.times));
        for line in difference_lines(&change) {
            cx.ui.note(&format!("  {line}"));
        }
        if let Some(warning) = change.shorter_reach(before) {
            cx.ui.warn(&warning);
        }
        losses.extend(change.losses(before));
    }
    losses
}

pub(super) fn dry_run(cx: &Context, policy: PolicySnapshot, patch: &PolicyPatch) -> DryRun {
    let change: Change = patch.against(&policy.before.model);
    let requests = match change.is_empty() {
        true => Vec::new(),
        false => vec![Katapult::update_request(&policy.id, &change)],
    };
    let before = &policy.before.model;
    let mut words = vec![in_a_line(before, &cx.output.times)];
    words.extend(difference_lines(&change));
    words.extend(change.losses(before).iter().map(weakens));
    words.extend(change.shorter_reach(before));
    let after: Value = raw_after(&policy.before, &change);
    DryRun { requests, before: policy.before.raw, after, words }
}

/// Refuses a policy that is not as expected.
pub fn check(expectations: &[Expectation], id: &str, policy: &Policy) -> Result<()> {
    let differences: Vec<String> =
        expectations.iter().filter_map(|expectation| expectation.difference(policy)).collect();
    match differences.is_empty() {
        true => Ok(()),
        false => Err(changed(id, &differences.join("; "))),
    }
}

/// The error for a policy that is no longer as expected.
pub fn changed(id: &str, how: &str) -> Error {
    Error::new(Exit::Refused, code::CHANGED, format!("policy {id} is not as expected: {how}"))
        .hint(format!("nothing was sent; `bpctl policy show {id}` shows it as it is"))
}
