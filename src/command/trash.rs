//! `bpctl trash …`

use std::collections::HashMap;

use crate::args::{TrashCommand, TrashShow};
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Lookup;
use crate::model::{Object, TrashObject};
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
    let mut known = None;
    let mut each = |mut page: Vec<Object<TrashObject>>| {
        // The journal is read where there is something to name.
        let known = known.get_or_insert_with(|| pick::known_targets(cx));
        page.iter_mut().for_each(|entry| name(&mut entry.model, known));
        rows.page(page)
    };
    let walk = api.trash_objects(&organization, &mut each).await?;
    rows.end(walk, "of this organization")
}

/// Names a policy by its target, as far as bpctl changed it: the trash holds ids alone (documented).
fn name(entry: &mut TrashObject, known: &HashMap<String, String>) {
    if entry.name.is_none() {
        entry.name = entry.object_id.as_ref().and_then(|id| known.get(id)).cloned();
    }
}

/// Ids are opaque: one that is not of the trash's own may be that of a deleted object.
async fn show(cx: &Context, args: TrashShow) -> Result<()> {
    let id = pick::trash_object(cx, args.id).await?;
    let id = id.as_str();
    let api = cx.katapult()?;
    let mut entry = match api.trash_object(&Lookup { key: "object_id", value: id.to_owned() }).await {
        Err(error) if error.code == "trash_object_not_found" => api.trash_object(&Lookup::id(id)).await?,
        read => read?,
    };
    name(&mut entry.model, &pick::known_targets(cx));
    cx.show(entry)
}
