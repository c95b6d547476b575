//! `check --ping` and `--webhook`: what is sent, and that a failing report does not lose the result or show its URL.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::check::mixed_cloud;
use crate::harness::{Bpctl, Home, Run, bare, onapp};
use crate::server::{Answer, Server};

/// The part of the URL that makes it a secret.
const SECRET: &str = "7d0c3f52-ping-secret";

fn check(cloud: &Server, receiver: &Server, variable: &str) -> Bpctl {
    onapp(cloud, &["check", "--vm", "fresh"]).env(variable, format!("{}/{SECRET}?a=b", receiver.url()))
}

/// Nothing shows the URL.
fn is_silent(run: &Run) {
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{}", run.report());
}

fn sent(receiver: &Server) -> Vec<(String, String)> {
    let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
    receiver.requests().into_iter().map(|request| (request.target, text(request.body))).collect()
}

#[test]
fn a_switch_hears_of_start_and_result() {
    let (cloud, receiver) = (mixed_cloud(), Server::always(Answer::empty(200)));
    is_silent(&check(&cloud, &receiver, "BPCTL_PING_URL").args(&["--ping", "-vv"]).run().ok());
    let of = |target: &str| format!("/{SECRET}{target}?a=b");
    assert_eq!(sent(&receiver), [(of("/start"), String::new()), (of(""), "BACKUP OK - 1 of 1 VM ok".to_owned())]);
    assert!(receiver.requests().iter().all(|request| request.header("authorization").is_none()));
    check(&cloud, &receiver, "BPCTL_PING_URL").args(&["--ping", "--max-age", "5m"]).run().exits(10);
    let (target, body) = sent(&receiver).pop().unwrap();
    assert_eq!(target, of("/fail"));
    assert!(body.starts_with("BACKUP CRITICAL - 1 critical of 1 VM: fresh last backup 1 h ago (max 5 min)"), "{body}");
    // What could not be read at all is reported as well.
    let closed = Server::start(|_| Answer::empty(401));
    check(&closed, &receiver, "BPCTL_PING_URL").args(&["--ping"]).run().exits(4);
    let (target, body) = sent(&receiver).pop().unwrap();
    assert!(target == of("/fail") && body.starts_with("BACKUP UNKNOWN - "), "{target} {body}");
    let before = receiver.count();
    check(&cloud, &receiver, "BPCTL_PING_URL").args(&["--ping", "--dry-run"]).run().ok();
    assert_eq!(receiver.count(), before, "a dry run reports nothing");
}

#[test]
fn a_webhook_gets_the_result() {
    let (cloud, receiver) = (mixed_cloud(), Server::always(Answer::empty(204)));
    let run = check(&cloud, &receiver, "BPCTL_WEBHOOK_URL").args(&["--webhook", "-o", "json"]).run().ok();
    assert_eq!(receiver.requests()[0].json(), run.json());
    check(&cloud, &receiver, "BPCTL_WEBHOOK_URL").args(&["--webhook", "--webhook-format", "slack"]).run().ok();
    assert_eq!(receiver.requests()[1].json(), json!({"text": "BACKUP OK - 1 of 1 VM ok"}));
}

#[test]
fn a_report_that_fails_loses_nothing() {
    let cloud = mixed_cloud();
    for answer in [
        Answer::empty(404),
        Answer::empty(500),
        Answer::closed(),
        Answer::empty(302).header("Location", "https://elsewhere.invalid/"),
    ] {
        let receiver = Server::always(answer);
        let run = check(&cloud, &receiver, "BPCTL_WEBHOOK_URL").args(&["--webhook", "--retries", "0", "-vv"]).run();
        let run = run.exits(9);
        assert!(
            run.stdout.contains("fresh") && run.stderr.contains("the result was not reported: webhook: "),
            "{}",
            run.report()
        );
        is_silent(&run);
        assert_eq!(receiver.count(), 1, "not followed, not repeated");
    }
    let passing = Server::answers([Answer::empty(503), Answer::empty(200)]);
    check(&cloud, &passing, "BPCTL_WEBHOOK_URL").args(&["--webhook"]).run().ok();
    let (slow, started) = (Server::always(Answer::silent()), Instant::now());
    let run = check(&cloud, &slow, "BPCTL_WEBHOOK_URL").args(&["--webhook", "--max-wait", "4s"]).run().exits(9);
    assert!(run.stdout.contains("fresh") && started.elapsed() < Duration::from_secs(20), "{}", run.report());
    let gone = Server::always(Answer::empty(200));
    gone.close();
    let run =
        check(&cloud, &gone, "BPCTL_PING_URL").args(&["--ping", "--retries", "0", "--format", "nagios"]).run().ok();
    assert!(run.stdout.starts_with("BACKUP OK") && run.stderr.contains("warning: "), "{}", run.report());
}

