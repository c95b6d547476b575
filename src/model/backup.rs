//! Backups of an OnApp server.

use jiff::Timestamp;

/// A backup. OnApp 2.x to 7.x differ in their fields: everything but the id may be missing.
#[derive(Clone, Debug, Default)]
pub struct Backup {
    /// The VM that it belongs to, by name, where the list was read for that VM.
    pub machine: Option<String>,
    /// The id: a number.
    pub id: Option<String>,
    /// Opaque: not a disk's identifier, although one document says so.
    pub identifier: Option<String>,
    /// `normal`, `incremental`; older clouds `days-autobackup`, ….
    pub backup_type: Option<String>,
    /// `days`, `weeks`, `months`, `years`, `manual`.
    pub initiated: Option<String>,
    /// `Disk` or `VirtualMachine`.
    pub target_type: Option<String>,
    /// The disk's or machine's number; `disk_id` where it is missing.
    pub target_id: Option<String>,
    /// Size in kB, read as KiB.
    pub size_kib: Option<f64>,
    /// Whether it is complete.
    pub built: Option<bool>,
    /// When it was complete.
    pub built_at: Option<Timestamp>,
    /// When its record was made.
    pub created_at: Option<Timestamp>,
    /// Whether an operation runs on it.
    pub locked: Option<bool>,
    /// Whether rotation will delete it.
    pub marked_for_delete: Option<bool>,
    pub note: Option<String>,
    /// `linux`, `windows`, ….
    pub operating_system: Option<String>,
    /// `ubuntu`, `rhel`, ….
    pub distribution: Option<String>,
    /// The backup server's number.
    pub backup_server_id: Option<String>,
}

impl Backup {
    /// Whether it is an incremental backup, of a whole VM. Old clouds name another type for normal ones (recorded).
    pub fn is_incremental(&self) -> bool {
        self.backup_type.as_deref() == Some("incremental") || self.target_type.as_deref() == Some("VirtualMachine")
    }

    /// Whether another backup is of the same disk, or of the same whole VM.
    pub fn is_sibling(&self, other: &Self) -> bool {
        let is_of_machine = self.target_type.as_deref() == Some("VirtualMachine");
        other.target_id == self.target_id && other.is_incremental() == is_of_machine
    }

    /// Says in a word what state it is in.
    pub fn state(&self) -> &'static str {
        match (self.built, self.locked, self.marked_for_delete) {
            (_, _, Some(true)) => "to be deleted",
            (Some(false), ..) => "building",
            (_, Some(true), _) => "locked",
            (Some(true), ..) => "ready",
            (None, ..) => "-",
        }
    }
}
