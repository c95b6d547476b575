//! Presets of autobackup.

use crate::model::Preset;
use crate::view::{Cell, Column, Resource};

impl Resource for Preset {
    const PLURAL: &'static str = "presets";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |preset, _| Cell::text(preset.id.as_deref())).right(),
        Column::<Self>::new("schedule", |preset, _| Cell::text(Some(preset.schedule.words()))),
        Column::<Self>::new("retention", |preset, _| Cell::number(preset.retention)).right(),
        Column::<Self>::new("status", |preset, _| {
            Cell::text(preset.enabled.map(|enabled| if enabled { "enabled" } else { "disabled" }))
        })
        .state(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}
