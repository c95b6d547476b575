//! The questions about a policy's fields: all of them for an update, what is missing for a create.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use crate::args::{PolicyCreate, PolicyFields};
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Katapult;
use crate::model::{Capabilities, HOURS, Interval, MINUTES, Policy, PolicyPatch, TargetKind};
use crate::ops::pick::{self, PolicyTarget};
use crate::ops::pick_onapp;

/// The hour that a new policy runs at, unless another is given: at night, for most.
const HOUR: &str = "2";
/// Retention and frequency, as wide as the API's integers.
const POSITIVE: RangeInclusive<i64> = 1..=i32::MAX as i64;

/// Asks for every field, the present values at hand.
pub fn changes(cx: &Context, policy: &Policy) -> Result<PolicyPatch> {
    let schedule = &policy.schedule;
    let patch = PolicyPatch {
        retention: number(cx, "Retention: backups to keep", policy.retention, POSITIVE)?,
        interval: interval(cx, &Capabilities::KATAPULT, schedule.interval.as_ref())?,
        frequency: number(cx, "Frequency: every N intervals", schedule.frequency, POSITIVE)?,
        time: number(cx, "Time: hour of the day in server time, 0 to 23", schedule.time, HOURS)?,
        minute: number(cx, "Minute: 0 to 59", schedule.minute, MINUTES)?,
        enabled: None,
    };
    for (name, _, after) in patch.against(policy).differences {
        cx.answered(&[&format!("--{name}"), &after]);
    }
    Ok(patch)
}

/// The same of a policy on an OnApp cloud, which runs next at `start`. Hour and minute are those of the command's zone; they
/// are left out where neither moves.
pub fn onapp_changes(cx: &Context, policy: &Policy, start: Option<Timestamp>) -> Result<PolicyPatch> {
    let schedule = &policy.schedule;
    let retention = match policy.target.kind {
        // The cloud keeps one backup of a disk, whatever is entered (documented).
        TargetKind::Disk => None,
        _ => number(cx, "Retention: backups to keep", policy.retention, POSITIVE)?,
    };
    let interval = interval(cx, &Capabilities::ONAPP, schedule.interval.as_ref())?;
    let frequency = number(cx, "Frequency: every N intervals", schedule.frequency, POSITIVE)?;
    let clock = start.map(|start| start.to_zoned(cx.zone().clone()));
    let (hour, minute) = (clock.as_ref().map(|at| at.hour().into()), clock.as_ref().map(|at| at.minute().into()));
    let time = number(cx, "Time: hour of the day, 0 to 23", hour, HOURS)?;
    let at_minute = number(cx, "Minute: 0 to 59", minute, MINUTES)?;
    // Both together: an hour alone would mean the full hour.
    let (time, at_minute) = if (time, at_minute) == (hour, minute) { (None, None) } else { (time, at_minute) };
    let patch = PolicyPatch { retention, interval, frequency, ..PolicyPatch::default() };
    for (name, _, after) in patch.against(policy).differences {
        cx.answered(&[&format!("--{name}"), &after]);
    }
    keep_number(cx, "--time", time);
    keep_number(cx, "--minute", at_minute);
    Ok(PolicyPatch { time, minute: at_minute, ..patch })
}

/// Asks for what a create lacks, and puts it into its arguments.
pub async fn missing(cx: &Context, api: &Katapult, args: &mut PolicyCreate) -> Result<()> {
    if args.vm.is_none() && args.disk.is_none() {
        match pick::policy_target(cx, api).await? {
            PolicyTarget::Machine(name) => args.vm = Some(name),
            PolicyTarget::Disk(id) => args.disk = Some(id),
        }
    }
    interval_and_retention(cx, &Capabilities::KATAPULT, &mut args.fields, true)?;
    time_of_day(cx, &mut args.fields)
}

