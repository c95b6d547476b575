//! `bpctl policy delete`

use std::collections::HashSet;

use super::change::left_paused;
use super::named;
use crate::args::PolicyDelete;
use crate::context::Context;
use crate::error::Result;
use crate::model::{Object, Policy};
use crate::ops::batch::{Batch, question};
use crate::ops::bulk::{LeftWithout, Selector};
use crate::ops::onapp_change::{OnAppChange, OnAppWrite};
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::Written;

/// Deletes policies; OnApp has no trash.
pub async fn delete(cx: &Context, args: PolicyDelete) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, None, &args.policies)?;
    cx.check_result_columns::<Policy>()?;
    let names = if selector.is_none() { named(cx, args.policies).await? } else { Vec::new() };
    let mut lock = Lock::take(cx).await?;
    let (batch, options) = match &selector {
        None => {
            let batch = Batch::read_onapp(cx, &mut lock, names, &[]).await?;
            let options = Options::new(question(batch.policies.len(), "Delete it?", "Delete"), lock);
            (batch, options)
        }
        Some(selector) => selected(cx, selector, lock).await?,
    };
    let to_write = |before| OnAppWrite::from(OnAppChange::DeletePolicy { before });
    batch.write(cx, options, to_write, Written::policy).await
}

/// Selects policies: a few are deleted first.
async fn selected(cx: &Context, selector: &Selector, lock: Lock) -> Result<(Batch<Object<Policy>>, Options)> {
    let (policies, fleet) = selector.read_onapp(cx, cx.onapp()?).await?;
    selector.check_limit(cx, policies.len(), policies.len())?;
    let mut options = selector.options(question(policies.len(), "Delete it?", "Delete"), lock);
    let ids: HashSet<&str> = policies.iter().map(|policy| policy.model.id_text()).collect();
    let without_any = LeftWithout::of(&fleet, &ids);
    options.warnings.extend(without_any.warning("policy"));
    // Policies that are paused may be left, and make no backups.
    let without_enabled = left_paused(fleet, &ids);
    if without_enabled != without_any {
        options.warnings.extend(without_enabled.warning("enabled policy"));
    }
    Ok((Batch::of(policies, Vec::new()), options))
}
