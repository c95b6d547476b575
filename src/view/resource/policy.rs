//! Policies.

use crate::model::Policy;
use crate::time::relative;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Policy {
    const PLURAL: &'static str = "policies";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |policy, _| Cell::text(policy.id.as_deref())),
        Column::<Self>::new("target", |policy, _| {
            Cell::text(policy.target.name.as_deref().or(policy.target.id.as_deref()))
        })
        .flexible(),
        Column::<Self>::new("type", |policy, _| {
            Cell::text(Some(policy.target.kind.noun()).filter(|noun| *noun != "-"))
        })
        .rank(4),
        // Lists leave out the frequency: their "weekly" may be every two weeks, so it is not called a schedule.
        Column::<Self>::new("interval", |policy, _| {
            Cell::text(policy.schedule.interval.as_ref().map(|interval| interval.as_str()))
        })
        .rank(1),
        Column::<Self>::new("schedule", |policy, _| {
            Cell::text(Some(policy.schedule.words()).filter(|words| words != "-"))
        })
        .flexible()
        .rank(1)
        .wide(),
        Column::<Self>::new("retention", |policy, _| Cell::number(policy.retention)).number().rank(2),
        Column::<Self>::new("size", |policy, _| Cell::gib(policy.total_size)).size().rank(5),
        Column::<Self>::new("next_run", |policy, _| Cell::unix(policy.schedule.next_invocation_at)).time().rank(3),
        Column::<Self>::new("status", |policy, _| Cell::text(policy.status.as_deref())).state().rank(2).wide(),
        Column::<Self>::new("last_run", |policy, _| Cell::unix(policy.last_run)).time().rank(4).wide(),
        Column::<Self>::new("last_result", |policy, _| Cell::text(policy.last_status.as_deref())).state().wide(),
        Column::<Self>::new("failures", |policy, _| Cell::number(policy.failures)).number().rank(4).wide(),
        Column::<Self>::new("target_id", |policy, _| Cell::text(policy.target.id.as_deref())).wide(),
        Column::<Self>::new("frequency", |policy, _| Cell::number(policy.schedule.frequency)).number().wide(),
        Column::<Self>::new("time", |policy, _| Cell::number(policy.schedule.time)).number().wide(),
        Column::<Self>::new("minute", |policy, _| Cell::number(policy.schedule.minute)).number().wide(),
        Column::<Self>::new("deletion", |policy, _| Cell::unix(policy.auto_move_to_trash_at)).time().rank(2).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        let target = &self.target;
        details.field("Policy", self.id_text());
        let name = target.name.as_deref().unwrap_or_default();
        let words = [target.kind.noun(), name, target.id.as_deref().unwrap_or_default()];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty() && *word != "-").collect();
        details.field("Target", &words.join("  "));
        details.field("Schedule", &self.schedule.words());
        details.optional("Next run", &Cell::unix(self.schedule.next_invocation_at));
        details.optional("Status", &Cell::text(self.status.as_deref()));
        details.optional("Last run", &Cell::unix(self.last_run));
        details.optional("Last result", &Cell::text(self.last_status.as_deref()));
        details.optional("Failed runs", &Cell::number(self.failures));
        details.optional("Retention", &Cell::number(self.retention));
        details.optional("Size", &Cell::gib(self.total_size));
        if let Some(at) = self.auto_move_to_trash_at {
            let cell = Cell::unix(Some(at));
            details.field("Deletion", &format!("moves to the trash {}", cell.display(times)));
        }
        details.section("Schedule as the API has it");
        let interval = self.schedule.interval.as_ref().map(|interval| interval.as_str());
        details.optional("interval", &Cell::text(interval));
        details.optional("frequency", &Cell::number(self.schedule.frequency));
        details.optional("time", &Cell::number(self.schedule.time));
        details.optional("minute", &Cell::number(self.schedule.minute));
        details
    }
}

/// Describes a policy in one line, for questions and previews.
pub fn in_a_line(policy: &Policy, times: &TimeFormat) -> String {
    let retention = policy.retention.map_or_else(|| "?".to_owned(), |retention| retention.to_string());
    format!(
        "{} of {} ({}, keeps {retention}{})",
        policy.id_text(),
        policy.target.label(),
        policy.schedule.words(),
        next_run(policy, times).map_or_else(String::new, |next| format!(", {next}"))
    )
}

/// Describes a policy in columns, for a list to choose from. Lists leave out frequency and time of day (documented): their
/// `weekly` may be every two weeks, so it is not called a schedule.
pub fn choice(policy: &Policy, times: &TimeFormat) -> Vec<String> {
    let interval =
        policy.schedule.interval.as_ref().map_or_else(String::new, |interval| format!("interval {interval}"));
    vec![
        policy.target.label().to_owned(),
        interval,
        policy.retention.map_or_else(String::new, |retention| format!("keeps {retention}")),
        next_run(policy, times).unwrap_or_default(),
        policy.id_text().to_owned(),
    ]
}

fn next_run(policy: &Policy, times: &TimeFormat) -> Option<String> {
    let next = policy.schedule.next_invocation_at.and_then(|at| jiff::Timestamp::from_second(at).ok())?;
    Some(format!("next run {}", relative(next, times.now)))
}
