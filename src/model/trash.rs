//! The trash: kept 48 hours, then gone (documented; 172,800 s recorded).

/// An object in the trash.
#[derive(Clone, Debug, Default)]
pub struct TrashObject {
    /// The id of the entry: `trsh_…`.
    pub id: Option<String>,
    /// Until when it can be restored, in Unix seconds.
    pub keep_until: Option<i64>,
    /// The id of what was deleted; sometimes missing (recorded).
    pub object_id: Option<String>,
    /// `DiskBackupPolicy` (inferred), `VirtualMachine`, `Disk`, …
    pub object_type: Option<String>,
}
