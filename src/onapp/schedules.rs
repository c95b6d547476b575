//! Schedules: OnApp's backup policies. They belong to a VM (incremental backups) or to a disk (normal ones).

use super::client::{Listed, OnApp, segment};
use super::convert;
use super::error::naming;
use super::reads::{disk_path, same_id};
use crate::error::Result;
use crate::model::{Object, Policy, Preset};

/// What schedules are listed for.
#[derive(Clone, Copy, Debug)]
pub enum ScheduleOwner<'a> {
    /// The whole cloud; only an administrator may read it.
    Cloud,
    /// A VM itself, without its disks.
    Machine(&'a str),
    /// A disk, by the path of its VM where that is known.
    Disk(Option<&'a str>, &'a str),
}

impl ScheduleOwner<'_> {
    pub(super) fn path(self) -> String {
        format!("{}/schedules", self.owner_path())
    }

    /// The path of the owner itself.
    pub(super) fn owner_path(self) -> String {
        match self {
            Self::Cloud => "/settings".to_owned(),
            Self::Machine(id) => format!("/virtual_machines/{}", segment(id)),
            Self::Disk(machine, disk) => disk_path(machine, disk),
        }
    }
}

impl OnApp {
    pub async fn schedules(&self, owner: ScheduleOwner<'_>) -> Result<Listed<Policy>> {
        self.all(&owner.path(), "schedule", convert::schedule).await
    }

    /// Lists what `autobackup on` makes of a target without schedules (client code); only an administrator may read it.
    pub async fn presets(&self) -> Result<Listed<Preset>> {
        self.all("/settings/autobackup_presets", "autobackup_template", convert::preset).await
    }

    /// Reads whether a VM that is deleted takes its backups with it (client code); only an administrator may read it. None
    /// where the cloud does not say.
    pub async fn removes_backups_with_vm(&self) -> Result<Option<bool>> {
        let settings = self.one("/settings/configuration", "settings", serde_json::Value::clone).await?.raw;
        // Under which key the settings stand is not known.
        let named = |settings: &serde_json::Value| settings["remove_backups_on_destroy_vm"].as_bool();
        let nested = || settings.as_object()?.values().find_map(named);
        Ok(named(&settings).or_else(nested))
    }

    pub async fn schedule(&self, id: &str) -> Result<Object<Policy>> {
        let path = format!("/settings/schedules/{}", segment(id));
        let read = self.one(&path, "schedule", convert::schedule).await;
        let mut read = read.map_err(naming("policy", id, "policies list"))?;
        same_id(id, read.model.id.as_deref(), "policy")?;
        read.model.id.get_or_insert_with(|| id.to_owned());
        Ok(read)
    }
}
