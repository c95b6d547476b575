//! `bpctl vm …`

use crate::args::{VmCommand, VmList, VmShow};
use crate::config::Provider;
use crate::context::Context;
use crate::error::Result;
use crate::model::{Machine, Object};
use crate::ops::find::{with_machine, with_server};
use crate::ops::rows::Rows;
use crate::ops::{pick, pick_onapp};

/// Carries out a verb.
pub async fn run(cx: &Context, verb: VmCommand) -> Result<()> {
    match (verb, cx.provider()?) {
        (VmCommand::List(args), Provider::Katapult) => list(cx, args).await,
        (VmCommand::List(args), Provider::OnApp) => list_onapp(cx, args).await,
        (VmCommand::Show(args), Provider::Katapult) => show(cx, args).await,
        (VmCommand::Show(args), Provider::OnApp) => show_onapp(cx, args).await,
    }
}

async fn list(cx: &Context, args: VmList) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let (api, organization) = cx.katapult_in_org().await?;
    let walk = api.machines(&organization, &mut |page| rows.page(searched(page, args.search.as_deref()))).await?;
    rows.end(walk, &of("in this organization", &args))
}

async fn list_onapp(cx: &Context, args: VmList) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let api = cx.onapp()?;
    let mut each = |page: Vec<_>| rows.page(searched(page, args.search.as_deref()));
    let walk = match &args.search {
        Some(text) => api.search_machines(text, &mut each).await?,
        None => api.machines(&mut each).await?,
    };
    rows.end(walk, &of("on this cloud", &args))
}

fn searched(page: Vec<Object<Machine>>, text: Option<&str>) -> Vec<Object<Machine>> {
    let Some(text) = text.map(str::to_lowercase) else {
        return page;
    };
    page.into_iter().filter(|machine| machine.model.contains(&text)).collect()
}

fn of(place: &str, args: &VmList) -> String {
    args.search.as_ref().map_or_else(|| place.to_owned(), |text| format!("{place} with `{text}` in their name"))
}

async fn show(cx: &Context, args: VmShow) -> Result<()> {
    let name = pick::machine(cx, args.vm).await?;
    let api = cx.katapult()?;
    cx.show(with_machine(cx, api, &name, async |machine| api.machine(&machine).await).await?)
}

async fn show_onapp(cx: &Context, args: VmShow) -> Result<()> {
    let name = pick_onapp::machine(cx, args.vm).await?;
    let api = cx.onapp()?;
    cx.show(with_server(api, &name, async |machine| api.machine(&machine).await).await?)
}
