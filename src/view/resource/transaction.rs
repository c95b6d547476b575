//! Transactions of an OnApp cloud.

use crate::model::Transaction;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Transaction {
    const PLURAL: &'static str = "transactions";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |transaction, _| Cell::text(transaction.id.as_deref())),
        Column::<Self>::new("action", |transaction, _| Cell::text(transaction.action.as_deref())).flexible(),
        Column::<Self>::new("status", |transaction, _| Cell::text(transaction.status.as_deref())).state(),
        Column::<Self>::new("object", |transaction, _| object(transaction.parent.as_ref())).flexible().rank(2),
        Column::<Self>::new("created", |transaction, _| Cell::instant(transaction.created_at)).time().rank(1),
        Column::<Self>::new("started", |transaction, _| Cell::instant(transaction.started_at)).time().wide(),
        Column::<Self>::new("updated", |transaction, _| Cell::instant(transaction.updated_at)).time().wide(),
        Column::<Self>::new("belongs_to", |transaction, _| object(transaction.associated.as_ref())).flexible().wide(),
        Column::<Self>::new("waits_for", |transaction, _| Cell::text(transaction.waits_for.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        for column in Self::COLUMNS {
            details.optional(column.name, &(column.cell)(self, times));
        }
        if let Some(log) = &self.log {
            details.section("Log");
            for (number, line) in log.lines().enumerate() {
                details.field(&(number + 1).to_string(), line);
            }
        }
        details
    }
}

fn object(object: Option<&(String, String)>) -> Cell<'_> {
    Cell::text(object.map(|(kind, id)| format!("{kind} {id}")))
}
