//! What bpctl changes on an OnApp cloud: backups and schedules, with losses in words, lost answers, waiting, busy clouds.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::onapp;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

#[test]
fn a_backup_is_taken_and_waited_for() {
    let cloud = Cloud::serve(&[]);
    let made = cloud.bpctl(&["backup", "create", "--vm", "web1", "--note", "now", "--wait", "-o", "json"]).run().ok();
    made.json_is_a_finished_backup("incremental", "now");
    // Normal backups are those of disks; swap has none, and a Windows VM has no others.
    let dry = cloud.bpctl(&["backup", "create", "--vm", "win1", "--dry-run", "-o", "json"]).run().ok().json();
    let paths: Vec<&Value> = dry["requests"].as_array().unwrap().iter().map(|request| &request["path"]).collect();
    assert_eq!(paths, ["/settings/disks/1200/backups.json", "/settings/disks/1201/backups.json"]);
    let history = cloud.bpctl(&["history", "-o", "json"]).run().ok().json();
    assert_eq!((&history[0]["action"], &history[0]["outcome"]), (&json!("create-backup"), &json!("done")));
    cloud.bpctl(&["undo", "--yes"]).run().fails_in_words(5).mentions(&["bpctl backup delete"]);
}

trait Finished {
    fn json_is_a_finished_backup(&self, kind: &str, note: &str);
}

impl Finished for crate::harness::Run {
    fn json_is_a_finished_backup(&self, kind: &str, note: &str) {
        let backup = self.json();
        let is = (&backup["built"], backup["backup_type"].as_str().unwrap(), backup["note"].as_str().unwrap());
        assert_eq!(is, (&json!(true), kind, note), "{}", self.report());
    }
}

#[test]
fn a_transaction_that_fails_is_the_error() {
    let cloud = Cloud::serve(&["--fail", "take_backup:failed"]);
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "--wait", "-o", "json"]).run().exits(1);
    let error = &run.error();
    assert_eq!(error["code"], "transaction_failed", "{}", run.report());
    assert_eq!(error["detail"]["transaction"]["status"], "failed");
}

#[test]
fn what_does_not_end_in_time_is_still_pending() {
    let cloud = Cloud::serve(&["--fail", "take_backup:stuck"]);
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "--wait=2s", "-o", "json"]).run().exits(8);
    let error = &run.error();
    assert_eq!((&error["code"], &error["changed"]), (&json!("still_pending"), &json!("yes")));
    assert!(error["hint"].as_str().unwrap().contains("bpctl transaction show"), "{}", run.report());
}

#[test]
fn a_busy_cloud_is_waited_for_only_where_that_is_wanted() {
    let cloud = Cloud::serve(&["--fail", "busy:2"]);
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "-o", "json"]).run().exits(5);
    let error = &run.error();
    assert_eq!((&error["code"], &error["retryable"], &error["changed"]), (&json!("busy"), &json!(true), &json!("no")));
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "--wait", "-o", "json"]).run().ok();
    assert_eq!(run.json()["built"], true);
    run.mentions(&["busy"]);
}

/// A cloud whose answer to a POST is lost; the second list has `new` more.
fn forgetful(new: usize) -> Server {
    let lists = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |request: &Request| match (request.method.as_str(), request.path()) {
        ("POST", _) => Answer::closed(),
        (_, "/flexapi/virtual_machines/488.json") => Answer::json(
            200,
            &json!({"virtual_machine": {"id": 488, "label": "web1", "support_incremental_backups": true}}),
        ),
        (_, "/flexapi/virtual_machines/488/backups.json") => {
            let looks = lists.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let count = if looks == 0 { 1 } else { 1 + new };
            let rows: Vec<Value> = (1..=count).map(|id| json!({"backup": {"id": id}})).collect();
            Answer::json(200, &json!(rows))
        }
        _ => Answer::json(200, &json!([])),
    })
}

