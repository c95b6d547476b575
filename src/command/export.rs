//! `bpctl export`

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::katapult::{Katapult, Lookup};
use crate::model::Policy;
use crate::ops::cloud::Cloud;
use crate::ops::inventory::Inventory;
use crate::policyfile::{Surroundings, document_json, rows, write};

/// Prints the live policies of an organization as a file.
pub async fn run(cx: &Context) -> Result<()> {
    if matches!(cx.output.format, Format::Wide | Format::Csv | Format::Id) {
        return Err(Error::usage("`bpctl export` writes TOML, JSON or YAML").hint("use `-o toml`, `json` or `yaml`"));
    }
    let cloud = Cloud::of(cx)?;
    let (inventory, policies, unread) = match cloud {
        Cloud::Katapult(api) => read(cx, api).await?,
        Cloud::OnApp(_) => {
            let mut inventory = cloud.read(cx, None).await?.inventory;
            let policies = std::mem::take(&mut inventory.fleet.policies);
            (inventory, policies, None)
        }
    };
    let live = Surroundings { policies: &policies, ..inventory.surroundings(cloud.capabilities()) };
    let rows = rows(&policies, live);
    let organization = cloud.capabilities().has_organizations.then_some(inventory.organization.value.as_str());
    match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let value = document_json(organization, &rows);
            cx.ui.print(|out| crate::view::structured(&cx.output, &value, out))?;
        }
        _ => cx.ui.print(|out| write!(out, "{}", write(organization, &rows, crate::text::escape)))?,
    }
    // The file lacks them: to prune by it would delete them.
    unread.map_or(Ok(()), Err)
}

/// Reads an organization and each of its policies in full; the last value is the error of policies that are missing.
async fn read(cx: &Context, api: &Katapult) -> Result<(Inventory, Vec<Policy>, Option<Error>)> {
    let organization = organization(cx, api).await?;
    let mut inventory = Inventory::fetch_complete(cx, api, organization).await?;
    let ids: Option<Vec<String>> = inventory.fleet.policies.iter().map(|policy| policy.id.clone()).collect();
    let ids = ids.ok_or_else(|| Error::invalid_response("a policy has no id, so it cannot be written down"))?;
    let count = ids.len();
    let mut details = inventory.details(cx, api, ids).await?;
    let unread = details.unread_error();
    let gone = count - details.found.len() - details.unread.len();
    if gone > 0 {
        cx.ui.note(&format!("{gone} policies were deleted while this was read, and are left out"));
    }
    // In the list's order, which the rows then leave for their own.
    let policies = std::mem::take(&mut inventory.fleet.policies);
    let policies: Vec<Policy> =
        policies.into_iter().filter_map(|policy| Some(details.found.remove(policy.id.as_deref()?)?.model)).collect();
    Ok((inventory, policies, unread))
}

/// Finds the organization, by its sub-domain where that is known: readers do not know the id.
async fn organization(cx: &Context, api: &Katapult) -> Result<Lookup> {
    if let Some(name) = cx.organization()? {
        return Ok(Lookup::organization(name));
    }
    let only = api.only_organization().await?.model;
    Ok(match (only.sub_domain, only.id) {
        // A name that looks like an id would be read as one.
        (Some(name), _) if !name.starts_with("org_") && !name.trim().is_empty() => Lookup::organization(&name),
        (_, id) => Lookup::id(id.unwrap_or_default()),
    })
}
