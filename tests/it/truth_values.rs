//! Servers that accept a write and set another value: the write changed something, and the error says what.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::harness::{Run, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::world::{POLICY, World};

const FAR: &str = "@4086590400";

/// Katapult, which changes the policy in this way whatever a write asks for.
fn own_mind(method: &'static str, change: Value) -> Server {
    let world = World::new();
    let inner = world.clone();
    world.serve_but(move |request| {
        if request.method != method {
            return None;
        }
        inner.clone().policy(|policy| policy.as_object_mut().unwrap().extend(change.as_object().unwrap().clone()));
        Some(Answer::json(200, &json!({"disk_backup_policy": {"id": POLICY}})))
    })
}

fn says(run: &Run, changed: &str, words: &[&str]) {
    let error = run.error();
    assert_eq!((&error["code"], &error["changed"]), (&json!("not_applied"), &json!(changed)), "{}", run.report());
    let message = error["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn a_value_other_than_the_old_and_the_wanted_one_shows_that_the_write_changed_something() {
    let update = ["policy", "update", POLICY, "--retention", "9", "-o", "json"];
    let run = katapult(&own_mind("PATCH", json!({"retention": 5})), &update).run().exits(1);
    says(&run, "yes", &["retention: was 7, wanted 9, is 5", "weaker than before: retention 7 → 5"]);
    assert_eq!(run.error()["detail"]["retention"], json!({"before": "7", "asked": "9", "actual": "5"}));
    let run = katapult(&own_mind("PATCH", json!({"retention": 8})), &update).run().exits(1);
    says(&run, "yes", &["retention: was 7, wanted 9, is 8"]);
    assert!(!run.error()["message"].as_str().unwrap().contains("weaker"), "{}", run.report());
    // Another field than the one that was wanted.
    let run = katapult(&own_mind("PATCH", json!({"auto_move_to_trash_at": 4_086_590_400_i64})), &update).run().exits(1);
    says(&run, "yes", &["retention: was 7, wanted 9, is 7", "a deletion is scheduled for 2099-"]);
    let schedule = ["policy", "schedule-delete", POLICY, "--at", FAR, "--yes", "-o", "json"];
    let server = own_mind("DELETE", json!({"auto_move_to_trash_at": 4_086_590_401_i64}));
    let run = katapult(&server, &schedule).run().exits(1);
    says(&run, "yes", &["auto_move_to_trash_at: wanted 4086590400, is 4086590401"]);
}

/// An OnApp cloud with a policy and a backup, in which a write sets these values.
fn cloud(set: Value) -> Server {
    let is_written = Mutex::new(false);
    Server::start(move |request: &Request| {
        let mut is_written = is_written.lock().unwrap();
        if request.is_write() {
            *is_written = true;
            return Answer::empty(204);
        }
        let mut policy = json!({"id": 7, "target_type": "VirtualMachine", "target_id": 488, "period": "days",
            "duration": 1, "rotation_period": 7, "start_at": "2099-01-01T02:00:00Z", "status": "enabled"});
        let mut backup = json!({"id": 8, "target_type": "VirtualMachine", "target_id": 488, "note": "old"});
        if *is_written {
            let object = if set.get("note").is_some() { &mut backup } else { &mut policy };
            object.as_object_mut().unwrap().extend(set.as_object().unwrap().clone());
        }
        match request.path() {
            "/flexapi/settings/schedules/7.json" => Answer::json(200, &json!({"schedule": policy})),
            "/flexapi/backups/8.json" => Answer::json(200, &json!({"backup": backup})),
            "/flexapi/virtual_machines/488.json" => {
                Answer::json(200, &json!({"virtual_machine": {"id": 488, "label": "web1"}}))
            }
            _ => Answer::json(200, &json!([])),
        }
    })
}

#[test]
fn an_onapp_cloud_that_sets_another_value_is_reported_in_the_same_way() {
    let update = &["policy", "update", "7", "--retention", "9"][..];
    let note = &["backup", "note", "8", "a new note"][..];
    let cases = [
        (update, json!({"rotation_period": 5}), "yes", &["retention: was 7, wanted 9, is 5", "retention 7 → 5"][..]),
        (update, json!({}), "maybe", &["not visible (retention: wanted 9, is 7)"]),
        (update, json!({"period": "weeks"}), "yes", &["was 7, wanted 9, is 7", "interval: was days, wanted days"]),
        (note, json!({"note": "a new"}), "yes", &["note: was old, wanted a new note, is a new"]),
        (note, json!({"note": "old"}), "maybe", &["not visible (note: wanted a new note, is old)"]),
    ];
    // Each looks for the wanted value for some seconds: all at the same time.
    std::thread::scope(|scope| {
        for (args, set, changed, words) in cases {
            scope.spawn(move || {
                let run = onapp(&cloud(set), args).args(&["-o", "json"]).run().exits(1);
                says(&run, changed, words);
            });
        }
    });
}
