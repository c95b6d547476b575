//! The cloud's backups; one VM's list has every oddity that was recorded.

use serde_json::{Value, json};

use super::DAY;
use crate::sandbox::cloud::times::{Zone, timestamp};
use crate::sandbox::cloud::{Backup, Record, USER, record};
use crate::sandbox::identifiers::onapp_identifier;

const HOUR: i64 = 3_600;

pub(super) fn of_the_company(now: i64) -> Vec<Backup> {
    let mut backups = web_backups(now);
    backups.extend(database_backups(now));
    backups.extend(windows_backups(now));
    backups.extend(app_backups(now));
    backups
}

/// What distinguishes one backup from another.
struct Draft {
    id: u64,
    /// Seconds before the present at which it was begun.
    age: i64,
    size: u64,
    initiated: &'static str,
    zone: Zone,
    note: Option<&'static str>,
    schedule: Option<u64>,
}

impl Draft {
    /// Makes the record that incremental and normal backups share.
    fn record(&self, kind: &str, target: (&str, u64), now: i64) -> Record {
        let created = now - self.age;
        let disk = (target.0 == "Disk").then_some(target.1);
        record(json!({
            "allow_resize_without_reboot": true,
            "allowed_hot_migrate": true,
            "allowed_swap": true,
            "backup_server_id": 1,
            "backup_size": self.size,
            "built": true,
            "built_at": timestamp(created + 89, self.zone),
            "created_at": timestamp(created, self.zone),
            "data_store_type": "lvm",
            "id": self.id,
            "identifier": onapp_identifier(&format!("backup {}", self.id)),
            "initiated": self.initiated,
            "iqn": null,
            "locked": false,
            "marked_for_delete": false,
            "min_disk_size": 5,
            "min_memory_size": 384,
            "note": self.note,
            "operating_system": "linux",
            "operating_system_distro": "rhel",
            "target_id": target.1,
            "target_type": target.0,
            "template_id": 128,
            "updated_at": timestamp(created + 138, self.zone),
            "user_id": USER,
            "volume_id": null,
            "backup_type": kind,
            "disk_id": disk,
        }))
    }

    /// Names the schedule that took it.
    fn by(mut self, schedule: u64) -> Self {
        self.schedule = Some(schedule);
        self
    }

    fn incremental(&self, machine: u64, now: i64) -> Backup {
        Backup {
            machine,
            schedule: self.schedule,
            record: self.record("incremental", ("VirtualMachine", machine), now),
        }
    }

    fn normal(&self, machine: u64, disk: u64, now: i64) -> Backup {
        Backup { machine, schedule: self.schedule, record: self.record("normal", ("Disk", disk), now) }
    }
}

fn backup(id: u64, age: i64, size: u64, initiated: &'static str, zone: Zone) -> Draft {
    Draft { id, age, size, initiated, zone, note: None, schedule: None }
}

/// The server that has incremental backups only, so that its list of images is empty.
fn web_backups(now: i64) -> Vec<Backup> {
    let mut manual = backup(6_117, 9 * DAY + 5 * HOUR, 930_584, "manual", Zone::Zero);
    manual.note = Some("before the <6.4> upgrade & reboot");
    [
        manual,
        backup(6_130, 7 * DAY, 1_204_112, "weeks", Zone::Zero).by(32),
        backup(6_142, 2 * DAY, 88_216, "days", Zone::Zero).by(31),
        backup(6_149, DAY, 91_340, "days", Zone::Zero).by(31),
    ]
    .iter()
    .map(|backup| backup.incremental(488, now))
    .collect()
}

/// The server that has normal backups, one list of them with every oddity.
fn database_backups(now: i64) -> Vec<Backup> {
    let mut rotating = backup(5_702, 4 * DAY, 10_310_896, "days", Zone::Three).normal(652, 1_101, now);
    rotating.record.insert("marked_for_delete".to_owned(), json!(true));
    vec![
        old_style(now),
        backup(5_540, 31 * DAY, 10_207_232, "months", Zone::Three).normal(652, 1_101, now),
        backup(5_541, 31 * DAY - HOUR, 61_930_500, "months", Zone::Zero).normal(652, 1_102, now),
        rotating,
        backup(5_720, 2 * DAY + 2 * HOUR, 10_312_004, "days", Zone::Z).by(41).normal(652, 1_101, now),
        backup(5_721, 2 * DAY, 62_114_816, "days", Zone::Three).by(42).normal(652, 1_102, now),
        unbuilt(now),
    ]
}

/// A backup that is being taken: no size, no time of completion.
fn unbuilt(now: i64) -> Backup {
    let mut backup = backup(5_733, 240, 0, "manual", Zone::Zero).normal(652, 1_102, now);
    for (member, value) in
        [("backup_size", Value::Null), ("built", json!(false)), ("built_at", Value::Null), ("locked", json!(true))]
    {
        backup.record.insert(member.to_owned(), value);
    }
    backup
}

/// A record of an old version: the size a string, the type an old value, half the members missing (recorded).
fn old_style(now: i64) -> Backup {
    let created = now - 410 * DAY;
    Backup {
        machine: 652,
        schedule: None,
        record: record(json!({
            "allow_resize_without_reboot": false,
            "min_memory_size": 384,
            "allowed_hot_migrate": true,
            "locked": false,
            "backup_size": "8704512",
            "disk_id": 1_101,
            "operating_system": "linux",
            "operating_system_distro": "rhel",
            "allowed_swap": true,
            "backup_server_id": null,
            "identifier": onapp_identifier("backup 68"),
            "min_disk_size": 5,
            "updated_at": timestamp(created + 7, Zone::Z),
            "backup_type": "days-autobackup",
            "built_at": timestamp(created + 7, Zone::Z),
            "built": true,
            "created_at": timestamp(created, Zone::Z),
            "template_id": 1,
            "marked_for_delete": false,
            "id": 68,
        })),
    }
}

/// Many backups of both kinds, for lists that span pages.
pub(super) fn archive(count: usize, now: i64) -> Vec<Backup> {
    (0..count)
        .map(|number| {
            let step = u64::try_from(number).unwrap_or_default();
            let age = i64::try_from(count - number).unwrap_or_default() * HOUR;
            let draft = backup(10_000 + step, age, 1_024 * (1 + step), "days", Zone::Zero);
            if number % 2 == 0 { draft.normal(900, 1_900, now) } else { draft.incremental(900, now) }
        })
        .collect()
}

/// A Windows server has backups of its disks only.
fn windows_backups(now: i64) -> Vec<Backup> {
    [(6_301, 9 * DAY, 31_204_880), (6_302, 2 * DAY, 31_355_140)]
        .into_iter()
        .map(|(id, age, size)| backup(id, age, size, "weeks", Zone::Zero).by(52).normal(733, 1_200, now))
        .collect()
}

/// A chain of incremental backups; the second was taken right after the first and is empty.
fn app_backups(now: i64) -> Vec<Backup> {
    [
        backup(6_400, 3 * DAY, 1_511_072, "manual", Zone::Zero),
        backup(6_401, 3 * DAY - 600, 0, "manual", Zone::Three),
        backup(6_402, DAY, 66_104, "manual", Zone::Z),
    ]
    .iter()
    .map(|draft| draft.incremental(760, now))
    .collect()
}
