//! Creating, changing and deleting backup policies.
//!
//! Replies hold only the fields that the server's own specification lists (documented): never the state of
//! the policy after a change.

use serde_json::{Map, Value, json};

use super::Call;
use super::lookup::{self, INVALID_ENUM_VALUE, INVALID_SCALAR, integer, invalid, member, missing, object};
use super::policies::{full, target_bare};
use crate::sandbox::reply::Refusal;
use crate::sandbox::schedule::{Interval, Schedule};
use crate::sandbox::state::{Policy, Target, TargetKind, World};

/// A scheduled deletion lies at least this far ahead (documented).
const EARLIEST_DELETION: i64 = 300;

/// What `properties` may hold; whatever else it holds is ignored.
#[derive(Debug, Default)]
struct Properties {
    retention: Option<i64>,
    interval: Option<Interval>,
    frequency: Option<i64>,
    minute: Option<i64>,
    time: Option<i64>,
}

impl Properties {
    fn read(arguments: &Map<String, Value>) -> Result<Self, Refusal> {
        let properties = object(arguments, &["properties"])?.ok_or_else(|| missing(&["properties"]))?;
        let retention = integer(properties, &["properties", "retention"])?;
        let Some(schedule) = object(properties, &["properties", "schedule"])? else {
            return Ok(Self { retention, ..Self::default() });
        };
        Ok(Self {
            retention,
            interval: interval(schedule)?,
            frequency: integer(schedule, &["properties", "schedule", "frequency"])?,
            minute: integer(schedule, &["properties", "schedule", "minute"])?,
            time: integer(schedule, &["properties", "schedule", "time"])?,
        })
    }

    /// Lays the given values over `policy`; members that are absent keep theirs.
    ///
    /// Whether the real server merges a partial schedule is unknown; the simulator does.
    fn apply(&self, policy: &mut Policy) {
        let schedule = &mut policy.schedule;
        schedule.interval = self.interval.unwrap_or(schedule.interval);
        schedule.frequency = self.frequency.unwrap_or(schedule.frequency);
        schedule.minute = self.minute.unwrap_or(schedule.minute);
        schedule.time = self.time.unwrap_or(schedule.time);
        policy.retention = self.retention.unwrap_or(policy.retention);
    }
}

fn interval(schedule: &Map<String, Value>) -> Result<Option<Interval>, Refusal> {
    let Some(value) = member(schedule, "interval") else {
        return Ok(None);
    };
    let known = value.as_str().and_then(Interval::from_name);
    known.map(Some).ok_or_else(|| invalid(&["properties", "schedule", "interval"], &INVALID_ENUM_VALUE, &[]))
}

/// Refuses values out of range; the ranges are inferred, no document states any.
fn validate(policy: &Policy) -> Result<(), Refusal> {
    let schedule = &policy.schedule;
    let mut errors = Vec::new();
    if policy.retention < 1 {
        errors.push("Retention must be greater than or equal to 1");
    }
    if schedule.frequency < 1 {
        errors.push("Schedule frequency must be greater than or equal to 1");
    }
    if !(0..=59).contains(&schedule.minute) {
        errors.push("Schedule minute must be between 0 and 59");
    }
    if !(0..=23).contains(&schedule.time) {
        errors.push("Schedule time must be between 0 and 23");
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        422,
        "validation_error",
        "A validation error occurred with the object that was being created/updated/deleted",
    )
    .detailed(json!({ "errors": errors })))
}

/// Creates a policy for a machine or a disk.
pub(super) fn create(call: &Call, kind: TargetKind, world: &mut World, now: i64) -> Result<Value, Refusal> {
    let lookup = match kind {
        TargetKind::VirtualMachine => call.arguments().machine()?,
        TargetKind::Disk => call.arguments().disk()?,
    };
    let properties = Properties::read(&call.arguments)?;
    let (id, organization) = match kind {
        TargetKind::VirtualMachine => {
            let machine = lookup.machine_in(world)?;
            (machine.id.clone(), machine.organization.clone())
        }
        TargetKind::Disk => {
            let disk = lookup.disk_in(world)?;
            (disk.id.clone(), disk.organization.clone())
        }
    };
    call.permit()?;
    let mut policy = unscheduled(Target { kind, id }, organization);
    properties.apply(&mut policy);
    validate(&policy)?;
    policy.id = world.fresh_identifier("dbp", now);
    world.policies.push(policy.clone());
    world.reindex();
    Ok(json!({ "disk_backup_policy": full(&policy, world, now) }))
}

/// Holds the defaults of a new policy, none of which is documented.
fn unscheduled(target: Target, organization: String) -> Policy {
    Policy {
        id: String::new(),
        organization,
        retention: 7,
        total_size: 0.0,
        target,
        schedule: Schedule { frequency: 1, interval: Interval::Daily, minute: 0, time: 0 },
        auto_move_to_trash_at: None,
    }
}

/// Changes a policy; the reply's `schedule` is empty (documented, and inferred from the framework).
pub(super) fn update(call: &Call, world: &mut World) -> Result<Value, Refusal> {
    let lookup = call.arguments().policy()?;
    let properties = Properties::read(&call.arguments)?;
    let mut policy = lookup.policy_in(world)?.clone();
    call.permit()?;
    properties.apply(&mut policy);
    validate(&policy)?;
    let reply = json!({ "disk_backup_policy": {
        "id": policy.id,
        "retention": policy.retention,
        "target": target_bare(&policy.target),
        "schedule": {},
    }});
    if let Some(stored) = world.policy_mut(lookup.value()) {
        *stored = policy;
    }
    Ok(reply)
}

/// Moves a policy to the trash; the reply holds its identifier only, no trash object (documented).
pub(super) fn delete(call: &Call, world: &mut World, now: i64) -> Result<Value, Refusal> {
    let lookup = call.arguments().policy()?;
    let id = lookup.policy_in(world)?.id.clone();
    call.permit()?;
    world.put_in_trash(&id, now);
    world.reindex();
    Ok(json!({ "disk_backup_policy": { "id": id } }))
}

/// Schedules a deletion, or moves one that is scheduled.
pub(super) fn schedule_deletion(call: &Call, world: &mut World, now: i64) -> Result<Value, Refusal> {
    let lookup = call.arguments().policy()?;
    let at = timestamp(&call.arguments)?;
    lookup.policy_in(world)?;
    call.permit()?;
    if at < now.saturating_add(EARLIEST_DELETION) {
        return Err(Refusal::new(
            400,
            "invalid_timestamp",
            "Timestamp must be at least 5 minutes in the future and expressed as unix time",
        ));
    }
    let policy = world.policy_mut(lookup.value());
    let policy = policy.ok_or_else(|| lookup::not_found("disk_backup_policy_not_found", ""))?;
    policy.auto_move_to_trash_at = Some(at);
    let reply = json!({ "disk_backup_policy": {
        "id": policy.id,
        "target": target_bare(&policy.target),
        "auto_move_to_trash_at": at,
    }});
    world.reindex();
    Ok(reply)
}

/// Reads `timestamp`, which must be a JSON integer: a string, so a query parameter too, is refused (inferred).
fn timestamp(arguments: &Map<String, Value>) -> Result<i64, Refusal> {
    let value = member(arguments, "timestamp").ok_or_else(|| missing(&["timestamp"]))?;
    let number = value.as_i64();
    number.ok_or_else(|| invalid(&["timestamp"], &INVALID_SCALAR, &[]))
}
