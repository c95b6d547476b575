//! Rows of `bpctl diff`.

use crate::model::diff::Difference;
use crate::view::{Cell, Column, Resource};

/// The gravest first.
const CHANGES: [&str; 8] = ["lost", "weaker", "unknown", "removed", "changed", "added", "stronger", "gained"];

impl Resource for Difference {
    const PLURAL: &'static str = "differences";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("change", |one, _| Cell::text(Some(one.change.word()))).words(&CHANGES),
        Column::<Self>::new("type", |one, _| Cell::text(Some(one.subject.word()))),
        Column::<Self>::new("name", |one, _| Cell::text(Some(one.name.as_str()))).flexible(),
        Column::<Self>::new("weaker", |one, _| Cell::flag(Some(one.weaker))).rank(1),
        Column::<Self>::new("details", |one, _| Cell::text(Some(one.words()))).flexible(),
        Column::<Self>::new("id", |one, _| Cell::text(Some(one.id.as_str()))).rank(2),
        Column::<Self>::new("target", |one, _| Cell::text(one.target.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        &self.id
    }
}
