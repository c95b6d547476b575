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

/// Types that are surely not policies (recorded), and their names. A policy's own type is only inferred, so it is not
/// asked for.
const OTHER_TYPES: [(&str, &str); 4] = [
    ("VirtualMachine", "virtual machine"),
    ("Disk", "disk"),
    ("FileStorageVolume", "file storage volume"),
    ("ObjectStorageAccount", "object storage account"),
];

impl TrashObject {
    /// What it is, where that is surely not a policy.
    pub fn other_kind(&self) -> Option<&'static str> {
        let kind = self.object_type.as_deref()?;
        OTHER_TYPES.into_iter().find(|(name, _)| *name == kind).map(|(_, name)| name)
    }
}
