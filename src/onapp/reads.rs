//! The endpoints that read VMs, disks, backups and recovery points, and transactions.

use serde_json::Value;

use super::client::{Each, Listed, OnApp, segment, unwrap};
use super::error::naming;
use super::{convert, transactions};
use crate::error::{Error, Result};
use crate::http::{Flow, Walk};
use crate::model::{Backup, Disk, Machine, Object, Transaction};

/// Which backups are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Normal backups, of disks.
    #[default]
    Images,
    /// Incremental backups, of the whole machine.
    Files,
    /// Both.
    All,
    /// What plugins such as Veeam make.
    Points,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Images => "/backups/images",
            Self::Files => "/backups/files",
            Self::All => "/backups",
            Self::Points => "/backups/recovery_points",
        }
    }
}

impl OnApp {
    /// Lists a machine's backups, or its recovery points.
    pub async fn backups(&self, machine: &str, kind: Kind, each: Each<'_, Backup>) -> Result<Walk> {
        let path = format!("/virtual_machines/{}{}", segment(machine), kind.path());
        match kind {
            Kind::Points => self.list(&path, "recovery_point", convert::recovery_point, each).await,
            _ => self.list(&path, "backup", convert::backup, each).await,
        }
    }

    /// Reads all backups of a machine, or all its recovery points.
    pub async fn all_backups(&self, machine: &str, kind: Kind) -> Result<Listed<Backup>> {
        let path = format!("/virtual_machines/{}{}", segment(machine), kind.path());
        match kind {
            Kind::Points => self.all(&path, "recovery_point", convert::recovery_point).await,
            _ => self.all(&path, "backup", convert::backup).await,
        }
    }

    /// The same without what the API says beside the models.
    pub async fn backup_models(&self, machine: &str, kind: Kind, each: &mut dyn FnMut(Backup)) -> Result<Walk> {
        let path = format!("/virtual_machines/{}{}", segment(machine), kind.path());
        if kind == Kind::Points {
            self.models(&path, "recovery_point", convert::recovery_point, each).await
        } else {
            self.models(&path, "backup", convert::backup, each).await
        }
    }

    pub async fn machine_models(&self, each: &mut dyn FnMut(Machine)) -> Result<Walk> {
        self.models("/virtual_machines", "virtual_machine", convert::machine, each).await
    }

    /// The disks of the cloud, which only an administrator may read.
    pub async fn disk_models(&self, each: &mut dyn FnMut(Disk)) -> Result<Walk> {
        self.models("/settings/disks", "disk", convert::disk, each).await
    }

    /// Lists the backups of a disk. Without its machine the path is one of `/settings`, which some users may not read.
    pub async fn disk_backups(&self, machine: Option<&str>, disk: &str, each: Each<'_, Backup>) -> Result<Walk> {
        let path = format!("{}/backups", disk_path(machine, disk));
        self.list(&path, "backup", convert::backup, each).await
    }

    pub async fn backup(&self, id: &str) -> Result<Object<Backup>> {
        let read = self.one(&format!("/backups/{}", segment(id)), "backup", convert::backup).await;
        let mut read = read.map_err(naming("backup", id, "backups list"))?;
        same_id(id, read.model.id.as_deref(), "backup")?;
        read.model.id.get_or_insert_with(|| id.to_owned());
        Ok(read)
    }

    /// Reads a recovery point.
    pub async fn point(&self, machine: &str, id: &str) -> Result<Object<Backup>> {
        let path = format!("/virtual_machines/{}/backups/recovery_points/{}", segment(machine), segment(id));
        let read = self.one(&path, "recovery_point", convert::recovery_point).await?;
        same_id(id, read.model.id.as_deref(), "recovery point")?;
        Ok(read)
    }

    /// Reads a machine by number or identifier.
    pub async fn machine(&self, machine: &str) -> Result<Object<Machine>> {
        let path = format!("/virtual_machines/{}", segment(machine));
        let read = self.one(&path, "virtual_machine", convert::machine).await;
        let read = read.map_err(naming("VM", machine, "vm list"))?;
        // An identifier can consist of digits, too.
        if read.model.identifier.as_deref() != Some(machine) {
            same_id(machine, read.model.id.as_deref(), "VM")?;
        }
        Ok(read)
    }

    /// Lists the machines whose label holds `text`. A cloud that does not know `q` lists them all: callers look again.
    pub async fn search_machines(&self, text: &str, each: Each<'_, Machine>) -> Result<Walk> {
        let query = [("q".to_owned(), text.to_owned())];
        self.list_with("/virtual_machines", &query, "virtual_machine", convert::machine, each).await
    }

