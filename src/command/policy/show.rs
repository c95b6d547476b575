//! `bpctl policy show`

use crate::args::PolicyShow;
use crate::context::Context;
use crate::error::Result;

/// Shows a policy.
pub async fn run(cx: &Context, args: PolicyShow) -> Result<()> {
    let policy = cx.katapult()?.policy(&args.policy).await?;
    cx.show(policy)
}
