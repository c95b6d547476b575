//! Entries of the trash, and policies that were just moved there.

use crate::model::{Removal, TrashObject};
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for TrashObject {
    const PLURAL: &'static str = "objects in the trash";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |entry, _| Cell::text(entry.id.as_deref())),
        Column::<Self>::new("type", |entry, _| Cell::text(entry.object_type.as_deref())),
        Column::<Self>::new("object_id", |entry, _| Cell::text(entry.object_id.as_deref())),
        Column::<Self>::new("keep_until", |entry, look| Cell::unix(entry.keep_until, look)),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always("Entry", self.id());
        sheet.line("Type", &Cell::text(self.object_type.as_deref()));
        sheet.line("Object", &Cell::text(self.object_id.as_deref()));
        sheet.line("Can be restored until", &Cell::unix(self.keep_until, look));
        sheet
    }
}

impl Noun for Removal {
    const PLURAL: &'static str = "policies";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |removal, _| Cell::text(Some(removal.id.as_str()))),
        Column::<Self>::new("target", |removal, _| Cell::text(removal.target.as_deref())),
        Column::<Self>::new("restorable_until", |removal, look| Cell::unix(removal.keep_until, look)),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always("Deleted", &self.id);
        sheet.line("Target", &Cell::text(self.target.as_deref()));
        match self.keep_until {
            Some(_) => sheet.line("Can be restored until", &Cell::unix(self.keep_until, look)),
            None => sheet.always("Can be restored", "for 48 hours (documented; the exact time is not known)"),
        }
        sheet.always("To restore it", &format!("bpctl policy restore {}", self.id));
        sheet
    }
}