    /// Lists all disks of the cloud, which only an administrator may read.
    pub async fn disks(&self, each: Each<'_, Disk>) -> Result<Walk> {
        self.list("/settings/disks", "disk", convert::disk, each).await
    }

    /// Lists the disks of a machine.
    pub async fn machine_disks(&self, machine: &str, each: Each<'_, Disk>) -> Result<Walk> {
        self.list(&format!("/virtual_machines/{}/disks", segment(machine)), "disk", convert::disk, each).await
    }

    /// Reads all disks of a machine.
    pub async fn all_disks(&self, machine: &str) -> Result<Listed<Disk>> {
        self.all(&format!("/virtual_machines/{}/disks", segment(machine)), "disk", convert::disk).await
    }

    pub async fn all_machines(&self) -> Result<Listed<Machine>> {
        self.all("/virtual_machines", "virtual_machine", convert::machine).await
    }

    pub async fn disk(&self, machine: Option<&str>, id: &str) -> Result<Object<Disk>> {
        let read = self.one(&disk_path(machine, id), "disk", convert::disk).await;
        let read = read.map_err(naming("disk", id, "disk list"))?;
        same_id(id, read.model.id.as_deref(), "disk")?;
        Ok(read)
    }

    /// Lists the newest transactions of a machine, or of the cloud, which only an administrator may read; newest first. The
    /// number of rows is part of the path, after the format (documented); no answer says how many there are.
    pub async fn transactions(&self, machine: Option<&str>, count: u64, each: Each<'_, Transaction>) -> Result<Walk> {
        let path = machine.map_or_else(String::new, |machine| format!("/virtual_machines/{}", segment(machine)));
        let mut request = self.request(&format!("{path}/transactions"));
        request.path = format!("{}/per_page/{count}", request.path);
        let (body, _) = self.http.fetch(&request, self.decoder()).await?;
        let mut rows = super::client::rows(body, "transaction")?;
        rows.iter_mut().for_each(|row| self.hide_in_log(row));
        let is_full = rows.len() as u64 >= count;
        let flow = each(rows.into_iter().map(|row| self.object(row, convert::transaction)).collect())?;
        Ok(Walk { gap: None, has_more: flow != Flow::Enough && is_full })
    }

    /// Reads a transaction; its log only where that is asked for.
    pub async fn transaction(&self, id: &str, with_log: bool) -> Result<Object<Transaction>> {
        let request = self.request(&format!("/transactions/{}", segment(id)));
        let request = if with_log { request.query("log", "") } else { request };
        let read = self.http.fetch(&request, self.decoder()).await;
        let (body, _) = read.map_err(naming("transaction", id, "transactions list"))?;
        let mut raw = object_of(body, "transaction")?;
        self.hide_in_log(&mut raw);
        let read = self.object(raw, convert::transaction);
        same_id(id, read.model.id.as_deref(), "transaction")?;
        Ok(read)
    }

    pub(super) async fn one<T>(&self, path: &str, key: &'static str, convert: fn(&Value) -> T) -> Result<Object<T>> {
        let (body, _) = self.http.fetch(&self.request(path), self.decoder()).await?;
        Ok(self.object(object_of(body, key)?, convert))
    }

    fn hide_in_log(&self, row: &mut Value) {
        if !self.show_secrets {
            transactions::hide_secrets(row);
        }
    }
}

/// Takes an object out of its wrapper.
fn object_of(body: Value, key: &str) -> Result<Value> {
    let raw = unwrap(body, key);
    if raw.is_object() {
        return Ok(raw);
    }
    Err(Error::invalid_response(format!("the response has no `{key}` object")))
}

/// Refuses an answer about another object than the one that was asked for.
pub(super) fn same_id(wanted: &str, answered: Option<&str>, what: &str) -> Result<()> {
    match answered {
        Some(id) if wanted.bytes().all(|byte| byte.is_ascii_digit()) && id != wanted => {
            Err(Error::invalid_response(format!("asked for {what} {wanted}, got {what} {id}")))
        }
        _ => Ok(()),
    }
}

/// The path of a disk: below its machine where that is known, else among the cloud's settings.
pub(super) fn disk_path(machine: Option<&str>, disk: &str) -> String {
    match machine {
        Some(machine) => format!("/virtual_machines/{}/disks/{}", segment(machine), segment(disk)),
        None => format!("/settings/disks/{}", segment(disk)),
    }
}
