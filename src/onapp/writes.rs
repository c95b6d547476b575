//! The endpoints that write. A POST is never repeated blindly: what its answer names is not relied upon, callers list
//! before and after. Where a request rests on client code alone, its comment says so.

use serde_json::{Map, Value, json};

use super::client::{OnApp, decode_json, decode_xml, segment};
use super::schedules::ScheduleOwner;
use crate::error::{Error, Exit, Result};
use crate::http::{Answer, Decoded, Method, Repeat, Request, Settled};
use crate::model::Backup;

/// What is backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupTarget {
    /// A whole VM, incrementally.
    Machine(String),
    Disk(String),
}

impl BackupTarget {
    /// Whether a backup can be of this target: one that does not say what it is of may be.
    pub fn owns(&self, backup: &Backup) -> bool {
        let (id, is_machine) = match self {
            Self::Machine(id) => (id, true),
            Self::Disk(id) => (id, false),
        };
        let is_its_kind = |kind: &str| (kind == "VirtualMachine") == is_machine;
        backup.target_id.as_ref().is_none_or(|of| of == id) && backup.target_type.as_deref().is_none_or(is_its_kind)
    }
}

impl OnApp {
    /// Describes a backup of a VM or a disk. The body is optional.
    pub fn create_backup_request(target: &BackupTarget, note: Option<&str>, is_windows_forced: bool) -> Request {
        let path = match target {
            BackupTarget::Machine(id) => format!("/virtual_machines/{}/backups", segment(id)),
            BackupTarget::Disk(id) => format!("/settings/disks/{}/backups", segment(id)),
        };
        let mut fields = Map::new();
        if let Some(note) = note {
            fields.insert("note".to_owned(), note.into());
        }
        if is_windows_forced {
            fields.insert("force_windows_backup".to_owned(), 1.into());
        }
        if fields.is_empty() { post(&path) } else { post(&path).body(json!({"backup": fields})) }
    }

    /// Describes the restoration of a backup over what it was made of.
    pub fn restore_backup_request(id: &str) -> Request {
        post(&format!("/backups/{}/restore", segment(id)))
    }

    /// Describes the deletion of a backup, which is queued.
    pub fn delete_backup_request(id: &str) -> Request {
        Request::new(Method::Delete, format!("/backups/{}.json", segment(id)))
    }

    /// Describes a new note (one client's code; `note` stands at the top).
    pub fn note_request(id: &str, note: &str) -> Request {
        Request::new(Method::Put, format!("/backups/{}/note.json", segment(id))).body(json!({"note": note}))
    }

    /// Describes the conversion of a backup to a template. Clients disagree about the root, so both are sent: the
    /// application takes the one that it permits (inferred).
    pub fn convert_backup_request(id: &str, label: &str) -> Request {
        let fields = json!({"label": label});
        post(&format!("/backups/{}/convert", segment(id))).body(json!({"backup": fields, "image_template": fields}))
    }

    /// Describes a new recovery point of a VM, made by a resource (one client's code; `resource_id` stands at the top).
    pub fn create_point_request(machine: &str, resource: &str) -> Request {
        let number: Value = resource.parse::<u64>().map_or_else(|_| resource.into(), Value::from);
        let path = format!("/virtual_machines/{}/backups/recovery_points", segment(machine));
        post(&path).body(json!({"resource_id": number}))
    }

    /// Describes the restoration of a VM from a recovery point (one client's code).
    pub fn restore_point_request(machine: &str, id: &str) -> Request {
        let (machine, id) = (segment(machine), segment(id));
        post(&format!("/virtual_machines/{machine}/backups/recovery_points/{id}/restore"))
    }

    /// Describes a new schedule (client code).
    pub fn create_schedule_request(owner: ScheduleOwner<'_>, fields: &Value) -> Request {
        post(&owner.path()).body(json!({"schedule": fields}))
    }

    /// Describes switching the schedules of a VM or a disk on or off (recorded for disks). Where there is no schedule,
    /// `on` makes one of each preset, and takes a backup for each at once (recorded).
    pub fn autobackup_request(owner: ScheduleOwner<'_>, is_on: bool) -> Request {
        let verb = if is_on { "autobackup_enable" } else { "autobackup_disable" };
        post(&format!("{}/{verb}", owner.owner_path()))
    }

    /// Describes the change of a schedule (client code): all its fields are sent, since it is not known whether the
    /// cloud merges or replaces.
    pub fn update_schedule_request(id: &str, fields: &Value) -> Request {
        Request::new(Method::Put, format!("/settings/schedules/{}.json", segment(id))).body(json!({"schedule": fields}))
    }

    /// Describes the deletion of a schedule (client code).
    pub fn delete_schedule_request(id: &str) -> Request {
        Request::new(Method::Delete, format!("/settings/schedules/{}.json", segment(id)))
    }

    /// Sends a write and gives what it answered, which may be nothing. Before it is sent after a wait, `check` is asked; its
    /// argument is whether an earlier attempt may have been carried out.
    pub async fn write(&self, request: &Request, check: impl AsyncFn(bool) -> Result<()>) -> Result<Value> {
        self.http.exchange_if(request, lenient, check).await?.result
    }

    /// Sends a deletion, as [`Self::write`] does. One that finds nothing after a lost answer has succeeded.
    pub async fn remove(&self, request: &Request, check: impl AsyncFn(bool) -> Result<()>) -> Result<()> {
        let Settled { result, answer } = self.http.exchange_if(request, lenient, check).await?;
        match result {
            Err(error) if answer.after_lost_answer && is_gone(&error) => Ok(()),
            result => result.map(drop),
        }
    }
}

/// Whether the API says that there is no such object. A page of another server says nothing of it.
pub fn is_gone(error: &Error) -> bool {
    error.status == Some(404) && error.exit == Exit::NotFound
}

/// A POST that may create something twice. Bodies are JSON whatever is read: their type is named.
fn post(path: &str) -> Request {
    Request { repeat: Repeat::OnlyIfNotCarriedOut, ..Request::new(Method::Post, format!("{path}.json")) }
}

/// A write is accepted by its status: 204 and some 201 have no body, and old clouds answer with other objects. A page of
/// HTML is not the cloud's answer.
fn lenient(answer: &Answer) -> Decoded {
    if answer.is_markup() {
        return decode_xml(answer);
    }
    Ok(decode_json(answer).unwrap_or(Value::Null))
}