#[test]
fn a_lost_answer_is_looked_into_and_never_repeated() {
    for (new, words) in [(0, "no new backup found"), (1, "found new: backup 2")] {
        let server = forgetful(new);
        let run = onapp(&server, &["backup", "create", "--vm", "488", "-o", "json"]).run().exits(7);
        let error = &run.error();
        assert_eq!((&error["code"], &error["changed"]), (&json!("outcome_unknown"), &json!("maybe")));
        assert!(error["message"].as_str().unwrap().contains(words), "{}", run.report());
        assert_eq!(server.writes().len(), 1, "a POST is sent once");
        assert_eq!(server.writes()[0].header("content-length"), Some("0"));
    }
}

#[test]
fn deletions_say_what_is_lost_and_need_a_yes() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backup", "delete", "5721", "-o", "json"]).run().exits(2);
    assert_eq!(run.error()["code"], "confirmation_required");
    let message = run.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the newest finished backup of db1 disk 1102, 5721"), "{message}");
    cloud.bpctl(&["backup", "delete", "6117", "--yes", "--wait"]).run().ok();
    cloud.bpctl(&["backup", "show", "6117"]).run().fails_in_words(3);
    // A deletion of a VM that is busy is queued: that backup no longer counts.
    cloud
        .bpctl(&["backup", "delete", "5541", "--yes"])
        .run()
        .ok()
        .mentions(&["accepted by the cloud", "bpctl transactions list"]);
    let run = cloud.bpctl(&["backup", "delete", "5721"]).run().exits(2);
    run.mentions(&["the only finished backup of db1 disk 1102, 5721, is deleted for good"]);
    cloud.bpctl(&["backup", "delete", "6130"]).run().exits(2).mentions(&["later incremental backups of web1"]);
}

#[test]
fn what_the_same_command_deletes_is_not_left() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backup", "delete", "5541", "5721", "5541", "-o", "json"]).run().exits(2);
    let message = run.error()["message"].as_str().unwrap().to_owned();
    for id in ["5541", "5721"] {
        let words = format!("the last finished backups of db1 disk 1102 are deleted for good, {id} among them");
        assert_eq!(message.matches(&words).count(), 1, "{message}");
    }
}

#[test]
fn several_disks_are_backed_up_each_once() {
    let cloud = Cloud::serve(&[]);
    let disks = ["--disk", "1101", "--disk", "1102", "--disk", "1101"];
    let dry = cloud.bpctl(&["backup", "create", "--dry-run", "-o", "json"]).args(&disks).run().ok().json();
    let paths: Vec<&Value> = dry["requests"].as_array().unwrap().iter().map(|request| &request["path"]).collect();
    assert_eq!(paths, ["/settings/disks/1101/backups.json", "/settings/disks/1102/backups.json"]);
    let run = cloud.bpctl(&["backup", "create", "--vm", "db1", "-o", "json"]).args(&disks).run().ok();
    let made = run.json();
    let of: Vec<&Value> = made.as_array().unwrap().iter().map(|backup| &backup["disk_id"]).collect();
    assert_eq!(of, [&json!(1101), &json!(1102)]);
    // A cloud without incremental backups: a backup of each disk, and none of swap.
    let normal = Cloud::serve(&["--onapp", "normal-only"]);
    let made = normal.bpctl(&["backup", "create", "--vm", "app1", "-o", "json"]).run().ok().json();
    assert_eq!((&made["disk_id"], &made["backup_type"]), (&json!(1240), &json!("normal")));
    let run = normal.bpctl(&["backup", "create", "--disk", "1240", "--disk", "1241", "-o", "json"]).run().exits(9);
    assert_eq!(run.error()["detail"]["failed"][0]["error"]["exit_code"], 5, "swap is refused: {}", run.report());
}