/// The same on an OnApp cloud. The hour is left out: the cloud takes the present one.
pub async fn missing_onapp(cx: &Context, args: &mut PolicyCreate) -> Result<()> {
    if args.vm.is_none() && args.disk.is_none() {
        match pick_onapp::policy_target(cx).await? {
            PolicyTarget::Machine(id) => args.vm = Some(id),
            PolicyTarget::Disk(id) => args.disk = Some(id),
        }
    }
    interval_and_retention(cx, &Capabilities::ONAPP, &mut args.fields, args.vm.is_some())
}

/// `has_retention` says whether how many backups are kept is open.
fn interval_and_retention(
    cx: &Context,
    capabilities: &Capabilities,
    fields: &mut PolicyFields,
    has_retention: bool,
) -> Result<()> {
    if fields.interval.is_none() {
        fields.interval = interval(cx, capabilities, Some(&Interval::Daily))?;
        keep(cx, "--interval", fields.interval.as_ref().map(Interval::as_str));
    }
    if fields.retention.is_none() && has_retention {
        let usual = fields.interval.as_ref().map(usual_retention);
        fields.retention = number(cx, "Retention: backups to keep", usual, POSITIVE)?;
        keep_number(cx, "--retention", fields.retention);
    }
    Ok(())
}

/// Asks for hour and minute. What an hour means for an hourly policy is not documented, so it is left out there.
fn time_of_day(cx: &Context, fields: &mut PolicyFields) -> Result<()> {
    if fields.time.is_none() && fields.interval != Some(Interval::Hourly) {
        fields.time = asked(cx, "Time: hour of the day in server time, 0 to 23", HOUR, HOURS)?;
        keep_number(cx, "--time", fields.time);
    }
    if fields.minute.is_none() {
        fields.minute = asked(cx, "Minute: 0 to 59", "0", MINUTES)?;
        keep_number(cx, "--minute", fields.minute);
    }
    Ok(())
}

/// The default retention of a new policy: a day, two weeks, two months, a year, three years.
fn usual_retention(interval: &Interval) -> i64 {
    match interval {
        Interval::Hourly => 24,
        Interval::Daily | Interval::Other(_) => 14,
        Interval::Weekly => 8,
        Interval::Monthly => 12,
        Interval::Yearly => 3,
    }
}

fn interval(cx: &Context, capabilities: &Capabilities, present: Option<&Interval>) -> Result<Option<Interval>> {
    let mut intervals: Vec<Interval> = capabilities.intervals.to_vec();
    intervals.extend(present.filter(|present| !intervals.contains(present)).cloned().into_iter().collect::<Vec<_>>());
    let default = intervals.iter().position(|interval| Some(interval) == present).unwrap_or(1);
    let rows: Vec<Vec<String>> = intervals.iter().map(|interval| vec![interval.to_string()]).collect();
    let index = cx.ask(|ui| ui.select("Interval", &rows, default))?;
    Ok(Some(intervals.swap_remove(index)))
}

fn number(cx: &Context, question: &str, present: Option<i64>, range: RangeInclusive<i64>) -> Result<Option<i64>> {
    asked(cx, question, &present.map_or_else(String::new, |present| present.to_string()), range)
}

/// Asks for a number; none where nothing is typed and no default exists.
fn asked(cx: &Context, question: &str, default: &str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
    let expected = if range == POSITIVE {
        "expected a whole number, at least 1".to_owned()
    } else {
        format!("expected a whole number from {} to {}", range.start(), range.end())
    };
    cx.ask(|ui| {
        ui.input(question, default, |text| match text.parse::<i64>() {
            _ if text.is_empty() => Ok(None),
            // A value that the policy has already can stay, whatever it is.
            Ok(number) if range.contains(&number) || text == default => Ok(Some(number)),
            _ => Err(expected.clone()),
        })
    })
}

fn keep(cx: &Context, flag: &str, value: Option<&str>) {
    if let Some(value) = value {
        cx.answered(&[flag, value]);
    }
}

fn keep_number(cx: &Context, flag: &str, value: Option<i64>) {
    keep(cx, flag, value.map(|value| value.to_string()).as_deref());
}
