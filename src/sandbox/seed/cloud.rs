//! The OnApp cloud of a small hosting company: servers of every kind with their disks, backups, schedules and
//! transactions; and one more server in large worlds.

mod backups;
mod history;
mod schedules;

use serde_json::{Value, json};

use crate::sandbox::cloud::times::{Zone, timestamp};
use crate::sandbox::cloud::{Cloud, Record, USER, record};
use crate::sandbox::identifiers::{onapp_identifier, password};

const DAY: i64 = 86_400;

/// New objects are numbered from here, above all seeded numbers.
const FIRST_NUMBER: u64 = 100_000;

/// Makes the cloud as of `now`; `more` backups go to a server of their own.
pub(super) fn cloud(more: usize, now: i64) -> Cloud {
    let mut cloud = Cloud {
        serial: FIRST_NUMBER + u64::try_from(more).unwrap_or_default(),
        machines: vec![
            machine(488, "web1", 45, true, now),
            machine(652, "db1", 120, false, now),
            machine(701, "test1", 20, true, now),
            windows(machine(733, "win1", 100, true, now)),
            machine(745, "files1", 60, false, now),
            machine(760, "app1", 40, true, now),
        ],
        disks: vec![
            disk(1_040, 488, 1, 40, now),
            disk(1_041, 488, 2, 5, now),
            disk(1_101, 652, 1, 20, now),
            disk(1_102, 652, 2, 100, now),
            disk(1_180, 701, 1, 20, now),
            ntfs(disk(1_200, 733, 1, 60, now)),
            ntfs(disk(1_201, 733, 2, 40, now)),
            disk(1_220, 745, 1, 60, now),
            disk(1_240, 760, 1, 30, now),
            disk(1_241, 760, 2, 10, now),
        ],
        backups: backups::of_the_company(now),
        schedules: schedules::of_the_company(now),
        presets: schedules::presets(now),
        points: history::points(now),
        resources: history::resources(now),
        transactions: history::transactions(now),
        templates: Vec::new(),
    };
    if more > 0 {
        cloud.machines.push(machine(900, "archive1", 20, false, now));
        cloud.disks.push(disk(1_900, 900, 1, 20, now));
        cloud.backups.extend(backups::archive(more, now));
    }
    cloud
}

/// Turns a VM into one that runs Windows, which gets backups of its disks only (documented).
fn windows(mut machine: Record) -> Record {
    for (key, value) in [
        ("operating_system", "windows"),
        ("operating_system_distro", "2k19"),
        ("template_label", "Windows Server 2019 x64 STD"),
    ] {
        machine.insert(key.to_owned(), json!(value));
    }
    machine
}

fn ntfs(mut disk: Record) -> Record {
    for (key, value) in [("file_system", json!("ntfs")), ("mount_point", Value::Null), ("has_autobackups", json!(true))]
    {
        disk.insert(key.to_owned(), value);
    }
    disk
}

/// Makes a server; its passwords are sent in clear (recorded).
fn machine(id: u64, label: &str, size: u32, incremental: bool, now: i64) -> Record {
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
        "user_id": USER,
        "note": null,
        "initial_root_password": password(&name),
        "remote_access_password": password(&format!("console {name}")),
        "service_password": password(&format!("service {name}")),
        "support_incremental_backups": incremental,
        "time_zone": null,
        "deleted_at": null,
        "ip_addresses": [{ "ip_address": {
            "id": id + 4_000,
            "address": format!("198.51.100.{}", id % 250 + 1),
            "netmask": "255.255.255.0",
        }}],
        "created_at": timestamp(now - 700 * DAY, Zone::Zero),
        "updated_at": timestamp(now - 3 * DAY, Zone::Zero),
    }))
}

fn disk(id: u64, machine: u64, number: u32, size: u32, now: i64) -> Record {
    let swap = number == 2 && matches!(machine, 488 | 760);
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
        "created_at": timestamp(now - 700 * DAY, Zone::Z),
        "updated_at": timestamp(now - 40 * DAY, Zone::Z),
    }))
}
