//! The trash: kept 48 hours, then gone (documented; 172,800 s recorded).

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
    /// Its name; of a policy, its target's. The API is not known to send one: then it is what the journal knows.
    pub name: Option<String>,
}

impl TrashObject {
    /// What it is, where that is not a policy. The type of a policy is only inferred (`DiskBackupPolicy`), so any type
    /// that speaks of backups or policies may be one.
    pub fn other_kind(&self) -> Option<&str> {
        let kind = self.object_type.as_deref().filter(|kind| !kind.is_empty())?;
        let lower = kind.to_lowercase();
        (!lower.contains("policy") && !lower.contains("backup")).then_some(kind)
    }
}

/// A policy that was moved to the trash.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// The policy's id.
    pub id: String,
    /// Its target's name.
    pub target: Option<String>,
    /// Until when it can be restored, in Unix seconds.
    pub keep_until: Option<i64>,
    /// The command that restores it.
    pub way_back: String,
}
