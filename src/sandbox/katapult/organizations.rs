//! Reads organizations.

use serde_json::{Value, json};

use super::call::Call;
use super::places;
use crate::sandbox::identifiers::{digest, uuid};
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Organization, World};

/// Lists all organizations, without pagination (documented).
pub(super) fn list(world: &World) -> Value {
    let shown: Vec<Value> = world.organizations.iter().map(listed).collect();
    json!({ "organizations": shown })
}

pub(super) fn show(call: &Call, world: &World) -> Result<Value, Refusal> {
    let organization = call.organization()?.organization_in(world)?;
    Ok(json!({ "organization": full(organization) }))
}

fn listed(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "sub_domain": organization.sub_domain,
        "infrastructure_domain": organization.domain(),
        "created_at": organization.created_at,
        "activated_at": organization.created_at,
        "suspended": false,
        "managed": false,
    })
}

/// Shapes an organization with all its fields; `uuid` is undocumented but recorded.
pub(super) fn full(organization: &Organization) -> Value {
    let number = digest(&organization.id);
    json!({
        "id": organization.id,
        "name": organization.name,
        "sub_domain": organization.sub_domain,
        "uuid": uuid(number, number.rotate_left(29)),
        "infrastructure_domain": organization.domain(),
        "created_at": organization.created_at,
        "activated_at": organization.created_at,
        "suspended": false,
        "managed": false,
        "billing_name": organization.name,
        "address1": "42 Barren Fields",
        "address2": null,
        "address3": null,
        "address4": null,
        "postcode": "ZZ9 1LS",
        "vat_number": null,
        "phone_number": null,
        "currency": places::currency(),
        "country": places::country(),
        "country_state": null,
    })
}
