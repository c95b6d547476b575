//! Creates, changes and deletes backup policies.
//!
//! Replies hold only the fields that the server's own specification lists (documented): never the state of
//! the policy after a change.

use serde_json::{Value, json};

use super::arguments::{Arguments, Given, Issue, invalid, missing};
use super::call::Call;
use super::policies::{changed, full, target};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schedule::{Interval, Schedule};
use crate::sandbox::state::{Policy, Target, TargetKind, World};

/// A scheduled deletion lies at least this far ahead (documented).
const MIN_DELETION_DELAY: i64 = 300;

/// What `properties` may hold; the framework ignores everything else in it.
#[derive(Debug)]
struct Properties {
    retention: Given<i64>,
    interval: Given<Interval>,
    frequency: Given<i64>,
    minute: Given<i64>,
    time: Given<i64>,
}

impl Properties {
    fn read(arguments: &Arguments<'_>) -> Result<Self, Refusal> {
        let Given::Value(properties) = arguments.object("properties")? else {
            return Err(missing(&["properties"]));
        };
        let retention = properties.integer("retention")?;
        let Given::Value(schedule) = properties.object("schedule")? else {
            let absent = Given::Absent;
            return Ok(Self { retention, interval: Given::Absent, frequency: absent, minute: absent, time: absent });
        };
        Ok(Self {
            retention,
            interval: interval(&schedule)?,
            frequency: schedule.integer("frequency")?,
            minute: schedule.integer("minute")?,
            time: schedule.integer("time")?,
        })
    }

    /// Stores the given values, nulls included, over those of `policy`.
    ///
    /// Whether the real server merges a partial schedule is unknown; the simulator does.
    fn apply(self, policy: &mut Policy) {
        let schedule = &mut policy.schedule;
        self.interval.store_in(&mut schedule.interval);
        self.frequency.store_in(&mut schedule.frequency);
        self.minute.store_in(&mut schedule.minute);
        self.time.store_in(&mut schedule.time);
        self.retention.store_in(&mut policy.retention);
    }
}

fn interval(schedule: &Arguments<'_>) -> Result<Given<Interval>, Refusal> {
    schedule.given("interval").map(|value| {
        let known = value.as_str().and_then(Interval::from_name);
        known.ok_or_else(|| invalid(&schedule.path_to("interval"), Issue::InvalidEnumValue))
    })
}

/// Refuses values out of range; the ranges are inferred, no document states any. A null passes.
fn validate(policy: &Policy) -> Result<(), Refusal> {
    let schedule = &policy.schedule;
    let mut errors = Vec::new();
    if policy.retention.is_some_and(|retention| retention < 1) {
        errors.push("Retention must be greater than or equal to 1");
    }
    if schedule.frequency.is_some_and(|frequency| frequency < 1) {
        errors.push("Schedule frequency must be greater than or equal to 1");
    }
    if schedule.minute.is_some_and(|minute| !(0..=59).contains(&minute)) {
        errors.push("Schedule minute must be between 0 and 59");
    }
    if schedule.time.is_some_and(|time| !(0..=23).contains(&time)) {
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
    .with_detail(json!({ "errors": errors })))
}

pub(super) fn create(call: &Call, kind: TargetKind, world: &mut World, now: i64) -> Result<Reply, Refusal> {
    let lookup = match kind {
        TargetKind::VirtualMachine => call.machine()?,
        TargetKind::Disk => call.disk()?,
    };
    let properties = Properties::read(&call.arguments())?;
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
    call.check_permission()?;
    let mut policy = with_defaults(Target { kind, id }, organization);
    properties.apply(&mut policy);
    validate(&policy)?;
    policy.id = world.fresh_identifier("dbp", now);
    world.policies.push(policy.clone());
    world.reindex();
    Ok(full(&policy, world, now).into())
}

/// Makes a policy with the defaults of a new one; no document states them.
fn with_defaults(target: Target, organization: String) -> Policy {
    Policy {
        id: String::new(),
        organization,
        retention: Some(7),
        total_size: 0.0,
        target,
        schedule: Schedule { frequency: Some(1), interval: Some(Interval::Daily), minute: Some(0), time: Some(0) },
        auto_move_to_trash_at: None,
    }
}

pub(super) fn update(call: &Call, world: &mut World) -> Result<Reply, Refusal> {
    let lookup = call.policy()?;
    let properties = Properties::read(&call.arguments())?;
    let mut policy = lookup.policy_in(world)?.clone();
    call.check_permission()?;
    properties.apply(&mut policy);
    validate(&policy)?;
    let reply = changed(&policy).into();
    if let Some(stored) = world.policy_mut(&policy.id.clone()) {
        *stored = policy;
    }
    Ok(reply)
}

/// Moves a policy to the trash; the reply holds its identifier only, no trash object (documented).
pub(super) fn delete(call: &Call, world: &mut World, now: i64) -> Result<Reply, Refusal> {
    let id = call.policy()?.policy_in(world)?.id.clone();
    call.check_permission()?;
    world.put_in_trash(&id, now);
    // A policy that is deleted again gets another entry, in the same second too.
    let entry = world.fresh_identifier("trsh", now);
    if let Some(trashed) = world.trash.last_mut() {
        trashed.id = entry;
    }
    world.reindex();
    Ok(Reply::ok(&json!({ "disk_backup_policy": { "id": id } })))
}

/// Schedules a deletion, or moves one that is scheduled.
pub(super) fn schedule_deletion(call: &Call, world: &mut World, now: i64) -> Result<Reply, Refusal> {
    let lookup = call.policy()?;
    let at = call.arguments().time("timestamp")?;
    let id = lookup.policy_in(world)?.id.clone();
    call.check_permission()?;
    if at < now.saturating_add(MIN_DELETION_DELAY) {
        return Err(Refusal::new(
            400,
            "invalid_timestamp",
            "Timestamp must be at least 5 minutes in the future and expressed as unix time",
        ));
    }
    let policy = world.policy_mut(&id).ok_or_else(Refusal::unhandled)?;
    policy.auto_move_to_trash_at = Some(at);
    let reply: Value = json!({ "disk_backup_policy": {
        "id": policy.id,
        "target": target(&policy.target),
        "auto_move_to_trash_at": at,
    }});
    world.reindex();
    Ok(Reply::ok(&reply))
}
