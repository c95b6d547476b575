//! Rows of the coverage.

use crate::model::coverage::{Kind, Row};
use crate::view::cell::Key;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Row {
    const PLURAL: &'static str = "rows of the coverage";

    // What fits a terminal of 80 columns: KEPT tells the intervals, too, and everything else is wide.
    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("machine", |row, _| Cell::text(Some(row.name.as_str()))),
        Column::<Self>::new("type", |row, _| Cell::text(Some(kind(row)))).wide(),
        Column::<Self>::new("verdict", |row, _| verdict(row)),
        Column::<Self>::new("disks", |row, _| disks(row)).right(),
        Column::<Self>::new("interval", |row, _| interval(row)).wide(),
        Column::<Self>::new("kept", |row, _| kept(row)),
        Column::<Self>::new("next_run", |row, times| Cell::unix(row.next_run, times)).wide(),
        Column::<Self>::new("reason", |row, _| Cell::text(Some(row.reason.as_str()))),
        Column::<Self>::new("policies", |row, _| Cell::text(Some(row.policies.join(", ")))).wide(),
        Column::<Self>::new("id", |row, _| Cell::text(row.id.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        for column in Self::COLUMNS {
            details.optional(column.name, &(column.cell)(self, times));
        }
        details
    }
}

fn kind(row: &Row) -> &'static str {
    match row.kind {
        Kind::Vm => "vm",
        Kind::Disk => "disk",
    }
}

/// Sorted by the disks that lack cover.
fn disks(row: &Row) -> Cell {
    let text = format!("{}/{}", row.covered, row.disks);
    #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
    let key = Key::Number((row.disks - row.covered) as f64);
    Cell { data: text.clone(), text, key }
}

/// Sorted by length.
fn interval(row: &Row) -> Cell {
    let Some(interval) = &row.interval else {
        return Cell::absent();
    };
    let every = row.frequency.filter(|count| *count > 1);
    let text = every.map_or_else(|| interval.to_string(), |count| format!("every {count} {}s", interval.unit()));
    #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
    let key = interval.seconds().map_or(Key::Absent, |length| Key::Number(length as f64 * every.unwrap_or(1) as f64));
    Cell { data: text.clone(), text, key }
}

/// Sorted by the farthest reach back.
fn kept(row: &Row) -> Cell {
    #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
    let key = row.reach.map_or(Key::Absent, |reach| Key::Number(reach as f64));
    Cell { key, ..Cell::text(row.kept.as_deref()) }
}

/// Sorted worst first.
fn verdict(row: &Row) -> Cell {
    let key = Key::Number(f64::from(row.verdict as u8));
    Cell { key, ..Cell::text(Some(row.verdict.word())) }
}
