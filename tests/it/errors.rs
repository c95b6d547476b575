//! Each documented error of each of the five operations: wrapped as the API sends it, bare as its documents show it,
//! and as a proxy or an old OnApp cloud words it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, katapult, onapp};
use crate::server::{Answer, REQUEST_ID, Request, Server};
use crate::world::{DISK, DISK_PATH, POLICY, POLICY_PATH, SCHEDULE_PATH, VM, VM_POLICIES_PATH, World};

/// An error that the documents list for an operation, and the exit code it must end in.
struct Documented {
    status: u16,
    code: &'static str,
    detail: Value,
    exit: i32,
}

impl Documented {
    fn wrapped(&self) -> Answer {
        Answer::error_with(self.status, self.code, self.detail.clone())
    }

    /// The documented shape, without the envelope and without the header that marks an API error.
    fn bare(&self) -> Answer {
        let body = json!({"code": self.code, "description": "It was refused.", "detail": self.detail});
        Answer::json(self.status, &body).header("X-Request-Id", REQUEST_ID)
    }
}

fn documented(status: u16, code: &'static str, detail: Value, exit: i32) -> Documented {
    Documented { status, code, detail, exit }
}

/// What every Katapult endpoint may answer.
fn of_every_endpoint() -> Vec<Documented> {
    let trashed = json!({"trash_object": {
        "id": "trsh_8FbXq3WmTz6kRv1N", "keep_until": 1_900_000_000, "object_id": POLICY, "object_type": "DiskBackupPolicy",
    }});
    vec![
        documented(400, "missing_api_token", json!({}), 4),
        documented(403, "invalid_api_token", json!({}), 4),
        documented(403, "invalid_capabilities_token", json!({}), 4),
        documented(403, "unauthorized_network_for_api_token", json!({"ip_address": "192.0.2.7"}), 4),
        documented(403, "scope_not_granted", json!({"scopes": ["disk_backup_policies"]}), 4),
        documented(406, "object_in_trash", trashed, 5),
        documented(406, "object_in_trash", json!({}), 5),
        documented(406, "object_in_trash", json!({"trash_object": null}), 5),
        documented(429, "rate_limit_reached", json!({"total_permitted": 1000}), 6),
        documented(503, "service_unavailable", json!({}), 7),
        // Not in the documents, but the API's framework has them for all.
        documented(400, "invalid_argument", json!({"path": ["disk"], "issue": "missing_lookup_value"}), 5),
        documented(400, "missing_required_argument", json!({"path": ["disk"]}), 5),
        documented(404, "route_not_found", json!({}), 3),
        documented(500, "unhandled_exception", json!({}), 7),
    ]
}

/// Answers the call under test with each error, in both shapes, in JSON and in words.
fn check(args: &[&str], method: &str, path: &str, own: Vec<Documented>) {
    let run = |answer: &Answer, args: &[&str]| {
        let (method, path, answer) = (method.to_string(), path.to_string(), answer.clone());
        let hit = move |request: &Request| request.method == method && request.path() == path;
        let server = World::new().serve_but(move |request| hit(request).then(|| answer.clone()));
        katapult(&server, args).args(&["--retries", "0"]).run()
    };
    for error in of_every_endpoint().into_iter().chain(own) {
        for answer in [error.wrapped(), error.bare()] {
            let failed = run(&answer, &[args, &["-o", "json"]].concat()).fails(error.exit, error.code);
            assert_eq!(failed.error()["status"], error.status, "{}", failed.report());
            assert_eq!(failed.error()["detail"], error.detail, "{}", failed.report());
            assert_eq!(failed.error()["request_id"], REQUEST_ID, "{}", failed.report());
            run(&answer, args).fails_in_words(error.exit).mentions(&[error.code, REQUEST_ID]);
        }
    }
}

