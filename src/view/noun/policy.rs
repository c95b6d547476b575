//! Policies.

use crate::model::Policy;
use crate::time::relative;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for Policy {
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
        Column::<Self>::new("next_run", |policy, look| Cell::unix(policy.schedule.next_invocation_at, look)),
        Column::<Self>::new("target_id", |policy, _| Cell::text(policy.target.id.as_deref())).wide(),
        Column::<Self>::new("interval", |policy, _| {
            Cell::text(policy.schedule.interval.as_ref().map(|interval| interval.as_str()))
        })
        .wide(),
        Column::<Self>::new("frequency", |policy, _| Cell::number(policy.schedule.frequency)).right().wide(),
        Column::<Self>::new("time", |policy, _| Cell::number(policy.schedule.time)).right().wide(),
        Column::<Self>::new("minute", |policy, _| Cell::number(policy.schedule.minute)).right().wide(),
        Column::<Self>::new("deletion", |policy, look| Cell::unix(policy.auto_move_to_trash_at, look)).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        let target = &self.target;
        sheet.always("Policy", self.id_text());
        let name = target.name.as_deref().unwrap_or_default();
        let words = [target.kind.noun(), name, target.id.as_deref().unwrap_or_default()];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty() && *word != "-").collect();
        sheet.always("Target", &words.join("  "));
        sheet.always("Schedule", &self.schedule.words());
        sheet.line("Next run", &Cell::unix(self.schedule.next_invocation_at, look));
        sheet.line("Retention", &Cell::number(self.retention));
        sheet.line("Size", &Cell::gib(self.total_size));
        if let Some(at) = self.auto_move_to_trash_at {
            let cell = Cell::unix(Some(at), look);
            sheet.always("Deletion", &format!("moves to the trash {}", cell.text));
        }
        sheet.section("Schedule as the API has it");
        let interval = self.schedule.interval.as_ref().map(|interval| interval.as_str());
        sheet.line("interval", &Cell::text(interval));
        sheet.line("frequency", &Cell::number(self.schedule.frequency));
        sheet.line("time", &Cell::number(self.schedule.time));
        sheet.line("minute", &Cell::number(self.schedule.minute));
        sheet
    }
}

/// Says in one line what a policy is: for questions and previews.
pub fn in_a_line(policy: &Policy, look: &Look) -> String {
    let retention = policy.retention.map_or_else(|| "?".to_owned(), |retention| retention.to_string());
    let next = policy.schedule.next_invocation_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    let next = next.map_or_else(String::new, |next| format!(", next run {}", relative(next, look.now)));
    format!("{} of {} ({}, keeps {retention}{next})", policy.id_text(), policy.target.label(), policy.schedule.words())
}

/// Says in columns what a policy is: for a list to choose from. Frequency and time are not in lists (documented).
pub fn choice(policy: &Policy, look: &Look) -> Vec<String> {
    let next = policy.schedule.next_invocation_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    vec![
        policy.target.label().to_owned(),
        policy.schedule.words(),
        policy.retention.map_or_else(String::new, |retention| format!("keeps {retention}")),
        next.map_or_else(String::new, |next| format!("next run {}", relative(next, look.now))),
        policy.id_text().to_owned(),
    ]
}
