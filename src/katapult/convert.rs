//! From the API's spelling to the model. Nothing here fails: what is missing or of another type is absent.

use serde_json::Value;

use super::wire::{decimal, field, flag, integer, list, part, text};
use crate::model::{
    Disk, Installation, Interval, Machine, Organization, Policy, Reference, Schedule, Target, TargetKind,
    TemplateVersion, TrashObject,
};

pub fn policy(value: &Value) -> Policy {
    let schedule = part(value, "schedule");
    Policy {
        id: text(value, "id"),
        retention: integer(value, "retention"),
        total_size: decimal(value, "total_size"),
        target: target(part(value, "target")),
        schedule: Schedule {
            interval: text(schedule, "interval").map(|word| Interval::from_api(&word)),
            frequency: integer(schedule, "frequency"),
            minute: integer(schedule, "minute"),
            time: integer(schedule, "time"),
            is_utc: false,
            next_invocation_at: integer(schedule, "next_invocation_at"),
        },
        auto_move_to_trash_at: integer(value, "auto_move_to_trash_at"),
        ..Policy::default()
    }
}

/// Reads a target in each of its shapes: `{"type", "value": {…}}` (inferred from recordings of the API's other
/// polymorphs), `{"target": {…}}` (documented), or the object itself.
fn target(value: &Value) -> Target {
    let inner = ["value", "target"].into_iter().filter_map(|key| field(value, key)).find(|inner| inner.is_object());
    let inner = inner.unwrap_or(value);
    let id = text(inner, "id");
    let kind = match field(value, "type").and_then(Value::as_str) {
        Some("VirtualMachine") => TargetKind::VirtualMachine,
        Some("Disk") => TargetKind::Disk,
        Some(other) if !other.is_empty() => TargetKind::Other,
        _ => guess_kind(inner, id.as_deref()),
    };
    Target { kind, id, name: text(inner, "name") }
}

/// Guesses machine or disk where no type is given. Prefixes and fields are hints, never a check.
fn guess_kind(inner: &Value, id: Option<&str>) -> TargetKind {
    let has = |name: &str| inner.get(name).is_some();
    match id {
        Some(id) if id.starts_with("vm_") => TargetKind::VirtualMachine,
        Some(id) if id.starts_with("disk_") => TargetKind::Disk,
        _ if has("fqdn") || has("hostname") => TargetKind::VirtualMachine,
        _ if has("wwn") || has("size_in_gb") => TargetKind::Disk,
        _ => TargetKind::Unknown,
    }
}

/// Reads a disk, as `get` and both lists show it.
pub fn disk(value: &Value) -> Disk {
    // A machine's list nests the disk one level down, beside its attachment (recorded).
    let (disk, attachment) = match value.get("disk") {
        Some(inner) => (inner, value),
        None => (value, part(value, "virtual_machine_disk")),
    };
    let machine = part(attachment, "virtual_machine");
    Disk {
        id: text(disk, "id"),
        name: text(disk, "name"),
        size_in_gb: integer(disk, "size_in_gb"),
        wwn: text(disk, "wwn"),
        state: text(disk, "state"),
        created_at: integer(disk, "created_at"),
        storage_speed: text(disk, "storage_speed"),
        bus_type: text(disk, "bus_type"),
        io_profile: reference(part(disk, "io_profile")),
        io_limits: io_limits(part(disk, "io_profile")),
        data_center: reference(part(disk, "data_center")),
        machine_id: text(machine, "id"),
        machine_fqdn: text(machine, "fqdn"),
        attachment: text(attachment, "state"),
        boot: flag(attachment, "boot"),
        is_swap: None,
        attach_on_boot: flag(attachment, "attach_on_boot"),
        installation: disk.get("installation").filter(|value| value.is_object()).map(installation),
        annotations: annotations(value),
    }
}

fn reference(value: &Value) -> Reference {
    Reference { id: text(value, "id"), name: text(value, "name"), permalink: text(value, "permalink") }
}

fn io_limits(profile: &Value) -> Option<String> {
    let speed = integer(profile, "speed_in_mb").map(|speed| format!("{speed} MB/s"));
    let operations = integer(profile, "iops").map(|iops| format!("{iops} IOPS"));
    let limits: Vec<String> = [speed, operations].into_iter().flatten().collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}

