//! `bpctl check` on OnApp: disks, recovery points and schedules, and what is asked for to know them.

use serde_json::{Value, json};

use crate::check::{HOUR, ago, backup, cloud_answer, disk_backup, mixed_world, of_all, two_clouds, verdicts};
use crate::harness::{Run, onapp};
use crate::server::{Answer, Request, Server};

type Vms = Vec<(u64, &'static str, Vec<Value>)>;

/// A cloud that answers some paths otherwise.
fn cloud_but(vms: Vms, other: impl Fn(&str, &Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let path = request.path().trim_start_matches("/flexapi").to_owned();
        other(&path, request).unwrap_or_else(|| cloud_answer(request, &vms))
    })
}

fn disk(id: u64, machine: u64, is_swap: bool) -> Value {
    json!({"disk": {"id": id, "virtual_machine_id": machine, "is_swap": is_swap}})
}

fn schedule(id: u64, kind: &str, target: u64, period: &str, status: &str) -> Value {
    json!({"schedule": {"id": id, "target_type": kind, "target_id": target, "duration": 1, "period": period,
        "rotation_period": 7, "status": status, "start_at": ago(-HOUR), "action": "autobackup"}})
}

fn json(server: &Server, args: &[&str]) -> Run {
    onapp(server, &["check", "-o", "json"]).args(args).run()
}

/// Status and reason of the only VM.
fn verdict(run: &Run) -> (String, String) {
    let [_, status, reason] = verdicts(&run.json()).remove(0);
    (status, reason)
}

fn asked(server: &Server, end: &str) -> usize {
    server.requests().iter().filter(|request| request.path().ends_with(end)).count()
}

#[test]
fn every_disk_that_holds_data_counts_and_swap_does_not() {
    let vms = || vec![(1, "db", vec![disk_backup(11, 7, HOUR), disk_backup(12, 9, 900 * HOUR)])];
    let with = |disks: Vec<Value>| {
        cloud_but(vms(), move |path, _| {
            (path == "/virtual_machines/1/disks.json").then(|| Answer::json(200, &json!(disks)))
        })
    };
    // Disk 9 was removed, and its backups are still there.
    json(&with(vec![disk(7, 1, false), disk(8, 1, true)]), &[]).ok();
    let bare = json(&with(vec![disk(7, 1, false), disk(8, 1, false)]), &[]).exits(10);
    assert_eq!(verdict(&bare), ("critical".to_owned(), "no finished backup of disk 8".to_owned()));
    assert_eq!(bare.json()["summary"]["uncovered"], 1);
    let closed = cloud_but(vms(), |path, _| path.ends_with("/disks.json").then(|| Answer::empty(403)));
    let (status, reason) = verdict(&json(&closed, &[]).exits(9));
    assert!(status == "unknown" && reason.starts_with("its disks could not be read: "), "{reason}");
}

#[test]
fn a_newer_backup_of_the_whole_vm_makes_disks_unimportant() {
    let server = cloud_but(vec![(1, "db", vec![disk_backup(11, 7, 90 * HOUR), backup(12, HOUR)])], |_, _| None);
    json(&server, &[]).ok();
    assert_eq!(asked(&server, "/disks.json"), 0);
}

/// So many VMs whose disks are backed up.
fn many(count: u64) -> Vms {
    (1..=count).map(|id| (id, "node", vec![disk_backup(id + 500, id + 100, HOUR)])).collect()
}

#[test]
fn the_disks_of_many_vms_are_one_list_where_that_is_permitted() {
    // Not as many as a usual page, after which one more would be asked for.
    let admin = cloud_but(many(21), |path, _| {
        let all: Vec<Value> = (1..=21).map(|id| disk(id + 100, id, false)).collect();
        (path == "/settings/disks.json").then(|| Answer::json(200, &json!(all)))
    });
    json(&admin, &[]).ok();
    assert_eq!((asked(&admin, "/settings/disks.json"), admin.count()), (1, 23));
    let user = cloud_but(many(21), |path, _| path.starts_with("/settings").then(|| Answer::empty(403)));
    json(&user, &[]).ok();
    assert_eq!(user.count(), 44, "one list of each VM instead");
}

#[test]
fn recovery_points_count_where_backups_are_not_enough() {
    let point = |state: &str, age| json!([{"recovery_point": {"id": 31, "state": state, "size": 40, "virtual_machine_id": 1, "created_at": ago(age)}}]);
    let with = |state: &'static str, age: i64| {
        cloud_but(vec![(1, "db", vec![backup(11, 90 * HOUR)])], move |path, _| {
            path.ends_with("/recovery_points.json").then(|| Answer::json(200, &point(state, age)))
        })
    };
    let document = json(&with("available", HOUR), &[]).ok().json();
    assert_eq!(document["machines"][0]["last"]["kind"], "recovery point", "{document}");
    json(&with("built", HOUR), &[]).ok();
    assert_eq!(verdict(&json(&with("failed", HOUR), &[]).exits(10)).0, "critical");
    assert_eq!(verdict(&json(&with("built", 40 * HOUR), &[]).exits(10)).1, "last backup 40 h ago (max 26 h)");
}

