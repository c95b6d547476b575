//! Disks.

use std::borrow::Cow;

/// A disk, as lists and `get` show it.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The id: opaque.
    pub id: Option<String>,
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
    pub io_profile: Reference,
    /// The I/O profile's limits, in words; none where there are none.
    pub io_limits: Option<String>,
    pub data_center: Reference,
    /// The machine it is assigned to: id.
    pub machine_id: Option<String>,
    /// The machine it is assigned to: FQDN.
    pub machine_fqdn: Option<String>,
    /// `attached`, `detached`, …: assigned is not attached.
    pub attachment: Option<String>,
    /// Whether the machine boots from it.
    pub boot: Option<bool>,
    /// Whether it holds swap space only, which needs no backup.
    pub is_swap: Option<bool>,
    /// Whether it is attached when the machine boots.
    pub attach_on_boot: Option<bool>,
    /// What was installed on it.
    pub installation: Option<Installation>,
    /// Key and value pairs.
    pub annotations: Vec<(String, String)>,
}

impl Disk {
    /// What people call it: its name, else its id. Disks of OnApp VMs are mostly called `disk`, so a number follows.
    pub fn label(&self) -> Cow<'_, str> {
        let is_number = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit());
        match (self.name.as_deref(), self.id.as_deref()) {
            (Some(name), Some(id)) if is_number(id) => format!("{name} {id}").into(),
            (Some(name), _) => name.into(),
            (None, id) => id.unwrap_or("-").into(),
        }
    }
}

/// What the API names where it belongs to something else.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    pub id: Option<String>,
    pub name: Option<String>,
    /// The key that people can use in its place.
    pub permalink: Option<String>,
}

/// What was installed on a disk.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    pub id: Option<String>,
    pub template: Reference,
    /// The template's description; often missing (recorded), as what is said to be documented below.
    pub description: Option<String>,
    /// Whether the template is everybody's (documented).
    pub universal: Option<bool>,
    /// The size that the template asks for, in GB (documented).
    pub template_size_in_gb: Option<i64>,
    /// The version of the template that was installed.
    pub version: TemplateVersion,
    /// The template's newest version (documented).
    pub latest_version: TemplateVersion,
    /// The operating system; it has no permalink.
    pub operating_system: Reference,
    /// The address of the operating system's picture (documented).
    pub badge: Option<String>,
    /// Label (or key), value and description; protected values are already hidden.
    pub attributes: Vec<(String, String, Option<String>)>,
}

#[derive(Clone, Debug, Default)]
pub struct TemplateVersion {
    /// The id (documented, often missing).
    pub id: Option<String>,
    /// Counted from 1.
    pub number: Option<i64>,
    pub stable: Option<bool>,
    /// Its size in GB (documented, often missing).
    pub size_in_gb: Option<i64>,
}
