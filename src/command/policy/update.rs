//! `bpctl policy update`

use super::bulk;
use crate::args::PolicyUpdate;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Policy;
use crate::ops::batch::{Batch, Unreadable, question};
use crate::ops::guard::PolicySnapshot;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::ops::{pick, policy_form};

/// Changes policies: reads them, sends only what changes, and reads them again.
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
        return Err(no_changes());
    }
    let policies = pick::policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let mut lock = Lock::take(cx).await?;
    let batch = Batch::read(cx, api, &policies, Unreadable::Fails, &args.expect).await?;
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
