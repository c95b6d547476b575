//! How much space the backups of a VM take, by kind.

use jiff::Timestamp;
use serde::Serialize;

use super::{Backup, Machine};

/// The backups of one kind of one VM. Its fields are those of `bpctl backups usage -o json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BackupUsage {
    /// The VM's number.
    pub vm_id: Option<String>,
    /// The VM's name.
    pub vm: String,
    /// `normal`, `incremental` or `recovery point`; none of a VM without backups.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// How many there are, unfinished ones included.
    pub backups: u64,
    /// The sum of the sizes that are known.
    pub size_bytes: u64,
    /// How many are of unknown size.
    pub unknown_sizes: u64,
    /// When the oldest finished one was made.
    #[serde(serialize_with = "as_text")]
    pub oldest: Option<Timestamp>,
    /// When the newest finished one was made.
    #[serde(serialize_with = "as_text")]
    pub newest: Option<Timestamp>,
}

/// The kinds, in the order in which they are shown.
const KINDS: [&str; 3] = ["normal", "incremental", "recovery point"];

impl BackupUsage {
    /// Sums up the backups of a VM: one row for each kind, and one for a VM that has none.
    pub fn of(machine: &Machine, backups: &[Backup]) -> Vec<Self> {
        let new = |kind| Self { vm_id: machine.id.clone(), vm: machine.label().to_owned(), kind, ..Self::default() };
        let rows: Vec<Self> = KINDS
            .into_iter()
            .filter_map(|kind| {
                let mut row = new(Some(kind));
                backups.iter().filter(|backup| kind_of(backup) == kind).for_each(|backup| row.add(backup));
                (row.backups > 0).then_some(row)
            })
            .collect();
        if rows.is_empty() { vec![new(None)] } else { rows }
    }

    fn add(&mut self, backup: &Backup) {
        self.backups += 1;
        match size_bytes(backup) {
            Some(size) => self.size_bytes = self.size_bytes.saturating_add(size),
            None => self.unknown_sizes += 1,
        }
        if backup.built != Some(true) {
            return;
        }
        let Some(made) = backup.built_at.or(backup.created_at) else { return };
        self.oldest = Some(self.oldest.map_or(made, |known| known.min(made)));
        self.newest = Some(self.newest.map_or(made, |known| known.max(made)));
    }

    /// The size in GiB.
    pub fn size_gib(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
        let bytes = self.size_bytes as f64;
        bytes / 1_073_741_824.0
    }
}

#[expect(clippy::ref_option, reason = "the shape that serde calls")]
fn as_text<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

fn kind_of(backup: &Backup) -> &'static str {
    match backup.backup_type.as_deref() {
        Some("recovery point") => KINDS[2],
        _ if backup.is_incremental() => KINDS[1],
        _ => KINDS[0],
    }
}

/// A backup that is being taken has no size yet: 0 is the size of a finished one only (documented).
fn size_bytes(backup: &Backup) -> Option<u64> {
    let kib = backup.size_kib.filter(|kib| *kib > 0.0 || backup.built == Some(true))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
    (0.0..1e15).contains(&kib).then_some((kib * 1024.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(kind: &str, size: Option<f64>, built: Option<bool>, at: i64) -> Backup {
        let at = Timestamp::from_second(at).ok();
        Backup { backup_type: Some(kind.to_owned()), size_kib: size, built, built_at: at, ..Backup::default() }
    }

    #[test]
    fn sizes_are_summed_by_kind_and_unknown_ones_are_counted() {
        let backups = [
            backup("normal", Some(1024.0), Some(true), 20),
            backup("days-autobackup", Some(1.0), Some(true), 10),
            backup("normal", Some(0.0), Some(false), 30),
            backup("normal", None, Some(true), 40),
            backup("normal", Some(-1.0), Some(true), 15),
            backup("incremental", Some(0.0), Some(true), 50),
            backup("recovery point", Some(1e300), Some(true), 60),
        ];
        let rows = BackupUsage::of(&Machine::default(), &backups);
        let shown: Vec<_> = rows.iter().map(|row| (row.kind, row.backups, row.size_bytes, row.unknown_sizes)).collect();
        assert_eq!(
            shown,
            [(Some("normal"), 5, 1025 * 1024, 3), (Some("incremental"), 1, 0, 0), (Some("recovery point"), 1, 0, 1),]
        );
        let seconds = |at: Option<Timestamp>| at.map(Timestamp::as_second);
        assert_eq!((seconds(rows[0].oldest), seconds(rows[0].newest)), (Some(10), Some(40)));
        let none = BackupUsage::of(&Machine::default(), &[]);
        assert_eq!((none.len(), none[0].kind, none[0].backups), (1, None, 0));
    }
}
