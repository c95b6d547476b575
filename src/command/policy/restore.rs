//! `bpctl policy restore`

use serde_json::Value;

use crate::args::PolicyNames;
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Katapult;
use crate::model::Policy;
use crate::ops::batch::{self, Batch};
use crate::ops::execute;
use crate::ops::pick;
use crate::ops::write::{DryRun, print_dry_runs};

/// Takes policies from the trash. That only adds protection, so nothing is asked.
pub async fn run(cx: &Context, args: PolicyNames) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let policies = pick::trashed_policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let ids = batch::ids(cx, &policies).await?;
    if cx.global.dry_run {
        let runs = ids.iter().map(|id| DryRun {
            requests: vec![Katapult::restore_request(id)],
            before: Value::Null,
            after: Value::Null,
            words: Vec::new(),
        });
        return print_dry_runs(cx, runs.collect());
    }
    Batch::unread(ids).carry_out(cx, async |policy| execute::restore(cx, api, &policy.id, None).await).await
}
