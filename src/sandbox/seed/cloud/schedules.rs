//! The cloud's schedules, of all kinds that an administrator meets, and the presets of new ones.

use serde_json::{Value, json};

use super::DAY;
use crate::sandbox::cloud::times::{Zone, timestamp};
use crate::sandbox::cloud::{PERIODS, Record, USER, record};

struct Draft {
    id: u64,
    target: (&'static str, u64),
    period: &'static str,
    /// Seconds from now until the next run.
    next: i64,
    status: &'static str,
    /// Statuses of the past runs, oldest first.
    runs: &'static [&'static str],
}

pub(super) fn of_the_company(now: i64) -> Vec<Record> {
    let drafts = [
        Draft { id: 31, target: ("VirtualMachine", 488), period: "days", next: DAY, status: "enabled", runs: GOOD },
        Draft {
            id: 32,
            target: ("VirtualMachine", 488),
            period: "weeks",
            next: 5 * DAY,
            status: "enabled",
            runs: GOOD,
        },
        Draft { id: 41, target: ("Disk", 1_101), period: "days", next: DAY - 7_200, status: "enabled", runs: MIXED },
        Draft { id: 42, target: ("Disk", 1_102), period: "days", next: DAY - 3_600, status: "enabled", runs: GOOD },
        Draft { id: 43, target: ("Disk", 1_102), period: "months", next: -31 * DAY, status: "disabled", runs: GOOD },
        Draft { id: 51, target: ("VirtualMachine", 733), period: "days", next: -2 * DAY, status: "failed", runs: BAD },
        Draft { id: 52, target: ("Disk", 1_200), period: "weeks", next: 5 * DAY, status: "enabled", runs: GOOD },
    ];
    drafts.iter().map(|draft| draft.record(now)).collect()
}

const GOOD: &[&str] = &["complete", "complete"];
const MIXED: &[&str] = &["complete", "failed", "complete"];
const BAD: &[&str] = &["failed", "failed", "failed"];

impl Draft {
    fn record(&self, now: i64) -> Record {
        let failures = self.runs.iter().filter(|&&run| run == "failed").count();
        let created = timestamp(now - 200 * DAY, Zone::Z);
        let mut schedule = record(json!({
            "id": self.id,
            "target_id": self.target.1,
            "target_type": self.target.0,
            "action": "autobackup",
            "duration": if self.id == 52 { 2 } else { 1 },
            "period": self.period,
            "rotation_period": if self.period == "days" { 7 } else { 4 },
            "start_at": timestamp(now + self.next, Zone::Z),
            "status": self.status,
            "failure_count": failures,
            "user_id": USER,
            "params": null,
            "created_at": created,
            "updated_at": timestamp(now - 2 * DAY, Zone::Z),
            "schedule_logs": self.logs(now),
        }));
        if self.id == 41 {
            // Made by an old version, which had no rotation (recorded).
            schedule.shift_remove("rotation_period");
        }
        schedule
    }

    fn logs(&self, now: i64) -> Vec<Value> {
        let days = if self.period == "days" { 1 } else { 7 };
        self.runs
            .iter()
            .zip((1_i64..=3).rev().skip(3 - self.runs.len()))
            .zip(1..)
            .map(|((status, ago), number)| {
                let time = timestamp(now - ago * days * DAY, Zone::Z);
                json!({ "schedule_log": {
                    "id": self.id * 100 + number,
                    "schedule_id": self.id,
                    "status": status,
                    "log_output": "",
                    "created_at": time,
                    "updated_at": time,
                }})
            })
            .collect()
    }
}

/// What `autobackup_enable` makes for a target without schedules.
pub(super) fn presets(now: i64) -> Vec<Record> {
    let presets = PERIODS.iter().zip(1_u64..).zip([7, 4, 12, 1]);
    presets
        .map(|((period, id), rotation)| {
            record(json!({
                "id": id,
                "period": period,
                "duration": 1,
                "rotation_period": rotation,
                "enabled": true,
                "created_at": timestamp(now - 700 * DAY, Zone::Z),
                "updated_at": timestamp(now - 700 * DAY, Zone::Z),
            }))
        })
        .collect()
}
