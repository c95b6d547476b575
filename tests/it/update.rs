//! `policy update`: reads, sends what changes, reads back, and believes only what it read.

use serde_json::json;

use crate::harness::katapult;
use crate::server::Answer;
use crate::world::{POLICY, World};

#[test]
fn prints_the_policy_as_it_stands_afterwards() {
    let world = World::new();
    let server = world.serve();
    let run =
        katapult(&server, &["policy", "update", POLICY, "--retention", "14", "--time", "4", "-o", "json"]).run().ok();
    assert_eq!(run.json(), world.current());
    assert_eq!(run.json()["retention"], 14);
    // The world replaces a schedule: had it not been sent whole, these would be gone.
    assert_eq!(run.json()["schedule"]["time"], 4);
    assert_eq!(run.json()["schedule"]["minute"], 30);
    assert_eq!(run.json()["schedule"]["interval"], "daily");
    let run = katapult(&server, &["policy", "update", POLICY, "--retention", "21", "-o", "id"]).run().ok();
    assert_eq!(run.stdout, format!("{POLICY}\n"));
}

#[test]
fn shows_before_and_after() {
    let server = World::new().serve();
    let run = katapult(&server, &["policy", "update", POLICY, "--retention", "1414"]).run().ok();
    assert!(run.stderr.contains("retention  7 → 1414"), "{}", run.report());
    assert!(run.stdout.contains("\nRetention:  1414\n"), "{}", run.report());
}

#[test]
fn nothing_to_change_sends_nothing_and_says_so() {
    for args in [
        &["--retention", "7"][..],
        &["--interval", "daily"],
        &["--retention", "7", "--interval", "daily", "--frequency", "1", "--time", "2", "--minute", "30"],
    ] {
        let world = World::new();
        let server = world.serve();
        let run = katapult(&server, &["policy", "update", POLICY]).args(args).run().ok();
        assert!(server.writes().is_empty(), "{args:?}");
        assert!(!run.stderr.trim().is_empty(), "it says so: {}", run.report());
        let run = katapult(&server, &["policy", "update", POLICY, "-o", "json"]).args(args).run().ok();
        assert_eq!(run.json(), world.current(), "{args:?}");
    }
}

#[test]
fn no_option_at_all_changes_nothing() {
    let server = World::new().serve();
    katapult(&server, &["policy", "update", POLICY]).run().fails_in_words(2).mentions(&["--retention"]).hints();
    katapult(&server, &["policy", "update", POLICY, "-o", "json"]).run().fails(2, "usage");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_server_that_did_not_take_it_is_not_believed() {
    let cases = [
        (&["--retention", "1414"][..], "1414", "7"),
        (&["--time", "23"], "23", "2"),
        (&["--interval", "hourly"], "hourly", "daily"),
    ];
    // Each looks for the new value for some seconds: all at the same time.
    std::thread::scope(|scope| {
        for (args, wanted, found) in cases {
            let update = move |output: &'static str| {
                let server = World::new().deaf().serve();
                katapult(&server, &["policy", "update", POLICY, "--yes", "-o", output]).args(args).run()
            };
            scope.spawn(move || {
                let message = update("json").fails(1, "not_applied").error()["message"].to_string();
                assert!(message.contains(wanted) && message.contains(found), "both values are named: {message}");
            });
            scope.spawn(move || drop(update("table").fails_in_words(1).mentions(&[wanted, found])));
        }
    });
}

/// Whether a PATCH replaces what it does not name is not documented.
#[test]
fn a_server_that_changes_more_than_was_asked_is_reported() {
    let lower = json!({"retention": 1});
    let doom = json!({"auto_move_to_trash_at": 4_086_590_400_i64});
    for (change, words) in [(lower, "retention: was 7, is 1"), (doom, "a deletion is scheduled for 2099-")] {
        let world = World::new();
        let inner = world.clone();
        let server = world.serve_but(move |request| {
            if request.method == "PATCH" {
                let change = change.clone();
                inner.clone().policy(|policy| {
                    policy.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
                });
            }
            None
        });
        let update = katapult(&server, &["policy", "update", POLICY, "--time", "4", "-o", "json"]);
        let error = update.run().fails(1, "not_applied").error();
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
}

#[test]
fn the_reply_to_the_write_is_not_taken_for_the_policy() {
    // The reply says nothing, or something else; what counts is what the policy says afterwards.
    for reply in [
        json!({}),
        json!({"disk_backup_policy": {"id": POLICY}}),
        json!({"disk_backup_policy": {"id": POLICY, "retention": 99, "schedule": {}, "target": {}}}),
    ] {
        let world = World::new();
        let inner = world.clone();
        let server = world.serve_but(move |request| {
            request.is_write().then(|| {
                inner.answer(request);
                Answer::json(200, &reply)
            })
        });
        let run = katapult(&server, &["policy", "update", POLICY, "--retention", "14", "-o", "json"]).run().ok();
        assert_eq!(run.json(), world.current());
        assert_eq!(run.json()["retention"], 14);
    }
}

#[test]
fn a_policy_of_a_disk_or_of_nothing_known_is_changed_alike() {
    for target in [
        json!({"type": "Disk", "value": {"id": "disk_1"}}),
        json!({"target": {"id": "disk_1", "wwn": "02ca"}}),
        json!({"type": "Comet", "value": {"id": "comet_1"}}),
        json!(null),
    ] {
        let world = World::new().policy(|policy| policy["target"] = target);
        let server = world.serve();
        katapult(&server, &["policy", "update", POLICY, "--retention", "14"]).run().ok();
        assert_eq!(world.current()["retention"], 14);
    }
}
