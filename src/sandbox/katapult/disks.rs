//! Reads disks.

use serde_json::{Value, json};

use super::call::Call;
use super::machines::{annotations, carries};
use super::page::Paging;
use super::places;
use crate::sandbox::identifiers::identifier;
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Attachment, Disk, Installation, World};

/// Lists an organization's disks, under the singular key `disk` (recorded).
pub(super) fn list_of_organization(call: &Call, world: &World, paging: Paging) -> Result<Value, Refusal> {
    let lookup = call.organization()?;
    let arguments = call.arguments();
    let page = paging.page(&arguments)?;
    let wanted = arguments.annotations()?;
    let organization = lookup.organization_in(world)?;
    let found: Vec<&Disk> = world
        .disks
        .iter()
        .filter(|disk| disk.organization == organization.id)
        .filter(|disk| world.trash_of(&disk.id).is_none())
        .filter(|disk| carries(&disk.annotations, &wanted))
        .collect();
    page.answer("disk", &found, |disk| Ok(listed(disk, world)))
}

/// Lists a VM's disks, each nested one level down (recorded).
pub(super) fn list_of_machine(call: &Call, world: &World, paging: Paging) -> Result<Value, Refusal> {
    let lookup = call.machine()?;
    let page = paging.page(&call.arguments())?;
    let machine = lookup.machine_in(world)?;
    let found: Vec<(&Disk, &Attachment)> = world
        .disks_of(&machine.id)
        .filter(|disk| world.trash_of(&disk.id).is_none())
        .filter_map(|disk| Some((disk, disk.attachment.as_ref()?)))
        .collect();
    page.answer("disks", &found, |(disk, attachment)| Ok(assigned(disk, attachment)))
}

/// Shows one disk; annotations stand beside it, not in it (recorded).
pub(super) fn show(call: &Call, world: &World) -> Result<Value, Refusal> {
    let disk = call.disk()?.disk_in(world)?;
    Ok(json!({ "disk": full(disk, world), "annotations": annotations(&disk.annotations) }))
}

fn listed(disk: &Disk, world: &World) -> Value {
    let machine = disk.attachment.as_ref().map(|attachment| machine_of(attachment, world));
    json!({
        "id": disk.id,
        "name": disk.name,
        "size_in_gb": disk.size_in_gb,
        "wwn": disk.wwn,
        "state": disk.state,
        "virtual_machine_disk": machine.map(|machine| json!({ "virtual_machine": machine })),
    })
}

fn assigned(disk: &Disk, attachment: &Attachment) -> Value {
    json!({
        "disk": {
            "id": disk.id,
            "name": disk.name,
            "size_in_gb": disk.size_in_gb,
            "wwn": disk.wwn,
            "state": disk.state,
            "created_at": disk.created_at,
        },
        "attach_on_boot": attachment.attach_on_boot,
        "boot": attachment.boot,
        "state": attachment.state,
    })
}

fn full(disk: &Disk, world: &World) -> Value {
    json!({
        "id": disk.id,
        "name": disk.name,
        "size_in_gb": disk.size_in_gb,
        "wwn": disk.wwn,
        "state": disk.state,
        "created_at": disk.created_at,
        "storage_speed": disk.storage_speed,
        "io_profile": {
            "id": "diop_i39iT7k0RYAdQP48",
            "name": "Unrestricted",
            "permalink": "unrestricted",
            "speed_in_mb": null,
            "iops": null,
        },
        "bus_type": disk.bus_type,
        "data_center": places::data_center(),
        "virtual_machine_disk": disk.attachment.as_ref().map(|attachment| json!({
            "virtual_machine": machine_of(attachment, world),
            "attach_on_boot": attachment.attach_on_boot,
            "boot": attachment.boot,
            "state": attachment.state,
        })),
        "installation": disk.installation.as_ref().map(installation),
    })
}

fn machine_of(attachment: &Attachment, world: &World) -> Value {
    let fqdn = world.machine(&attachment.machine).map(|machine| &machine.fqdn);
    json!({ "id": attachment.machine, "fqdn": fqdn })
}

/// Shapes an installation without the members that are documented but never sent (recorded); the value of a
/// protected attribute is sent in clear (recorded).
fn installation(installation: &Installation) -> Value {
    let permalink = installation.template.to_lowercase().replace([' ', '.'], "-");
    let system = installation.template.split(' ').next().unwrap_or_default();
    json!({
        "id": installation.id,
        "disk_template_version": {
            "number": installation.version,
            "stable": true,
            "disk_template": {
                "id": identifier("dtpl", &permalink),
                "name": installation.template,
                "permalink": format!("templates/{permalink}"),
                "operating_system": { "id": identifier("os", system), "name": system },
            },
        },
        "attributes": [
            attribute("hostname", "Hostname", &installation.hostname, false),
            attribute("root_password", "Root password", &installation.root_password, true),
        ],
    })
}

fn attribute(key: &str, label: &str, value: &str, protect: bool) -> Value {
    json!({ "key": key, "label": label, "value": value, "description": null, "protect": protect })
}
