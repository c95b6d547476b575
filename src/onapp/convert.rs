//! From OnApp's fields to the model. Nothing here fails.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Backup, Machine};

/// Reads a backup.
pub fn backup(value: &Value) -> Backup {
    Backup {
        id: word(value, "id"),
        identifier: word(value, "identifier"),
        backup_type: word(value, "backup_type"),
        initiated: word(value, "initiated"),
        target_type: word(value, "target_type").or_else(|| word(value, "disk_id").map(|_| "Disk".to_owned())),
        target_id: word(value, "target_id").or_else(|| word(value, "disk_id")),
        size_kib: word(value, "backup_size").and_then(|size| size.parse().ok()),
        built: flag(value, "built"),
        built_at: instant(value, "built_at"),
        created_at: instant(value, "created_at"),
        locked: flag(value, "locked"),
        marked_for_delete: flag(value, "marked_for_delete"),
        note: word(value, "note").filter(|note| !note.is_empty()),
        operating_system: word(value, "operating_system"),
        distribution: word(value, "operating_system_distro"),
        backup_server_id: word(value, "backup_server_id"),
    }
}

/// Reads a virtual server.
pub fn machine(value: &Value) -> Machine {
    let state = match (flag(value, "booted"), word(value, "state")) {
        (_, Some(state)) if !state.is_empty() => Some(state),
        (Some(true), _) => Some("started".to_owned()),
        (Some(false), _) => Some("stopped".to_owned()),
        (None, _) => None,
    };
    Machine {
        id: word(value, "id"),
        identifier: word(value, "identifier"),
        name: word(value, "label"),
        hostname: word(value, "hostname"),
        fqdn: word(value, "fqdn"),
        state,
        package: word(value, "template_label"),
        zone: None,
        addresses: Vec::new(),
        cpu_cores: word(value, "cpus").and_then(|cpus| cpus.parse().ok()),
        memory: word(value, "memory").map(|memory| format!("{memory} MB")),
        created_at: instant(value, "created_at").map(Timestamp::as_second),
        tags: Vec::new(),
        description: None,
        annotations: Vec::new(),
    }
}

/// Reads a string or a number as text: ids and sizes come as either (recorded).
fn word(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn flag(value: &Value, name: &str) -> Option<bool> {
    value.get(name)?.as_bool()
}

/// Reads a time with its offset: `Z`, `+00:00` and `+03:00` are all recorded, and `2015-08-13 02:00:49 UTC` of old clouds.
fn instant(value: &Value, name: &str) -> Option<Timestamp> {
    let text = value.get(name)?.as_str()?.trim();
    let in_utc = || text.strip_suffix("UTC").and_then(|text| format!("{}Z", text.trim_end()).parse().ok());
    let with_offset = || Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).ok();
    text.parse().ok().or_else(in_utc).or_else(with_offset)
}