#[test]
fn recovery_points_that_cannot_be_read_make_nothing_ok() {
    let with = |status: u16| {
        cloud_but(vec![(1, "db", vec![backup(11, 90 * HOUR)])], move |path, _| {
            path.ends_with("/recovery_points.json").then(|| Answer::empty(status))
        })
    };
    let check = |status, args: &[&str]| verdict(&json(&with(status), args));
    assert_eq!(check(404, &[]), ("critical".to_owned(), "last backup 3 days ago (max 26 h)".to_owned()));
    let (status, reason) = check(403, &[]);
    assert!(status == "critical" && reason.ends_with("; its recovery points may not be read"), "{reason}");
    let (status, reason) = check(500, &["--retries", "0"]);
    assert!(status == "unknown" && reason.contains("its recovery points could not be read: "), "{reason}");
    let stale: Vms = (1..=30).map(|id| (id, "node", vec![])).collect();
    let server = cloud_but(stale, |_, _| None);
    json(&server, &[]).exits(10);
    assert!(asked(&server, "/recovery_points.json") <= 6, "a cloud without them is not asked again");
}

#[test]
fn each_policy_is_the_limit() {
    let schedules = || {
        vec![
            schedule(61, "VirtualMachine", 1, "days", "enabled"),
            schedule(62, "VirtualMachine", 2, "weeks", "enabled"),
            schedule(63, "VirtualMachine", 3, "days", "disabled"),
            // A disk that has the number of a VM.
            schedule(64, "Disk", 3, "days", "enabled"),
        ]
    };
    let vms = || -> Vms {
        let of = |age| vec![backup(age as u64, age * HOUR)];
        vec![(1, "daily", of(30)), (2, "weekly", of(100)), (3, "paused", of(1))]
    };
    let expected = [
        ["daily", "critical", "last backup 30 h ago (max 24 h)"],
        ["paused", "critical", "no enabled policy"],
        ["weekly", "ok", "last backup 4 days ago"],
    ]
    .map(|row| row.map(String::from));
    let by_vm = cloud_but(vms(), move |path, _| {
        let of_vm = path.strip_prefix("/virtual_machines/")?.strip_suffix("/schedules.json");
        if let Some(vm) = of_vm {
            let is_own = |one: &&Value| {
                one["schedule"]["target_type"] != "Disk" && one["schedule"]["target_id"] == vm.parse::<u64>().unwrap()
            };
            return Some(Answer::json(200, &json!(schedules().iter().filter(is_own).collect::<Vec<_>>())));
        }
        None
    });
    let run = json(&by_vm, &["--per-policy"]).exits(10);
    assert_eq!(verdicts(&run.json()), expected);
    assert_eq!(run.json()["machines"][0]["limit_seconds"], 86_400 + 900);
    json(&by_vm, &["--per-policy", "--vm", "daily", "--grace", "7h"]).ok();
    // With more VMs than requests in flight, the schedules of the cloud are one list.
    let at_once = cloud_but(vms(), move |path, _| {
        (path == "/settings/schedules.json").then(|| Answer::json(200, &json!(schedules())))
    });
    assert_eq!(verdicts(&json(&at_once, &["--per-policy", "--concurrency", "1"]).exits(10).json()), expected);
    assert_eq!(asked(&at_once, "/schedules.json"), 1);
    let none = cloud_but(vms(), |_, _| None);
    let run = json(&none, &["--per-policy"]).exits(9);
    let (status, reason) = verdict(&run);
    assert!(status == "unknown" && reason.starts_with("its schedules could not be read: "), "{reason}");
}

#[test]
fn both_clouds_are_judged_by_their_own_policies() {
    let cloud = cloud_but(vec![(1, "fresh", vec![backup(11, HOUR)])], |path, _| {
        let own = [schedule(61, "VirtualMachine", 1, "days", "enabled")];
        path.ends_with("/schedules.json").then(|| Answer::json(200, &json!(own)))
    });
    let world = mixed_world();
    let home = two_clouds(&world, &cloud);
    let document = of_all(&home, &["--match", "fresh*", "--per-policy", "-o", "json"]).run().ok().json();
    let rows = document["machines"].as_array().unwrap();
    let basis: Vec<&Value> = rows.iter().map(|row| &row["basis"]).collect();
    assert_eq!(basis, ["backups", "schedule"]);
    assert!(rows.iter().all(|row| row["limit_seconds"] == 86_400 + 900), "{document}");
}
