//! The one data centre, zone, country, currency and network that everything in the simulator is in.
//!
//! Constants in JSON; nothing here depends on the world.

use serde_json::{Value, json};

pub(super) fn data_center() -> Value {
    json!({ "id": "loc_UUhPmoCbpic6UX0Y", "name": "London", "permalink": "uk-lon-01" })
}

fn data_center_with_country() -> Value {
    json!({
        "id": "loc_UUhPmoCbpic6UX0Y",
        "name": "London",
        "permalink": "uk-lon-01",
        "country": country(),
    })
}

/// Shapes the zone as lists have it: without the documented country (recorded).
pub(super) fn zone() -> Value {
    json!({
        "id": "zone_7Uuz6wzE17ZShh8f",
        "name": "LON-1",
        "permalink": "lon-zone-1",
        "data_center": data_center(),
    })
}

/// Shapes the zone as the reply for a single VM has it.
pub(super) fn zone_with_country() -> Value {
    json!({
        "id": "zone_7Uuz6wzE17ZShh8f",
        "name": "LON-1",
        "permalink": "lon-zone-1",
        "data_center": data_center_with_country(),
    })
}

pub(super) fn country() -> Value {
    json!({
        "id": "ctry_Gh2nVxYc81KpWq0Z",
        "name": "United Kingdom",
        "iso_code2": "GB",
        "iso_code3": "GBR",
        "time_zone": "Europe/London",
        "eu": false,
    })
}

pub(super) fn currency() -> Value {
    json!({ "id": "cur_zShCGgjgBz4EbnX1", "name": "British Pound", "iso_code": "GBP", "symbol": "£" })
}

pub(super) fn network() -> Value {
    json!({
        "id": "netw_gVRkZdSKczfNg34P",
        "name": "Public Network",
        "permalink": "public",
        "default": true,
        "data_center": data_center_with_country(),
    })
}
