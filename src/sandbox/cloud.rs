//! The simulated OnApp cloud: its records, and what the clock does to them.
//!
//! Records are stored as the API gives them, oddities included; JSON and XML are both made from these. It
//! does not know HTTP. What happens with time follows from the clock alone, as in the rest of the world.

mod queue;
mod schedules;
pub(super) mod times;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::identifiers::onapp_identifier;
pub(super) use queue::{Fate, Parent, Transaction};
pub(super) use schedules::{PERIODS, is_windows, period_length};
use times::{Zone, timestamp};

pub(super) type Record = Map<String, Value>;

/// The user who owns everything.
pub(super) const USER: u64 = 337;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cloud {
    /// The last number that was given to a new object; OnApp counts every kind of object separately, this is simpler.
    pub(super) serial: u64,
    pub(super) machines: Vec<Record>,
    pub(super) disks: Vec<Record>,
    pub(super) backups: Vec<Backup>,
    pub(super) schedules: Vec<Record>,
    pub(super) presets: Vec<Record>,
    pub(super) templates: Vec<Record>,
    pub(super) points: Vec<Record>,
    pub(super) resources: Vec<Resource>,
    /// Oldest first.
    pub(super) transactions: Vec<Transaction>,
}

/// A backup, with what its record may not name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Backup {
    pub(super) machine: u64,
    /// The schedule that took it.
    #[serde(default)]
    pub(super) schedule: Option<u64>,
    pub(super) record: Record,
}

/// A plugin that takes recovery points, and the VMs to which it is attached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Resource {
    pub(super) machines: Vec<u64>,
    pub(super) record: Record,
}

/// What a backup or a schedule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Machine(u64),
    Disk(u64),
}

impl Target {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Machine(_) => "VirtualMachine",
            Self::Disk(_) => "Disk",
        }
    }

    pub(super) fn id(self) -> u64 {
        match self {
            Self::Machine(id) | Self::Disk(id) => id,
        }
    }

    /// Whether a schedule's record names this target.
    pub(super) fn owns(self, schedule: &Record) -> bool {
        text(schedule, "target_type") == self.type_name() && number(schedule, "target_id") == Some(self.id())
    }
}

pub(super) fn number(record: &Record, key: &str) -> Option<u64> {
    record.get(key).and_then(Value::as_u64)
}

/// Reads a text of a record; an absent one is empty.
pub(super) fn text<'r>(record: &'r Record, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn is_true(record: &Record, key: &str) -> bool {
    record.get(key) == Some(&Value::Bool(true))
}

pub(super) fn set(record: &mut Record, key: &str, value: impl Into<Value>) {
    record.insert(key.to_owned(), value.into());
}

pub(super) fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => Record::new(),
    }
}

impl Cloud {
    pub(super) fn next_id(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Finds a record by number or identifier; both work in paths (recorded).
    pub(super) fn machine(&self, name: &str) -> Option<&Record> {
        find(&self.machines, name)
    }

    pub(super) fn disk(&self, name: &str) -> Option<&Record> {
        find(&self.disks, name)
    }

    pub(super) fn backup(&self, id: u64) -> Option<&Backup> {
        self.backups.iter().find(|backup| number(&backup.record, "id") == Some(id))
    }

    pub(super) fn backup_mut(&mut self, id: u64) -> Option<&mut Record> {
        let backup = self.backups.iter_mut().find(|backup| number(&backup.record, "id") == Some(id));
        backup.map(|backup| &mut backup.record)
    }

    /// Returns the VM to which a target belongs.
    pub(super) fn machine_of(&self, target: Target) -> Option<u64> {
        match target {
            Target::Machine(id) => Some(id),
            Target::Disk(id) => with_id(&self.disks, id).and_then(|disk| number(disk, "virtual_machine_id")),
        }
    }

    /// Begins a backup and queues its transaction; returns the backup's number.
    pub(super) fn begin_backup(
        &mut self,
        target: Target,
        (initiated, schedule): (&str, Option<u64>),
        note: &Value,
        (now, fate): (i64, Fate),
    ) -> u64 {
        let machine = self.machine_of(target).unwrap_or_default();
        let id = self.next_id();
        let mut backup = new_backup(id, target, initiated, now);
        set(&mut backup, "note", note.clone());
        if let Some(machine) = with_id(&self.machines, machine) {
            for key in ["operating_system", "operating_system_distro", "template_id"] {
                set(&mut backup, key, machine.get(key).cloned().unwrap_or_default());
            }
        }
        self.backups.push(Backup { machine, schedule, record: backup });
        let action = match target {
            Target::Machine(_) => "take_incremental_backup",
            Target::Disk(_) => "take_backup",
        };
        self.enqueue(Some(machine), action, Parent::of("Backup", id), (now, fate));
        id
    }

    /// Marks a backup for deletion and queues its end.
    pub(super) fn begin_destruction(&mut self, id: u64, (now, fate): (i64, Fate)) {
        let machine = self.backup(id).map(|backup| backup.machine);
        if let Some(backup) = self.backup_mut(id) {
            set(backup, "locked", true);
            set(backup, "marked_for_delete", true);
        }
        self.enqueue(machine, "destroy_backup", Parent::of("Backup", id), (now, fate));
    }
}

/// Finds a record by number or identifier.
pub(super) fn find<'c>(records: &'c [Record], name: &str) -> Option<&'c Record> {
    let id = name.parse().ok();
    records.iter().find(|record| (id.is_some() && number(record, "id") == id) || text(record, "identifier") == name)
}

pub(super) fn with_id(records: &[Record], id: u64) -> Option<&Record> {
    records.iter().find(|record| number(record, "id") == Some(id))
}

pub(super) fn with_id_mut(records: &mut [Record], id: u64) -> Option<&mut Record> {
    records.iter_mut().find(|record| number(record, "id") == Some(id))
}

/// Makes the record of a backup that has just begun: no size, not built.
fn new_backup(id: u64, target: Target, initiated: &str, now: i64) -> Record {
    let (kind, disk) = match target {
        Target::Machine(_) => ("incremental", None),
        Target::Disk(disk) => ("normal", Some(disk)),
    };
    record(json!({
        "allow_resize_without_reboot": true,
        "allowed_hot_migrate": true,
        "allowed_swap": true,
        "backup_server_id": 1,
        "backup_size": 0,
        "built": false,
        "built_at": null,
        "created_at": timestamp(now, Zone::Zero),
        "data_store_type": "lvm",
        "id": id,
        "identifier": onapp_identifier(&format!("backup {id}")),
        "initiated": initiated,
        "iqn": null,
        "locked": true,
        "marked_for_delete": false,
        "min_disk_size": 5,
        "min_memory_size": 384,
        "note": null,
        "operating_system": "linux",
        "operating_system_distro": "rhel",
        "target_id": target.id(),
        "target_type": target.type_name(),
        "template_id": 128,
        "updated_at": timestamp(now, Zone::Zero),
        "user_id": USER,
        "volume_id": null,
        "backup_type": kind,
        "disk_id": disk,
    }))
}
