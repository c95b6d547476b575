//! `bpctl trash …`

use crate::args::TrashCommand;
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Lookup;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: TrashCommand) -> Result<()> {
    match verb {
        TrashCommand::List => list(cx).await,
        TrashCommand::Show(args) => show(cx, &args.id).await,
    }
}

async fn list(cx: &Context) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let (api, organization) = cx.katapult_in_org().await?;
    let walk = api.trash_objects(&organization, &mut |page| rows.page(page)).await?;
    rows.end(walk, "of this organization")
}

/// Ids are opaque: one that is no entry of the trash may be that of what was deleted.
async fn show(cx: &Context, id: &str) -> Result<()> {
    let api = cx.katapult()?;
    let entry = match api.trash_object(&Lookup { key: "object_id", value: id.to_owned() }).await {
        Err(error) if error.code == "trash_object_not_found" => api.trash_object(&Lookup::id(id)).await?,
        read => read?,
    };
    cx.show(entry)
}
