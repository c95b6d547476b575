//! `policies update --match`: the same change for many, a few of them first.

use serde_json::json;

use crate::harness::{Bpctl, katapult};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, VM, World, policy, vm};

/// Three machines called `db-N` with a daily policy each (one keeps 30 already), and others.
fn world() -> World {
    let machine = |number: u32| vm(&format!("vm_{number}"), &format!("db-{number}"), &format!("db-{number}.acme.net"));
    let daily = |number: u32, keeps| {
        policy(
            &format!("dbp_{number}"),
            "VirtualMachine",
            &format!("vm_{number}"),
            &format!("db-{number}"),
            "daily",
            keeps,
        )
    };
    World::new().vms(vec![machine(1), machine(2), machine(3), machine(4), vm(VM, "web-1", FQDN)]).policies(vec![
        daily(1, 7),
        daily(2, 30),
        daily(3, 7),
        daily(4, 7),
        policy("dbp_weekly", "VirtualMachine", "vm_1", "db-1", "weekly", 4),
        policy("dbp_disk", "Disk", DISK, "System Disk", "daily", 7),
        policy("dbp_web", "VirtualMachine", VM, "web-1", "daily", 7),
    ])
}

fn update(server: &Server, args: &[&str]) -> Bpctl {
    katapult(server, &["policies", "update", "--match", "db-*", "--interval-is", "daily", "--retention", "30"])
        .args(args)
}

fn changed(server: &Server) -> Vec<String> {
    let id = |body: serde_json::Value| body["disk_backup_policy"]["id"].as_str().unwrap().to_owned();
    server.writes().iter().map(|write| id(write.json())).collect()
}

#[test]
fn what_matches_is_changed_and_what_is_so_is_not_written() {
    let server = world().serve();
    let run = update(&server, &["-o", "id"]).run().ok().mentions(&["3 of 4 matching", "canary verified; continuing"]);
    assert_eq!(run.stdout, "dbp_1\ndbp_3\ndbp_4\n");
    assert_eq!(changed(&server), ["dbp_1", "dbp_3", "dbp_4"]);
    let again = update(&server, &["-o", "json"]).run().ok();
    assert_eq!(again.json(), json!([]));
    assert_eq!(server.writes().len(), 3);
}

#[test]
fn names_match_by_fqdn_and_by_the_disks_own_name() {
    for (glob, ids) in [("*.acme.net", vec!["dbp_1", "dbp_3", "dbp_4", "dbp_weekly"]), ("system *", vec!["dbp_disk"])] {
        let server = world().serve();
        katapult(&server, &["policies", "update", "--match", glob, "--retention", "30"]).run().ok();
        assert_eq!(changed(&server), ids, "{glob}");
    }
}

#[test]
fn too_many_changes_are_refused() {
    let server = world().serve();
    update(&server, &["--max-changes", "2", "-o", "json"]).run().fails(2, "usage");
    assert!(server.writes().is_empty());
    update(&server, &["--max-changes", "3"]).run().ok();
    assert_eq!(server.writes().len(), 3);
}

/// The refusal says that a dry run shows what would change: it does.
#[test]
fn a_dry_run_shows_what_is_too_much() {
    let server = world().serve();
    let limit = ["--max-changes", "2", "--dry-run"];
    let shown = update(&server, &limit).args(&["-o", "json"]).run().ok().mentions(&["3 policies", "--max-changes 2"]);
    assert_eq!(shown.json()["requests"].as_array().map(Vec::len), Some(3));
    let words = update(&server, &limit).run().ok().mentions(&["3 policies", "nothing is sent"]);
    assert_eq!(words.stdout.matches("would send PATCH").count(), 3, "{}", words.report());
    assert!(server.writes().is_empty());
}

#[test]
fn weakening_is_confirmed_and_a_dry_run_sends_nothing() {
    let server = world().serve();
    let weaker = ["policies", "update", "--match", "db-*", "--retention", "1"];
    katapult(&server, &weaker).args(&["-o", "json"]).run().fails(2, "confirmation_required");
    let shown = katapult(&server, &weaker).args(&["--dry-run", "-o", "json"]).run().ok().json();
    assert_eq!(shown["requests"].as_array().map(Vec::len), Some(5));
    assert!(server.writes().is_empty());
    katapult(&server, &weaker).arg("--yes").run().ok();
    assert_eq!(server.writes().len(), 5);
}

fn failing(id: &'static str) -> Server {
    world().serve_but(move |request| {
        let is_meant = request.method == "PATCH" && request.json()["disk_backup_policy"]["id"] == id;
        is_meant.then(|| Answer::error(422, "validation_error"))
    })
}

#[test]
fn the_first_failure_stops_without_keep_going() {
    let server = failing("dbp_3");
    let run = update(&server, &["-o", "json"]).run().exits(9);
    assert_eq!(run.error()["detail"]["not_tried"], json!(["dbp_4"]));
    assert_eq!(run.json()[0]["id"], "dbp_1");
    assert_eq!(changed(&server), ["dbp_1", "dbp_3"]);
    let server = failing("dbp_3");
    update(&server, &["--keep-going"]).run().exits(9).mentions(&["1 of 3 policies failed"]);
    assert_eq!(changed(&server), ["dbp_1", "dbp_3", "dbp_4"]);
}

#[test]
fn a_failed_canary_stops_in_any_case() {
    for (canary, tried) in [("1", 1), ("0", 3)] {
        let server = failing("dbp_1");
        update(&server, &["--keep-going", "--canary", canary]).run().exits_nonzero();
        assert_eq!(server.writes().len(), tried, "--canary {canary}");
    }
}

#[test]
fn a_canary_that_was_not_taken_stops_the_rest() {
    let server = world().deaf().serve();
    update(&server, &["--keep-going", "-o", "json"]).run().fails(1, "not_applied");
    assert_eq!(changed(&server), ["dbp_1"]);
}

#[test]
fn nothing_that_matches_is_not_found() {
    let server = world().serve();
    katapult(&server, &["policies", "update", "--match", "x-*", "--retention", "30", "-o", "json"])
        .run()
        .fails(3, "not_found");
}

#[test]
fn ids_and_match_exclude_each_other() {
    let server = world().serve();
    for args in [
        &["dbp_1", "--match", "db-*"][..],
        &["dbp_1", "--interval-is", "daily"],
        &["dbp_1", "--keep-going"],
        &["--match", ""],
        &["--match", "db-*", "--interval-is", "fortnightly"],
    ] {
        katapult(&server, &["policies", "update", "--retention", "30"]).args(args).run().exits(2);
    }
    assert_eq!(server.count(), 0);
}
