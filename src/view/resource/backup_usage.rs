//! The space that backups take.

use crate::model::BackupUsage;
use crate::view::{Cell, Column, Resource};

impl Resource for BackupUsage {
    const PLURAL: &'static str = "backups";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("vm", |usage, _| Cell::text(Some(usage.vm.as_str()))).flexible(),
        Column::<Self>::new("vm_id", |usage, _| Cell::text(usage.vm_id.as_deref())).right().wide(),
        Column::<Self>::new("type", |usage, _| Cell::text(usage.kind)).flexible(),
        Column::<Self>::new("backups", |usage, _| count(usage.backups)).right(),
        Column::<Self>::new("size", |usage, _| Cell::gib((usage.backups > 0).then(|| usage.size_gib()))).size(),
        Column::<Self>::new("unknown_sizes", |usage, _| count(usage.unknown_sizes)).right().rank(1),
        Column::<Self>::new("oldest", |usage, _| Cell::instant(usage.oldest)).time().rank(2),
        Column::<Self>::new("newest", |usage, _| Cell::instant(usage.newest)).time().rank(1),
    ];

    fn id(&self) -> &str {
        self.vm_id.as_deref().unwrap_or_default()
    }
}

fn count(number: u64) -> Cell<'static> {
    Cell::number(i64::try_from(number).ok())
}
