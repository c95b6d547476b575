//! Carries out `POST`, `PUT` and `DELETE` for backups, recovery points and their resources.
//!
//! A write is checked in full before it changes anything. Schedules have a module of their own.

use serde_json::{Value, json};

use super::answer::{Answer, Refused};
use super::parameters::{Parameters, integer};
use super::{Created, Mode, require};
use crate::sandbox::cloud::times::{Zone, timestamp};
use crate::sandbox::cloud::{
    Cloud, Fate, Parent, Record, Target, USER, is_true, is_windows, number, record, set, text, with_id, with_id_mut,
};
use crate::sandbox::identifiers::onapp_identifier;

/// One request that changes the cloud.
pub(super) struct Write<'a> {
    pub(super) cloud: &'a mut Cloud,
    pub(super) mode: &'a Mode,
    pub(super) parameters: &'a Parameters,
    pub(super) now: i64,
    /// Decides how a transaction with this action ends, by the failures of the command line.
    pub(super) fate: &'a mut dyn FnMut(&str) -> Fate,
}

pub(super) type Answered = Result<Answer, Refused>;

impl Write<'_> {
    pub(super) fn carry_out(mut self, method: &str, path: &[&str]) -> Answered {
        match (method, path) {
            ("POST", ["virtual_machines", vm, rest @ ..]) => {
                let machine = require(self.cloud.machine(vm).and_then(|machine| number(machine, "id")))?;
                self.below_machine(machine, rest)
            }
            ("DELETE", ["virtual_machines", vm, "backups", "resources", id]) => {
                let machine = require(self.cloud.machine(vm).and_then(|machine| number(machine, "id")))?;
                self.attach(machine, id, false)
            }
            ("POST", ["settings", "disks", disk, rest @ ..]) => {
                let disk = require(self.cloud.disk(disk).and_then(|disk| number(disk, "id")))?;
                self.below_disk(disk, rest)
            }
            ("PUT", ["settings", "schedules", id]) if !self.mode.superb => self.update_schedule(id),
            ("DELETE", ["settings", "schedules", id]) if !self.mode.superb => self.delete_schedule(id),
            ("PUT", ["settings", "autobackup_presets", id]) if !self.mode.superb => self.update_preset(id),
            ("POST", ["backups", id, "restore"]) => self.restore(parse(id)?),
            ("POST", ["backups", id, "convert"]) => self.convert(parse(id)?),
            ("DELETE", ["backups", id]) => self.delete(parse(id)?),
            ("PUT", ["backups", id, "note"]) if !self.mode.old_replies => {
                let note = self.parameters.get("note").cloned();
                self.set_note(parse(id)?, note)
            }
            ("PUT", ["backups", id]) => {
                let note = self.parameters.under("backup").get("note").cloned();
                self.set_note(parse(id)?, note)
            }
            _ => Err(Refused::NotFound),
        }
    }

    fn below_machine(&mut self, machine: u64, rest: &[&str]) -> Answered {
        match rest {
            ["backups"] => self.back_up_machine(machine),
            ["backups", "recovery_points"] => self.take_point(machine),
            ["backups", "recovery_points", id, "restore"] => self.restore_point(machine, id),
            ["backups", "recovery_points", id, "file_entries"] => self.restore_files(machine, id),
            ["backups", "resources", id] => self.attach(machine, id, true),
            ["disks", disk, rest @ ..] => {
                let disk = self.cloud.disk(disk).filter(|disk| number(disk, "virtual_machine_id") == Some(machine));
                let disk = require(disk.and_then(|disk| number(disk, "id")))?;
                self.below_disk(disk, rest)
            }
            _ => self.schedule_target(Target::Machine(machine), rest),
        }
    }

    fn below_disk(&mut self, disk: u64, rest: &[&str]) -> Answered {
        match rest {
            ["backups"] => self.back_up_disk(disk),
            _ => self.schedule_target(Target::Disk(disk), rest),
        }
    }

    /// Takes a normal backup of a disk.
    fn back_up_disk(&mut self, disk: u64) -> Answered {
        let record = require(with_id(&self.cloud.disks, disk))?;
        if is_true(record, "is_swap") {
            return Err(Refused::Invalid(vec![
                "Backup cannot be made at this time: This disk cannot be backed up, check Location Group settings."
                    .to_owned(),
            ]));
        }
        Ok(self.back_up(Target::Disk(disk)))
    }

    /// Takes an incremental backup of a VM, where the cloud and the VM allow that. What a cloud with
    /// normal backups only answers is unknown.
    fn back_up_machine(&mut self, machine: u64) -> Answered {
        let record = require(with_id(&self.cloud.machines, machine))?;
        if !self.mode.incremental || is_windows(record) || !is_true(record, "support_incremental_backups") {
            return Err(Refused::Field(
                "base",
                "Incremental backups are not supported by this virtual machine".to_owned(),
            ));
        }
        self.check_idle(machine)?;
        Ok(self.back_up(Target::Machine(machine)))
    }

    fn back_up(&mut self, target: Target) -> Answer {
        let action = match target {
            Target::Machine(_) => "take_incremental_backup",
            Target::Disk(_) => "take_backup",
        };
        let fate = (self.fate)(action);
        let note = self.parameters.under("backup").get("note").cloned().unwrap_or_default();
        let id = self.cloud.begin_backup(target, ("manual", None), &note, (self.now, fate));
        let made = self.cloud.backup(id).map(|backup| backup.record.clone()).unwrap_or_default();
        Answer::Created("backup", made, None)
    }

    /// Overwrites the disk or VM of a backup; the VM is locked meanwhile, and started afterwards.
    fn restore(&mut self, id: u64) -> Answered {
        let backup = self.idle_backup(id)?;
        let (machine, is_incremental) = (backup.0, text(&backup.1, "target_type") == "VirtualMachine");
        self.check_idle(machine)?;
        let action = if is_incremental { "restore_incremental_backup" } else { "restore_backup" };
        let fate = (self.fate)(action);
        self.begin_restore(machine, action, Parent::of("Backup", id), fate);
        Ok(self.created("backup", backup.1, machine))
    }

    fn begin_restore(&mut self, machine: u64, action: &str, parent: Parent, fate: Fate) {
        if let Some(machine) = with_id_mut(&mut self.cloud.machines, machine) {
            set(machine, "locked", true);
        }
        let first = self.cloud.enqueue(Some(machine), action, parent, (self.now, fate));
        let machine = Parent::of("VirtualMachine", machine);
        self.cloud.enqueue_after(first, "startup_virtual_machine", machine, self.now);
    }

    /// Makes a template of a backup. Whether the backup is consumed is unknown; here it stays.
    fn convert(&mut self, id: u64) -> Answered {
        let (machine, backup) = self.idle_backup(id)?;
        let roots = ["backup", "image_template"].map(|root| self.parameters.under(root));
        let parameter = |name: &str| {
            let nested = roots.iter().find_map(|root| root.get(name));
            nested.or_else(|| self.parameters.get(name)).cloned().unwrap_or_default()
        };
        let label = parameter("label").as_str().unwrap_or_default().trim().to_owned();
        if label.is_empty() {
            return Err(Refused::Field("label", "can't be blank".to_owned()));
        }
        let minimum = |name: &str| {
            let wanted = integer(&parameter(name)).map(Value::from);
            wanted.unwrap_or_else(|| backup.get(name).cloned().unwrap_or_default())
        };
        let (disk_size, memory) = (minimum("min_disk_size"), minimum("min_memory_size"));
        let fate = (self.fate)("convert_backup");
        if let Some(backup) = self.cloud.backup_mut(id) {
            set(backup, "locked", true);
        }
        let number = self.cloud.next_id();
        let template = record(json!({
            "id": number,
            "identifier": onapp_identifier(&format!("template {number}")),
            "label": label,
            "state": "building",
            "backup_id": id,
            "min_disk_size": disk_size,
            "min_memory_size": memory,
            "operating_system": backup.get("operating_system"),
            "operating_system_distro": backup.get("operating_system_distro"),
            "user_id": USER,
            "created_at": timestamp(self.now, Zone::Zero),
            "updated_at": timestamp(self.now, Zone::Zero),
        }));
        self.cloud.templates.push(template.clone());
        self.cloud.enqueue(Some(machine), "convert_backup", Parent::of("Backup", id), (self.now, fate));
        Ok(Answer::Created("image_template", template, None))
    }

    /// Queues the destruction of a backup, which stays listed until then.
    fn delete(&mut self, id: u64) -> Answered {
        let backup = require(self.cloud.backup(id))?;
        if is_true(&backup.record, "locked") {
            return Err(Refused::Field("base", "Backup is locked".to_owned()));
        }
        let fate = (self.fate)("destroy_backup");
        self.cloud.begin_destruction(id, (self.now, fate));
        Ok(Answer::Done)
    }

    fn set_note(&mut self, id: u64, note: Option<Value>) -> Answered {
        require(self.cloud.backup(id))?;
        let note = note.ok_or_else(|| Refused::Field("note", "can't be blank".to_owned()))?;
        let now = timestamp(self.now, Zone::Zero);
        let backup = require(self.cloud.backup_mut(id))?;
        set(backup, "note", note);
        set(backup, "updated_at", now);
        Ok(Answer::Done)
    }

    /// Returns the VM and the record of a backup that is built and at rest.
    fn idle_backup(&self, id: u64) -> Result<(u64, Record), Refused> {
        let backup = require(self.cloud.backup(id))?;
        if !is_true(&backup.record, "built") {
            return Err(Refused::Field("base", "Backup is not built".to_owned()));
        }
        if is_true(&backup.record, "locked") {
            return Err(Refused::Field("base", "Backup is locked".to_owned()));
        }
        Ok((backup.machine, backup.record.clone()))
    }

    /// Refuses while the VM is being restored.
    fn check_idle(&self, machine: u64) -> Result<(), Refused> {
        if with_id(&self.cloud.machines, machine).is_some_and(|machine| is_true(machine, "locked")) {
            return Err(Refused::busy());
        }
        Ok(())
    }

    /// Answers a creation in the way of this cloud: clients must not rely on any.
    pub(super) fn created(&self, name: &'static str, made: Record, machine: u64) -> Answer {
        match self.mode.created {
            Created::Object => Answer::Created(name, made, None),
            Created::Empty => Answer::CreatedEmpty,
            Created::Parent => {
                let parent = with_id(&self.cloud.machines, machine).cloned().unwrap_or_default();
                Answer::CreatedUnder("virtual_machine", parent, None)
            }
        }
    }

    fn take_point(&mut self, machine: u64) -> Answered {
        let wanted = self.parameters.get("resource_id").and_then(integer);
        let resource = self
            .cloud
            .resources
            .iter()
            .find(|resource| resource.machines.contains(&machine) && number(&resource.record, "id") == wanted);
        if resource.is_none() {
            return Err(Refused::Field("resource_id", "is invalid".to_owned()));
        }
        let fate = (self.fate)("take_recovery_point");
        let id = self.cloud.next_id();
        let time = timestamp(self.now, Zone::Zero);
        let point = record(json!({
            "id": id,
            "resource_id": wanted,
            "virtual_machine_id": machine,
            "size": 0,
            "state": "pending",
            "created_at": time,
            "updated_at": time,
        }));
        self.cloud.points.push(point.clone());
        self.cloud.enqueue(Some(machine), "take_recovery_point", Parent::of("RecoveryPoint", id), (self.now, fate));
        Ok(self.created("recovery_point", point, machine))
    }

    fn point(&self, machine: u64, id: &str) -> Result<Record, Refused> {
        let point = with_id(&self.cloud.points, parse(id)?);
        let point = require(point.filter(|point| number(point, "virtual_machine_id") == Some(machine)))?;
        if !matches!(text(point, "state"), "built" | "available") {
            return Err(Refused::Field("base", "Recovery point is not available".to_owned()));
        }
        Ok(point.clone())
    }

    fn restore_point(&mut self, machine: u64, id: &str) -> Answered {
        let point = self.point(machine, id)?;
        self.check_idle(machine)?;
        let fate = (self.fate)("restore_recovery_point");
        let parent = Parent::of("RecoveryPoint", number(&point, "id").unwrap_or_default());
        self.begin_restore(machine, "restore_recovery_point", parent, fate);
        Ok(self.created("recovery_point", point, machine))
    }

    fn restore_files(&mut self, machine: u64, id: &str) -> Answered {
        let point = self.point(machine, id)?;
        let paths = self.parameters.get("paths").and_then(Value::as_array).map_or(0, Vec::len);
        if paths == 0 {
            return Err(Refused::Field("paths", "can't be blank".to_owned()));
        }
        let fate = (self.fate)("restore_files");
        let parent = Parent::of("RecoveryPoint", number(&point, "id").unwrap_or_default());
        self.cloud.enqueue(Some(machine), "restore_files", parent, (self.now, fate));
        Ok(self.created("recovery_point", point, machine))
    }

    /// Attaches a VM to a resource, or detaches it.
    fn attach(&mut self, machine: u64, id: &str, is_wanted: bool) -> Answered {
        let id = parse(id)?;
        let resource = self.cloud.resources.iter_mut().find(|resource| number(&resource.record, "id") == Some(id));
        let resource = require(resource)?;
        resource.machines.retain(|&other| other != machine);
        if !is_wanted {
            return Ok(Answer::Done);
        }
        resource.machines.push(machine);
        let made = resource.record.clone();
        Ok(self.created("resource", made, machine))
    }
}

pub(super) fn parse(id: &str) -> Result<u64, Refused> {
    id.parse().map_err(|_| Refused::NotFound)
}
