//! Checks of `doctor`.

use crate::model::DoctorCheck;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for DoctorCheck {
    const PLURAL: &'static str = "checks";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("check", |check, _| Cell::text(Some(check.check))),
        Column::<Self>::new("status", |check, _| Cell::text(Some(check.status.name()))).state(),
        Column::<Self>::new("message", |check, _| Cell::text(Some(check.message.as_str()))).flexible(),
        Column::<Self>::new("hint", |check, _| Cell::text(check.hint.as_deref())).flexible().rank(1),
        Column::<Self>::new("exit_code", |check, _| Cell::number(Some(check.exit_code.into()))).wide().number(),
    ];

    fn id(&self) -> &str {
        self.check
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Check", self.check);
        details.field("Status", self.status.name());
        details.field("Message", &self.message);
        details.optional("Hint", &Cell::text(self.hint.as_deref()));
        details
    }
}
