//! `bpctl policy delete`

use std::collections::HashSet;

use crate::args::PolicyDelete;
use crate::context::Context;
use crate::error::Result;
use crate::model::Removal;
use crate::ops::batch::{self, Batch, Unreadable, question};
use crate::ops::bulk::{Chosen, LeftWithout, Selector};
use crate::ops::pick;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::{PolicyChange, PolicyWrite, Written};

/// Moves policies to the trash. One that cannot be read can still be deleted by its id.
pub async fn run(cx: &Context, args: PolicyDelete) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, None, &args.policies)?;
    cx.check_result_columns::<Removal>()?;
    if let Some(selector) = &selector {
        return selected(cx, selector).await;
    }
    // Standard input is read before the lock is taken: it may come from another bpctl.
    let names = batch::named(cx, &pick::policies(cx, args.policies).await?).await?;
    let mut lock = Lock::take(cx).await?;
    let batch = Batch::read(cx, &mut lock, names, Unreadable::IsDeleted, &[]).await?;
    let options = Options::new(question(batch.policies.len(), "Delete it?", "Delete"), lock);
    batch.write(cx, options, |policy| PolicyWrite::from(PolicyChange::Delete { policy }), Written::removal).await
}

/// Deletes the policies that are selected, a few first.
async fn selected(cx: &Context, selector: &Selector) -> Result<()> {
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let Chosen { policies, unread, fleet } = selector.read(cx, api).await?;
    selector.check_limit(cx, policies.len(), policies.len() + unread.len())?;
    let mut options = selector.options(question(policies.len(), "Delete it?", "Delete"), lock);
    let ids: HashSet<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    options.warnings.extend(LeftWithout::of(&fleet, &ids).warning("policy"));
    let batch = Batch::of(policies, unread);
    batch.write(cx, options, |policy| PolicyWrite::from(PolicyChange::Delete { policy }), Written::removal).await
}
