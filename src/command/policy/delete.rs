//! `bpctl policy delete`

use serde_json::Value;

use crate::args::PolicyNames;
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Katapult;
use crate::model::{Loss, Removal};
use crate::ops::batch::{Batch, question};
use crate::ops::execute::{self, PolicySnapshot};
use crate::ops::pick;
use crate::ops::write::{DryRun, confirm_losses, print_dry_runs, weakens};
use crate::view::in_a_line;

/// Moves policies to the trash.
pub async fn run(cx: &Context, args: PolicyNames) -> Result<()> {
    cx.check_columns::<Removal>()?;
    let policies = pick::policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let batch = Batch::read(cx, api, &policies).await?;
    if cx.global.dry_run {
        let runs = batch.named.into_iter().map(|policy| DryRun {
            requests: vec![Katapult::delete_request(&policy.id)],
            words: vec![
                in_a_line(&policy.before.model, &cx.output.times),
                weakens(&loss(&policy)),
                "the policy would be in the trash for 48 hours".to_owned(),
            ],
            before: policy.before.raw,
            after: Value::Null,
        });
        return print_dry_runs(cx, runs.collect());
    }
    for policy in &batch.named {
        cx.ui.note(&in_a_line(&policy.before.model, &cx.output.times));
    }
    let losses: Vec<Loss> = batch.named.iter().map(loss).collect();
    confirm_losses(cx, &losses, &question(losses.len(), "Delete it?", "Delete"))?;
    batch.carry_out(cx, async |policy| execute::delete(cx, api, &policy, None).await).await
}

fn loss(policy: &PolicySnapshot) -> Loss {
    let target = policy.before.model.target.label();
    Loss(format!("policy {} of {target} is deleted now: no more backups by it", policy.id))
}
