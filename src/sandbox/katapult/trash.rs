//! The trash: listing, showing, restoring, purging, and the tasks that purges start.
//!
//! The world decides when time empties the trash.

use serde_json::{Value, json};

use super::call::Call;
use super::lookup::{trash_object, trash_object_not_found};
use super::page::Paging;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::state::{PURGE_TAKES, Task, Trashed, World};

/// How long a task waits before it runs.
const QUEUED_FOR: i64 = 2;

/// Lists an organization's trash, all types mixed.
pub(super) fn list(call: &Call, world: &World, paging: Paging) -> Result<Value, Refusal> {
    let lookup = call.organization()?;
    let page = paging.page(&call.arguments())?;
    let organization = lookup.organization_in(world)?;
    let found: Vec<&Trashed> = world.trash.iter().filter(|trashed| trashed.organization == organization.id).collect();
    page.answer("trash_objects", &found, |trashed| Ok(trash_object(trashed)))
}

pub(super) fn show(call: &Call, world: &World) -> Result<Value, Refusal> {
    let trashed = call.trashed()?.trashed_in(world)?;
    Ok(json!({ "trash_object": trash_object(trashed) }))
}

/// Restores an object at once, without a task (documented).
pub(super) fn restore(call: &Call, world: &mut World) -> Result<Reply, Refusal> {
    let lookup = call.trashed()?;
    let trashed = lookup.trashed_in(world)?.clone();
    call.check_permission()?;
    if trashed.purged_at.is_some() {
        return Err(trash_object_not_found());
    }
    world.trash.retain(|other| other.id != trashed.id);
    if let Some(policy) = world.policy_mut(&trashed.object_id) {
        // Otherwise it would return to the trash at once.
        policy.auto_move_to_trash_at = None;
    }
    world.reindex();
    Ok(Reply::ok(&json!({ "trash_object": trash_object(&trashed) })))
}

/// Starts the purge of one object; it stays readable for some seconds (recorded).
pub(super) fn purge(call: &Call, world: &mut World, now: i64) -> Result<Reply, Refusal> {
    let lookup = call.trashed()?;
    let id = lookup.trashed_in(world)?.id.clone();
    call.check_permission()?;
    Ok(start_purge(world, now, |trashed| trashed.id == id))
}

/// Starts the purge of everything in an organization's trash.
pub(super) fn purge_all(call: &Call, world: &mut World, now: i64) -> Result<Reply, Refusal> {
    let lookup = call.organization()?;
    let id = lookup.organization_in(world)?.id.clone();
    call.check_permission()?;
    Ok(start_purge(world, now, |trashed| trashed.organization == id))
}

fn start_purge(world: &mut World, now: i64, chosen: impl Fn(&Trashed) -> bool) -> Reply {
    for trashed in world.trash.iter_mut().filter(|trashed| chosen(trashed)) {
        trashed.purged_at.get_or_insert(now + PURGE_TAKES);
    }
    let task =
        Task { id: world.fresh_identifier("task", now), name: "Purge items from trash".to_owned(), created_at: now };
    world.tasks.push(task.clone());
    world.reindex();
    Reply::ok(&json!({ "task": task_json(&task, now) }))
}

/// Shows a task; its progress follows from the clock.
pub(super) fn show_task(call: &Call, world: &World, now: i64) -> Result<Value, Refusal> {
    let task = call.task()?.task_in(world)?;
    Ok(json!({ "task": task_json(task, now) }))
}

fn task_json(task: &Task, now: i64) -> Value {
    let started = task.created_at + QUEUED_FOR;
    let finished = task.created_at + PURGE_TAKES;
    let (status, progress) = match now {
        now if now < started => ("pending", 0),
        now if now < finished => ("running", 50),
        _ => ("completed", 100),
    };
    json!({
        "id": task.id,
        "name": task.name,
        "status": status,
        "created_at": task.created_at,
        "started_at": (now >= started).then_some(started),
        "finished_at": (now >= finished).then_some(finished),
        "progress": progress,
    })
}
