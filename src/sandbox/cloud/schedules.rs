//! Schedules: their runs by the clock, the log of each run, and rotation.

use serde_json::{Value, json};

use super::times::{Zone, after, parse, timestamp};
use super::{Cloud, Fate, Record, Target, is_true, number, set, text, with_id, with_id_mut};

/// The units of a schedule; there are no hours.
pub(in crate::sandbox) const PERIODS: [&str; 4] = ["days", "weeks", "months", "years"];

/// Runs that were missed for longer than this are skipped, so that an old world settles quickly.
const MAX_CATCH_UP: i64 = 35 * 86_400;

/// Returns a period in days and months; unknown ones count as a day.
pub(in crate::sandbox) fn period_length(period: &str) -> (i64, i64) {
    match period {
        "weeks" => (7, 0),
        "months" => (0, 1),
        "years" => (0, 12),
        _ => (1, 0),
    }
}

impl Cloud {
    pub(in crate::sandbox) fn schedules_of(&self, target: Target) -> Vec<u64> {
        let found = self.schedules.iter().filter(|schedule| target.owns(schedule));
        found.filter_map(|schedule| number(schedule, "id")).collect()
    }

    /// Returns the next enabled schedule that is due by `now`, and when.
    pub(super) fn next_run(&self, now: i64) -> Option<(i64, u64)> {
        let enabled = self.schedules.iter().filter(|schedule| text(schedule, "status") == "enabled");
        let due = enabled.filter_map(|schedule| Some((parse(text(schedule, "start_at"))?, number(schedule, "id")?)));
        due.filter(|&(start, _)| start <= now).min()
    }

    /// Takes a schedule's backup, and moves its start by one period.
    pub(super) fn run_schedule(&mut self, id: u64, start: i64, now: i64) {
        let Some(schedule) = with_id_mut(&mut self.schedules, id) else {
            return;
        };
        let (days, months) = period_length(text(schedule, "period"));
        let every =
            number(schedule, "duration").and_then(|every| i64::try_from(every).ok()).unwrap_or(1).clamp(1, 1_200);
        set(schedule, "start_at", timestamp(after(start, days * every, months * every), Zone::Z));
        if start >= now - MAX_CATCH_UP {
            self.take_scheduled_backup(id, start);
        }
    }

    /// Takes a backup for a schedule, unless one is still being taken (documented).
    pub(in crate::sandbox) fn take_scheduled_backup(&mut self, id: u64, now: i64) {
        let Some(schedule) = with_id(&self.schedules, id) else {
            return;
        };
        let target_id = number(schedule, "target_id").unwrap_or_default();
        let is_machine = text(schedule, "target_type") == "VirtualMachine";
        let target = if is_machine { Target::Machine(target_id) } else { Target::Disk(target_id) };
        let period = text(schedule, "period").to_owned();
        let is_busy = self.backups.iter().any(|backup| {
            backup.schedule == Some(id) && !is_true(&backup.record, "built") && is_true(&backup.record, "locked")
        });
        if is_busy {
            return;
        }
        // Windows VMs have no incremental backups (documented), so their own schedules fail.
        let is_windows = is_machine && with_id(&self.machines, target_id).is_some_and(is_windows);
        let fate = if is_windows { Fate::Failed } else { Fate::Complete };
        self.begin_backup(target, (&period, Some(id)), &Value::Null, (now, fate));
    }

    /// Logs a run of a schedule, and rotates its backups.
    pub(super) fn end_run(&mut self, id: u64, at: i64, is_done: bool) {
        let log = self.next_id();
        let Some(schedule) = with_id_mut(&mut self.schedules, id) else {
            return;
        };
        let status = if is_done { "complete" } else { "failed" };
        let time = timestamp(at, Zone::Z);
        if let Some(Value::Array(logs)) = schedule.get_mut("schedule_logs") {
            logs.push(json!({ "schedule_log": {
                "id": log,
                "schedule_id": id,
                "status": status,
                "log_output": "",
                "created_at": time,
                "updated_at": time,
            }}));
        }
        if !is_done {
            let failures = number(schedule, "failure_count").unwrap_or_default() + 1;
            set(schedule, "failure_count", failures);
            return;
        }
        // Rotation is honoured for VMs only; a disk keeps one (documented for 5.0).
        let keeps = match text(schedule, "target_type") {
            "Disk" => 1,
            _ => number(schedule, "rotation_period").unwrap_or(1),
        };
        self.rotate(id, usize::try_from(keeps).unwrap_or(usize::MAX), at);
    }

    fn rotate(&mut self, schedule: u64, keeps: usize, at: i64) {
        let kept = self.backups.iter().filter(|backup| backup.schedule == Some(schedule));
        let kept =
            kept.filter(|backup| is_true(&backup.record, "built") && !is_true(&backup.record, "marked_for_delete"));
        let ids: Vec<u64> = kept.filter_map(|backup| number(&backup.record, "id")).collect();
        for id in ids.iter().take(ids.len().saturating_sub(keeps)) {
            self.begin_destruction(*id, (at, Fate::Complete));
        }
    }
}

pub(in crate::sandbox) fn is_windows(machine: &Record) -> bool {
    text(machine, "operating_system") == "windows"
}
