//! Read-only mode: what switches it on, and that no write leaves the program.

use crate::harness::{Bpctl, Home, TOKEN, bare, katapult};
use crate::server::Server;
use crate::world::{DISK, POLICY, World};

const WRITES: [&[&str]; 4] = [
    &["policy", "update", POLICY, "--retention", "31", "--yes"],
    &["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"],
    &["policy", "delete", POLICY, "--yes"],
    &["policy", "create", "--disk", DISK, "--interval", "hourly", "--retention", "3"],
];

fn with_profile(server: &Server, line: &str, args: &[&str]) -> Bpctl {
    let home = Home::new();
    let url = server.katapult_url();
    let content = format!("default_profile = \"w\"\n[profiles.w]\napi_url = \"{url}\"\ntoken = \"{TOKEN}\"\n{line}\n");
    let config = home.file("bpctl.toml", &content);
    bare(args).args(&["--config", config.to_str().unwrap()]).home(&home)
}

fn writes(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method != "GET").count()
}

#[test]
fn each_way_to_switch_it_on_refuses_every_write() {
    let server = World::new().serve();
    for args in WRITES {
        for run in [
            katapult(&server, args).arg("--read-only"),
            katapult(&server, args).env("BPCTL_READ_ONLY", "1"),
            with_profile(&server, "read_only = true", args),
            // What is read-only in one place stays so.
            with_profile(&server, "read_only = true", args).env("BPCTL_READ_ONLY", "0"),
            with_profile(&server, "read_only = false", args).env("BPCTL_READ_ONLY", "true"),
        ] {
            let run = run.args(&["-o", "json"]).run().fails(2, "read_only");
            let error = run.error();
            assert_eq!((&error["changed"], &error["retryable"]), (&"no".into(), &false.into()), "{}", run.report());
        }
    }
    assert_eq!(writes(&server), 0);
}

#[test]
fn reads_and_dry_runs_go_on() {
    let server = World::new().serve();
    katapult(&server, &["disk", "show", DISK, "--read-only"]).run().ok();
    katapult(&server, WRITES[0]).args(&["--read-only", "--dry-run"]).run().ok();
    assert_eq!(writes(&server), 0);
    katapult(&server, WRITES[0]).env("BPCTL_READ_ONLY", "0").run().ok();
    assert_eq!(writes(&server), 1);
}

#[test]
fn a_value_other_than_yes_and_no_is_refused() {
    let server = World::new().serve();
    let run = katapult(&server, &["disk", "show", DISK]).env("BPCTL_READ_ONLY", "ja").run();
    run.fails_in_words(2).mentions(&["BPCTL_READ_ONLY", "ja"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn it_is_shown_where_settings_are() {
    let server = World::new().serve();
    let status = with_profile(&server, "read_only = true", &["auth", "status", "-o", "json"]).run().ok().json();
    assert_eq!(status["read_only"], true);
    let shown = with_profile(&server, "read_only = true", &["auth", "status"]).run().ok();
    assert!(shown.stdout.to_lowercase().contains("read-only"), "{}", shown.report());
    let status = with_profile(&server, "", &["auth", "status", "-o", "json"]).run().ok().json();
    assert_eq!(status["read_only"], false);
    let doctor = with_profile(&server, "read_only = true", &["doctor"]).run();
    assert!(doctor.stdout.contains("read-only"), "{}", doctor.report());
    let listed = katapult(&server, &["config", "get", "read_only", "--read-only"]).run().ok();
    assert_eq!(listed.stdout, "true\n");
}

#[test]
fn reads_use_the_weaker_token_and_writes_the_full_one() {
    let server = World::new().serve();
    let by_method = |run: Bpctl| {
        let before = server.count();
        run.run().ok();
        let requests = server.requests().split_off(before);
        requests
            .iter()
            .map(|request| (request.method.clone(), request.header("authorization").unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    for line in ["token_ro = \"weaker-token\"", "token_command_ro = [\"printf\", \"weaker-token\\n\"]"] {
        let sent = by_method(with_profile(&server, line, WRITES[0]));
        assert!(sent.len() > 2, "{sent:?}");
        for (method, token) in sent {
            let expected = if method == "GET" { "Bearer weaker-token".to_owned() } else { format!("Bearer {TOKEN}") };
            assert_eq!(token, expected, "{method}");
        }
        with_profile(&server, "", &["policy", "update", POLICY, "--retention", "30", "--yes"]).run().ok();
    }
    // The environment's token is for everything.
    let sent = by_method(
        with_profile(&server, "token_ro = \"weaker-token\"", &["disk", "show", DISK]).env("BPCTL_TOKEN", "other"),
    );
    assert_eq!(sent, [("GET".to_owned(), "Bearer other".to_owned())]);
}

#[test]
fn a_profile_with_the_weaker_token_alone_reads_and_does_not_write() {
    let server = World::new().serve();
    let home = Home::new();
    let content = format!("[profiles.w]\napi_url = \"{}\"\ntoken_ro = \"weaker-token\"\n", server.katapult_url());
    let config = home.file("bpctl.toml", &content);
    let bpctl = |args: &[&str]| bare(args).args(&["--config", config.to_str().unwrap(), "--profile", "w"]).home(&home);
    bpctl(&["disk", "show", DISK]).run().ok();
    let run = bpctl(WRITES[0]).args(&["-o", "json"]).run().fails(4, "no_token");
    assert!(run.error()["message"].as_str().unwrap().contains("token_ro"), "{}", run.report());
    assert_eq!(run.error()["changed"], "no");
    assert_eq!(writes(&server), 0);
}
