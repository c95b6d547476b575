//! Disks.

/// A disk, as lists and `get` tell of it.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The id: opaque.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its size in GB as the API says it.
    pub size_in_gb: Option<i64>,
    /// World-wide name.
    pub wwn: Option<String>,
    /// `built`, `not_built`, …
    pub state: Option<String>,
    /// Unix seconds.
    pub created_at: Option<i64>,
    /// `nvme`, `ssd`.
    pub storage_speed: Option<String>,
    /// `scsi`, `virtio`.
    pub bus_type: Option<String>,
    /// The I/O profile, with its limits in words.
    pub io_profile: Option<String>,
    /// The data centre's name.
    pub data_center: Option<String>,
    /// The machine it is assigned to: id.
    pub machine_id: Option<String>,
    /// The machine it is assigned to: FQDN.
    pub machine_fqdn: Option<String>,
    /// `attached`, `detached`, …: assigned is not attached.
    pub attachment: Option<String>,
    /// Whether the machine boots from it.
    pub boot: Option<bool>,
    /// Whether it is attached when the machine boots.
    pub attach_on_boot: Option<bool>,
    /// What was installed on it.
    pub installation: Option<Installation>,
    /// Key and value pairs.
    pub annotations: Vec<(String, String)>,
}

/// What was installed on a disk.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    /// The installation's id.
    pub id: Option<String>,
    /// The template's permalink.
    pub permalink: Option<String>,
    /// The template's description; often missing (recorded).
    pub description: Option<String>,
    /// The template's name.
    pub template: Option<String>,
    /// The template version's number.
    pub version: Option<String>,
    /// Whether that version is stable.
    pub stable: Option<bool>,
    /// The operating system's name.
    pub operating_system: Option<String>,
    /// Label (or key) and value; protected values are already hidden.
    pub attributes: Vec<(String, String)>,
}
