//! How much memory commands take that read a whole cloud, by the process's own account.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, katapult, onapp};
use crate::requests::organization;
use crate::server::{Answer, Server};

/// Asserts that so many rows take at most so much more than one, in bytes, of 5,000 rows.
///
/// What an allocator holds back differs by a megabyte from run to run, and counts five times here: the lowest of a few
/// measurements says what the rows take.
fn takes_at_most(what: &str, limit: u64, serve: impl Fn(usize) -> Server, command: impl Fn(&Server) -> Bpctl) {
    const ROWS: usize = 1_000;
    const MEASUREMENTS: usize = 5;
    let peak = |rows| {
        let server = serve(rows);
        let (run, peak) = command(&server).spawn().wait_measuring();
        run.ok();
        peak
    };
    let mut lowest = u64::MAX;
    for _ in 0..MEASUREMENTS {
        lowest = lowest.min(peak(ROWS).saturating_sub(peak(1)) * 5_000 / ROWS as u64);
        if lowest <= limit {
            return;
        }
    }
    panic!("{what}: {} KiB for 5,000 rows, in the best of {MEASUREMENTS} measurements", lowest >> 10);
}

/// A cloud of so many VMs, each with a week of backups.
fn cloud(machines: usize) -> Server {
    let now = jiff::Timestamp::from_second(crate::world::now()).unwrap();
    let machine = |id: usize| {
        json!({"virtual_machine": {
            "id": id, "identifier": format!("bench{id:09}"), "label": format!("node-{id}"), "hostname": format!("node-{id}"),
            "booted": true, "built": true, "locked": false, "suspended": false, "state": "on", "cpus": 2, "memory": 2048,
            "total_disk_size": 45, "operating_system": "linux", "operating_system_distro": "rhel", "template_id": 128,
            "template_label": "CentOS 7.9 x64", "user_id": 7, "note": null, "support_incremental_backups": true,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "ip_addresses": [{"ip_address": {"id": id, "address": "198.51.100.1", "netmask": "255.255.255.0"}}],
        }})
    };
    let backup = |day: i64| {
        let at = jiff::Timestamp::from_second(now.as_second() - day * 86_400).unwrap().to_string();
        json!({"backup": {
            "id": day, "built": true, "built_at": at, "created_at": at, "backup_size": 2048, "backup_type": "incremental",
            "target_type": "VirtualMachine", "target_id": 1, "marked_for_delete": false,
        }})
    };
    let list = Answer::json(200, &Value::Array((1..=machines).map(machine).collect()));
    let backups = Answer::json(200, &Value::Array((0..7).map(backup).collect()));
    Server::start(
        move |request| {
            if request.path().ends_with("/virtual_machines.json") { list.clone() } else { backups.clone() }
        },
    )
}

/// A file that takes the result: nothing reads a pipe while the process is measured.
fn to_file(home: &Home) -> [String; 2] {
    ["--output-file".to_owned(), home.path("result").display().to_string()]
}

#[test]
fn a_check_of_5000_vms_fits_into_32_mib() {
    let home = Home::new();
    let [flag, file] = to_file(&home);
    // The program itself takes ten of them.
    for format in ["json", "nagios", "prometheus"] {
        takes_at_most(&format!("check --format {format}"), 22 << 20, cloud, |server| {
            onapp(server, &["check", "--max-wait", "10m", "--format", format, &flag, &file])
        });
    }
}

#[test]
fn a_snapshot_and_a_report_of_5000_vms_are_small() {
    let home = Home::new();
    let [flag, file] = to_file(&home);
    let empty = katapult(&organization(1).serve(), &["snapshot"]).run();
    let before = home.file("before.json", &empty.stdout).display().to_string();
    let serve = |rows| organization(rows).serve();
    takes_at_most("report", 25 << 20, serve, |server| katapult(server, &["report", "--format", "csv", &flag, &file]));
    // A snapshot of now is a part of it.
    takes_at_most("diff", 60 << 20, serve, |server| katapult(server, &["diff", &before, "--limit", "1"]));
}
