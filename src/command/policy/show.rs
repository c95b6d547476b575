//! `bpctl policy show`

use super::onapp;
use crate::args::PolicyShow;
use crate::config::Provider;
use crate::context::Context;
use crate::error::Result;
use crate::ops::{find, pick};

pub async fn run(cx: &Context, args: PolicyShow) -> Result<()> {
    if cx.provider_is(Provider::OnApp)? {
        return onapp::show(cx, args).await;
    }
    let name = pick::policies(cx, args.policy.into_iter().collect()).await?.remove(0);
    let policy = find::policy(cx, cx.katapult()?, &name).await?;
    cx.show(policy)
}