#[test]
fn a_cloud_that_stays_busy_is_given_up_in_time() {
    let cloud = Cloud::serve(&["--fail", "busy:*"]);
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "--wait=2s", "-o", "json"]).run().exits(5);
    let error = &run.error();
    assert_eq!((&error["code"], &error["retryable"], &error["changed"]), (&json!("busy"), &json!(true), &json!("no")));
    assert!(
        error["hint"].as_str().unwrap().contains("stayed busy with this VM for the whole wait"),
        "{}",
        run.report()
    );
}

#[test]
fn a_restoration_can_take_a_backup_first() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backup", "restore", "6142"]).run().exits(2);
    run.mentions(&["web1 goes back to", "what was written since is lost"]);
    let run = cloud.bpctl(&["backup", "restore", "6142", "--backup-first", "--wait", "--yes", "-o", "id"]).run().ok();
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.report());
    let newest = cloud.bpctl(&["transactions", "list", "--vm", "web1", "-o", "json"]).run().ok().json();
    let actions: Vec<&str> = newest.as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    let at = |action: &str| actions.iter().position(|one| *one == action).unwrap();
    assert!(at("restore_incremental_backup") < at("take_incremental_backup"), "newest first: {actions:?}");
}

#[test]
fn notes_and_templates() {
    for mode in [&[][..], &["--onapp", "old-replies"]] {
        let cloud = Cloud::serve(mode);
        let run = cloud.bpctl(&["backup", "note", "6117", "keep", "-o", "json"]).run().ok();
        assert_eq!(run.json()["note"], "keep", "{mode:?}");
        cloud.bpctl(&["backup", "convert", "6117", "--label", "web"]).run().exits(2).mentions(&["may be used up"]);
        cloud.bpctl(&["backup", "convert", "6117", "--label", "web", "--yes", "--wait"]).run().ok();
    }
}

#[test]
fn an_answer_about_another_object_is_not_acted_upon() {
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/settings/schedules/31.json" => Answer::json(
            200,
            &json!({"schedule": {"id": 7, "target_type": "VirtualMachine", "target_id": 488, "period": "days",
                "duration": 1, "rotation_period": 7, "status": "enabled"}}),
        ),
        "/flexapi/virtual_machines/488.json" => Answer::json(
            200,
            &json!({"virtual_machine": {"id": 7, "label": "other", "support_incremental_backups": true}}),
        ),
        "/flexapi/settings/disks/9.json" => Answer::json(200, &json!({"disk": {"id": 7, "virtual_machine_id": 7}})),
        _ => Answer::json(200, &json!([])),
    });
    for args in [
        &["policy", "delete", "31"][..],
        &["policy", "pause", "31"],
        &["policy", "update", "31", "--retention", "9"],
        &["policy", "create", "--vm", "488", "--interval", "daily", "--retention", "7"],
        &["backup", "create", "--vm", "488"],
        &["backup", "create", "--disk", "9"],
        &["autobackup", "on", "--vm", "488"],
        &["autobackup", "on", "--disk", "9"],
    ] {
        let run = onapp(&server, args).args(&["--yes", "-o", "json"]).run().fails(1, "invalid_response");
        assert_eq!(run.error()["changed"], "no", "{}", run.report());
    }
    assert!(server.writes().is_empty());
}

