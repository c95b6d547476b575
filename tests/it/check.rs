//! `bpctl check`: the verdict on each VM, what is selected, and how the exit code follows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::coverage::{disks, listed_disk};
use crate::harness::{Bpctl, Home, Run, bare, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::world::{World, now, policy, vm};

/// A time in the past, as OnApp writes it.
pub fn ago(seconds: i64) -> String {
    jiff::Timestamp::from_second(now() - seconds).unwrap().to_string()
}

/// A finished backup of a whole VM.
pub fn backup(id: u64, age: i64) -> Value {
    json!({"id": id, "built": true, "built_at": ago(age), "created_at": ago(age + 90), "backup_size": 2048,
        "backup_type": "incremental", "target_type": "VirtualMachine", "target_id": 488, "marked_for_delete": false})
}

/// A finished backup of a disk.
pub fn disk_backup(id: u64, disk: u64, age: i64) -> Value {
    let mut backup = backup(id, age);
    backup["backup_type"] = json!("normal");
    backup["target_type"] = json!("Disk");
    backup["target_id"] = json!(disk);
    backup
}

/// An OnApp cloud: VMs by number and label, each with its backups, and with the disks that have some. It has no recovery
/// points.
pub fn cloud_answer(request: &Request, vms: &[(u64, &str, Vec<Value>)]) -> Answer {
    let path = request.path().trim_start_matches("/flexapi/virtual_machines");
    if path == ".json" {
        let list: Vec<Value> =
            vms.iter().map(|(id, label, _)| json!({"virtual_machine": {"id": id, "label": label}})).collect();
        return Answer::json(200, &json!(list));
    }
    for (id, label, backups) in vms {
        if path == format!("/{id}.json") {
            return Answer::json(200, &json!({"virtual_machine": {"id": id, "label": label}}));
        }
        if path == format!("/{id}/backups.json") {
            let list: Vec<Value> = backups.iter().map(|backup| json!({"backup": backup})).collect();
            return Answer::json(200, &json!(list));
        }
        if path == format!("/{id}/disks.json") {
            let disks: BTreeSet<u64> = backups
                .iter()
                .filter(|one| one["target_type"] == "Disk")
                .filter_map(|one| one["target_id"].as_u64())
                .collect();
            let list: Vec<Value> = disks.iter().map(|disk| json!({"disk": {"id": disk, "is_swap": false}})).collect();
            return Answer::json(200, &json!(list));
        }
    }
    Answer::json(404, &json!({"errors": ["not found"]}))
}

fn cloud(vms: Vec<(u64, &'static str, Vec<Value>)>) -> Server {
    Server::start(move |request| cloud_answer(request, &vms))
}

pub const HOUR: i64 = 3_600;

/// One VM of each kind.
pub fn mixed_cloud() -> Server {
    cloud(vec![
        (1, "fresh", vec![backup(11, 40 * HOUR), backup(12, HOUR)]),
        (2, "late", vec![backup(21, 30 * HOUR)]),
        (3, "bare", vec![]),
        (4, "half", vec![disk_backup(41, 7, HOUR), disk_backup(42, 8, 90 * HOUR)]),
    ])
}

/// Four Katapult VMs: punctual, overdue, without a policy, with an uncovered disk.
pub fn mixed_world() -> Server {
    let machine = |name: &str| vm(&format!("vm_{name}"), name, &format!("{name}.acme.example"));
    let mut overdue = policy("p-late", "VirtualMachine", "vm_late", "late", "daily", 7);
    overdue["schedule"]["next_invocation_at"] = json!(now() - 2 * HOUR);
    let world = World::new().vms(["fresh", "late", "bare", "half"].map(machine).to_vec()).policies(vec![
        policy("p-fresh", "VirtualMachine", "vm_fresh", "fresh", "daily", 7),
        overdue,
        policy("p-half", "Disk", "d-half-1", "Disk d-half-1", "weekly", 7),
    ]);
    let all = vec![
        listed_disk("d-fresh", Some("vm_fresh")),
        listed_disk("d-half-1", Some("vm_half")),
        listed_disk("d-half-2", Some("vm_half")),
    ];
    world.serve_but(move |request| disks(request, &all))
}

/// Name, status and reason of each VM.
pub fn verdicts(document: &Value) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let machines = document["machines"].as_array().unwrap();
    machines.iter().map(|row| [text(&row["vm"]["name"]), text(&row["status"]), text(&row["reason"])]).collect()
}

fn names(run: &Run) -> Vec<String> {
    let mut names: Vec<String> = verdicts(&run.json()).into_iter().map(|[name, ..]| name).collect();
    names.sort();
    names
}

#[test]
fn onapp_is_judged_by_its_backups() {
    let server = mixed_cloud();
    let run = onapp(&server, &["check", "--max-age", "26h", "-o", "json"]).run().exits(10);
    let document = run.json();
    assert_eq!(
        verdicts(&document),
        [
            ["bare", "critical", "no finished backup"],
            ["half", "critical", "last backup of disk 8 3 days ago (max 26 h)"],
            ["late", "critical", "last backup 30 h ago (max 26 h)"],
            ["fresh", "ok", "last backup 1 h ago"],
        ]
        .map(|row| row.map(String::from))
    );
    let fresh = &document["machines"][3];
    assert_eq!((&fresh["basis"], &fresh["last"]["id"]), (&json!("backups"), &json!("12")), "{document}");
    assert_eq!(
        document["summary"],
        json!({"total": 4, "ok": 1, "warning": 0, "critical": 3, "unknown": 0, "uncovered": 1})
    );
    let asked = |end: &str| server.requests().iter().filter(|request| request.path().ends_with(end)).count();
    assert_eq!((asked("/virtual_machines.json"), asked("/backups.json"), asked("/disks.json")), (1, 4, 1));
    let asked_of_ok = server.requests().iter().filter(|request| request.path().contains("/1/")).count();
    assert_eq!(asked_of_ok, 1, "nothing more is asked for where the backups are enough");
    let table = onapp(&server, &["check", "--vm", "fresh"]).run().ok();
    assert!(table.stdout.contains("fresh  ok      backups  1 h  last backup 1 h ago"), "{}", table.report());
    let warned = onapp(&server, &["check", "--vm", "2", "--max-age", "2d", "--warn-age", "26h", "-o", "json"]).run();
    assert_eq!(warned.exits(10).json()["status"], "warning");
}

#[test]
fn katapult_is_judged_by_its_schedules() {
    let server = mixed_world();
    let run = katapult(&server, &["check", "-o", "json"]).run().exits(10);
    let document = run.json();
    assert_eq!(
        verdicts(&document),
        [
            ["bare.acme.example", "critical", "no policy"],
            ["half.acme.example", "critical", "not covered: Disk d-half-2"],
            ["late.acme.example", "critical", "policy p-late is overdue: its next run was due 2 h ago"],
            ["fresh.acme.example", "ok", "next run in 3 h"],
        ]
        .map(|row| row.map(String::from))
    );
    assert!(document["machines"].as_array().unwrap().iter().all(|row| row["basis"] == "schedule"));
    let check = |args: &[&str]| katapult(&server, &["check", "--vm", "fresh", "-o", "json"]).args(args).run();
    check(&["--max-age", "26h"]).ok();
    let rare = check(&["--max-age", "23h"]).exits(10);
    assert_eq!(verdicts(&rare.json())[0][2], "runs every 24 h at best (max 23 h)");
    assert_eq!(check(&["--per-policy"]).ok().json()["machines"][0]["limit_seconds"], 86_400 + 900);
    katapult(&server, &["check", "--vm", "late", "--grace", "3h"]).run().ok();
}

#[test]
fn vms_are_selected_by_name_pattern_and_tag() {
    let (there, here) = (mixed_cloud(), mixed_world());
    let select = |args: &[&str]| onapp(&there, &["check", "-o", "json"]).args(args).run();
    assert_eq!(names(&select(&["--match", "*a*", "--ignore", "la*"])), ["bare", "half"]);
    assert_eq!(names(&select(&["--vm", "1", "--vm", "late"])), ["fresh", "late"]);
    select(&["--vm", "unknown"]).fails_in_json(3);
    select(&["--tag", "prod"]).fails_in_json(2);
    select(&["--match", "nothing-*"]).exits(9);
    select(&["--match", "nothing-*", "--allow-empty"]).ok();
    let tagged = katapult(&here, &["check", "-o", "json", "--tag", "no-such-tag", "--allow-empty"]).run().ok();
    assert_eq!(tagged.json()["machines"], json!([]));
    let asked = here.to("/core/v1/virtual_machines/virtual_machine").len();
    assert_eq!(asked, 4, "tags take a request a VM");
}

#[test]
fn a_vm_that_is_deleted_meanwhile_is_left_out_and_one_that_cannot_be_read_is_not() {
    let vms = vec![(1, "fresh", vec![backup(11, HOUR)])];
    let server = Server::start(move |request| {
        let mut answer = cloud_answer(request, &vms);
        if request.path().ends_with("virtual_machines.json") {
            let mut list: Value = serde_json::from_slice(answer.body()).unwrap();
            list.as_array_mut().unwrap().push(json!({"virtual_machine": {"id": 9, "label": "gone"}}));
            answer = Answer::json(200, &list);
        }
        answer
    });
    assert_eq!(names(&onapp(&server, &["check", "-o", "json"]).run().ok()), ["fresh"]);
    let forbidden = Server::start(|request| {
        if request.path().contains("/2/backups") {
            Answer::json(403, &json!({"errors": ["no"]}))
        } else {
            cloud_answer(request, &[(1, "fresh", vec![backup(11, HOUR)]), (2, "closed", vec![])])
        }
    });
    let run = onapp(&forbidden, &["check", "-o", "json"]).run().exits(9);
    assert_eq!(verdicts(&run.json())[0][..2], ["closed", "unknown"]);
}

/// A home with the profiles `kat` and `cloud`.
pub fn two_clouds(kat: &Server, cloud: &Server) -> Home {
    let home = Home::new();
    home.file(
        "bpctl.toml",
        &format!(
            "[profiles.kat]\napi_url = \"{}\"\ntoken = \"a\"\n\n[profiles.cloud]\nprovider = \"onapp\"\napi_url = \"{}\"\nuser = \"u\"\ntoken = \"b\"\n",
            kat.katapult_url(),
            cloud.onapp_url()
        ),
    );
    home
}

pub fn of_all(home: &Home, args: &[&str]) -> Bpctl {
    let config = home.path("bpctl.toml").display().to_string();
    bare(&["check", "--all-profiles", "--config", &config]).args(args).home(home)
}

#[test]
fn several_profiles_make_one_result() {
    let (here, there) = (mixed_world(), mixed_cloud());
    let home = two_clouds(&here, &there);
    let document = of_all(&home, &["-o", "json"]).run().exits(10).json();
    assert_eq!(document["summary"]["total"], 8);
    let row =
        |name: &str| document["machines"].as_array().unwrap().iter().find(|row| row["vm"]["name"] == name).cloned();
    let (kat, onapp) = (row("fresh.acme.example").unwrap(), row("fresh").unwrap());
    assert_eq!(
        (&kat["profile"], &kat["provider"], &kat["basis"]),
        (&json!("kat"), &json!("katapult"), &json!("schedule"))
    );
    assert_eq!((&onapp["profile"], &onapp["provider"]), (&json!("cloud"), &json!("onapp")));
    assert!(of_all(&home, &[]).run().exits(10).stdout.starts_with("PROFILE"));
    of_all(&home, &["--vm", "fresh"]).run().ok();
    // What cannot be read is a part of the result.
    let gone = Server::start(|_| Answer::closed());
    let home = two_clouds(&gone, &there);
    let run = of_all(&home, &["-o", "json", "--retries", "0", "--match", "fresh"]).run().exits(9);
    assert_eq!((&run.json()["status"], &run.json()["problems"][0]["profile"]), (&json!("unknown"), &json!("kat")));
}

#[test]
fn options_that_have_no_effect_are_refused() {
    let server = mixed_cloud();
    let check = |args: &[&str]| onapp(&server, &["check"]).args(args).run();
    check(&["--filter", "status=ok", "--format", "prometheus"]).fails_in_words(2);
    check(&["--limit", "1", "-o", "json"]).fails_in_json(2);
    check(&["--max-age", "1h", "--warn-age", "2h"]).fails_in_words(2);
    check(&["--max-age", "soon"]).fails_in_words(2);
    let rows = check(&["--filter", "status=ok", "-o", "csv", "--columns", "vm,status"]).exits(10);
    assert_eq!(rows.stdout, "vm,status\r\nfresh,ok\r\n");
}

/// A policy that moves to the trash before it runs again makes no more backups.
#[test]
fn a_policy_that_is_deleted_before_its_next_run_is_none() {
    let check = |deletion: i64| {
        let mut only = policy("dbp_only", "VirtualMachine", "vm_1", "web-1", "daily", 7);
        only["auto_move_to_trash_at"] = json!(now() + deletion);
        let world = World::new().vms(vec![vm("vm_1", "web-1", "web-1.acme.example")]).policies(vec![only]);
        katapult(&world.serve(), &["check", "-o", "json"]).run()
    };
    check(600).exits(10).mentions(&["no policy"]);
    check(48 * HOUR).ok();
}
