//! Entries of the trash, and policies that were just moved there.

use crate::model::{Removal, TrashObject};
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for TrashObject {
    const PLURAL: &'static str = "objects in the trash";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |entry, _| Cell::text(entry.id.as_deref())),
        Column::<Self>::new("type", |entry, _| Cell::text(entry.object_type.as_deref())).flexible().rank(3),
        Column::<Self>::new("name", |entry, _| Cell::text(entry.name.as_deref())).flexible().rank(1),
        Column::<Self>::new("object_id", |entry, _| Cell::text(entry.object_id.as_deref())).rank(4),
        Column::<Self>::new("keep_until", |entry, _| Cell::unix(entry.keep_until)).time().rank(2),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Entry", self.id());
        details.optional("Type", &Cell::text(self.object_type.as_deref()));
        details.optional("Name", &Cell::text(self.name.as_deref()));
        details.optional("Object", &Cell::text(self.object_id.as_deref()));
        details.optional("Can be restored until", &Cell::unix(self.keep_until));
        details
    }
}

impl Resource for Removal {
    const PLURAL: &'static str = "policies";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |removal, _| Cell::text(Some(removal.id.as_str()))),
        Column::<Self>::new("target", |removal, _| Cell::text(removal.target.as_deref())).flexible(),
        Column::<Self>::new("restorable_until", |removal, _| Cell::unix(removal.keep_until)).time(),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Deleted", &self.id);
        details.optional("Target", &Cell::text(self.target.as_deref()));
        match self.keep_until {
            Some(_) => details.optional("Can be restored until", &Cell::unix(self.keep_until)),
            None => details.field("Can be restored", "for 48 hours (documented; the exact time is not known)"),
        }
        details.field("To restore it", &self.way_back);
        details
    }
}