#[test]
fn policies_list() {
    let own = vec![
        documented(403, "permission_denied", json!({"details": null}), 4),
        documented(404, "virtual_machine_not_found", json!({}), 3),
    ];
    check(&["policies", "list", "--vm", VM], "GET", VM_POLICIES_PATH, own);
}

#[test]
fn policy_update_while_reading() {
    let own = vec![documented(404, "disk_backup_policy_not_found", json!({}), 3)];
    check(&["policy", "update", POLICY, "--retention", "14"], "GET", POLICY_PATH, own);
}

#[test]
fn policy_update_while_writing() {
    let own = vec![
        documented(403, "permission_denied", json!({"details": "Not yours."}), 4),
        documented(404, "disk_backup_policy_not_found", json!({}), 3),
        documented(422, "validation_error", json!({"errors": ["Retention is too high"]}), 5),
    ];
    check(&["policy", "update", POLICY, "--retention", "14"], "PATCH", POLICY_PATH, own);
}

#[test]
fn policy_schedule_delete() {
    let own = vec![
        documented(400, "invalid_timestamp", json!({}), 5),
        documented(403, "permission_denied", json!({"details": null}), 4),
        documented(404, "disk_backup_policy_not_found", json!({}), 3),
    ];
    check(&["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"], "DELETE", SCHEDULE_PATH, own);
}

#[test]
fn disk_show() {
    check(&["disk", "show", DISK], "GET", DISK_PATH, vec![documented(404, "disk_not_found", json!({}), 3)]);
}

#[test]
fn the_words_say_what_the_detail_says() {
    for (answer, words) in [
        (
            Answer::error_with(422, "validation_error", json!({"errors": ["Retention is too high", "Time is odd"]})),
            &["Retention is too high", "Time is odd"][..],
        ),
        (
            Answer::error_with(403, "scope_not_granted", json!({"scopes": ["disk_backup_policies:read"]})),
            &["disk_backup_policies:read"],
        ),
        (
            Answer::error_with(403, "unauthorized_network_for_api_token", json!({"ip_address": "192.0.2.7"})),
            &["192.0.2.7"],
        ),
    ] {
        let server = Server::always(answer);
        katapult(&server, &["disk", "show", DISK]).run().exits_nonzero().mentions(words);
    }
}

#[test]
fn the_words_end_in_what_to_do_next() {
    for (status, code) in
        [(403, "invalid_api_token"), (403, "scope_not_granted"), (404, "disk_not_found"), (406, "object_in_trash")]
    {
        let server = Server::always(Answer::error(status, code));
        katapult(&server, &["disk", "show", DISK]).run().exits_nonzero().hints();
    }
}

#[test]
fn an_error_without_a_description_or_detail_is_still_an_error() {
    for body in [
        json!({"error": {"code": "disk_not_found", "description": null, "detail": null}}),
        json!({"error": {"code": "disk_not_found"}}),
        json!({"code": "disk_not_found"}),
    ] {
        let server = Server::always(Answer::json(404, &body));
        katapult(&server, &["disk", "show", DISK, "-o", "json"]).run().fails(3, "disk_not_found");
    }
}

/// Without a mark of the API, a refusal does not say what the API would have said. Whoever asks for credentials or
/// limits the rate can be a proxy as well.
#[test]
fn a_proxys_page_is_not_the_apis_answer() {
    for (status, exit) in [(401, 4), (403, 7), (404, 7), (409, 7), (429, 6), (500, 7), (502, 7), (503, 7), (504, 7)] {
        for answer in [Answer::html(status), Answer::empty(status), Answer::raw(status, "application/json", "{\"err")] {
            let server = Server::always(answer.header("X-Request-Id", REQUEST_ID));
            let run = |output| katapult(&server, &["disk", "show", DISK, "--retries", "0", "-o", output]).run();
            let failed = run("json").fails_in_json(exit);
            assert_eq!(failed.error()["status"], status, "{}", failed.report());
            assert_eq!(failed.error()["request_id"], REQUEST_ID, "{}", failed.report());
            assert_eq!(failed.error()["retryable"], status >= 429, "{}", failed.report());
            if [403, 404, 409].contains(&status) {
                assert!(failed.error()["hint"].to_string().contains("is `api_url` right?"), "{}", failed.report());
            }
            let failed = run("table").fails_in_words(exit).mentions(&[&status.to_string(), REQUEST_ID]);
            assert!(!failed.stderr.contains("<html"), "{}", failed.report());
        }
    }
}

