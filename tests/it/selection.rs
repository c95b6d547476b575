//! `--match`, `--tag`, `--filter` and `--exclude`: the same selection for writes and for reports. What cannot be read never
//! drops out in silence.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, Run, bare, katapult};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};
use crate::world::{DISK, FQDN, VM, World, policy, vm};

const VM_PATH: &str = "/core/v1/virtual_machines/virtual_machine";

/// Four VMs with a daily policy each, a weekly one of the first, and one of the disk of web-1.
fn world() -> World {
    let machine = |number: u32| vm(&format!("vm_{number}"), &format!("db-{number}"), &format!("db-{number}.acme.net"));
    let daily = |number: u32, keeps| {
        let (id, owner, name) = (format!("dbp_{number}"), format!("vm_{number}"), format!("db-{number}"));
        policy(&id, "VirtualMachine", &owner, &name, "daily", keeps)
    };
    World::new().vms(vec![machine(1), machine(2), machine(3), vm(VM, "web-1", FQDN)]).policies(vec![
        daily(1, 7),
        daily(2, 30),
        daily(3, 7),
        policy("dbp_weekly", "VirtualMachine", "vm_1", "db-1", "weekly", 4),
        policy("dbp_disk", "Disk", DISK, "System Disk", "daily", 7),
        policy("dbp_web", "VirtualMachine", VM, "web-1", "daily", 7),
    ])
}

/// Lists leave out tags: only a VM's own answer has them.
fn tags(id: &str) -> Vec<&'static str> {
    match id {
        "vm_1" => vec!["prod", "db"],
        "vm_2" => vec!["db"],
        VM => vec!["prod"],
        _ => Vec::new(),
    }
}

fn with_tags(request: &Request) -> Option<Answer> {
    if request.path() != VM_PATH {
        return None;
    }
    let id = request.query("virtual_machine[id]")?;
    let (name, fqdn) = if id == VM { ("web-1".to_owned(), FQDN.to_owned()) } else { (id.clone(), format!("{id}.net")) };
    let mut machine = vm(&id, &name, &fqdn);
    machine["tag_names"] = json!(tags(&id));
    Some(Answer::json(200, &json!({"annotations": [], "virtual_machine": machine})))
}

fn serve() -> Server {
    world().serve_but(with_tags)
}

/// Serves it, with an error in place of the tags of a VM.
fn serve_without_tags_of(id: &'static str, answer: fn() -> Answer) -> Server {
    world().serve_but(move |request| {
        let is_it = request.path() == VM_PATH && request.query("virtual_machine[id]").as_deref() == Some(id);
        if is_it { Some(answer()) } else { with_tags(request) }
    })
}

fn unreadable() -> Answer {
    Answer::error(500, "null_value_for_non_null_field")
}

fn asked_for_tags(server: &Server) -> usize {
    server.to(VM_PATH).len()
}

fn written(server: &Server) -> Vec<String> {
    let id = |body: Value| body["disk_backup_policy"]["id"].as_str().unwrap().to_owned();
    server.writes().iter().map(|write| id(write.json())).collect()
}

