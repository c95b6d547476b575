//! `bpctl policy delete`

use crate::args::PolicyNames;
use crate::context::Context;
use crate::error::Result;
use crate::model::Removal;
use crate::ops::batch::{Batch, Unreadable, question};
use crate::ops::pick;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::{PolicyChange, Written};

/// Moves policies to the trash. One that cannot be read can still be deleted.
pub async fn run(cx: &Context, args: PolicyNames) -> Result<()> {
    cx.check_columns::<Removal>()?;
    let policies = pick::policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let batch = Batch::read(cx, api, &policies, Unreadable::IsDeleted, &[]).await?;
    let options = Options::new(question(batch.policies.len(), "Delete it?", "Delete"), lock);
    batch.write(cx, options, |policy| PolicyChange::Delete { policy }.into(), Written::removal).await
}
