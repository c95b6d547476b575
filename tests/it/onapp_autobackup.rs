//! Autobackup of an OnApp cloud switched on and off: what it makes, what is said before, lost answers.

use serde_json::{Value, json};

use crate::harness::{Run, onapp};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

fn statuses(run: &Run) -> Vec<String> {
    run.json().as_array().unwrap().iter().map(|policy| policy["status"].as_str().unwrap().to_owned()).collect()
}

fn actions(cloud: &Cloud) -> Vec<Value> {
    cloud.bpctl(&["history", "-o", "json"]).run().ok().json().as_array().unwrap().clone()
}

#[test]
fn a_target_without_policies_gets_one_of_each_preset_and_as_many_backups() {
    for mode in ["normal", "parent-replies", "empty-replies"] {
        let args = ["--onapp", mode];
        let cloud = Cloud::serve(if mode == "normal" { &[] } else { &args });
        let warning = "makes 4 policies (daily, weekly, monthly, yearly), and immediately takes one backup for each";
        let dry = cloud.bpctl(&["autobackup", "on", "--vm", "test1", "--dry-run", "-o", "json"]).run().ok();
        let request = &dry.json()["requests"][0];
        assert_eq!(request["path"], "/virtual_machines/701/autobackup_enable.json");
        assert_eq!((&request["method"], &request["body"]), (&json!("POST"), &Value::Null));
        dry.mentions(&[warning]);
        let run = cloud.bpctl(&["autobackup", "on", "--vm", "test1", "-o", "json"]).run().ok();
        assert_eq!(statuses(&run), ["enabled"; 4], "{mode}");
        run.mentions(&[warning, "new on the cloud: 4 policies, 4 backups ("]);
        let backups = cloud.bpctl(&["backups", "list", "--vm", "test1", "--kind", "all", "-o", "id"]).run().ok();
        assert_eq!(backups.stdout.lines().count(), 4);
        // Again: nothing is to be done, and nothing is sent.
        let again = cloud.bpctl(&["autobackup", "on", "--vm", "test1", "-o", "json"]).run().ok();
        again.mentions(&["no changes: autobackup of test1 is on"]);
        let history = actions(&cloud);
        assert_eq!((history.len(), &history[0]["action"]), (1, &json!("enable-autobackup")));
        assert_eq!(history[0]["outcome"], "done");
    }
}

#[test]
fn switching_off_needs_a_yes_and_keeps_the_policies() {
    let cloud = Cloud::serve(&[]);
    let off = ["autobackup", "off", "--disk", "1102"];
    let run = cloud.bpctl(&off).args(&["-o", "json"]).run().exits(2);
    assert_eq!(run.error()["code"], "confirmation_required");
    let words = "no more scheduled backups of disk 1102 until autobackup is on again (policies 42)";
    assert!(run.error()["message"].as_str().unwrap().contains(words), "{}", run.report());
    let run = cloud.bpctl(&off).args(&["--yes", "-o", "json"]).run().ok();
    assert_eq!(statuses(&run), ["disabled", "disabled"]);
    let disk = cloud.bpctl(&["disk", "show", "1102", "-o", "json"]).run().ok().json();
    assert_eq!(disk["has_autobackups"], false);
    cloud.bpctl(&off).run().ok().mentions(&["no changes: autobackup of disk 1102 is off"]);
    // On again: the policies that exist are enabled, and no other is made.
    let run = cloud.bpctl(&["autobackup", "on", "--disk", "1102", "-o", "json"]).run().ok();
    assert_eq!(statuses(&run), ["enabled", "enabled"]);
    assert_eq!(actions(&cloud).len(), 2);
    cloud.bpctl(&["undo", "--yes"]).run().fails_in_words(5);
}

#[test]
fn what_is_backed_up_disk_by_disk_is_switched_disk_by_disk() {
    let cloud = Cloud::serve(&[]);
    for vm in ["win1", "db1"] {
        let run = cloud.bpctl(&["autobackup", "on", "--vm", vm, "-o", "json"]).run().exits(2);
        assert_eq!(run.error()["code"], "not_offered", "{}", run.report());
        assert!(run.error()["hint"].as_str().unwrap().contains("--disk"), "{}", run.report());
    }
    cloud.bpctl(&["autobackup", "off", "--disk", "9"]).run().fails_in_words(3);
    assert_eq!(actions(&cloud), [] as [Value; 0]);
    // A policy of a whole Windows VM can be switched off: that it failed does not say that it runs no more.
    let off = ["autobackup", "off", "--vm", "win1", "-o", "json"];
    cloud.bpctl(&off).run().fails(2, "confirmation_required");
    assert_eq!(statuses(&cloud.bpctl(&off).arg("--yes").run().ok()), ["disabled"]);
}