fn installation(value: &Value) -> Installation {
    let version = part(value, "disk_template_version");
    let template = part(version, "disk_template");
    let system = part(template, "operating_system");
    let attribute = |attribute: &Value| {
        let label = text(attribute, "label").or_else(|| text(attribute, "key"))?;
        Some((label, text(attribute, "value").unwrap_or_default(), text(attribute, "description")))
    };
    Installation {
        id: text(value, "id"),
        template: reference(template),
        description: text(template, "description"),
        universal: flag(template, "universal"),
        template_size_in_gb: integer(template, "size_in_gb"),
        version: template_version(version),
        latest_version: template_version(part(template, "latest_version")),
        operating_system: reference(system),
        badge: text(part(system, "badge"), "url"),
        attributes: list(value, "attributes").iter().filter_map(attribute).collect(),
    }
}

fn template_version(value: &Value) -> TemplateVersion {
    TemplateVersion {
        id: text(value, "id"),
        number: integer(value, "number"),
        stable: flag(value, "stable"),
        size_in_gb: integer(value, "size_in_gb"),
    }
}

fn annotations(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| Some((text(pair, "key")?, text(pair, "value").unwrap_or_default()));
    list(value, "annotations").iter().filter_map(pair).collect()
}

/// Reads a machine, as `get` and the list show it.
pub fn machine(value: &Value) -> Machine {
    Machine {
        id: text(value, "id"),
        identifier: None,
        name: text(value, "name"),
        hostname: text(value, "hostname"),
        fqdn: text(value, "fqdn"),
        state: text(value, "state"),
        operating_system: None,
        has_incremental_backups: None,
        package: text(part(value, "package"), "name"),
        zone: text(part(value, "zone"), "name"),
        addresses: list(value, "ip_addresses").iter().filter_map(|address| text(address, "address")).collect(),
        cpu_cores: integer(value, "cpu_cores"),
        memory: integer(value, "memory_in_gb").map(|memory| format!("{memory} GiB")),
        created_at: integer(value, "created_at"),
        tags: list(value, "tag_names").iter().filter_map(|tag| Some(tag.as_str()?.to_owned())).collect(),
        description: text(value, "description"),
        annotations: annotations(value),
    }
}

pub fn organization(value: &Value) -> Organization {
    Organization {
        id: text(value, "id"),
        name: text(value, "name"),
        sub_domain: text(value, "sub_domain"),
        infrastructure_domain: text(value, "infrastructure_domain"),
        suspended: flag(value, "suspended"),
        created_at: integer(value, "created_at"),
    }
}

/// Reads an entry of the trash.
pub fn trash_object(value: &Value) -> TrashObject {
    TrashObject {
        id: text(value, "id"),
        keep_until: integer(value, "keep_until"),
        object_id: text(value, "object_id"),
        object_type: text(value, "object_type"),
        name: trashed_name(value),
    }
}

/// Not documented, not recorded, and taken where a server sends it: the entry's name, or its object's.
fn trashed_name(value: &Value) -> Option<String> {
    let object = value.get("object").unwrap_or(value);
    let own = text(value, "name").or_else(|| text(value, "object_name")).or_else(|| text(object, "name"));
    own.or_else(|| target(object.get("target")?).name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_is_understood_in_every_shape() {
        let read = |value: Value| {
            let target = target(&value);
            (target.kind, target.id.unwrap_or_default())
        };
        let machine = |id: &str| (TargetKind::VirtualMachine, id.to_owned());
        assert_eq!(read(json!({"type": "VirtualMachine", "value": {"id": "x"}})), machine("x"));
        assert_eq!(read(json!({"target": {"id": "x", "fqdn": "a.b"}})), machine("x"));
        assert_eq!(read(json!({"id": "vm_1"})), machine("vm_1"));
        assert_eq!(read(json!({"type": "Disk", "value": {"id": "d"}})), (TargetKind::Disk, "d".to_owned()));
        assert_eq!(read(json!({"target": {"id": "d", "wwn": "1"}})), (TargetKind::Disk, "d".to_owned()));
        assert_eq!(read(json!({"type": "Lun", "value": {"id": "l"}})), (TargetKind::Other, "l".to_owned()));
        for odd in [json!(null), json!([]), json!("x"), json!({"value": 3})] {
            assert_eq!(target(&odd).kind, TargetKind::Unknown);
        }
    }

    #[test]
    fn nothing_in_a_policy_is_required() {
        for odd in [json!({}), json!({"schedule": null, "target": 3}), json!({"schedule": {}, "retention": "7"})] {
            let read = policy(&odd);
            assert_eq!(read.schedule, Schedule::default());
        }
        assert_eq!(policy(&json!({"retention": "7", "total_size": "12.5"})).total_size, Some(12.5));
    }
}
