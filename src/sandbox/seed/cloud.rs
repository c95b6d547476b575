//! The OnApp cloud: three servers with their disks and backups, and a fourth in large worlds.
//!
//! Records are stored as the API gives them, oddities included; they are never read back by field here.

use jiff::tz::Offset;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value, json};

use crate::sandbox::identifiers::{onapp_identifier, password};
use crate::sandbox::state::{OnApp, OnAppBackup};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How a server writes the offset of its times; all three were seen, even within a list (recorded).
#[derive(Clone, Copy)]
enum Zone {
    Z,
    Zero,
    Three,
}

/// Makes the cloud's records as of `now`; `more` backups go to a server of their own.
pub(super) fn records(more: usize, now: i64) -> OnApp {
    let mut cloud = OnApp {
        machines: vec![
            machine(488, "web1", 45, true, now),
            machine(652, "db1", 120, false, now),
            machine(701, "test1", 20, true, now),
        ],
        disks: vec![
            disk(1_040, 488, 1, 40, now),
            disk(1_041, 488, 2, 5, now),
            disk(1_101, 652, 1, 20, now),
            disk(1_102, 652, 2, 100, now),
            disk(1_180, 701, 1, 20, now),
        ],
        backups: web_backups(now),
    };
    cloud.backups.extend(database_backups(now));
    if more > 0 {
        cloud.machines.push(machine(900, "archive1", 20, false, now));
        cloud.disks.push(disk(1_900, 900, 1, 20, now));
        cloud.backups.extend(archive_backups(more, now));
    }
    cloud
}

fn record(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}