#[test]
fn presets_take_an_administrator() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["autobackup", "presets", "--columns", "id,schedule,retention,status", "-o", "csv"]).run();
    assert_eq!(run.ok().stdout.lines().nth(1), Some("1,daily,7,enabled"));
    cloud.bpctl_as("limited", &["autobackup", "presets"]).run().fails_in_words(4).mentions(&["administrator"]);
    let run = cloud.bpctl_as("limited", &["autobackup", "on", "--vm", "test1", "--dry-run"]).run().ok();
    run.mentions(&["which this user may not read; a recorded cloud made 4"]);
    let superb = Cloud::serve(&["--onapp", "superb"]);
    for args in [&["autobackup", "presets"][..], &["autobackup", "on", "--vm", "test1"]] {
        let run = superb.bpctl(args).args(&["-o", "json"]).run().exits(2);
        assert_eq!(run.error()["code"], "not_offered", "{}", run.report());
    }
}

/// A cloud that answers the POST by `answer`, and lists these policies after it.
fn cloud(answer: Answer, after: Value) -> Server {
    let is_sent = std::sync::atomic::AtomicBool::new(false);
    Server::start(move |request: &Request| match (request.method.as_str(), request.path()) {
        ("POST", _) => {
            is_sent.store(true, std::sync::atomic::Ordering::SeqCst);
            answer.clone()
        }
        (_, "/flexapi/virtual_machines/488.json") => Answer::json(
            200,
            &json!({"virtual_machine": {"id": 488, "label": "web1", "support_incremental_backups": true}}),
        ),
        (_, "/flexapi/virtual_machines/488/schedules.json") if is_sent.load(std::sync::atomic::Ordering::SeqCst) => {
            Answer::json(200, &after)
        }
        _ => Answer::json(200, &json!([])),
    })
}

fn schedule(status: &str) -> Value {
    json!({"schedule": {"id": 7, "target_type": "VirtualMachine", "target_id": 488, "status": status, "period": "days",
        "duration": 1}})
}

#[test]
fn a_lost_answer_is_looked_into_and_never_repeated() {
    for (after, words) in [
        (json!([]), "autobackup is off: no policy is listed"),
        (json!([schedule("enabled")]), "on: policies enabled: 1"),
    ] {
        let server = cloud(Answer::closed(), after);
        let run = onapp(&server, &["autobackup", "on", "--vm", "488", "-o", "json"]).run().exits(7);
        let error = run.error();
        assert_eq!((&error["code"], &error["changed"]), (&json!("outcome_unknown"), &json!("maybe")));
        assert_eq!(error["retryable"], false);
        assert!(error["message"].as_str().unwrap().contains(words), "{}", run.report());
        assert!(error["hint"].as_str().unwrap().contains("bpctl policies list --vm 488"), "{}", run.report());
        assert_eq!(server.writes().len(), 1, "a POST is sent once");
        assert_eq!(server.writes()[0].header("content-length"), Some("0"));
    }
}

#[test]
fn what_the_cloud_did_not_do_is_not_claimed() {
    for (after, words) in
        [(json!([]), "is off: no policy is listed"), (json!([schedule("disabled")]), "is off: policies that are not")]
    {
        let server = cloud(Answer::json(201, &json!([{"virtual_machine": {"id": 488}}])), after);
        let run = onapp(&server, &["autobackup", "on", "--vm", "488", "-o", "json"]).run().exits(1);
        assert_eq!(run.error()["code"], "not_applied");
        assert!(run.error()["message"].as_str().unwrap().contains(words), "{}", run.report());
    }
    let refused = Answer::json(422, &json!({"errors": {"base": ["Please wait while transactions will be finished."]}}));
    let run = onapp(&cloud(refused, json!([])), &["autobackup", "on", "--vm", "488", "-o", "json"]).run().exits(5);
    assert_eq!((&run.error()["code"], &run.error()["changed"]), (&json!("busy"), &json!("no")));
}
