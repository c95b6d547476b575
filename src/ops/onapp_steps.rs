//! The steps of a plan on an OnApp cloud: what each sends, and the write that carries it out.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::guard::changed;
use super::onapp_change::{NewSchedule, OnAppChange, OnAppWrite};
use super::onapp_schedule::{self, next_at, next_start};
use crate::error::Result;
use crate::http::Request;
use crate::model::{Object, Policy, Step, StepAction, TargetKind};
use crate::onapp::{OnApp, schedule_fields};

/// Describes what a step sends if it is carried out at `now`. Later, the next run is another one.
pub fn request(step: &Step, now: Timestamp) -> Request {
    let id = step.policy.as_deref().unwrap_or_default();
    match step.action {
        StepAction::Create => {
            // A time that cannot be used is an error of the write.
            let new = new_schedule(step, first_run(step, now).ok().flatten());
            OnApp::create_schedule_request(new.owner(), &new.fields)
        }
        StepAction::Update => {
            let change = step.change();
            let start = next_start(&step.schedule, &change, now).ok().flatten();
            OnApp::update_schedule_request(id, &schedule_fields::updated(&step.schedule, &change, start))
        }
        StepAction::Delete | StepAction::ScheduleDelete => OnApp::delete_schedule_request(id),
    }
}

/// Makes the write of a step; `before` are the policies as they were read, by id.
///
/// # Errors
/// `changed` where the policy was not read; a time that cannot be used.
pub fn write(step: &Step, before: &HashMap<String, Object<Policy>>, now: Timestamp) -> Result<OnAppWrite> {
    let read = || {
        let id = step.policy.clone().unwrap_or_default();
        before.get(&id).cloned().ok_or_else(|| changed(&id, "it was not read"))
    };
    let change = match step.action {
        StepAction::Create => OnAppChange::CreatePolicy(new_schedule(step, first_run(step, now)?)),
        StepAction::Update => onapp_schedule::update(read()?, &step.after.settings, now)?,
        StepAction::Delete | StepAction::ScheduleDelete => OnAppChange::DeletePolicy { before: read()? },
    };
    Ok(OnAppWrite { label: Some(step.label()), ..change.into() })
}

/// When a new policy runs first, where its clock is given.
fn first_run(step: &Step, now: Timestamp) -> Result<Option<Timestamp>> {
    let settings = &step.after.settings;
    if settings.time.is_none() && settings.minute.is_none() {
        return Ok(None);
    }
    next_at(&TimeZone::UTC, (settings.time, settings.minute), None, now).map(Some)
}

fn new_schedule(step: &Step, start: Option<Timestamp>) -> NewSchedule {
    let kind = if step.target.kind == "disk" { TargetKind::Disk } else { TargetKind::VirtualMachine };
    let target = step.target.id.clone().unwrap_or_default();
    let settings = &step.after.settings;
    let fields = schedule_fields::created(kind, &target, schedule_fields::new_settings(settings, start));
    let mut policy = step.policy_after();
    policy.schedule.is_utc = true;
    NewSchedule { kind, target, label: step.target.label().to_owned(), fields, policy, existing: step.existing.clone() }
}