fn dry(server: &Server, words: &[&str]) -> Vec<String> {
    let run = katapult(server, words).args(&["--dry-run", "-o", "json"]).run().ok();
    assert!(server.writes().is_empty());
    let id = |request: &Value| request["body"]["disk_backup_policy"]["id"].as_str().unwrap().to_owned();
    run.json()["requests"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn policies_are_selected_in_the_same_words_for_every_write() {
    let server = serve();
    for verb in [
        &["policies", "update", "--retention", "60"][..],
        &["policies", "delete"],
        &["policies", "schedule-delete", "--at", "+2d"],
    ] {
        let of = |words: &[&str]| dry(&server, &[verb, words].concat());
        assert_eq!(of(&["--match", "db-*"]), ["dbp_1", "dbp_2", "dbp_3", "dbp_weekly"], "{verb:?}");
        assert_eq!(of(&["--match", "db-1", "--match", "web-*"]), ["dbp_1", "dbp_weekly", "dbp_web"]);
        assert_eq!(of(&["--match", "*", "--exclude", "db-*"]), ["dbp_disk", "dbp_web"]);
        // A VM is left out with its disks.
        assert_eq!(of(&["--match", "*", "--exclude", "web-1"]), ["dbp_1", "dbp_2", "dbp_3", "dbp_weekly"]);
        assert_eq!(of(&["--tag", "prod"]), ["dbp_1", "dbp_weekly", "dbp_disk", "dbp_web"]);
        assert_eq!(of(&["--tag", "prod", "--tag", "db"]), ["dbp_1", "dbp_weekly"]);
        assert_eq!(of(&["--match", "*", "--exclude", "tag:prod"]), ["dbp_2", "dbp_3"]);
        assert_eq!(of(&["--filter", "retention < 7"]), ["dbp_weekly"]);
        assert_eq!(of(&["--tag", "prod", "--filter", "interval = daily"]), ["dbp_1", "dbp_disk", "dbp_web"]);
        // Lists leave out the hour: it is read from each policy.
        assert_eq!(of(&["--match", "db-*", "--filter", "time=2", "--filter", "retention=30"]), ["dbp_2"]);
    }
    assert_eq!(
        dry(&server, &["policies", "update", "--tag", "db", "--interval-is", "weekly", "--retention", "9"]).len(),
        1
    );
}

#[test]
fn tags_are_read_once_and_only_where_they_are_needed() {
    let server = serve();
    assert_eq!(dry(&server, &["policies", "delete", "--match", "db-1", "--tag", "prod"]).len(), 2);
    assert_eq!(asked_for_tags(&server), 1, "two policies of one VM");
    let server = serve();
    katapult(&server, &["policies", "delete", "--match", "db-*", "--yes"]).run().ok();
    assert_eq!(asked_for_tags(&server), 0);
    let server = serve();
    katapult(&server, &["coverage", "--match", "db-*", "--tag", "db"]).run().ok();
    assert_eq!(asked_for_tags(&server), 3);
}

#[test]
fn what_is_selected_is_deleted_after_a_canary() {
    let server = serve();
    let delete = ["policies", "delete", "--match", "db-*"];
    let refused = katapult(&server, &delete).args(&["-o", "json"]).run().fails(2, "confirmation_required");
    for id in ["dbp_1", "dbp_2", "dbp_3", "dbp_weekly"] {
        assert!(refused.error()["message"].as_str().unwrap().contains(id), "{}", refused.report());
    }
    let left_without = "left without any policy: db-1.acme.net, db-2.acme.net, db-3.acme.net";
    katapult(&server, &delete).run().fails_in_words(2).mentions(&[left_without]);
    assert!(server.writes().is_empty());
    let run = katapult(&server, &delete).args(&["--yes", "-o", "id"]).run().ok();
    run.mentions(&["4 of 4 matching", "canary verified; continuing", "left without any policy: db-1.acme.net"]);
    assert_eq!(written(&server), ["dbp_1", "dbp_2", "dbp_3", "dbp_weekly"]);
    let left = katapult(&server, &["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(left.stdout, "dbp_disk\ndbp_web\n");
}

#[test]
fn a_vm_with_another_policy_is_not_left_without() {
    let server = serve();
    let run = katapult(&server, &["policies", "delete", "--filter", "interval=weekly", "--dry-run"]).run().ok();
    assert!(!run.stderr.contains("left without"), "{}", run.report());
    let run = katapult(&server, &["policies", "delete", "--match", "web-1", "--dry-run"]).run().ok();
    assert!(!run.stderr.contains("left without"), "its disk has one: {}", run.report());
}

#[test]
fn too_many_deletions_are_refused_before_anything_is_sent() {
    let server = serve();
    for verb in [&["policies", "delete"][..], &["policies", "schedule-delete", "--at", "+2d"]] {
        let run = katapult(&server, verb).args(&["--match", "db-*", "--max-changes", "3", "--yes", "-o", "json"]).run();
        run.fails(2, "usage").mentions(&["4 policies would change, more than `--max-changes 3`"]);
        let shown = katapult(&server, verb).args(&["--match", "db-*", "--max-changes", "3", "--dry-run"]).run().ok();
        shown.mentions(&["--max-changes 3", "nothing is sent"]);
    }
    assert!(server.writes().is_empty());
    katapult(&server, &["policies", "delete", "--match", "db-*", "--max-changes", "4", "--yes"]).run().ok();
    assert_eq!(server.writes().len(), 4);
}

#[test]
fn a_failed_deletion_stops_the_rest() {
    let refuses = |id: &'static str| {
        world().serve_but(move |request| {
            let is_meant = request.method == "DELETE" && request.json()["disk_backup_policy"]["id"] == id;
            is_meant.then(|| Answer::error(403, "permission_denied"))
        })
    };
    let delete = ["policies", "delete", "--match", "db-*", "--yes", "-o", "json"];
    let server = refuses("dbp_1");
    katapult(&server, &delete).arg("--keep-going").run().exits(4);
    assert_eq!(written(&server), ["dbp_1"], "the canary stops in any case");
    let server = refuses("dbp_2");
    let run = katapult(&server, &delete).run().exits(9);
    assert_eq!(run.error()["detail"]["not_tried"], json!(["dbp_3", "dbp_weekly"]));
    let server = refuses("dbp_2");
    katapult(&server, &delete).args(&["--keep-going", "--canary", "1"]).run().exits(9);
    assert_eq!(written(&server), ["dbp_1", "dbp_2", "dbp_3", "dbp_weekly"]);
}

#[test]
fn a_selection_of_nothing_is_not_found() {
    let server = serve();
    for words in [
        &["policies", "delete", "--match", "x-*"][..],
        &["policies", "delete", "--tag", "x"],
        &["policies", "delete", "--filter", "retention > 1000"],
        &["policies", "schedule-delete", "--at", "+2d", "--match", "x-*"],
        &["policies", "update", "--retention", "30", "--tag", "x"],
        &["coverage", "--match", "x-*"],
        &["coverage", "--tag", "x", "--fail-on", "none"],
        &["lint", "--match", "x-*"],
        &["lint", "--exclude", "*"],
    ] {
        let run = katapult(&server, words).args(&["--yes", "-o", "json"]).run();
        run.fails(3, "not_found").mentions(&["selected by"]);
    }
    assert!(server.writes().is_empty());
    // A check of nothing is unknown, as ever.
    katapult(&server, &["check", "--tag", "x"]).run().exits(9);
}

#[test]
fn a_selection_that_says_too_little_or_too_much_is_refused() {
    let server = serve();
    for words in [
        &["policies", "delete", "--exclude", "db-*"][..],
        &["policies", "delete", "--max-changes", "3"],
        &["policies", "delete", "dbp_1", "--canary", "1"],
        &["policies", "delete", "dbp_1", "--match", "db-*"],
        &["policies", "delete", "dbp_1", "--filter", "retention=7"],
        &["policies", "delete", "--filter", "no_such_column=7"],
        &["policies", "delete", "--match", ""],
        &["policies", "schedule-delete", "--at", "+2d", "dbp_1", "--tag", "db"],
        &["policies", "restore", "dbp_1", "--filter", "retention=7"],
        &["policies", "update", "--retention", "30", "--exclude", "tag:"],
    ] {
        katapult(&server, words).arg("--yes").run().fails_in_words(2);
    }
    assert_eq!(server.count(), 0);
}

/// The filter chose what to change: the result is shown although it does not match any more.
#[test]
fn results_are_shown_whatever_was_filtered() {
    let server = serve();
    let update = ["policies", "update", "--filter", "retention = 7", "--retention", "8", "-o", "id"];
    let run = katapult(&server, &update).run().ok();
    assert_eq!(run.stdout, "dbp_1\ndbp_3\ndbp_disk\ndbp_web\n");
    katapult(&server, &update).run().fails_in_words(3);
    let delete = ["policies", "delete", "--filter", "retention = 8", "--yes", "-o", "id"];
    assert_eq!(katapult(&server, &delete).run().ok().stdout.lines().count(), 4);
}

#[test]
fn reports_are_about_what_is_selected() {
    let server = serve();
    let names = |words: &[&str]| {
        let run = katapult(&server, words).args(&["-o", "json"]).run();
        let name = |row: &Value| row["name"].as_str().or(row["vm"]["name"].as_str()).unwrap().to_owned();
        let rows = run.json();
        let rows = rows.as_array().or(rows["machines"].as_array()).unwrap().clone();
        let mut names: Vec<String> = rows.iter().map(name).collect();
        names.sort();
        names
    };
    for noun in ["coverage", "check"] {
        assert_eq!(names(&[noun, "--match", "db-?", "--exclude", "db-2"]), ["db-1.acme.net", "db-3.acme.net"]);
        assert_eq!(names(&[noun, "--tag", "prod"]), ["db-1.acme.net", FQDN]);
        assert_eq!(names(&[noun, "--exclude", "tag:prod"]), ["db-2.acme.net", "db-3.acme.net"]);
        assert_eq!(names(&[noun, "--ignore", "db-*"]), [FQDN], "the older spelling");
    }
    // Nothing but the selection is judged, and everything of it, shown or not.
    let judged = |words: &[&str]| {
        katapult(&server, &["coverage", "--min-retention", "10", "--fail-on", "weak"]).args(words).run()
    };
    judged(&["--match", "db-2"]).ok();
    judged(&["--match", "db-*"]).exits(10).mentions(&["2 of 3"]);
    judged(&["--match", "db-*", "--filter", "verdict=ok"]).exits(10);
    let lint = |words: &[&str]| {
        katapult(&server, &["lint", "--max-per-minute", "2", "-o", "json"]).args(words).run().ok().json()
    };
    assert!(lint(&[]).to_string().contains("W013"));
    assert!(!lint(&["--match", "db-2"]).to_string().contains("W013"));
}

#[test]
fn a_report_file_says_that_it_is_about_a_part() {
    let server = serve();
    let run = katapult(&server, &["coverage", "--match", "db-*", "--report", "-"]).run().ok();
    assert!(run.stdout.contains("selected by: --match db-*"), "{}", run.report());
}

#[test]
fn a_vm_whose_tags_cannot_be_read_never_drops_out() {
    for words in [&["--tag", "prod"][..], &["--exclude", "tag:prod"]] {
        let server = serve_without_tags_of("vm_2", unreadable);
        let run =
            |command: &[&str]| katapult(&server, command).args(words).args(&["-o", "json", "--retries", "0"]).run();
        let coverage = run(&["coverage", "--fail-on", "none"]).exits(9).mentions(&["tags", "db-2"]);
        assert!(coverage.stdout.contains("db-2.acme.net"), "{}", coverage.report());
        run(&["lint"]).exits(9).mentions(&["tags", "db-2"]);
        let check = run(&["check"]).exits(9);
        let row = |row: &&Value| row["vm"]["id"] == "vm_2";
        let json = check.json();
        let row = json["machines"].as_array().unwrap().iter().find(row).unwrap();
        assert_eq!(row["status"], "unknown");
        assert!(row["reason"].as_str().unwrap().contains("tags cannot be read"), "{row}");
    }
}

/// A write leaves such a VM's policies alone, and says so.
#[test]
fn a_policy_whose_tags_are_unknown_is_not_deleted() {
    let server = serve_without_tags_of("vm_2", unreadable);
    let delete = ["policies", "delete", "--match", "db-*", "--exclude", "tag:prod", "--yes", "-o", "json"];
    let run = katapult(&server, &delete).args(&["--retries", "0"]).run().exits(9);
    assert_eq!(written(&server), ["dbp_3"]);
    assert_eq!(run.error()["detail"]["failed"][0]["id"], "dbp_2");
    let server = serve_without_tags_of("vm_2", unreadable);
    katapult(
        &server,
        &["policies", "delete", "--match", "db-2", "--tag", "db", "--yes", "-o", "json", "--retries", "0"],
    )
    .run()
    .fails(5, "unreadable");
    assert!(server.writes().is_empty());
}

/// A policy of a VM that is not listed, in the trash perhaps: it may have the tag that protects it.
#[test]
fn a_policy_of_an_unlisted_vm_is_not_deleted_when_a_tag_is_left_out() {
    let stray = policy("dbp_stray", "VirtualMachine", "vm_gone", "db-gone", "daily", 7);
    let server = world()
        .policies(vec![stray, policy("dbp_3", "VirtualMachine", "vm_3", "db-3", "daily", 7)])
        .serve_but(with_tags);
    let delete = ["policies", "delete", "--match", "db-*", "--exclude", "tag:prod", "--yes", "-o", "json"];
    let run = katapult(&server, &delete).run().exits(9).mentions(&["dbp_stray was left alone"]);
    assert_eq!(run.json()[0]["id"], "dbp_3");
    assert_eq!(written(&server), ["dbp_3"]);
}

#[test]
fn a_token_that_may_not_read_vms_is_an_error() {
    for (status, code, exit) in [(403, "scope_not_granted", 4), (403, "permission_denied", 4)] {
        let server = world().serve_but(move |request| (request.path() == VM_PATH).then(|| Answer::error(status, code)));
        for words in [&["coverage"][..], &["lint"], &["check"], &["policies", "delete", "--yes"]] {
            katapult(&server, words).args(&["--tag", "prod", "-o", "json"]).run().exits(exit);
        }
        assert!(server.writes().is_empty());
    }
}

#[test]
fn a_vm_that_is_gone_by_now_is_left_out() {
    let server = serve_without_tags_of("vm_1", || Answer::error(404, "virtual_machine_not_found"));
    let run = katapult(&server, &["coverage", "--tag", "prod", "-o", "id"]).run().ok();
    assert_eq!(run.stdout.trim(), VM);
    run.mentions(&["db-1.acme.net was deleted meanwhile"]);
    let run = katapult(&server, &["policies", "delete", "--tag", "prod", "--dry-run"]).run().ok();
    assert!(!run.stdout.contains("dbp_1"), "{}", run.report());
}

fn two(home: &Home, here: &Server, there: &Server, args: &[&str]) -> Bpctl {
    let profile = |name: &str, server: &Server| {
        format!(
            "[profiles.{name}]\napi_url = \"{}\"\norganization = \"acme\"\ntoken = \"{}\"\n",
            server.katapult_url(),
            crate::harness::TOKEN
        )
    };
    let config = home.file("bpctl.toml", &(profile("one", here) + &profile("other", there)));
    bare(args).args(&["--all-profiles", "--config", &config.display().to_string()]).home(home)
}

/// One profile may have what another has not; that none has it is an error.
#[test]
fn a_selection_over_several_profiles_may_be_empty_in_some() {
    let (here, there, home) = (serve(), World::new().serve(), Home::new());
    let run = two(&home, &here, &there, &["coverage", "--match", "db-2", "-o", "csv", "--columns", "vm"]).run().ok();
    assert_eq!(run.stdout, "profile,vm\r\none,db-2.acme.net\r\n");
    run.mentions(&["other: no VM or disk is selected"]);
    two(&home, &here, &there, &["coverage", "--match", "x-*", "-o", "json"]).run().fails(3, "not_found");
    two(&home, &here, &there, &["lint", "--match", "x-*", "-o", "json"]).run().fails(3, "not_found");
}

fn ids(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn policies_of_an_onapp_cloud_are_deleted_by_selection() {
    let cloud = Cloud::serve(&[]);
    let delete = |args: &[&str]| cloud.bpctl(&["policies", "delete"]).args(args);
    delete(&["--match", "db1*", "-o", "json"]).run().fails(2, "confirmation_required");
    delete(&["--match", "db1*", "--max-changes", "2", "--yes", "-o", "json"]).run().fails(2, "usage");
    delete(&["--tag", "prod", "--yes", "-o", "json"]).run().fails(2, "usage");
    delete(&["--match", "no-*", "--yes", "-o", "json"]).run().fails(3, "not_found");
    let before = cloud.bpctl(&["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(ids(&before), ["31", "32", "41", "42", "43", "51", "52"]);
    let shown = delete(&["--match", "db1*", "--filter", "failures = 0", "--dry-run", "-o", "json"]).run().ok().json();
    assert_eq!(shown["requests"].as_array().unwrap().len(), 2, "{shown}");
    delete(&["--match", "db1*", "--yes"]).run().ok().mentions(&["canary verified", "left without any policy: db1"]);
    let after = cloud.bpctl(&["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(ids(&after), ["31", "32", "51", "52"]);
    let coverage = cloud.bpctl(&["coverage", "--match", "db1", "-o", "json"]).run().ok().json();
    assert_eq!((coverage.as_array().unwrap().len(), &coverage[0]["verdict"]), (1, &json!("none")));
}

/// A condition counts wherever it stands: one that is lost would select more policies to write.
#[test]
fn filters_on_every_side_of_the_names_select_together() {
    let server = world().serve();
    for line in [
        "--filter target=db-1 policies update --filter interval=daily --retention 3 --dry-run -o json",
        "policies --filter target=db-1 update --filter interval=daily --retention 3 --dry-run -o json",
        "--filter target=db-1 policies --filter interval=daily update --retention 3 --dry-run -o json",
        "policies update --filter target=db-1 --filter interval=daily --retention 3 --dry-run -o json",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let requests = katapult(&server, &words).run().ok().json();
        assert_eq!(requests["requests"].as_array().map(Vec::len), Some(1), "{line}: {requests}");
        assert_eq!(requests["before"]["id"], "dbp_1", "{line}");
    }
}
