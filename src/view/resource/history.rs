//! Entries of the journal.

use crate::journal::Entry;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Entry {
    const PLURAL: &'static str = "changes";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("number", |entry, _| Cell::number(i64::try_from(entry.number).ok())).right(),
        Column::<Self>::new("time", |entry, times| Cell::unix(Some(entry.time), times)),
        Column::<Self>::new("change", |entry, _| Cell::text(Some(entry.action.verb()))),
        Column::<Self>::new("policy", |entry, _| Cell::text(entry.policy.as_deref())),
        Column::<Self>::new("target", |entry, _| Cell::text(entry.target.as_deref())),
        Column::<Self>::new("outcome", |entry, _| Cell::text(Some(entry.outcome.word()))),
        Column::<Self>::new("undoes", |entry, _| {
            Cell::number(entry.undoes.and_then(|number| i64::try_from(number).ok()))
        })
        .right(),
        Column::<Self>::new("profile", |entry, _| Cell::text(entry.profile.as_deref())).wide(),
        Column::<Self>::new("api", |entry, _| Cell::text(Some(entry.api.as_str()))).wide(),
        Column::<Self>::new("command", |entry, _| Cell::text(Some(entry.command.as_str()))).wide(),
    ];

    fn id(&self) -> &str {
        self.policy.as_deref().unwrap_or_default()
    }

    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        for column in Self::COLUMNS {
            details.optional(column.name, &(column.cell)(self, times));
        }
        for (title, object) in [("before", &self.before), ("after", &self.after)] {
            if !object.is_null() {
                details.field(title, &object.to_string());
            }
        }
        details
    }
}
