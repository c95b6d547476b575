//! Failures: how they are named, and what they look like on the wire.

use std::time::{Duration, Instant};

use super::*;
use crate::sandbox::Fault;

fn failing(faults: &[&str]) -> Api {
    api(Options { faults: faults.iter().map(|fault| fault.parse().expect("a failure")).collect(), ..options() })
}

#[test]
fn failures_have_names() {
    for text in [
        "503:2",
        "429:1",
        "html502:*",
        "PATCH/lost:1",
        "slow:3",
        "PUT/busy:*",
        "take_backup:failed:2",
        "destroy_backup:vanished:*",
        "stuck:1",
    ] {
        let fault: Fault = text.parse().expect("a failure");
        assert_eq!(fault.to_string(), text);
    }
    assert_eq!("reset".parse::<Fault>().expect("a failure").to_string(), "reset:1");
    for (text, part) in [
        ("504:1", "expected one of 503, 429"),
        ("take_backup:late", "unknown end \"late\" in \"take_backup:late\": expected one of failed, stuck, vanished"),
        ("take_backup", "unknown failure \"take_backup\""),
        ("convert_backup:failed:0", "expected a number from 1, or *"),
        ("503:0", "expected a number from 1, or *"),
        ("503:x", "invalid count \"x\" in \"503:x\""),
        ("HEAD/503:1", "expected one of GET, POST, PATCH, PUT, DELETE"),
    ] {
        let error = text.parse::<Fault>().expect_err("nonsense").to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_api_fails_in_its_own_words() {
    let api = failing(&["503:1", "429:1", "500:1"]);
    for (status, code) in [(503, "service_unavailable"), (429, "rate_limit_reached"), (500, "unhandled_exception")] {
        let answer = api.get("/organizations");
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.header("x-api-schema"), Some("json-error"));
    }
    assert_eq!(api.get("/organizations").status, 200);
}

#[test]
fn proxies_fail_in_html_or_nothing() {
    let api = failing(&["html502:1", "html200:1", "empty500:1", "redirect:1"]);
    let proxy = api.get("/organizations");
    assert_eq!((proxy.status, proxy.header("x-ratelimit-permitted")), (502, None));
    assert!(api.get("/organizations").body.starts_with("<!DOCTYPE html>"));
    let empty = api.get("/organizations");
    assert_eq!((empty.status, empty.body.as_str()), (500, ""));
    let elsewhere = api.get("/organizations");
    assert_eq!(
        (elsewhere.status, elsewhere.header("location")),
        (302, Some("http://elsewhere.invalid/core/v1/organizations"))
    );
}

#[test]
fn connections_break_before_and_in_the_middle() {
    let api = failing(&["reset:1", "cut:1"]);
    assert_eq!(api.get("/organizations").head, "");
    let cut = api.get("/organizations");
    let length: usize = cut.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
    assert_eq!(cut.status, 200);
    assert_eq!(cut.body.len(), length / 2);
}

#[test]
fn a_lost_answer_leaves_its_work_done() {
    let api = failing(&["DELETE/lost:1"]);
    let id = api.policy_of("web-1");
    let path = "/disk_backup_policies/disk_backup_policy";
    assert_eq!(api.call("DELETE", path, &lookup(&id)).status, 0);
    assert_eq!(api.policy(&id).code(), "object_in_trash");
}

#[test]
fn an_answer_that_cannot_be_serialised_leaves_its_work_done() {
    for (fault, status, code) in
        [("DELETE/null500", 500, "null_value_for_non_null_field"), ("DELETE/runtime400", 400, "generic_runtime_error")]
    {
        let api = failing(&[fault]);
        let id = api.policy_of("web-1");
        let answer = api.call("DELETE", "/disk_backup_policies/disk_backup_policy", &lookup(&id));
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(api.policy(&id).code(), "object_in_trash");
    }
}

#[test]
fn answers_hang_and_trickle() {
    let api = failing(&["hang:1", "slow:1"]);
    for expected in [0, 1] {
        let body = read_for(&api, Duration::from_millis(1_500));
        assert_eq!(body.len(), expected, "{body}");
    }
}

/// Returns what has come of a body after some time.
fn read_for(api: &Api, wait: Duration) -> String {
    let mut stream = TcpStream::connect(api.running.address()).expect("a connection");
    let request = "GET /core/v1/organizations HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a request sent");
    std::thread::sleep(wait);
    stream.set_nonblocking(true).expect("a socket option");
    let mut answer = Vec::new();
    // Ends when nothing more is there yet.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8(answer).expect("text");
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.unwrap_or_default()
}

#[test]
fn latency_and_failures_on_the_other_cloud() {
    let api = api(Options {
        latency: Duration::from_millis(60),
        faults: vec!["503:1".parse().expect("a failure")],
        ..options()
    });
    let before = Instant::now();
    let answer = api.send("GET", "/onapp/version.json", "", "");
    assert!(before.elapsed() >= Duration::from_millis(60));
    assert_eq!(answer.status, 503);
    assert!(answer.body.starts_with("<!DOCTYPE html>"));
}

#[test]
fn requests_are_logged_after_their_answers() {
    let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let api = api(Options {
        faults: vec!["DELETE/reset:1".parse().expect("a failure")],
        log: Some(Arc::new(move |answered| log.lock().expect("a log").push(answered.to_string()))),
        ..options()
    });
    api.get("/organizations?token=secret");
    api.get("/nowhere/%1b");
    api.call("DELETE", "/disk_backup_policies/_", &json!({}));
    let lines = lines.lock().expect("a log").clone();
    for (line, start) in lines.iter().zip([
        "GET /core/v1/organizations 200 ",
        "GET /core/v1/nowhere/%1b 404 ",
        "DELETE /core/v1/disk_backup_policies/_ no answer ",
    ]) {
        assert!(line.starts_with(start) && line.ends_with(" ms"), "{line}");
    }
    assert_eq!(lines.len(), 3);
}

#[test]
fn endless_bodies_are_refused() {
    let api = api(options());
    let body = json!({ "properties": "x".repeat(1 << 20) });
    let answer = api.call("PATCH", "/disk_backup_policies/_", &body);
    assert!(answer.status == 413 || answer.status == 0, "{}", answer.status);
}
