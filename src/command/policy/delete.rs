//! `bpctl policy delete`

use super::onapp;
use crate::args::PolicyNames;
use crate::config::Provider;
use crate::context::Context;
use crate::error::Result;
use crate::model::Removal;
use crate::ops::batch::{self, Batch, Unreadable, question};
use crate::ops::pick;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::{PolicyChange, Written};

/// Moves policies to the trash. One that cannot be read can still be deleted.
pub async fn run(cx: &Context, args: PolicyNames) -> Result<()> {
    if cx.provider_is(Provider::OnApp)? {
        return onapp::delete(cx, args).await;
    }
    cx.check_columns::<Removal>()?;
    // Standard input is read before the lock is taken: it may come from another bpctl.
    let names = batch::named(cx, &pick::policies(cx, args.policies).await?).await?;
    let mut lock = Lock::take(cx).await?;
    let batch = Batch::read(cx, &mut lock, names, Unreadable::IsDeleted, &[]).await?;
    let options = Options::new(question(batch.policies.len(), "Delete it?", "Delete"), lock);
    batch.write(cx, options, |policy| PolicyChange::Delete { policy }.into(), Written::removal).await
}
