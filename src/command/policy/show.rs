//! `bpctl policy show`

use crate::args::PolicyShow;
use crate::context::Context;
use crate::error::Result;
use crate::ops::{find, pick};

pub async fn run(cx: &Context, args: PolicyShow) -> Result<()> {
    let name = pick::policies(cx, args.policy.into_iter().collect()).await?.remove(0);
    let policy = find::policy(cx, cx.katapult()?, &name).await?;
    cx.show(policy)
}
