//! `bpctl trash …`

use crate::args::{TrashCommand, TrashShow};
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Lookup;
use crate::ops::pick;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: TrashCommand) -> Result<()> {
    match verb {
        TrashCommand::List => list(cx).await,
        TrashCommand::Show(args) => show(cx, args).await,
    }
}

async fn list(cx: &Context) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let (api, organization) = cx.katapult_in_org().await?;
    let walk = api.trash_objects(&organization, &mut |page| rows.page(page)).await?;
    rows.end(walk, "of this organization")
}

/// Ids are opaque: one that is not of the trash's own may be that of a deleted object.
async fn show(cx: &Context, args: TrashShow) -> Result<()> {
    let id = pick::trash_object(cx, args.id).await?;
    let id = id.as_str();
    let api = cx.katapult()?;
    let entry = match api.trash_object(&Lookup { key: "object_id", value: id.to_owned() }).await {
        Err(error) if error.code == "trash_object_not_found" => api.trash_object(&Lookup::id(id)).await?,
        read => read?,
    };
    cx.show(entry)
}
