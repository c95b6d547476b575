//! Answers `GET`: VMs, disks, backups, schedules, transactions, recovery points, settings.

use serde_json::{Map, Value, json};

use super::address::Address;
use super::answer::{Answer, Refused, cut, positive};
use super::{Mode, require};
use crate::sandbox::cloud::{Backup, Cloud, Record, Target, Transaction, find, number, record, set, text, with_id};

/// Transactions on a page (documented).
const TRANSACTIONS_ON_A_PAGE: usize = 10;

pub(super) struct Read<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) mode: &'a Mode,
    pub(super) address: &'a Address,
    pub(super) query: &'a Map<String, Value>,
    pub(super) now: i64,
}

type Answered = Result<Answer, Refused>;

impl Read<'_> {
    pub(super) fn answer(&self) -> Answered {
        let path: Vec<&str> = self.address.segments.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["version"] => Ok(Answer::Bare(record(json!({ "version": "6.7.0" })))),
            // Superb's check of credentials, and its list of VMs (client code).
            ["test"] if self.mode.superb => Ok(Answer::Bare(record(json!({ "status": "ok" })))),
            ["virtual_machines", "overview"] if self.mode.superb => Ok(self.machines()),
            ["virtual_machines"] => Ok(self.machines()),
            ["virtual_machines", vm, rest @ ..] => self.below_machine(require(self.cloud.machine(vm))?, rest),
            ["settings", "disks"] => Ok(self.disks(|_| true)),
            ["settings", "disks", disk, rest @ ..] => self.below_disk(require(self.cloud.disk(disk))?, rest),
            ["settings", rest @ ..] => self.settings(rest),
            ["backups", id] => {
                let backup = id.parse().ok().and_then(|id| self.cloud.backup(id));
                Ok(Answer::One("backup", require(backup)?.record.clone()))
            }
            ["templates", id] => Ok(Answer::One("image_template", require(find(&self.cloud.templates, id))?.clone())),
            ["transactions"] => Ok(self.transactions(|_| true)),
            ["transactions", id] => self.transaction(id),
            ["logs"] => Ok(self.logs(|_| true)),
            path => self.account(path),
        }
    }

    fn below_machine(&self, machine: &Record, rest: &[&str]) -> Answered {
        let id = require(number(machine, "id"))?;
        let own = |backup: &Backup| backup.machine == id;
        match rest {
            [] => Ok(Answer::One("virtual_machine", self.machine(machine))),
            ["status"] => {
                let mut status = Record::new();
                for key in ["id", "identifier", "booted", "built", "locked", "suspended", "state"] {
                    set(&mut status, key, machine.get(key).cloned().unwrap_or_default());
                }
                Ok(Answer::One("virtual_machine", status))
            }
            ["backups"] => Ok(self.backups(own)),
            // Each list leaves the other kind out (recorded).
            ["backups", "images"] => Ok(self.backups(|backup| own(backup) && !is_incremental(backup))),
            ["backups", "files"] => Ok(self.backups(|backup| own(backup) && is_incremental(backup))),
            ["backups", "recovery_points", rest @ ..] => self.points(id, rest),
            ["backups", "resources"] => {
                let attached = self.cloud.resources.iter().filter(|resource| resource.machines.contains(&id));
                Ok(Answer::Many("resources", "resource", attached.map(|resource| resource.record.clone()).collect()))
            }
            ["disks"] => Ok(self.disks(|disk| number(disk, "virtual_machine_id") == Some(id))),
            ["disks", disk, rest @ ..] => {
                let disk = self.cloud.disk(disk).filter(|disk| number(disk, "virtual_machine_id") == Some(id));
                self.below_disk(require(disk)?, rest)
            }
            ["schedules"] => self.schedules(|schedule| Target::Machine(id).owns(schedule)),
            ["transactions"] => Ok(self.transactions(|transaction| transaction.machine == Some(id))),
            ["logs"] => Ok(self.logs(|transaction| transaction.machine == Some(id))),
            _ => Err(Refused::NotFound),
        }
    }

    fn below_disk(&self, disk: &Record, rest: &[&str]) -> Answered {
        let id = require(number(disk, "id"))?;
        match rest {
            [] => Ok(Answer::One("disk", disk.clone())),
            ["backups"] => Ok(self.backups(|backup| number(&backup.record, "disk_id") == Some(id))),
            ["schedules"] => self.schedules(|schedule| Target::Disk(id).owns(schedule)),
            _ => Err(Refused::NotFound),
        }
    }

    fn settings(&self, rest: &[&str]) -> Answered {
        match rest {
            ["schedules"] => self.schedules(|_| true),
            ["schedules", id] if !self.mode.superb => {
                Ok(Answer::One("schedule", require(find(&self.cloud.schedules, id))?.clone()))
            }
            ["autobackup_presets"] if !self.mode.superb => {
                Ok(Answer::Many("autobackup_templates", "autobackup_template", self.cloud.presets.clone()))
            }
            ["autobackup_presets", id] if !self.mode.superb => {
                Ok(Answer::One("autobackup_template", require(find(&self.cloud.presets, id))?.clone()))
            }
            ["backups", "resources"] => {
                let resources = self.cloud.resources.iter().map(|resource| resource.record.clone());
                Ok(Answer::Many("backup_resources", "backup_resource", resources.collect()))
            }
            ["configuration"] => Ok(Answer::One("settings", configuration(self.mode))),
            _ => Err(Refused::NotFound),
        }
    }

    /// Lists VMs; `q` searches their labels (client code).
    fn machines(&self) -> Answer {
        let wanted = self.query.get("q").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let found =
            self.cloud.machines.iter().filter(|machine| text(machine, "label").to_lowercase().contains(&wanted));
        Answer::Many("virtual_machines", "virtual_machine", found.map(|machine| self.machine(machine)).collect())
    }

    /// Shows a VM; without incremental backups in the cloud no VM has them.
    fn machine(&self, machine: &Record) -> Record {
        let mut shown = machine.clone();
        if !self.mode.incremental {
            set(&mut shown, "support_incremental_backups", false);
        }
        shown
    }

    fn disks(&self, wanted: impl Fn(&Record) -> bool) -> Answer {
        let found = self.cloud.disks.iter().filter(|disk| wanted(disk));
        Answer::Many("disks", "disk", found.cloned().collect())
    }

    pub(super) fn backups(&self, wanted: impl Fn(&Backup) -> bool) -> Answer {
        let found = self.cloud.backups.iter().filter(|backup| wanted(backup));
        Answer::Many("backups", "backup", found.map(|backup| backup.record.clone()).collect())
    }

    /// Lists schedules, which Superb does not offer (inferred from its menus).
    fn schedules(&self, wanted: impl Fn(&Record) -> bool) -> Answered {
        if self.mode.superb {
            return Err(Refused::NotFound);
        }
        let found = self.cloud.schedules.iter().filter(|schedule| wanted(schedule));
        Ok(Answer::Many("schedules", "schedule", found.cloned().collect()))
    }

    /// Lists transactions, newest first; no header says how many there are (documented).
    fn transactions(&self, wanted: impl Fn(&Transaction) -> bool) -> Answer {
        let with_log = self.query.contains_key("detailed");
        let found = self.cloud.transactions.iter().rev();
        let found = found.filter(|transaction| wanted(transaction) && transaction.is_listed(self.now));
        let records = found.map(|transaction| transaction.record(self.now, with_log)).collect();
        let page = self.address.page.or_else(|| positive(self.query, "page")).unwrap_or(1);
        let size = self.address.per_page.or_else(|| positive(self.query, "per_page"));
        Answer::Page("transactions", "transaction", cut(records, page, size.unwrap_or(TRANSACTIONS_ON_A_PAGE)))
    }

    fn transaction(&self, id: &str) -> Answered {
        let id: u64 = id.parse().map_err(|_| Refused::NotFound)?;
        let found = self.cloud.transactions.iter().find(|transaction| transaction.id == id);
        let found = require(found.filter(|transaction| transaction.is_listed(self.now)))?;
        Ok(Answer::One("transaction", found.record(self.now, self.query.contains_key("log"))))
    }

    /// Lists the log of activities, one for each transaction.
    fn logs(&self, wanted: impl Fn(&Transaction) -> bool) -> Answer {
        let found = self.cloud.transactions.iter().rev().filter(|transaction| wanted(transaction));
        let items = found.map(|transaction| {
            let shown = transaction.record(self.now, false);
            let member = |key: &str| shown.get(key).cloned().unwrap_or_default();
            record(json!({
                "id": transaction.id,
                "action": transaction.action,
                "status": transaction.status(self.now),
                "target_type": transaction.parent.kind,
                "target_id": transaction.parent.id,
                "created_at": member("created_at"),
                "updated_at": member("updated_at"),
            }))
        });
        Answer::Many("log_items", "log_item", items.collect())
    }

    fn points(&self, machine: u64, rest: &[&str]) -> Answered {
        let own = |point: &&Record| number(point, "virtual_machine_id") == Some(machine);
        match rest {
            [] => {
                let found = self.cloud.points.iter().filter(own);
                Ok(Answer::Many("recovery_points", "recovery_point", found.cloned().collect()))
            }
            [id] => {
                let point = id.parse().ok().and_then(|id| with_id(&self.cloud.points, id)).filter(own);
                Ok(Answer::One("recovery_point", require(point)?.clone()))
            }
            [_, "file_entries"] => {
                let entries =
                    ["/etc", "/home", "/srv/files"].map(|path| record(json!({ "path": path, "type": "directory" })));
                Ok(Answer::Many("file_entries", "file_entry", entries.into()))
            }
            _ => Err(Refused::NotFound),
        }
    }
}

fn is_incremental(backup: &Backup) -> bool {
    text(&backup.record, "backup_type") == "incremental"
}

fn configuration(mode: &Mode) -> Record {
    record(json!({
        "allow_incremental_backups": mode.incremental,
        "remove_backups_on_destroy_vm": true,
        "simultaneous_backups": 6,
        "simultaneous_backups_per_hypervisor": 2,
        "simultaneous_backups_per_datastore": 3,
        "simultaneous_backups_per_backup_server": 4,
        "backup_taker_delay": 5,
        "schedule_runner_delay": 5,
        "force_windows_backups": false,
        "force_windows_auto_backups": false,
        "backup_convert_coefficient": 1.1,
    }))
}
