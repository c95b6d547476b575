//! Restoring on an OnApp cloud: the name that is typed, recovery points, and what is said when the end cannot be seen.

use serde_json::{Value, json};

use crate::harness::onapp;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};
use crate::side_by_side;
use crate::terminal::Terminal;

fn has_history(cloud: &Cloud) -> bool {
    cloud.bpctl(&["history", "-o", "json"]).run().ok().json() != json!([])
}

#[test]
fn a_restoration_is_confirmed_by_the_name_of_the_vm() {
    let cloud = Cloud::serve(&[]);
    for (args, name) in [
        (&["backup", "restore", "6142"][..], "web1"),
        (&["backup", "restore", "5721"], "db1"),
        (&["backup", "restore", "13", "--point", "--vm", "files1"], "files1"),
    ] {
        let prompt = format!("Type `{name}` to confirm:");
        // An empty line cancels, so does Ctrl-C; a yes and another name are no consent.
        for (typed, key, code) in [(&[][..], "enter", 2), (&["y", "web"], "enter", 2), (&["yes"], "ctrl-c", 130)] {
            let terminal = Terminal::run(&cloud.bpctl(args));
            terminal.wait_for_prompt(&prompt);
            for (count, text) in typed.iter().enumerate() {
                terminal.enter(text);
                terminal.wait_until("the question again", |screen| screen.matches(&prompt).count() > count + 1);
            }
            terminal.press(key);
            let ended = terminal.ends().exits(code);
            assert!(ended.screen.contains("what was written since is lost"), "{}", ended.report());
            assert!(ended.is_restored, "{}", ended.report());
        }
        assert!(!has_history(&cloud), "nothing was sent");
    }
    let terminal = Terminal::run(&cloud.bpctl(&["backup", "restore", "6142"]));
    terminal.wait_for_prompt("Type `web1` to confirm:");
    terminal.enter("web1");
    terminal.ends().exits(0).shows(&["Restore web1 from backup 6142?", "accepted by the cloud"]);
    assert!(has_history(&cloud));
}

#[test]
fn keys_pressed_before_the_question_do_not_answer_it() {
    let cloud = Cloud::serve(&["--latency", "200ms"]);
    let terminal = Terminal::run(&cloud.bpctl(&["backup", "restore", "6142"]));
    terminal.type_text("web1\r");
    terminal.wait_for_prompt("Type `web1` to confirm:");
    terminal.press("enter");
    terminal.ends().exits(2).shows(&["cancelled; nothing was changed"]);
}

#[test]
fn a_vm_goes_back_to_a_recovery_point() {
    side_by_side::play(&["normal", "parent-replies", "empty-replies"], |_| true, |mode| goes_back(mode));
}

fn goes_back(mode: &str) {
    let args = ["--onapp", mode];
    let cloud = Cloud::serve(if mode == "normal" { &[] } else { &args });
    let shown = cloud.bpctl(&["backup", "show", "13", "--point", "--vm", "files1", "-o", "json"]).run().ok().json();
    assert_eq!((&shown["id"], &shown["resource_id"]), (&json!(13), &json!(3)));
    let restore = ["backup", "restore", "13", "--point", "--vm", "files1"];
    let dry = cloud.bpctl(&restore).args(&["--dry-run", "-o", "json"]).run().ok().json();
    let request = &dry["requests"][0];
    assert_eq!(request["path"], "/virtual_machines/745/backups/recovery_points/13/restore.json");
    assert_eq!((&request["method"], &request["body"]), (&json!("POST"), &Value::Null));
    let run = cloud.bpctl(&restore).args(&["-o", "json"]).run().exits(2);
    assert_eq!(run.error()["code"], "confirmation_required");
    assert!(run.error()["message"].as_str().unwrap().contains("files1 goes back to"), "{}", run.report());
    let run = cloud.bpctl(&restore).args(&["--backup-first", "--wait", "--yes", "-o", "id"]).run().ok();
    assert_eq!(run.stdout.lines().count(), 2, "{mode}: {}", run.report());
    let history = cloud.bpctl(&["history", "-o", "json"]).run().ok().json();
    let ends: Vec<(&Value, &Value)> =
        history.as_array().unwrap().iter().map(|one| (&one["action"], &one["outcome"])).collect();
    assert_eq!(ends, [(&json!("restore-point"), &json!("done")), (&json!("create-point"), &json!("done"))]);
    cloud.bpctl(&["backup", "restore", "99", "--point", "--vm", "files1", "--yes"]).run().fails_in_words(3);
    cloud.bpctl(&["undo", "--yes"]).run().fails_in_words(5);
}