/// The mark alone is enough: the API may answer without a body.
#[test]
fn an_answer_with_the_mark_of_the_api_is_its_own() {
    for (status, exit, code) in [(403, 4, "permission_denied"), (404, 3, "not_found"), (409, 5, "conflict")] {
        let server = Server::always(Answer::empty(status).header("X-Api-Schema", "json-error"));
        katapult(&server, &["disk", "show", DISK, "-o", "json"]).run().fails(exit, code);
    }
}

#[test]
fn a_page_in_place_of_an_onapp_cloud_is_not_its_answer() {
    for (status, exit) in [(401, 4), (403, 7), (404, 7), (500, 7)] {
        let server = Server::always(Answer::html(status));
        backups(&server).args(&["-o", "json"]).run().fails_in_json(exit);
    }
}

/// A lost answer, and then a proxy's page: the policy is not gone because of that.
#[test]
fn a_proxys_page_never_means_that_a_policy_is_gone() {
    for page in [Answer::html(404), Answer::empty(404), Answer::html(406)] {
        let world = World::new();
        let (number, page) = (AtomicUsize::new(0), page.clone());
        let server = world.serve_but(move |request| {
            let number = if request.is_write() { number.fetch_add(1, Ordering::SeqCst) } else { return None };
            Some(if number == 0 { Answer::closed() } else { page.clone() })
        });
        let run = katapult(&server, &["policy", "delete", POLICY, "--yes", "-o", "json"]).run().fails(7, "network");
        assert_eq!(run.error()["changed"], "maybe", "{}", run.report());
    }
}

/// The framework serializes the result after the action: these errors can follow a write that was carried out.
#[test]
fn an_error_that_may_follow_a_write_leaves_its_outcome_unknown() {
    for (status, code) in [(400, "generic_runtime_error"), (500, "null_value_for_non_null_field")] {
        let server = || World::new().serve_but(move |request| request.is_write().then(|| Answer::error(status, code)));
        let create = ["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5", "-o", "json"];
        let run = katapult(&server(), &create).run().fails(7, "outcome_unknown");
        assert_eq!(run.error()["changed"], "maybe", "{}", run.report());
        let update = ["policy", "update", POLICY, "--retention", "14", "-o", "json"];
        let run = katapult(&server(), &update).run().fails_in_json(7);
        assert_eq!((&run.error()["changed"], &run.error()["retryable"]), (&json!("maybe"), &json!(false)));
        assert!(!run.stderr.contains("nothing was changed"), "{}", run.report());
    }
}

#[test]
fn nothing_was_changed_never_stands_beside_an_earlier_attempt() {
    for (status, code) in [(422, "validation_error"), (400, "invalid_timestamp")] {
        let number = AtomicUsize::new(0);
        let server = World::new().serve_but(move |request| {
            let number = if request.is_write() { number.fetch_add(1, Ordering::SeqCst) } else { return None };
            Some(if number == 0 { Answer::closed() } else { Answer::error(status, code) })
        });
        let run = katapult(&server, &["policy", "update", POLICY, "--retention", "14", "-o", "json"]).run();
        assert!(run.stderr.contains("an earlier attempt may have been carried out"), "{}", run.report());
        assert!(!run.stderr.contains("nothing was changed"), "{}", run.report());
        assert_eq!(run.error()["changed"], "maybe", "{}", run.report());
    }
}

fn backups(server: &Server) -> Bpctl {
    onapp(server, &["backups", "list", "--vm", "488", "--retries", "0"])
}

