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
        }),
        Column::<Self>::new("type", |policy, _| {
            Cell::text(Some(policy.target.kind.noun()).filter(|noun| *noun != "-"))
        }),
        Column::<Self>::new("schedule", |policy, _| {
            Cell::text(Some(policy.schedule.words()).filter(|words| words != "-"))
        }),
        Column::<Self>::new("retention", |policy, _| Cell::number(policy.retention)).right(),
        Column::<Self>::new("size", |policy, _| Cell::gib(policy.total_size)).right(),
        Column::<Self>::new("next_run", |policy, times| Cell::unix(policy.schedule.next_invocation_at, times)),
        Column::<Self>::new("target_id", |policy, _| Cell::text(policy.target.id.as_deref())).wide(),
        Column::<Self>::new("interval", |policy, _| {
            Cell::text(policy.schedule.interval.as_ref().map(|interval| interval.as_str()))
        })
        .wide(),
        Column::<Self>::new("frequency", |policy, _| Cell::number(policy.schedule.frequency)).right().wide(),
        Column::<Self>::new("time", |policy, _| Cell::number(policy.schedule.time)).right().wide(),
        Column::<Self>::new("minute", |policy, _| Cell::number(policy.schedule.minute)).right().wide(),
        Column::<Self>::new("deletion", |policy, times| Cell::unix(policy.auto_move_to_trash_at, times)).wide(),
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
        details.optional("Next run", &Cell::unix(self.schedule.next_invocation_at, times));
        details.optional("Retention", &Cell::number(self.retention));
        details.optional("Size", &Cell::gib(self.total_size));
        if let Some(at) = self.auto_move_to_trash_at {
            let cell = Cell::unix(Some(at), times);
            details.field("Deletion", &format!("moves to the trash {}", cell.text));
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

/// Says in one line what a policy is: for questions and previews.
pub fn in_a_line(policy: &Policy, times: &TimeFormat) -> String {
    let retention = policy.retention.map_or_else(|| "?".to_owned(), |retention| retention.to_string());
    let next = policy.schedule.next_invocation_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    let next = next.map_or_else(String::new, |next| format!(", next run {}", relative(next, times.now)));
    format!("{} of {} ({}, keeps {retention}{next})", policy.id_text(), policy.target.label(), policy.schedule.words())
}

/// Says in columns what a policy is: for a list to choose from. Frequency and time are not in lists (documented).
pub fn choice(policy: &Policy, times: &TimeFormat) -> Vec<String> {
    let next = policy.schedule.next_invocation_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    vec![
        policy.target.label().to_owned(),
        policy.schedule.words(),
        policy.retention.map_or_else(String::new, |retention| format!("keeps {retention}")),
        next.map_or_else(String::new, |next| format!("next run {}", relative(next, times.now))),
        policy.id_text().to_owned(),
    ]
}
