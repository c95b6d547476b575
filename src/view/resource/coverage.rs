//! Rows of the coverage.

use crate::model::coverage::{Kind, Row};
use crate::view::{Cell, Column, Resource};

/// Worst first.
const VERDICTS: [&str; 4] = ["none", "partial", "weak", "ok"];

impl Resource for Row {
    const PLURAL: &'static str = "coverage rows";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("vm", |row, _| Cell::text(Some(row.name.as_str()))).flexible_from(28),
        Column::<Self>::new("type", |row, _| Cell::text(Some(kind(row)))).wide(),
        Column::<Self>::new("verdict", |row, _| Cell::text(Some(row.verdict.word()))).words(&VERDICTS),
        Column::<Self>::new("disks", |row, _| disks(row)).right().rank(2),
        Column::<Self>::new("interval", |row, _| interval(row)).length().wide(),
        Column::<Self>::new("kept", |row, _| kept(row)).length().flexible().rank(3),
        Column::<Self>::new("next_run", |row, _| Cell::unix(row.next_run)).time().wide(),
        Column::<Self>::new("reason", |row, _| Cell::text(Some(row.reason.as_str()))).flexible().rank(1),
        Column::<Self>::new("policies", |row, _| Cell::text(Some(row.policies.join(", ")))).wide(),
        Column::<Self>::new("id", |row, _| Cell::text(row.id.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

fn kind(row: &Row) -> &'static str {
    match row.kind {
        Kind::Vm => "vm",
        Kind::Disk => "disk",
    }
}

/// Sorted by the disks that are not covered.
fn disks(row: &Row) -> Cell<'_> {
    #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
    let rank = (row.disks - row.covered) as f64;
    Cell::Ranked(format!("{}/{}", row.covered, row.disks).into(), rank)
}

fn interval(row: &Row) -> Cell<'_> {
    let Some(interval) = &row.interval else {
        return Cell::Absent;
    };
    let every = row.frequency.filter(|count| *count > 1).and_then(|count| u64::try_from(count).ok());
    let text = match every {
        None => interval.as_str().into(),
        Some(count) => format!("every {count} {}s", interval.unit()).into(),
    };
    match interval.seconds() {
        Some(seconds) => Cell::Length(text, seconds.saturating_mul(every.unwrap_or(1))),
        None => Cell::Text(text),
    }
}

/// Sorted by the farthest reach back.
fn kept(row: &Row) -> Cell<'_> {
    match (row.kept.as_deref(), row.reach) {
        (Some(text), Some(reach)) => Cell::Length(text.into(), reach),
        (text, _) => Cell::text(text),
    }
}
