//! Changes of the journal.

use crate::journal::{Action, Entry, Recorded};
use crate::model::Policy;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

/// A change, with what it did to the policy.
#[derive(Debug)]
pub struct Change {
    id: String,
    recorded: Recorded,
    wanted: Policy,
    before: Policy,
    after: Policy,
}

impl Change {
    /// Puts a change beside what was asked for, and the policy before and after.
    pub fn new(recorded: Recorded, wanted: Policy, before: Policy, after: Policy) -> Self {
        let id = recorded.number().map(|number| number.to_string()).unwrap_or_default();
        Self { id, recorded, wanted, before, after }
    }

    fn entry(&self) -> Option<&Entry> {
        match &self.recorded {
            Recorded::Entry(entry) => Some(entry),
            Recorded::Newer(_) => None,
        }
    }

    fn text<'a>(&'a self, field: fn(&'a Entry) -> Option<&'a str>) -> Cell<'a> {
        Cell::text(self.entry().and_then(field))
    }

    fn number(&self, field: fn(&Entry) -> Option<u64>) -> Cell<'static> {
        number(self.entry().and_then(field))
    }

    fn outcome(&self) -> Cell<'_> {
        Cell::text(Some(match self.entry() {
            None => "made by a newer bpctl".to_owned(),
            Some(entry) => match entry.undone_by {
                Some(number) => format!("undone by {number}"),
                None => entry.outcome.word().to_owned(),
            },
        }))
    }

    /// Says what changed. Where the policy was not read afterwards, it is what was asked for.
    fn difference(&self, times: &TimeFormat) -> Cell<'_> {
        let Some(entry) = self.entry() else {
            return Cell::Absent;
        };
        let after = if entry.after.is_null() { &self.wanted } else { &self.after };
        match entry.action {
            Action::Update | Action::ScheduleDelete => differences(&self.before, after, times),
            Action::Create | Action::Restore => in_short(after),
            Action::Delete => in_short(&self.before),
            _ => Cell::Absent,
        }
    }
}

fn number(number: Option<u64>) -> Cell<'static> {
    Cell::number(number.and_then(|number| i64::try_from(number).ok()))
}

/// Says which values differ: `retention 4 → 30, time 2 → 3`.
fn differences(before: &Policy, after: &Policy, times: &TimeFormat) -> Cell<'static> {
    let deletion = |policy: &Policy| policy.auto_move_to_trash_at.map(|at| Cell::unix(Some(at)).display(times));
    let deletions = [("deletion", deletion(before), deletion(after))];
    let settings = before.settings().into_iter().zip(after.settings()).map(|((name, old), (_, new))| (name, old, new));
    let words: Vec<String> = settings
        .chain(deletions)
        .filter_map(|(name, old, new)| Some((name, old, new?)))
        .filter(|(_, old, new)| old.as_ref() != Some(new))
        .map(|(name, old, new)| match old {
            Some(old) => format!("{name} {old} → {new}"),
            None => format!("{name} → {new}"),
        })
        .collect();
    Cell::text(Some(words.join(", ")))
}

/// Says what a policy does: `daily at 02:30 server time, keeps 7`.
fn in_short(policy: &Policy) -> Cell<'static> {
    let schedule = Some(policy.schedule.words()).filter(|words| words != "-");
    let retention = policy.retention.map(|retention| format!("keeps {retention}"));
    Cell::text(Some(schedule.into_iter().chain(retention).collect::<Vec<_>>().join(", ")))
}

/// Names the cloud for people: the profile, else the API's host.
fn cloud(entry: &Entry) -> Option<&str> {
    let host = entry.api.split("://").last().and_then(|rest| rest.split('/').next());
    entry.profile.as_deref().or(host)
}

impl Resource for Change {
    const PLURAL: &'static str = "changes";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("number", |change, _| number(change.recorded.number())).number(),
        Column::<Self>::new("group", |change, _| change.number(|entry| entry.command_id)).number().rank(5),
        Column::<Self>::new("time", |change, _| Cell::unix(change.entry().map(|entry| entry.time))).time().rank(3),
        Column::<Self>::new("change", |change, _| change.text(|entry| Some(entry.action.verb()))).rank(1),
        Column::<Self>::new("policy", |change, _| change.text(|entry| entry.policy.as_deref())).rank(4),
        Column::<Self>::new("target", |change, _| change.text(|entry| entry.target.as_deref())).flexible(),
        Column::<Self>::new("difference", |change, times| change.difference(times)).flexible(),
        Column::<Self>::new("outcome", |change, _| change.outcome()).state().rank(2),
        Column::<Self>::new("cloud", |change, _| change.text(cloud)).flexible().rank(6),
        Column::<Self>::new("undoes", |change, _| change.number(|entry| entry.undoes)).number().wide(),
        Column::<Self>::new("profile", |change, _| change.text(|entry| entry.profile.as_deref())).wide(),
        Column::<Self>::new("organization", |change, _| change.text(|entry| entry.organization.as_deref())).wide(),
        Column::<Self>::new("api", |change, _| change.text(|entry| Some(&entry.api))).wide(),
        Column::<Self>::new("command", |change, _| change.text(|entry| Some(&entry.command))).wide(),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        for column in Self::COLUMNS {
            details.optional(column.name, &(column.cell)(self, times));
        }
        match &self.recorded {
            Recorded::Entry(entry) => {
                for (title, policy) in [("wanted", &entry.wanted), ("before", &entry.before), ("after", &entry.after)] {
                    if !policy.is_null() {
                        details.field(title, policy.text());
                    }
                }
            }
            Recorded::Newer(newer) => details.field("line", newer.line.text()),
        }
        details
    }
}
