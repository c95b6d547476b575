//! The queue of transactions: pending, then running, then done, by the clock.
//!
//! The transactions of a VM run one after the other; each has its effect when it ends.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::times::{Zone, timestamp};
use super::{Cloud, Record, Target, USER, number, record, set, text, with_id_mut};
use crate::sandbox::identifiers::{digest, onapp_identifier};

/// How long a transaction waits before it runs.
const PENDING_FOR: i64 = 1;

/// How long a transaction runs.
const RUNNING_FOR: i64 = 2;

/// How many transactions are kept; older ones are purged, as real clouds do.
const MAX_KEPT: usize = 400;

/// How a transaction ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Fate {
    #[default]
    Complete,
    Failed,
    /// It never ends, and those behind it in the queue stay pending.
    Stuck,
    /// Its record is purged when it begins to run; its work is done.
    Vanished,
    /// What it depended on failed.
    Cancelled,
}

/// What a transaction is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Parent {
    pub(in crate::sandbox) kind: String,
    pub(in crate::sandbox) id: u64,
}

impl Parent {
    pub(in crate::sandbox) fn of(kind: &str, id: u64) -> Self {
        Self { kind: kind.to_owned(), id }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sandbox) struct Transaction {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) machine: Option<u64>,
    pub(in crate::sandbox) action: String,
    pub(in crate::sandbox) parent: Parent,
    pub(in crate::sandbox) params: Value,
    pub(in crate::sandbox) chain: u64,
    pub(in crate::sandbox) depends_on: Option<u64>,
    pub(in crate::sandbox) created_at: i64,
    /// `None` never starts.
    pub(in crate::sandbox) starts_at: Option<i64>,
    /// `None` never ends.
    pub(in crate::sandbox) ends_at: Option<i64>,
    pub(in crate::sandbox) fate: Fate,
    /// Whether its work is done.
    pub(in crate::sandbox) is_settled: bool,
}

impl Transaction {
    pub(in crate::sandbox) fn status(&self, now: i64) -> &'static str {
        let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now);
        match self.fate {
            _ if !is_due(self.starts_at) => "pending",
            _ if !is_due(self.ends_at) => "running",
            Fate::Failed => "failed",
            Fate::Cancelled => "cancelled",
            Fate::Complete | Fate::Vanished | Fate::Stuck => "complete",
        }
    }

    /// Whether the list still has it.
    pub(in crate::sandbox) fn is_listed(&self, now: i64) -> bool {
        self.fate != Fate::Vanished || self.status(now) == "pending"
    }

    /// Makes the record; the log is added on request only (documented).
    pub(in crate::sandbox) fn record(&self, now: i64, with_log: bool) -> Record {
        let status = self.status(now);
        let started = self.starts_at.filter(|_| status != "pending" && status != "cancelled");
        let ended = self.ends_at.filter(|&at| at <= now);
        let time = |at: i64| timestamp(at, Zone::Zero);
        let mut shown = record(json!({
            "action": self.action,
            "actor": null,
            "allowed_cancel": status == "pending",
            "associated_object_id": self.machine,
            "associated_object_type": self.machine.map(|_| "VirtualMachine"),
            "chain_id": self.chain,
            "created_at": time(self.created_at),
            "dependent_transaction_id": self.depends_on,
            "finished_at": ended.map(time),
            "id": self.id,
            "identifier": onapp_identifier(&format!("transaction {}", self.id)),
            "lock_version": 2,
            "params": self.params,
            "parent_id": self.parent.id,
            "parent_type": self.parent.kind,
            "pid": started.map(|_| 1_000 + digest(&self.id.to_string()) % 30_000),
            "priority": 10,
            "scheduled": false,
            "start_after": null,
            "started_at": started.map(time),
            "status": status,
            "updated_at": time(ended.or(started).unwrap_or(self.created_at)),
            "user_id": USER,
        }));
        if with_log {
            set(&mut shown, "log_output", self.log(status));
        }
        shown
    }

    fn log(&self, status: &str) -> String {
        let begun = format!("Executing {} for {} {}\n", self.action, self.parent.kind, self.parent.id);
        match status {
            "pending" | "cancelled" => String::new(),
            "running" => begun,
            // Logs hold stack traces (recorded).
            "failed" => format!(
                "{begun}Fatal: OnApp::RemoteCommandFailed\n/onapp/interface/lib/onapp/backup.rb:118:in `take'\nRemote server 10.0.0.7 <backup1> is not available & was skipped\n"
            ),
            _ => format!("{begun}Done\n"),
        }
    }
}

impl Cloud {
    /// Queues a transaction behind those of its VM; returns its number.
    pub(in crate::sandbox) fn enqueue(
        &mut self,
        machine: Option<u64>,
        action: &str,
        parent: Parent,
        (now, fate): (i64, Fate),
    ) -> u64 {
        let id = self.next_id();
        let is_unfinished = |other: &&Transaction| other.ends_at.is_none_or(|at| at > now);
        let ahead = self.transactions.iter().filter(|other| machine.is_some() && other.machine == machine);
        let ahead = ahead.filter(is_unfinished).max_by_key(|other| (other.ends_at.unwrap_or(i64::MAX), other.id));
        let depends_on = ahead.map(|ahead| ahead.id);
        let starts_at = match ahead {
            Some(ahead) => ahead.ends_at.map(|at| at.max(now + PENDING_FOR)),
            None => Some(now + PENDING_FOR),
        };
        let ends_at = starts_at.filter(|_| fate != Fate::Stuck).map(|at| at + RUNNING_FOR);
        self.transactions.push(Transaction {
            id,
            machine,
            action: action.to_owned(),
            parent,
            params: json!({}),
            chain: id,
            depends_on,
            created_at: now,
            starts_at,
            ends_at,
            fate,
            is_settled: false,
        });
        let surplus = self.transactions.len().saturating_sub(MAX_KEPT);
        let purged = self.transactions.iter().take(surplus).take_while(|old| old.is_settled).count();
        self.transactions.drain(..purged);
        id
    }

