//! The journal: every write with before and after, for the owner's eyes only, without secrets; and `bpctl history`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::company::{Company, Make, is};
use crate::harness::TOKEN;
use crate::server::Answer;
use crate::world::{ROOT_PASSWORD, now};

const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";

#[test]
fn every_write_is_recorded_with_before_and_after() {
    let company = Company::new();
    let id = company.web_1();
    let original = company.policy(&id).unwrap();
    let began = now();
    let updated = company.json(&["policy", "update", &id, "--retention", "9"]);
    let scheduled = company.json(&["policy", "schedule-delete", &id, "--at", "+7d", "--yes"]);
    company.json(&["policy", "delete", &id, "--yes"]);
    let restored = company.json(&["policy", "restore", &id]);
    let created = company.json(&["policy", "create", "--vm", "web-1", "--interval", "weekly", "--retention", "3"]);
    let history = company.history();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["before"].clone(), entry["after"].clone()))
        .collect();
    let expected = [
        ("update", original, updated.clone()),
        ("schedule-delete", updated, scheduled.clone()),
        ("delete", scheduled, Value::Null),
        ("restore", Value::Null, restored),
        ("create", Value::Null, created.clone()),
    ];
    assert_eq!(told, expected);
    for (entry, number) in history.iter().zip(1..) {
        assert_eq!(
            (&entry["number"], &entry["outcome"], &entry["undoes"]),
            (&json!(number), &json!("done"), &json!(null))
        );
        assert!(entry["time"].as_i64().unwrap() >= began && entry["time"].as_i64().unwrap() <= now());
        assert_eq!(entry["policy"], if number == 5 { created["id"].clone() } else { json!(id) });
        assert!(entry["api"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{entry}");
    }
    assert_eq!(history[0]["command"], format!("policy update {id} --retention 9 -o json"));
    assert_eq!((&history[0]["target"], &history[4]["target"]), (&json!("web-1"), &json!("web-1")));
}

#[test]
fn it_is_the_owners_alone() {
    let company = Company::new();
    company.run(&["policy", "update", &company.web_1(), "--retention", "9"]).ok();
    let mode = |name: &str| std::fs::metadata(company.home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data/bpctl/journal.jsonl"), mode("data/bpctl")), (0o600, 0o700));
    let path = company.run(&["history", "--path"]).ok().stdout;
    assert_eq!(path.trim(), company.home.path("data/bpctl/journal.jsonl").display().to_string());
}

#[test]
fn it_holds_no_secret_even_when_secrets_are_shown() {
    let company = Company::but(|request, pass| {
        is(request, "GET", POLICY_PATH).then(|| {
            pass();
            let target = json!({"id": "vm_1", "name": "web-1", "initial_root_password": ROOT_PASSWORD});
            let schedule = json!({"interval": "daily", "frequency": 1, "minute": 30, "time": 2});
            let id = request.query("disk_backup_policy[id]");
            let policy = json!({"id": id, "retention": 7, "schedule": schedule, "target": {"target": target}});
            Answer::json(200, &json!({"disk_backup_policy": policy}))
        })
    });
    let id = company.web_1();
    let run = company.run(&["policy", "update", &id, "--retention", "9", "--show-secrets", "-vv"]);
    assert_ne!(run.code, 0, "what is read back is not what was asked: {}", run.report());
    let journal = company.journal();
    assert!(journal.contains("[REDACTED]") && journal.contains("initial_root_password"), "{journal}");
    assert!(!journal.contains(ROOT_PASSWORD) && !journal.contains(TOKEN), "{journal}");
}

#[test]
fn what_was_refused_and_what_is_not_known_is_told_apart() {
    let refused = || Answer::error_with(422, "validation_error", json!({"errors": ["No"]}));
    let cases: [(Make, &str, i32); 3] = [
        (refused, "failed", 5),
        (|| Answer::html(502), "unknown", 7),
        // It was accepted, and changed nothing.
        (|| Answer::text_json("{}"), "unknown", 1),
    ];
    for (answer, outcome, code) in cases {
        let company = Company::but(move |request, _| is(request, "PATCH", POLICY_PATH).then(answer));
        company.run(&["policy", "update", &company.web_1(), "--retention", "9", "--retries", "0"]).exits(code);
        let history = company.history();
        assert_eq!((&history[0]["outcome"], &history[0]["after"]), (&json!(outcome), &Value::Null));
        assert_eq!(history[0]["before"]["retention"], 7);
    }
}

#[test]
fn a_write_that_was_killed_is_of_unknown_outcome() {
    let company = Company::but(|request, pass| {
        is(request, "PATCH", POLICY_PATH).then(|| pass().delayed(Duration::from_secs(30)))
    });
    let id = company.web_1();
    let running = company.bpctl(&["policy", "update", &id, "--retention", "9"]).spawn();
    // The policy is read, and then written.
    company.server.await_requests(2);
    // Kills it outright.
    drop(running);
    let history = company.history();
    assert_eq!((history.len(), &history[0]["outcome"]), (1, &json!("unknown")));
    assert_eq!(history[0]["before"]["retention"], 7);
    let run = company.run(&["history"]).ok();
    assert!(run.stdout.contains("unknown"), "{}", run.report());
}

#[test]
fn what_sends_nothing_records_nothing() {
    let company = Company::new();
    let id = company.web_1();
    for args in [
        &["policy", "update", &id, "--retention", "7"][..],
        &["policy", "update", &id, "--retention", "3", "--dry-run"],
        &["policy", "schedule-delete", &id, "--at", "+7d", "--dry-run"],
        &["policies", "list", "--org", "acme"],
        &["policy", "show", &id],
    ] {
        company.run(args).ok();
    }
    company.run(&["policy", "update", &id, "--retention", "3"]).exits(2);
    let run = company.run(&["history"]).ok();
    assert!(run.stderr.contains("no changes recorded"), "{}", run.report());
    assert_eq!(company.journal(), "");
}

#[test]
fn a_journal_that_cannot_be_written_is_warned_of() {
    let company = Company::new();
    std::fs::create_dir_all(company.home.path("data/bpctl/journal.jsonl")).unwrap();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok().mentions(&["not recorded"]);
    assert_eq!(company.policy(&id).unwrap()["retention"], 9);
}

#[test]
fn lines_that_cannot_be_read_are_left_out_and_said() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    let torn = format!("{}not json\n{{\"event\":\"begin\"", company.journal());
    std::fs::write(company.home.path("data/bpctl/journal.jsonl"), torn).unwrap();
    let run = company.run(&["history"]).ok().mentions(&["2 lines of the journal cannot be read"]);
    assert!(run.stdout.contains(&id), "{}", run.report());
    company.run(&["policy", "update", &id, "--retention", "10"]).ok();
    assert_eq!(company.history().iter().map(|entry| entry["number"].clone()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn one_change_is_shown_in_full() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    let run = company.run(&["history", "1"]).ok();
    for words in [id.as_str(), "update", "\"retention\":7", "\"retention\":9"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.report());
    }
    assert_eq!(company.json(&["history", "1"])["number"], 1);
    company.bpctl(&["history", "2", "-o", "json"]).run().fails(3, "not_found");
}
