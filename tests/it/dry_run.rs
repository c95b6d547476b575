//! `--dry-run`: shows each write and what it would change, needs no confirmation, and sends none.

use serde_json::{Value, json};

use crate::harness::{Run, katapult};
use crate::world::{POLICY, VM, World, policy};

/// Runs dry and checks what holds of every dry run.
fn dry(world: &World, args: &[&str]) -> Run {
    let before = world.current();
    let server = world.serve();
    let run = katapult(&server, args).args(&["--dry-run"]).run().ok();
    assert!(server.writes().is_empty(), "{:?}", server.writes());
    assert_eq!(world.current(), before);
    run
}

/// The one write that a dry run in JSON shows.
fn write(shown: &Value) -> (String, String, Value) {
    let requests = shown["requests"].as_array().expect("a list of requests");
    assert_eq!(requests.len(), 1, "{shown}");
    let text = |name: &str| requests[0][name].as_str().unwrap().to_string();
    (text("method"), text("path"), requests[0]["body"].clone())
}

#[test]
fn update_in_json() {
    let world = World::new();
    // Less is kept, less often: a change that would need confirming.
    let run = dry(&world, &["policy", "update", POLICY, "--retention", "3", "--interval", "weekly", "-o", "json"]);
    let shown = run.json();
    assert_eq!(shown["dry_run"], true);
    let (method, path, body) = write(&shown);
    assert_eq!(method, "PATCH");
    assert!(path.ends_with("/disk_backup_policies/disk_backup_policy"), "{path}");
    assert_eq!(
        body,
        json!({"disk_backup_policy": {"id": POLICY}, "properties": {
            "retention": 3, "schedule": {"interval": "weekly", "frequency": 1, "minute": 30, "time": 2},
        }})
    );
    assert_eq!(shown["before"], world.current());
    assert_eq!((&shown["before"]["retention"], &shown["after"]["retention"]), (&json!(7), &json!(3)));
    assert_eq!(shown["after"]["schedule"]["interval"], "weekly");
    assert_eq!(shown["after"]["schedule"]["time"], 2);
}

#[test]
fn schedule_delete_in_json() {
    let run = dry(&World::new(), &["policy", "schedule-delete", POLICY, "--at", "@4086590400", "-o", "json"]);
    let shown = run.json();
    assert_eq!(shown["dry_run"], true);
    let (method, path, body) = write(&shown);
    assert_eq!(method, "DELETE");
    assert!(path.ends_with("/disk_backup_policies/disk_backup_policy/schedule"), "{path}");
    assert_eq!(body, json!({"disk_backup_policy": {"id": POLICY}, "timestamp": 4_086_590_400_i64}));
    assert_eq!(shown["before"]["auto_move_to_trash_at"], json!(null));
    assert_eq!(shown["after"]["auto_move_to_trash_at"], 4_086_590_400_i64);
}

#[test]
fn what_is_shown_is_what_is_sent() {
    for args in [
        &["policy", "update", POLICY, "--retention", "3", "--minute", "5"][..],
        &["policy", "schedule-delete", POLICY, "--at", "@4086590400"],
    ] {
        let world = World::new();
        let (method, path, body) = write(&dry(&world, &[args, &["-o", "json"]].concat()).json());
        let server = world.serve();
        katapult(&server, args).args(&["--yes"]).run().ok();
        let sent = &server.writes()[0];
        assert_eq!((sent.method.as_str(), sent.json()), (method.as_str(), body));
        assert!(sent.path().ends_with(&path), "{} is not {path}", sent.path());
    }
}

#[test]
fn in_words() {
    let run = dry(&World::new(), &["policy", "update", POLICY, "--retention", "3141"]);
    let shown = run.stdout.clone() + &run.stderr;
    for words in ["PATCH", "/disk_backup_policies/disk_backup_policy", "3141", POLICY] {
        assert!(shown.contains(words), "`{words}` is missing: {}", run.report());
    }
    let run = dry(&World::new(), &["policy", "schedule-delete", POLICY, "--at", "@4086590400"]);
    let shown = run.stdout.clone() + &run.stderr;
    for words in ["DELETE", "/disk_backup_policies/disk_backup_policy/schedule", "4086590400", "13:00"] {
        assert!(shown.contains(words), "`{words}` is missing: {}", run.report());
    }
}

#[test]
fn several_writes_say_whose_they_are_and_what_is_lost() {
    let named = |id: &str, name: &str| policy(id, "VirtualMachine", VM, name, "daily", 7);
    let world = World::new().policies(vec![named("dbp_a", "db-1"), named("dbp_b", "db-2")]);
    let cases: &[(&[&str], &str)] = &[
        (&["policy", "update", "dbp_a", "dbp_b", "--retention", "3"], "weakens protection: retention 7 → 3"),
        (&["policies", "update", "--match", "db-*", "--retention", "3"], "weakens protection: retention 7 → 3"),
        (&["policy", "delete", "dbp_a", "dbp_b"], "is deleted now: it makes no more backups"),
        (&["policy", "schedule-delete", "dbp_a", "dbp_b", "--at", "@4086590400"], "is deleted at 2099-07-01"),
    ];
    for (args, lost) in cases {
        let run = dry(&world, args);
        for line in [
            "  dbp_a of db-1 (daily at 02:30 server time, keeps 7, ",
            "  dbp_b of db-2 (daily at 02:30 server time, keeps 7, ",
        ] {
            assert!(run.stdout.contains(line), "`{line}` is missing: {}", run.report());
        }
        let losses =
            run.stdout.lines().filter(|line| line.starts_with("  weakens protection: ") && line.contains(lost));
        assert_eq!(losses.count(), 2, "{}", run.report());
    }
}

#[test]
fn nothing_to_change_shows_no_request() {
    let world = World::new();
    let run = dry(&world, &["policy", "update", POLICY, "--retention", "7", "-o", "json"]);
    assert_eq!(run.json()["dry_run"], true);
    assert_eq!(run.json()["requests"], json!([]));
}

#[test]
fn a_dry_run_fails_where_the_real_one_would() {
    let server = World::new().serve();
    katapult(&server, &["policy", "update", "dbp_none", "--retention", "3", "--dry-run", "-o", "json"])
        .run()
        .fails(3, "disk_backup_policy_not_found");
    katapult(&server, &["policy", "schedule-delete", POLICY, "--at", "+1m", "--dry-run", "-o", "json"])
        .run()
        .fails(5, "invalid_timestamp");
}