    /// Queues the next link of a chain, which is cancelled when the one before it fails.
    pub(in crate::sandbox) fn enqueue_after(&mut self, first: u64, action: &str, parent: Parent, now: i64) {
        let Some(before) = self.transactions.iter().find(|other| other.id == first) else {
            return;
        };
        let (chain, machine, ends_at) = (before.chain, before.machine, before.ends_at);
        let is_cancelled = before.fate == Fate::Failed;
        let fate = if is_cancelled { Fate::Cancelled } else { Fate::Complete };
        let id = self.enqueue(machine, action, parent, (now, fate));
        if let Some(link) = self.transactions.iter_mut().find(|other| other.id == id) {
            link.chain = chain;
            link.depends_on = Some(first);
            if is_cancelled {
                (link.starts_at, link.ends_at) = (ends_at, ends_at);
            }
        }
    }

    /// Does everything that is due by `now`, in the order in which it is due.
    pub(in crate::sandbox) fn settle(&mut self, now: i64) {
        loop {
            let ended = self.next_ended(now);
            let run = self.next_run(now);
            match (ended, run) {
                (Some((at, index)), run) if run.is_none_or(|(start, _)| at <= start) => self.end(index, at),
                (_, Some((start, schedule))) => self.run_schedule(schedule, start, now),
                _ => return,
            }
        }
    }

    fn next_ended(&self, now: i64) -> Option<(i64, usize)> {
        let open = self.transactions.iter().enumerate().filter(|(_, transaction)| !transaction.is_settled);
        let due = open.filter_map(|(index, transaction)| Some((transaction.ends_at?, index)));
        due.filter(|&(at, _)| at <= now).min()
    }

    /// Does a transaction's work.
    fn end(&mut self, index: usize, at: i64) {
        let Some(transaction) = self.transactions.get_mut(index) else {
            return;
        };
        transaction.is_settled = true;
        let (action, parent, machine) = (transaction.action.clone(), transaction.parent.clone(), transaction.machine);
        let is_done = matches!(transaction.fate, Fate::Complete | Fate::Vanished);
        match action.as_str() {
            "take_backup" | "take_incremental_backup" => self.end_backup(parent.id, at, is_done),
            "destroy_backup" if is_done => {
                self.backups.retain(|backup| number(&backup.record, "id") != Some(parent.id))
            }
            "destroy_backup" => self.unlock_backup(parent.id, at),
            "restore_backup" | "restore_incremental_backup" | "restore_recovery_point" => {
                if let Some(machine) = machine.and_then(|id| with_id_mut(&mut self.machines, id)) {
                    set(machine, "locked", false);
                    set(machine, "booted", false);
                    set(machine, "updated_at", timestamp(at, Zone::Zero));
                }
            }
            "startup_virtual_machine" if is_done => {
                if let Some(machine) = machine.and_then(|id| with_id_mut(&mut self.machines, id)) {
                    set(machine, "booted", true);
                }
            }
            "convert_backup" => {
                let state = if is_done { "active" } else { "failed" };
                let template =
                    self.templates.iter_mut().find(|template| number(template, "backup_id") == Some(parent.id));
                if let Some(template) = template {
                    set(template, "state", state);
                }
                self.unlock_backup(parent.id, at);
            }
            "take_recovery_point" => {
                if let Some(point) = with_id_mut(&mut self.points, parent.id) {
                    set(point, "state", if is_done { "available" } else { "failed" });
                    set(point, "size", if is_done { json!(4_831_838_208_u64) } else { json!(0) });
                    set(point, "updated_at", timestamp(at, Zone::Zero));
                }
            }
            _ => {}
        }
    }

    fn unlock_backup(&mut self, id: u64, at: i64) {
        if let Some(backup) = self.backup_mut(id) {
            set(backup, "locked", false);
            set(backup, "marked_for_delete", false);
            set(backup, "updated_at", timestamp(at, Zone::Zero));
        }
    }

    fn end_backup(&mut self, id: u64, at: i64, is_done: bool) {
        let Some(backup) = self.backup(id) else {
            return;
        };
        let schedule = backup.schedule;
        let size = self.size_of(backup.machine, &backup.record);
        if let Some(backup) = self.backup_mut(id) {
            set(backup, "locked", false);
            set(backup, "updated_at", timestamp(at, Zone::Zero));
            if is_done {
                set(backup, "built", true);
                set(backup, "built_at", timestamp(at, Zone::Zero));
                set(backup, "backup_size", size);
            }
        }
        if let Some(schedule) = schedule {
            self.end_run(schedule, at, is_done);
        }
    }

    /// Works out the size of a new backup, in KiB: all of a disk, or what changed since the last incremental.
    fn size_of(&self, machine: u64, backup: &Record) -> u64 {
        let spread = digest(text(backup, "identifier"));
        let Some(disk) = number(backup, "disk_id") else {
            let is_first = !self.backups.iter().any(|other| {
                other.machine == machine
                    && other.record.get("built") == Some(&json!(true))
                    && text(&other.record, "target_type") == Target::Machine(machine).type_name()
            });
            return if is_first { 1_400_000 + spread % 200_000 } else { 40_000 + spread % 90_000 };
        };
        let gigabytes = super::with_id(&self.disks, disk).and_then(|disk| number(disk, "disk_size")).unwrap_or(1);
        gigabytes * 500_000 + spread % 100_000
    }
}
