//! `bpctl policy show`

use crate::args::PolicyShow;
use crate::context::Context;
use crate::error::Result;
use crate::ops::{batch, find, pick};

pub async fn run(cx: &Context, args: PolicyShow) -> Result<()> {
    let name = batch::one_named(cx, &pick::policies(cx, args.policy.into_iter().collect()).await?).await?;
    let policy = find::policy(cx, cx.katapult()?, &name).await?;
    cx.show(policy)
}
