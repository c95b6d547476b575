//! `bpctl policy update`

use crate::args::PolicyUpdate;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::model::{Capabilities, Policy, PolicyPatch, TargetKind};
use crate::ops::batch::{self, Batch, Unreadable, question};
use crate::ops::bulk::{Chosen, Selector};
use crate::ops::cloud::check_offered;
use crate::ops::guard::{self, PolicySnapshot};
use crate::ops::pipeline::{Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::sequence::sum_up;
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::ops::{pick, policy_form};

/// Changes policies: reads them, sends only what changes, and reads them again.
pub async fn run(cx: &Context, args: PolicyUpdate) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, args.interval_is.as_ref(), &args.policies)?;
    cx.check_result_columns::<Policy>()?;
    let mut patch = args.fields.patch();
    check_offered(&Capabilities::KATAPULT, TargetKind::Unknown, &patch)?;
    if let Some(selector) = &selector {
        return selected(cx, selector, &args, &patch).await;
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
pub(super) fn no_changes() -> Error {
    Error::usage("no changes specified").hint("give `--retention`, `--interval`, `--frequency`, `--time` or `--minute`")
}

/// Changes the policies that are selected: a few first, and the others once those are verified.
async fn selected(cx: &Context, selector: &Selector, args: &PolicyUpdate, patch: &PolicyPatch) -> Result<()> {
    if patch.is_empty() {
        return Err(no_changes());
    }
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let Chosen { policies, unread, .. } = selector.read(cx, api).await?;
    let count = policies.len() + unread.len();
    let mut expected = policies.iter();
    expected.try_for_each(|policy| guard::check_expectations(&args.expect, &policy.id, &policy.before.model))?;
    let changing: Vec<_> =
        policies.into_iter().filter(|policy| !patch.against(&policy.before.model).is_empty()).collect();
    selector.check_limit(cx, changing.len(), count)?;
    if changing.is_empty() && !cx.global.dry_run {
        Rows::<Policy>::begin_results(cx)?.end(Walk::default(), "to change")?;
        return sum_up("policies", &[], unread, &[], false);
    }
    let options = selector.options(question(changing.len(), "Change it?", "Change"), lock);
    let to_write = |policy: PolicySnapshot| -> PolicyWrite {
        let change = patch.against(&policy.before.model);
        PolicyChange::Update { policy, change }.into()
    };
    Batch::of(changing, unread).write(cx, options, to_write, Written::policy).await
}
