//! Changes of an OnApp cloud's policies, made from the model: what is sent, and when the schedule runs next.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use serde_json::Value;

use super::onapp_change::{NewSchedule, OnAppChange, schedule_ids};
use crate::error::{Error, Result};
use crate::model::{Change, Object, Policy, PolicyPatch, Schedule, TargetKind};
use crate::onapp::{OnApp, ScheduleOwner, schedule_fields};

/// Hour and minute, where they are given.
pub type Clock = (Option<i64>, Option<i64>);

/// Runs that are passed over to find the next one: years of daily ones.
const MAX_RUNS: i64 = 20_000;

/// Changes a policy. Hour and minute of `patch` are in UTC.
///
/// # Errors
/// The time cannot be used.
pub fn update(before: Object<Policy>, patch: &PolicyPatch, now: Timestamp) -> Result<OnAppChange> {
    let change = patch.against(&before.model);
    let start = next_start(&before.raw, &change, now)?;
    Ok(OnAppChange::UpdatePolicy { before, change, start })
}

/// When a changed schedule runs next, where that moves: with its clock, and after a pause not at once for each run that
/// it missed.
pub fn next_start(raw: &Value, change: &Change, now: Timestamp) -> Result<Option<Timestamp>> {
    let known = schedule_fields::start(raw);
    if let Some(schedule) = change.schedule.as_ref().filter(|_| change.has("time") || change.has("minute")) {
        return next_at(&TimeZone::UTC, (schedule.time, schedule.minute), known, now).map(Some);
    }
    match known {
        Some(start) if change.enabled == Some(true) && start <= now => Ok(after_now(start, raw, now)),
        _ => Ok(None),
    }
}

/// The first run after now, a whole number of periods after `start`.
fn after_now(start: Timestamp, raw: &Value, now: Timestamp) -> Option<Timestamp> {
    let step = period(raw)?;
    let first: Zoned = start.to_zoned(TimeZone::UTC);
    // From the first run each time: a month that has no 31st must not move those after it.
    let runs = (0..MAX_RUNS).map_while(|count| first.checked_add(step.checked_mul(count).ok()?).ok());
    runs.map(|run| run.timestamp()).find(|run| *run > now)
}

fn period(raw: &Value) -> Option<Span> {
    let every = schedule_fields::duration(raw)?.clamp(1, 1_200);
    Some(match raw["period"].as_str()? {
        "days" => every.days(),
        "weeks" => every.weeks(),
        "months" => every.months(),
        "years" => every.years(),
        _ => return None,
    })
}

/// The next moment with that clock; on the day of the next run, where that is still ahead.
///
/// # Errors
/// There is no such time.
pub fn next_at(zone: &TimeZone, (hour, minute): Clock, next: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let next = next.filter(|next| *next > now);
    let day = next.unwrap_or(now).to_zoned(zone.clone());
    let part = |value: Option<i64>, known: i8| value.and_then(|value| i8::try_from(value).ok()).unwrap_or(known);
    let minute = part(minute, if hour.is_none() && next.is_some() { day.minute() } else { 0 });
    let hour = part(hour, if next.is_some() { day.hour() } else { 0 });
    let invalid = |error: jiff::Error| Error::usage(format!("the time cannot be used: {error}"));
    let clock = Time::new(hour, minute, 0, 0).map_err(invalid)?;
    let mut date = day.date();
    loop {
        // Each day anew: a clock that one day skips is not moved on the days after it.
        let at = date.to_datetime(clock).to_zoned(zone.clone()).map_err(invalid)?.timestamp();
        if at > now {
            return Ok(at);
        }
        date = date.tomorrow().map_err(invalid)?;
    }
}

/// What a new policy belongs to: kind, number and label.
pub struct Owner {
    pub kind: TargetKind,
    pub target: String,
    pub label: String,
}

impl Owner {
    /// Where its schedules are listed.
    pub fn scope(&self) -> ScheduleOwner<'_> {
        match self.kind {
            TargetKind::Disk => ScheduleOwner::Disk(None, &self.target),
            _ => ScheduleOwner::Machine(&self.target),
        }
    }
}

/// Creates a policy, which first runs at `start`, else when the cloud says.
///
/// # Errors
/// The API's; the target's schedules are listed.
pub async fn create(api: &OnApp, owner: Owner, patch: &PolicyPatch, start: Option<Timestamp>) -> Result<NewSchedule> {
    let schedule = Schedule { is_utc: true, ..Schedule::default() };
    let none = Policy { schedule, ..Policy::default() };
    let policy = patch.against(&none).applied_to(&none);
    let existing = schedule_ids(api, owner.scope()).await?;
    let fields = schedule_fields::created(owner.kind, &owner.target, schedule_fields::new_settings(patch, start));
    let Owner { kind, target, label } = owner;
    Ok(NewSchedule { kind, target, label, fields, policy, existing })
}

/// Creates a policy that was deleted again, with its fields.
///
/// # Errors
/// The API's; the target's schedules are listed.
pub async fn create_again(api: &OnApp, owner: Owner, deleted: Object<Policy>, now: Timestamp) -> Result<NewSchedule> {
    let existing = schedule_ids(api, owner.scope()).await?;
    let mut settings = schedule_fields::settings(&deleted.raw);
    let start = schedule_fields::start(&deleted.raw).filter(|start| *start <= now);
    if let Some(next) = start.and_then(|start| after_now(start, &deleted.raw, now)) {
        settings.insert("start_at".to_owned(), next.to_string().into());
    }
    let fields = schedule_fields::created(owner.kind, &owner.target, settings);
    let Owner { kind, target, label } = owner;
    Ok(NewSchedule { kind, target, label, fields, policy: deleted.model, existing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_today_skips_is_kept_on_the_days_after() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let next = |clock, now: &str| next_at(&zone, clock, None, now.parse().unwrap()).unwrap().to_string();
        assert_eq!(next((Some(2), Some(30)), "2027-03-28T12:00:00Z"), "2027-03-29T00:30:00Z");
        assert_eq!(next((Some(2), Some(30)), "2027-03-27T12:00:00Z"), "2027-03-28T01:30:00Z");
        assert_eq!(next((Some(2), Some(30)), "2027-10-31T12:00:00Z"), "2027-11-01T01:30:00Z");
        assert_eq!(next((Some(23), None), "2027-03-28T12:00:00Z"), "2027-03-28T21:00:00Z");
        assert!(next_at(&zone, (Some(24), None), None, Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn a_month_without_a_31st_does_not_move_the_months_after_it() {
        let monthly = serde_json::json!({"period": "months", "duration": 1});
        let next = |now: &str| {
            let start = "2026-01-31T02:00:00Z".parse().unwrap();
            after_now(start, &monthly, now.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(next("2026-02-01T00:00:00Z"), "2026-02-28T02:00:00Z");
        assert_eq!(next("2026-12-01T00:00:00Z"), "2026-12-31T02:00:00Z");
    }
}
