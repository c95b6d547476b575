//! Reads virtual machines.

use serde_json::{Value, json};

use super::call::Call;
use super::page::Paging;
use super::{organizations, places};
use crate::sandbox::identifiers::identifier;
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Annotation, Machine, World};

/// Lists an organization's VMs, without their state (recorded).
pub(super) fn list(call: &Call, world: &World, paging: Paging) -> Result<Value, Refusal> {
    let lookup = call.organization()?;
    let arguments = call.arguments();
    let page = paging.page(&arguments)?;
    let wanted = arguments.annotations()?;
    let organization = lookup.organization_in(world)?;
    let found: Vec<&Machine> = world
        .machines
        .iter()
        .filter(|machine| machine.organization == organization.id)
        .filter(|machine| world.trash_of(&machine.id).is_none())
        .filter(|machine| carries(&machine.annotations, &wanted))
        .collect();
    page.answer("virtual_machines", &found, |machine| Ok(listed(machine)))
}

/// Shows one VM; annotations stand beside it, not in it (recorded).
pub(super) fn show(call: &Call, world: &World) -> Result<Value, Refusal> {
    let machine = call.machine()?.machine_in(world)?;
    Ok(json!({
        "virtual_machine": full(machine, world),
        "annotations": annotations(&machine.annotations),
    }))
}

/// Whether all wanted pairs are present; a pair without a value asks for the key only.
pub(super) fn carries(annotations: &[Annotation], wanted: &[(&str, Option<&str>)]) -> bool {
    wanted.iter().all(|&(key, value)| {
        annotations
            .iter()
            .any(|annotation| annotation.key == key && (value.is_none() || annotation.value.as_deref() == value))
    })
}

pub(super) fn annotations(annotations: &[Annotation]) -> Vec<Value> {
    annotations.iter().map(|annotation| json!({ "key": annotation.key, "value": annotation.value })).collect()
}

fn listed(machine: &Machine) -> Value {
    json!({
        "id": machine.id,
        "name": machine.name,
        "hostname": machine.hostname,
        "fqdn": machine.fqdn,
        "created_at": machine.created_at,
        "zone": places::zone(),
        "package": { "name": format!("ROCK-{}", machine.memory_in_gb) },
        "gpu_type": null,
        "ip_addresses": [{ "address": machine.address }],
    })
}

/// Shapes a VM with all its fields: `hypervisor` is documented but never sent, `suspended` is sent but
/// undocumented, and the password is sent in clear (recorded).
fn full(machine: &Machine, world: &World) -> Value {
    json!({
        "id": machine.id,
        "name": machine.name,
        "hostname": machine.hostname,
        "fqdn": machine.fqdn,
        "description": machine.description,
        "created_at": machine.created_at,
        "initial_root_password": machine.initial_root_password,
        "state": machine.state,
        "suspended": false,
        "suspended_at": null,
        "zone": places::zone_with_country(),
        "organization": world.organization(&machine.organization).map(organizations::full),
        "group": null,
        "package": package(machine),
        "attached_iso": null,
        "memory_in_gb": machine.memory_in_gb,
        "cpu_cores": machine.cpu_cores,
        "use_dedicated_cpus": false,
        "gpu_type": null,
        "gpus": [],
        "tags": tags(machine),
        "tag_names": machine.tags,
        "ip_addresses": [address(machine)],
    })
}

fn package(machine: &Machine) -> Value {
    let size = machine.memory_in_gb;
    json!({
        "id": identifier("vmpkg", &format!("rock-{size}")),
        "name": format!("ROCK-{size}"),
        "permalink": format!("rock-{size}"),
        "cpu_cores": machine.cpu_cores,
        "ipv4_addresses": 1,
        "memory_in_gb": size,
        "storage_in_gb": 25,
        "monthly_bandwidth_allowance_in_gb": 1000,
        "privacy": "public",
        "icon": null,
        "use_dedicated_cpus": false,
        "group": { "id": identifier("vmpkgrp", "rock"), "name": "ROCK" },
    })
}

fn tags(machine: &Machine) -> Vec<Value> {
    machine
        .tags
        .iter()
        .map(|name| {
            json!({
                "id": identifier("tag", name),
                "name": name,
                "color": "teal",
                "created_at": machine.created_at,
            })
        })
        .collect()
}

fn address(machine: &Machine) -> Value {
    json!({
        "id": identifier("ip", &machine.id),
        "address": machine.address,
        "reverse_dns": machine.fqdn,
        "vip": false,
        "label": null,
        "address_with_mask": format!("{}/24", machine.address),
        "network": places::network(),
        "allocation_id": identifier("vmnet", &machine.id),
        "allocation_type": "VirtualMachineNetworkInterface",
    })
}