fn time(at: i64, zone: Zone) -> String {
    let hours = match zone {
        Zone::Z | Zone::Zero => 0,
        Zone::Three => 3,
    };
    let moment = Timestamp::from_second(at).unwrap_or_default();
    let local: Zoned = moment.to_zoned(Offset::constant(hours).to_time_zone());
    match zone {
        Zone::Z => local.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Zone::Zero | Zone::Three => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

/// Makes a server; both passwords are sent in clear (recorded).
fn machine(id: u64, label: &str, size: u32, incremental: bool, now: i64) -> Map<String, Value> {
    let name = format!("{label}.{id}");
    record(json!({
        "id": id,
        "identifier": onapp_identifier(&name),
        "label": label,
        "hostname": label,
        "booted": true,
        "built": true,
        "locked": false,
        "suspended": false,
        "state": "on",
        "cpus": 2,
        "memory": 2048,
        "total_disk_size": size,
        "operating_system": "linux",
        "operating_system_distro": "rhel",
        "template_id": 128,
        "template_label": "CentOS 7.9 x64",
        "user_id": 337,
        "note": null,
        "initial_root_password": password(&name),
        "remote_access_password": password(&format!("console {name}")),
        "support_incremental_backups": incremental,
        "ip_addresses": [{ "ip_address": {
            "id": id + 4_000,
            "address": format!("198.51.100.{}", id % 250 + 1),
            "netmask": "255.255.255.0",
        }}],
        "created_at": time(now - 700 * DAY, Zone::Zero),
        "updated_at": time(now - 3 * DAY, Zone::Zero),
    }))
}

fn disk(id: u64, machine: u64, number: u32, size: u32, now: i64) -> Map<String, Value> {
    let swap = machine == 488 && number == 2;
    record(json!({
        "id": id,
        "identifier": onapp_identifier(&format!("disk {id}")),
        "label": if swap { "swap" } else { "disk" },
        "virtual_machine_id": machine,
        "data_store_id": 1,
        "disk_size": size,
        "disk_vm_number": number,
        "primary": number == 1,
        "is_swap": swap,
        "file_system": if swap { Value::Null } else { json!("ext4") },
        "mount_point": if number == 1 || swap { Value::Null } else { json!("/var/lib/pgsql") },
        "add_to_linux_fstab": if number == 1 { Value::Null } else { json!(!swap) },
        "mounted": true,
        "built": true,
        "locked": false,
        // False on incremental clouds even when the server is backed up by schedule (recorded).
        "has_autobackups": machine == 652,
        "iqn": null,
        "volume_id": null,
        "min_iops": 100,
        "io_limits": { "read_iops": 0, "write_iops": 0, "read_throughput": 0, "write_throughput": 0 },
        "created_at": time(now - 700 * DAY, Zone::Z),
        "updated_at": time(now - 40 * DAY, Zone::Z),
    }))
}

/// What tells one backup from another.
struct Backup {
    id: u64,
    /// Seconds before the present at which it was begun.
    age: i64,
    size: u64,
    initiated: &'static str,
    zone: Zone,
    note: Option<&'static str>,
}

impl Backup {
    /// Makes the record that incremental and normal backups share.
    fn record(&self, kind: &str, target: (&str, u64), now: i64) -> Map<String, Value> {
        let created = now - self.age;
        let disk = (target.0 == "Disk").then_some(target.1);
        record(json!({
            "allow_resize_without_reboot": true,
            "allowed_hot_migrate": true,
            "allowed_swap": true,
            "backup_server_id": 1,
            "backup_size": self.size,
            "built": true,
            "built_at": time(created + 89, self.zone),
            "created_at": time(created, self.zone),
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
            "updated_at": time(created + 138, self.zone),
            "user_id": 337,
            "volume_id": null,
            "backup_type": kind,
            "disk_id": disk,
        }))
    }

    fn incremental(&self, machine: u64, now: i64) -> OnAppBackup {
        OnAppBackup { machine, record: self.record("incremental", ("VirtualMachine", machine), now) }
    }

    fn normal(&self, machine: u64, disk: u64, now: i64) -> OnAppBackup {
        OnAppBackup { machine, record: self.record("normal", ("Disk", disk), now) }
    }
}

fn backup(id: u64, age: i64, size: u64, initiated: &'static str, zone: Zone) -> Backup {
    Backup { id, age, size, initiated, zone, note: None }
}

/// The server that has incremental backups only, so that its list of images is empty.
fn web_backups(now: i64) -> Vec<OnAppBackup> {
    let mut manual = backup(6_117, 9 * DAY + 5 * HOUR, 930_584, "manual", Zone::Zero);
    manual.note = Some("before the <6.4> upgrade & reboot");
    [
        manual,
        backup(6_130, 7 * DAY, 1_204_112, "weeks", Zone::Zero),
        backup(6_142, 2 * DAY, 88_216, "days", Zone::Zero),
        backup(6_149, DAY, 91_340, "days", Zone::Zero),
    ]
    .iter()
    .map(|backup| backup.incremental(488, now))
    .collect()
}

/// The server that has normal backups, one list of them with every oddity.
fn database_backups(now: i64) -> Vec<OnAppBackup> {
    let mut rotating = backup(5_702, 4 * DAY, 10_310_896, "days", Zone::Three).normal(652, 1_101, now);
    rotating.record.insert("marked_for_delete".to_owned(), json!(true));
    vec![
        old_style(now),
        backup(5_540, 31 * DAY, 10_207_232, "months", Zone::Three).normal(652, 1_101, now),
        backup(5_541, 31 * DAY - HOUR, 61_930_500, "months", Zone::Zero).normal(652, 1_102, now),
        rotating,
        backup(5_720, 2 * DAY + 2 * HOUR, 10_312_004, "days", Zone::Z).normal(652, 1_101, now),
        backup(5_721, 2 * DAY, 62_114_816, "days", Zone::Three).normal(652, 1_102, now),
        unbuilt(now),
    ]
}

/// A backup that is being taken: no size, no time of completion.
fn unbuilt(now: i64) -> OnAppBackup {
    let mut backup = backup(5_733, 240, 0, "manual", Zone::Zero).normal(652, 1_102, now);
    for (member, value) in
        [("backup_size", Value::Null), ("built", json!(false)), ("built_at", Value::Null), ("locked", json!(true))]
    {
        backup.record.insert(member.to_owned(), value);
    }
    backup
}

/// A record of an old version: the size a string, the type an old value, half the members missing (recorded).
fn old_style(now: i64) -> OnAppBackup {
    let created = now - 410 * DAY;
    OnAppBackup {
        machine: 652,
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
            "updated_at": time(created + 7, Zone::Z),
            "backup_type": "days-autobackup",
            "built_at": time(created + 7, Zone::Z),
            "built": true,
            "created_at": time(created, Zone::Z),
            "template_id": 1,
            "marked_for_delete": false,
            "id": 68,
        })),
    }
}

/// Many backups of both kinds, for lists that span pages.
fn archive_backups(count: usize, now: i64) -> Vec<OnAppBackup> {
    (0..count)
        .map(|number| {
            let step = u64::try_from(number).unwrap_or_default();
            let age = i64::try_from(count - number).unwrap_or_default() * HOUR;
            let backup = backup(10_000 + step, age, 1_024 * (1 + step), "days", Zone::Zero);
            match number % 2 {
                0 => backup.normal(900, 1_900, now),
                _ => backup.incremental(900, now),
            }
        })
        .collect()
}