#[test]
fn a_change_that_is_not_visible_at_once_is_waited_for() {
    let old = json!({"backup": {"id": 7, "target_type": "VirtualMachine", "target_id": 488, "built": true, "note": "old"},
        "schedule": {"id": 7, "target_type": "VirtualMachine", "target_id": 488, "period": "days", "status": "enabled"}});
    for args in [&["backup", "note", "7", "new"][..], &["policy", "delete", "7"]] {
        let (old, looks) = (old.clone(), AtomicUsize::new(0));
        let server = Server::start(move |request: &Request| {
            let is_late = looks.load(Ordering::SeqCst) > 2;
            match request.path() {
                _ if request.is_write() => {
                    looks.store(1, Ordering::SeqCst);
                    Answer::empty(204)
                }
                "/flexapi/backups/7.json" | "/flexapi/settings/schedules/7.json" => {
                    if looks.load(Ordering::SeqCst) > 0 {
                        looks.fetch_add(1, Ordering::SeqCst);
                    }
                    let mut now = old.clone();
                    now["backup"]["note"] = if is_late { json!("new") } else { json!("old") };
                    match request.path() {
                        "/flexapi/settings/schedules/7.json" if is_late => {
                            Answer::json(404, &json!({"errors": ["Resource not found"]}))
                        }
                        _ => Answer::json(200, &now),
                    }
                }
                "/flexapi/virtual_machines/488.json" => {
                    Answer::json(200, &json!({"virtual_machine": {"id": 488, "label": "web1"}}))
                }
                _ => Answer::json(200, &json!([])),
            }
        });
        onapp(&server, args).args(&["--yes", "-o", "json"]).run().ok();
        assert_eq!(server.writes().len(), 1);
    }
}

#[test]
fn a_lost_answer_to_a_change_is_looked_into() {
    // Whether the server did the work, and what is read afterwards.
    for (args, is_done, words, changed) in [
        (&["policy", "update", "7", "--retention", "9"][..], true, "checked 7: the change was made", "yes"),
        (&["policy", "update", "7", "--retention", "9"], false, "checked 7: the policy is as it was", "maybe"),
        (&["policy", "pause", "7"], true, "checked 7: the change was made", "yes"),
        (&["policy", "delete", "7"], true, "checked 7: the policy is gone", "maybe"),
        (&["policy", "delete", "7"], false, "checked 7: the policy is as it was", "maybe"),
        (&["backup", "note", "8", "new"], true, "checked 8: the change was made", "yes"),
        (&["backup", "note", "8", "new"], false, "checked 8: the note is as it was", "maybe"),
    ] {
        let server = silent(is_done);
        let run = onapp(&server, args).args(&["--yes", "--retries", "0", "-o", "json"]).run().exits(7);
        let error = &run.error();
        assert!(error["message"].as_str().unwrap().contains(words), "{}", run.report());
        assert_eq!((&error["changed"], &error["retryable"]), (&json!(changed), &json!(false)), "{}", run.report());
        assert!(error["hint"].as_str().unwrap().contains(" show "), "{}", run.report());
    }
}

/// A cloud that never answers a write; `is_done` says whether it carries the write out.
fn silent(is_done: bool) -> Server {
    let written = std::sync::Mutex::new(None);
    Server::start(move |request: &Request| {
        if request.is_write() {
            let body = if request.method == "DELETE" { Value::Null } else { request.json() };
            *written.lock().unwrap() = is_done.then(|| (request.method.clone(), body));
            return Answer::closed();
        }
        let written = written.lock().unwrap();
        let mut policy = json!({"id": 7, "target_type": "VirtualMachine", "target_id": 488, "period": "days",
            "duration": 1, "rotation_period": 7, "start_at": "2099-01-01T02:00:00Z", "status": "enabled"});
        let mut note = json!("old");
        match written.as_ref() {
            Some((method, _)) if method == "DELETE" => return Answer::json(404, &json!({"errors": ["not found"]})),
            Some((_, body)) if body["note"].is_string() => note = body["note"].clone(),
            Some((_, body)) => {
                policy.as_object_mut().unwrap().extend(body["schedule"].as_object().unwrap().clone());
            }
            None => {}
        }
        match request.path() {
            "/flexapi/settings/schedules/7.json" => Answer::json(200, &json!({"schedule": policy})),
            "/flexapi/backups/8.json" => Answer::json(
                200,
                &json!({"backup": {"id": 8, "target_type": "VirtualMachine", "target_id": 488, "note": note}}),
            ),
            "/flexapi/virtual_machines/488.json" => {
                Answer::json(200, &json!({"virtual_machine": {"id": 488, "label": "web1"}}))
            }
            _ => Answer::json(200, &json!([])),
        }
    })
}