#[test]
fn a_url_that_cannot_be_used_is_refused_and_not_shown() {
    let cloud = mixed_cloud();
    for url in ["http://example.com/", "ftp://127.0.0.1/", "nonsense ", "https://", "file:///"] {
        let run = onapp(&cloud, &["check", "--ping", "-vv"]).env("BPCTL_PING_URL", format!("{url}{SECRET}"));
        let run = run.run();
        // `https://` and the secret make a host, which no resolver knows.
        if url != "https://" {
            is_silent(&run.fails_in_words(2));
        }
    }
    onapp(&cloud, &["check", "--ping"]).run().fails_in_words(2).mentions(&["BPCTL_PING_URL"]);
    onapp(&cloud, &["check", "--webhook-format", "slack"]).run().fails_in_words(2);
}

#[test]
fn a_url_comes_from_a_profile_and_stays_there() {
    let (cloud, receiver) = (mixed_cloud(), Server::always(Answer::empty(200)));
    let home = Home::new();
    let profile = |name: &str, path: &str| {
        format!(
            "[profiles.{name}]\nprovider = \"onapp\"\napi_url = \"{}\"\nuser = \"u\"\ntoken = \"t\"\nping_url = \"{}/{SECRET}{path}\"\n",
            cloud.onapp_url(),
            receiver.url()
        )
    };
    let text = profile("one", "") + &profile("two", "-other");
    let config = home.file("bpctl.toml", &text).display().to_string();
    let run = |args: &[&str]| bare(args).args(&["--config", &config]).home(&home).run();
    run(&["check", "--ping", "--profile", "one", "--vm", "fresh"]).ok();
    assert_eq!(receiver.count(), 2);
    is_silent(&run(&["check", "--ping", "--profile", "one,two", "--vm", "fresh"]).fails_in_words(2));
    is_silent(&run(&["config", "get", "profiles.one.ping_url"]).exits_nonzero());
    is_silent(&run(&["config", "list", "--profile", "one", "-o", "json"]).ok());
    run(&["config", "set", "profiles.one.ping_url", "https://x.example/"]).fails_in_words(2);
}

#[test]
fn no_format_and_no_file_shows_the_url_whatever_the_receiver_answers() {
    let cloud = mixed_cloud();
    let home = Home::new();
    let echo = format!("{{\"error\": {{\"code\": \"no\", \"description\": \"no https://x.example/{SECRET} here\"}}}}");
    let away = format!("https://elsewhere.invalid/{SECRET}");
    let answers = [
        Answer::text_json(echo.clone()).with_status(500),
        Answer::text_json(echo).with_status(404),
        Answer::empty(302).header("Location", &away),
        Answer::reset(),
        Answer::html(200).with_status(429),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let receiver = Server::always(answer);
        for (format, flag, variable) in [
            ("table", "--webhook", "BPCTL_WEBHOOK_URL"),
            ("json", "--ping", "BPCTL_PING_URL"),
            ("nagios", "--webhook", "BPCTL_WEBHOOK_URL"),
            ("prometheus", "--ping", "BPCTL_PING_URL"),
            ("junit", "--webhook", "BPCTL_WEBHOOK_URL"),
        ] {
            let file = home.path(&format!("{number}-{format}"));
            let to_file = ["--output-file", file.to_str().unwrap()];
            let args = [&["--format", format, flag, "--retries", "0", "-vv"][..], &to_file[..]].concat();
            is_silent(&check(&cloud, &receiver, variable).args(&args).home(&home).run());
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.is_empty() && !text.contains(SECRET), "{format}: {text}");
        }
    }
}
