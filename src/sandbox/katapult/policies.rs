//! Reading backup policies.
//!
//! The field sets differ between calls, as the server's own specification has them (documented).

use serde_json::{Value, json};

use super::lookup::boolean;
use super::{Call, Paging};
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Policy, Target, TargetKind, World};

/// Lists all policies of an organization.
pub(super) fn list_of_organization(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.arguments().organization()?;
    let page = paging.page(call.arguments())?;
    let organization = lookup.organization_in(world)?;
    call.permit()?;
    let found: Vec<&Policy> = world.live_policies().filter(|policy| policy.organization == organization.id).collect();
    Ok(page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now)))
}

/// Lists the policies of a machine, and those of its disks when asked.
pub(super) fn list_of_machine(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.arguments().machine()?;
    let include_disks = boolean(&call.arguments, &["include_disks"])?;
    let page = paging.page(call.arguments())?;
    let machine = lookup.machine_in(world)?;
    call.permit()?;
    let mut found: Vec<&Policy> = world.policies_of(&machine.id).collect();
    if include_disks {
        let disks = world.disks_of(&machine.id);
        found.extend(disks.flat_map(|disk| world.policies_of(&disk.id)));
    }
    Ok(page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now)))
}

/// Lists a disk's own policies, not those of its machine (inferred).
pub(super) fn list_of_disk(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.arguments().disk()?;
    let page = paging.page(call.arguments())?;
    let disk = lookup.disk_in(world)?;
    call.permit()?;
    let found: Vec<&Policy> = world.policies_of(&disk.id).collect();
    Ok(page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now)))
}

/// Shows one policy.
pub(super) fn show(call: &Call, world: &World, now: i64) -> Result<Value, Refusal> {
    let policy = call.arguments().policy()?.policy_in(world)?;
    Ok(json!({ "disk_backup_policy": full(policy, world, now) }))
}

/// Lists omit the schedule's details and the scheduled deletion.
fn listed(policy: &Policy, world: &World, now: i64) -> Value {
    json!({
        "id": policy.id,
        "retention": policy.retention,
        "total_size": policy.total_size,
        "target": target_named(&policy.target, world),
        "schedule": {
            "interval": policy.schedule.interval.name(),
            "next_invocation_at": policy.schedule.next_run(&policy.id, now),
        },
    })
}

/// Shapes a policy with all its fields.
pub(super) fn full(policy: &Policy, world: &World, now: i64) -> Value {
    json!({
        "id": policy.id,
        "retention": policy.retention,
        "total_size": policy.total_size,
        "target": target_named(&policy.target, world),
        "schedule": {
            "frequency": policy.schedule.frequency,
            "interval": policy.schedule.interval.name(),
            "minute": policy.schedule.minute,
            "next_invocation_at": policy.schedule.next_run(&policy.id, now),
            "time": policy.schedule.time,
        },
        "auto_move_to_trash_at": policy.auto_move_to_trash_at,
    })
}

/// Shapes a target as polymorphs were recorded, not as they are documented.
fn target_named(target: &Target, world: &World) -> Value {
    let name = match target.kind {
        TargetKind::VirtualMachine => world.machine(&target.id).map(|machine| &machine.name),
        TargetKind::Disk => world.disk(&target.id).map(|disk| &disk.name),
    };
    json!({ "type": type_name(target.kind), "value": { "id": target.id, "name": name } })
}

/// Shapes a target for replies that give its identifier only.
pub(super) fn target_bare(target: &Target) -> Value {
    json!({ "type": type_name(target.kind), "value": { "id": target.id } })
}

fn type_name(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::VirtualMachine => "VirtualMachine",
        TargetKind::Disk => "Disk",
    }
}
