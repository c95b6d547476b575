//! Settings of bpctl itself.

use crate::model::ConfigSetting;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for ConfigSetting {
    const PLURAL: &'static str = "settings";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("key", |setting, _| Cell::text(Some(setting.key.as_str()))),
        Column::<Self>::new("value", |setting, _| value(setting)),
        Column::<Self>::new("origin", |setting, _| Cell::text(setting.origin.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        &self.key
    }

    fn sheet(&self, _: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always(&self.key, &self.text());
        sheet.line("origin", &Cell::text(self.origin.as_deref()));
        sheet
    }
}

/// What is not set is empty in CSV.
fn value(setting: &ConfigSetting) -> Cell {
    match setting.value.is_null() {
        true => Cell { text: setting.text(), ..Cell::absent() },
        false => Cell::text(Some(setting.text())),
    }
}
