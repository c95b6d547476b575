//! `bpctl vm …`

use crate::args::{VmCommand, VmShow};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ops::find::{with_machine, with_server};
use crate::ops::pick;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: VmCommand) -> Result<()> {
    match (verb, cx.provider()?) {
        (VmCommand::List, Provider::Katapult) => list(cx).await,
        (VmCommand::List, Provider::OnApp) => list_onapp(cx).await,
        (VmCommand::Show(args), Provider::Katapult) => show(cx, args).await,
        (VmCommand::Show(args), Provider::OnApp) => show_onapp(cx, args).await,
    }
}

async fn list(cx: &Context) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let (api, organization) = cx.katapult_in_org().await?;
    let walk = api.machines(&organization, &mut |page| rows.page(page)).await?;
    rows.end(walk, "in this organization")
}

async fn list_onapp(cx: &Context) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let walk = cx.onapp()?.machines(&mut |page| rows.page(page)).await?;
    rows.end(walk, "on this cloud")
}

async fn show(cx: &Context, args: VmShow) -> Result<()> {
    let name = pick::machine(cx, args.vm).await?;
    let api = cx.katapult()?;
    cx.show(with_machine(cx, api, &name, async |machine| api.machine(&machine).await).await?)
}

async fn show_onapp(cx: &Context, args: VmShow) -> Result<()> {
    let Some(name) = args.vm else {
        return Err(Error::usage("<VM> is missing").hint("`bpctl vm list` shows the VMs"));
    };
    let api = cx.onapp()?;
    cx.show(with_server(api, &name, async |machine| api.machine(&machine).await).await?)
}
