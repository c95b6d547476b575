//! A plan in words, a line each.

use jiff::Timestamp;

use crate::model::{Interval, Plan, PolicyState, Step, StepAction, Unlisted};
use crate::ops::write::difference_lines;
use crate::time::in_full;
use crate::view::TimeFormat;

/// Says every step, and every live policy that the file does not name.
pub fn lines(plan: &Plan, times: &TimeFormat) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &plan.steps {
        lines.push(line(plan, step, times));
        lines.extend(step.weakens.iter().map(|words| format!("    weakens protection: {words}")));
    }
    lines.extend(plan.unlisted.iter().map(|policy| unlisted(policy, times)));
    lines
}

fn line(plan: &Plan, step: &Step, times: &TimeFormat) -> String {
    let target = step.target.label();
    let policy = step.policy.as_deref().unwrap_or("-");
    let interval = |state: &PolicyState| state.settings.interval.as_ref().map_or("-", Interval::as_str).to_owned();
    match step.action {
        StepAction::Create => {
            let mut after = step.policy_after();
            after.schedule.is_utc = plan.provider == "onapp";
            let interval = interval(&step.after);
            let words = after.schedule.words();
            let schedule = words.strip_prefix(&interval).unwrap_or(&words).trim();
            let keeps = after.retention.map_or_else(String::new, |retention| format!("keeps {retention}"));
            let paused = if after.is_enabled() { "" } else { "paused: makes no backups" };
            let words: Vec<&str> = [schedule, &keeps, paused].into_iter().filter(|words| !words.is_empty()).collect();
            format!("+ {target} {interval}  {}", words.join(", "))
        }
        StepAction::Update => {
            let change = step.change();
            let fields: Vec<String> = difference_lines(&change)
                .iter()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            let before = step.before.clone().unwrap_or_default();
            format!("~ {target} {}  {}  ({policy})", interval(&before), fields.join(", "))
        }
        StepAction::Delete => {
            format!("- {policy} not in the file: deleted for good  ({target} {})", interval(&step.after))
        }
        StepAction::ScheduleDelete => {
            let at = when(step.after.auto_move_to_trash_at, times);
            format!("- {policy} not in the file: deleted at {at}  ({target} {})", interval(&step.after))
        }
    }
}

fn unlisted(policy: &Unlisted, times: &TimeFormat) -> String {
    let interval = policy.interval.as_ref().map_or("-", Interval::as_str);
    let pending = match policy.auto_move_to_trash_at {
        None => String::new(),
        at => format!(", scheduled for deletion at {} already", when(at, times)),
    };
    format!("! {} not in the file{pending}  ({} {interval})", policy.policy, policy.target.label())
}

fn when(at: Option<i64>, times: &TimeFormat) -> String {
    let instant = at.and_then(|at| Timestamp::from_second(at).ok());
    instant.map_or_else(|| "an unknown time".to_owned(), |instant| in_full(instant, times.now, &times.zone))
}

/// Sums a plan up in one line.
pub fn summary(plan: &Plan) -> String {
    let count = |action| plan.steps.iter().filter(|step| step.action == action).count();
    let mut words = if plan.steps.is_empty() {
        "no changes".to_owned()
    } else {
        let (deletions, later) = match plan.provider.as_str() {
            "onapp" => (count(StepAction::Delete), ""),
            _ => (count(StepAction::ScheduleDelete), " later"),
        };
        let (created, changed) = (count(StepAction::Create), count(StepAction::Update));
        format!("{created} to create, {changed} to change, {deletions} to delete{later}")
    };
    words.push_str(&format!("; {} up to date", plan.unchanged));
    if !plan.unlisted.is_empty() {
        words.push_str(&format!("; {} not in the file", plan.unlisted.len()));
    }
    words
}