#[test]
fn backups_list() {
    let text = |body: &str| Answer::raw(0, "application/json; charset=utf-8", body);
    let map = r#"{"errors":{"base":["Please wait while User transactions will be finished."]}}"#;
    for (status, body, exit, words) in [
        (401, text(""), 4, ""),
        (401, text(r#"{"error":"Wrong credentials"}"#), 4, "Wrong credentials"),
        (403, text(r#"{"errors":["You do not have permissions for this action"]}"#), 4, "You do not have permissions"),
        (404, text(r#"{"error":"Resource not found"}"#), 3, "Resource not found"),
        (404, text(r#"{"errors":["Resource not found"]}"#), 3, "Resource not found"),
        (404, text(r#"{"errors":["VirtualMachine not found"]}"#), 3, "VirtualMachine not found"),
        (404, text(r#"{"errors":"Resource not found"}"#), 3, "Resource not found"),
        (406, text(""), 5, ""),
        (422, text(r#"{"errors":["Data store cannot be associated."]}"#), 5, "Data store cannot be associated."),
        (422, text(map), 5, "Please wait while User transactions"),
        (422, text(r#"{"errors":{"label":["can't be blank"]}}"#), 5, "label can't be blank"),
        (422, text(r#"{"errors":{"label":"can't be blank"}}"#), 5, "label can't be blank"),
        (429, text(""), 6, ""),
        (500, Answer::html(500), 7, "500"),
        (503, Answer::html(503), 7, "503"),
    ] {
        let server = Server::always(body.with_status(status).header("X-Request-Id", REQUEST_ID));
        let failed = backups(&server).args(&["-o", "json"]).run().fails_in_json(exit);
        assert_eq!(failed.error()["status"], status, "{}", failed.report());
        assert_eq!(failed.error()["request_id"], REQUEST_ID, "{}", failed.report());
        let message = failed.error()["message"].to_string();
        assert!(message.contains(words), "{}", failed.report());
        assert!(!message.contains("base") && !message.contains('<'), "{}", failed.report());
        backups(&server).run().fails_in_words(exit).mentions(&[words, REQUEST_ID]);
    }
}

#[test]
fn backups_list_in_xml() {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    let body = r#"<?xml version="1.0" encoding="UTF-8"?><errors type="array"><error>VirtualMachine not found</error></errors>"#;
    let server = Server::always(Answer::xml(body).with_status(404));
    let run = |output| {
        backups(&server).args(&["--profile", "cloud", "--config", config.to_str().unwrap(), "-o", output]).run()
    };
    let failed = run("json").fails_in_json(3);
    let message = failed.error()["message"].to_string();
    assert!(message.contains("VirtualMachine not found"), "{}", failed.report());
    run("table").fails_in_words(3).mentions(&["VirtualMachine not found"]);
    for (body, message) in [
        ("<errors><error>one</error><error>two</error></errors>", "one; two"),
        ("<errors><label>can't be blank</label></errors>", "label can't be blank"),
        (
            "<errors type=\"array\"><base>wait</base><label>can't be blank</label></errors>",
            "wait; label can't be blank",
        ),
    ] {
        let server = Server::always(Answer::xml(body).with_status(422));
        let failed =
            backups(&server).args(&["--profile", "cloud", "--config", config.to_str().unwrap()]).args(&["-o", "json"]);
        assert_eq!(failed.run().fails_in_json(5).error()["message"], message, "{body}");
    }
}

#[test]
fn an_invalid_answer_still_has_a_status_and_a_request_id() {
    for body in ["<html>", "", "[]", "{}"] {
        let server = Server::always(Answer::raw(200, "text/html", body).header("X-Request-Id", "req-4711"));
        let error =
            katapult(&server, &["disk", "show", "disk_x", "-o", "json"]).run().fails(1, "invalid_response").error();
        assert_eq!((&error["status"], &error["request_id"]), (&json!(200), &json!("req-4711")), "{body}");
    }
}
