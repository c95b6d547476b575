//! Schedules: OnApp's backup policies. They belong to a VM (incremental backups) or to a disk (normal ones).

use super::client::{Listed, OnApp, segment};
use super::convert;
use super::reads::disk_path;
use crate::error::Result;
use crate::model::{Object, Policy};

/// What schedules are listed for.
#[derive(Clone, Copy, Debug)]
pub enum ScheduleOwner<'a> {
    /// The whole cloud; it takes an administrator.
    Cloud,
    /// A VM itself, without its disks.
    Machine(&'a str),
    /// A disk, by the path of its VM where that is known.
    Disk(Option<&'a str>, &'a str),
}

impl ScheduleOwner<'_> {
    pub(super) fn path(self) -> String {
        match self {
            Self::Cloud => "/settings/schedules".to_owned(),
            Self::Machine(id) => format!("/virtual_machines/{}/schedules", segment(id)),
            Self::Disk(machine, disk) => format!("{}/schedules", disk_path(machine, disk)),
        }
    }
}

impl OnApp {
    /// Lists schedules.
    pub async fn schedules(&self, owner: ScheduleOwner<'_>) -> Result<Listed<Policy>> {
        self.all(&owner.path(), "schedule", convert::schedule).await
    }

    /// Reads a schedule.
    pub async fn schedule(&self, id: &str) -> Result<Object<Policy>> {
        self.one(&format!("/settings/schedules/{}", segment(id)), "schedule", convert::schedule).await
    }
}
