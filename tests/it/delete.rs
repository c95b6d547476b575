//! `policy delete`, `policy restore` and the trash: until when it can be restored, and what is believed.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::company::{Company, Make, is};
use crate::server::{Answer, Request};
use crate::world::now;

const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";
const TRASH_PATH: &str = "/trash_objects/trash_object";

fn deletes(company: &Company) -> usize {
    company.server.requests().iter().filter(|request| is(request, "DELETE", POLICY_PATH)).count()
}

#[test]
fn says_until_when_it_can_be_restored() {
    let company = Company::new();
    let id = company.web_1();
    let deleted = company.json(&["policy", "delete", &id, "--yes"]);
    let keep_until = deleted["trash_object"]["keep_until"].as_i64().unwrap();
    assert_eq!((&deleted["id"], &deleted["trash_object"]["object_id"]), (&json!(id), &json!(id)));
    assert!((keep_until - now() - 172_800).abs() < 60, "48 hours from now: {keep_until}");
    assert_eq!(company.policy(&id), None);
    company.run(&["policy", "restore", &id]).ok();
    let run = company.run(&["policy", "delete", &id, "--yes"]).ok();
    assert!(run.stdout.contains("Can be restored until") && run.stdout.contains("in 2 days"), "{}", run.report());
    assert!(run.stdout.contains(&format!("bpctl policy restore {id}")), "{}", run.report());
}

#[test]
fn the_trash_is_asked_where_the_refusal_does_not_say() {
    // Recorded: the detail of a 406 can be empty, and a 404 comes as well.
    let answers: [Make; 3] = [
        || Answer::error(406, "object_in_trash"),
        || Answer::error_with(406, "object_in_trash", json!({"trash_object": null})),
        || Answer::error(404, "disk_backup_policy_not_found"),
    ];
    for answer in answers {
        let reads = AtomicUsize::new(0);
        let company = Company::but(move |request, _| {
            let is_read_back = is(request, "GET", POLICY_PATH) && reads.fetch_add(1, Ordering::SeqCst) > 0;
            is_read_back.then(answer)
        });
        let id = company.web_1();
        let deleted = company.json(&["policy", "delete", &id, "--yes"]);
        assert!(deleted["trash_object"]["keep_until"].is_i64(), "{deleted}");
        let asked: Vec<Request> =
            company.server.requests().into_iter().filter(|request| is(request, "GET", TRASH_PATH)).collect();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].query("trash_object[object_id]"), Some(id));
    }
}

#[test]
fn without_the_scope_it_still_succeeds_and_says_so() {
    let reads = AtomicUsize::new(0);
    let company = Company::but(move |request, _| {
        if is(request, "GET", POLICY_PATH) && reads.fetch_add(1, Ordering::SeqCst) > 0 {
            return Some(Answer::error(404, "disk_backup_policy_not_found"));
        }
        let detail = json!({"scopes": ["trash_objects:read"]});
        is(request, "GET", TRASH_PATH).then(|| Answer::error_with(403, "scope_not_granted", detail))
    });
    let id = company.web_1();
    let run = company
        .run(&["policy", "delete", &id, "--yes"])
        .ok()
        .mentions(&["trash_objects:read", "can be restored is unknown"]);
    assert!(run.stdout.contains("48 hours"), "{}", run.report());
    assert_eq!(company.history()[0]["outcome"], "done");
}

#[test]
fn a_policy_that_is_still_there_was_not_deleted() {
    let company = Company::but(|request, _| {
        is(request, "DELETE", POLICY_PATH).then(|| Answer::json(200, &json!({"disk_backup_policy": {"id": "x"}})))
    });
    let id = company.web_1();
    company.bpctl(&["policy", "delete", &id, "--yes", "-o", "json"]).run().fails(1, "invalid_response");
    assert!(company.policy(&id).is_some());
}

#[test]
fn a_repeated_delete_that_finds_it_gone_has_succeeded() {
    let tried = AtomicUsize::new(0);
    let company = Company::but(move |request, pass| {
        let is_first = is(request, "DELETE", POLICY_PATH) && tried.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then(|| {
            pass();
            Answer::closed()
        })
    });
    let id = company.web_1();
    let run = company.run(&["policy", "delete", &id, "--yes"]).ok();
    run.mentions(&[&format!("{id} is deleted; an answer was lost, so it may have been someone else who did it")]);
    assert_eq!(deletes(&company), 2);
    assert_eq!(company.policy(&id), None);
    assert_eq!(company.history()[0]["outcome"], "done");
}

#[test]
fn it_is_asked_about_and_a_dry_run_is_not() {
    let company = Company::new();
    let id = company.web_1();
    company.bpctl(&["policy", "delete", &id, "-o", "json"]).run().fails(2, "confirmation_required");
    company.run(&["policy", "delete", &id]).fails_in_words(2).mentions(&["web-1", "--yes"]);
    let shown = company.json(&["policy", "delete", &id, "--dry-run"]);
    assert_eq!(shown["before"], company.policy(&id).unwrap());
    let request = json!({"method": "DELETE", "path": POLICY_PATH, "body": {"disk_backup_policy": {"id": id}}});
    assert_eq!((&shown["requests"], &shown["after"]), (&json!([request]), &Value::Null));
    assert_eq!((deletes(&company), company.journal().as_str()), (0, ""));
}

#[test]
fn a_restoration_that_did_nothing_is_reported() {
    let company = Company::but(|request, _| {
        is(request, "POST", "/restore").then(|| Answer::json(200, &json!({"trash_object": {"id": "x"}})))
    });
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.bpctl(&["policy", "restore", &id, "-o", "json"]).run().fails(1, "not_applied");
    assert_eq!(company.policy(&id), None);
}

#[test]
fn restore_brings_it_back_as_it_was() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.policy(&id);
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let shown = company.json(&["policy", "restore", &id, "--dry-run"]);
    assert_eq!(shown["requests"][0]["body"], json!({"trash_object": {"object_id": id}}));
    assert_eq!(company.policy(&id), None, "a dry run restores nothing");
    assert_eq!(Some(company.json(&["policy", "restore", &id])), before);
    assert_eq!(company.policy(&id), before);
    company.bpctl(&["policy", "restore", &id, "-o", "json"]).run().fails(3, "trash_object_not_found");
}

#[test]
fn the_trash_is_listed_and_shown_by_either_id() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let path = format!("/trash_objects/trash_object?trash_object%5Bobject_id%5D={id}");
    let held = company.raw("GET", &path, &Value::Null).1["trash_object"].clone();
    let listed = company.json(&["trash", "list"]);
    assert!(listed.as_array().unwrap().contains(&held), "{listed}");
    for name in [&id, held["id"].as_str().unwrap()] {
        assert_eq!(company.json(&["trash", "show", name]), held);
    }
    company.bpctl(&["trash", "show", "trsh_none", "-o", "json"]).run().fails(3, "trash_object_not_found");
    let run = company.run(&["trash", "list"]).ok();
    assert!(
        run.stdout.contains(&id) && run.stdout.contains("in 47 h") | run.stdout.contains("in 2 days"),
        "{}",
        run.report()
    );
}
