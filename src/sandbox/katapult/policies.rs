//! Reads backup policies.
//!
//! The field sets differ between calls, as the server's own specification has them (documented). A policy
//! whose required field is null can be stored, but not serialised.

use serde_json::{Value, json};

use super::arguments::Given;
use super::call::Call;
use super::page::Paging;
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Policy, Target, TargetKind, World};

pub(super) fn list_of_organization(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.organization()?;
    let page = paging.page(&call.arguments())?;
    let organization = lookup.organization_in(world)?;
    call.check_permission()?;
    let found: Vec<&Policy> = world.live_policies().filter(|policy| policy.organization == organization.id).collect();
    page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now))
}

/// Lists the policies of a VM, with those of its disks where `include_disks` is set.
pub(super) fn list_of_machine(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.machine()?;
    let include_disks = call.arguments().boolean("include_disks")? == Given::Value(true);
    let page = paging.page(&call.arguments())?;
    let machine = lookup.machine_in(world)?;
    call.check_permission()?;
    let mut found: Vec<&Policy> = world.policies_of(&machine.id).collect();
    if include_disks {
        let disks = world.disks_of(&machine.id);
        found.extend(disks.flat_map(|disk| world.policies_of(&disk.id)));
    }
    page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now))
}

/// Lists a disk's own policies, not those of its VM (inferred).
pub(super) fn list_of_disk(call: &Call, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
    let lookup = call.disk()?;
    let page = paging.page(&call.arguments())?;
    let disk = lookup.disk_in(world)?;
    call.check_permission()?;
    let found: Vec<&Policy> = world.policies_of(&disk.id).collect();
    page.answer("disk_backup_policies", &found, |policy| listed(policy, world, now))
}

pub(super) fn show(call: &Call, world: &World, now: i64) -> Result<Value, Refusal> {
    let policy = call.policy()?.policy_in(world)?;
    full(policy, world, now)
}

/// Lists omit the schedule's details and the scheduled deletion, so a null among those does not disturb them.
fn listed(policy: &Policy, world: &World, now: i64) -> Result<Value, Refusal> {
    Ok(json!({
        "id": policy.id,
        "retention": not_null("retention", policy.retention)?,
        "total_size": policy.total_size,
        "target": target_with_name(&policy.target, world)?,
        "schedule": {
            "interval": not_null("interval", policy.schedule.interval)?.name(),
            "next_invocation_at": policy.schedule.next_run(&policy.id, now),
        },
    }))
}

/// Answers with all fields of a policy.
pub(super) fn full(policy: &Policy, world: &World, now: i64) -> Result<Value, Refusal> {
    let schedule = &policy.schedule;
    Ok(json!({ "disk_backup_policy": {
        "id": policy.id,
        "retention": not_null("retention", policy.retention)?,
        "total_size": policy.total_size,
        "target": target_with_name(&policy.target, world)?,
        "schedule": {
            "frequency": not_null("frequency", schedule.frequency)?,
            "interval": not_null("interval", schedule.interval)?.name(),
            "minute": not_null("minute", schedule.minute)?,
            "next_invocation_at": schedule.next_run(&policy.id, now),
            "time": not_null("time", schedule.time)?,
        },
        "auto_move_to_trash_at": policy.auto_move_to_trash_at,
    }}))
}

/// Answers a change with the fields that its reply has: the schedule is empty (documented).
pub(super) fn changed(policy: &Policy) -> Result<Value, Refusal> {
    Ok(json!({ "disk_backup_policy": {
        "id": policy.id,
        "retention": not_null("retention", policy.retention)?,
        "target": target(&policy.target),
        "schedule": {},
    }}))
}

/// Refuses to serialise a null where the field may not be null.
fn not_null<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::null_value(field))
}

/// Shapes a target as polymorphs were recorded, not as they are documented.
fn target_with_name(target: &Target, world: &World) -> Result<Value, Refusal> {
    let name = match target.kind {
        TargetKind::VirtualMachine => world.machine(&target.id).map(|machine| &machine.name),
        TargetKind::Disk => world.disk(&target.id).map(|disk| &disk.name),
    };
    let name = not_null("target", name)?;
    Ok(json!({ "type": type_name(target.kind), "value": { "id": target.id, "name": name } }))
}

/// Shapes a target for replies that give its identifier only.
pub(super) fn target(target: &Target) -> Value {
    json!({ "type": type_name(target.kind), "value": { "id": target.id } })
}

fn type_name(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::VirtualMachine => "VirtualMachine",
        TargetKind::Disk => "Disk",
    }
}