#[test]
fn a_recovery_point_is_taken_by_a_resource() {
    let create = ["backup", "create", "--vm", "files1", "--resource"];
    let taken = || {
        let cloud = Cloud::serve(&[]);
        let run = cloud.bpctl(&create).args(&["3", "--wait", "-o", "json"]).run().ok();
        assert_eq!((&run.json()["state"], &run.json()["resource_id"]), (&json!("available"), &json!(3)));
        let run = cloud.bpctl(&create).args(&["4", "-o", "json"]).run().exits(5);
        assert_eq!(run.error()["changed"], "no");
    };
    let failed = || {
        let failing = Cloud::serve(&["--fail", "take_recovery_point:failed,restore_recovery_point:failed"]);
        let run = failing.bpctl(&create).args(&["3", "--wait", "-o", "json"]).run().exits(1);
        assert_eq!(run.error()["code"], "transaction_failed", "{}", run.report());
    };
    std::thread::scope(|scope| {
        scope.spawn(taken);
        scope.spawn(failed);
    });
}

#[test]
fn nothing_is_restored_where_the_point_before_was_not_taken() {
    side_by_side::play(
        &[("failed", "--wait"), ("stuck", "--wait=2s")],
        |_| true,
        |(end, wait)| {
            let cloud = Cloud::serve(&["--fail", &format!("take_recovery_point:{end}")]);
            let restore = ["backup", "restore", "13", "--point", "--vm", "files1", "--backup-first", "--yes", wait];
            let run = cloud.bpctl(&restore).args(&["-o", "json"]).run().exits_nonzero();
            assert!(run.error()["message"].as_str().unwrap().contains("not tried after that"), "{}", run.report());
            let listed = cloud.bpctl(&["transactions", "list", "--vm", "files1", "-o", "json"]).run().ok().stdout;
            assert!(!listed.contains("restore_recovery_point"), "{listed}");
        },
    );
}

/// A cloud whose transactions cannot be read, or lose the one that was seen.
fn blind(transactions: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Server {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |request: &Request| match (request.method.as_str(), request.path()) {
        ("POST", _) => Answer::json(201, &json!({})),
        (_, path) if path.contains("/transactions") => {
            transactions(looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
        }
        (_, "/flexapi/backups/7.json") => Answer::json(
            200,
            &json!({"backup": {"id": 7, "built": true, "locked": false, "target_type": "VirtualMachine", "target_id": 488}}),
        ),
        (_, "/flexapi/virtual_machines/488.json") => {
            Answer::json(200, &json!({"virtual_machine": {"id": 488, "label": "web1"}}))
        }
        _ => Answer::json(200, &json!([])),
    })
}

#[test]
fn an_end_that_cannot_be_seen_is_not_claimed() {
    let restore = ["backup", "restore", "7", "--wait=30s", "--yes", "-o", "json"];
    let closed = blind(|_| Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]})));
    let run = onapp(&closed, &restore).run().exits(9);
    let error = run.error();
    assert_eq!(
        (&error["code"], &error["changed"], &error["retryable"]),
        (&json!("not_verified"), &json!("yes"), &json!(false))
    );
    assert!(error["message"].as_str().unwrap().contains("transactions cannot be read"), "{}", run.report());
    // It was seen, and then purged.
    let purged = blind(|look| match look {
        0 => Answer::json(200, &json!([{"transaction": {"id": 1}}])),
        1 => Answer::json(
            200,
            &json!([{"transaction": {"id": 2, "action": "restore_backup", "status": "running", "parent_type": "Backup",
                "parent_id": 7}}]),
        ),
        2 => Answer::json(200, &json!([{"transaction": {"id": 1}}])),
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    });
    let run = onapp(&purged, &restore).run().exits(9);
    assert_eq!(run.error()["code"], "not_verified");
    assert!(run.error()["message"].as_str().unwrap().contains("transaction 2 no longer exists"), "{}", run.report());
}

#[test]
fn a_backup_whose_transaction_vanishes_is_seen_by_itself() {
    let cloud = Cloud::serve(&["--fail", "take_backup:vanished,destroy_backup:vanished"]);
    let run = cloud.bpctl(&["backup", "create", "--disk", "1180", "--wait", "-o", "json"]).run().ok();
    assert_eq!(run.json()["built"], true);
    let id = run.json()["id"].to_string();
    cloud.bpctl(&["backup", "delete", &id, "--wait", "--yes"]).run().ok();
    cloud.bpctl(&["backup", "show", &id]).run().fails_in_words(3);
}
