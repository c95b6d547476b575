//! Settings of bpctl itself.

use crate::model::ConfigSetting;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for ConfigSetting {
    const PLURAL: &'static str = "settings";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("key", |setting, _| Cell::text(Some(setting.key.as_str()))),
        Column::<Self>::new("value", |setting, _| value(setting)).flexible(),
        Column::<Self>::new("origin", |setting, _| Cell::text(setting.origin.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        &self.key
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field(&self.key, &self.text());
        details.optional("origin", &Cell::text(self.origin.as_deref()));
        details
    }
}

/// What is not set is empty in CSV.
fn value(setting: &ConfigSetting) -> Cell<'_> {
    if setting.value.is_null() { Cell::Placeholder(setting.text().into()) } else { Cell::text(Some(setting.text())) }
}
