//! Bad flags and values: exit code 2, before any request, naming the flag, the value and what would be right.

use crate::harness::{bare, katapult, onapp};
use crate::server::Server;
use crate::world::{POLICY, VM, World};

/// Command lines with one bad value each, and what the error must mention besides the flag and the value.
fn bad_values() -> Vec<(Vec<&'static str>, &'static str, &'static str, &'static [&'static str])> {
    let list = |flag, value| vec!["policies", "list", "--vm", VM, flag, value];
    let update = |flag, value| vec!["policy", "update", POLICY, flag, value];
    vec![
        (list("--output", "xml"), "--output", "xml", &["table", "json", "yaml", "csv"]),
        (list("--limit", "ten"), "--limit", "ten", &[]),
        (list("--retries", "many"), "--retries", "many", &[]),
        (list("--timeout", "soon"), "--timeout", "soon", &["30s"]),
        (list("--max-wait", "a while"), "--max-wait", "a while", &["30 days"]),
        (list("--max-wait", "31d"), "--max-wait", "31d", &["30 days"]),
        (list("--filter", "bogus = 1"), "--filter", "invalid value 'bogus' for", &["retention"]),
        (list("--concurrency", "0"), "--concurrency", "0", &[]),
        (list("--color", "mauve"), "--color", "mauve", &["auto", "always", "never"]),
        (list("--provider", "azure"), "--provider", "azure", &["katapult", "onapp"]),
        (update("--interval", "fortnightly"), "--interval", "fortnightly", &["hourly", "daily", "weekly", "monthly"]),
        (update("--retention", "0"), "--retention", "0", &["1"]),
        (update("--retention", "seven"), "--retention", "seven", &[]),
        (update("--retention", "7.5"), "--retention", "7.5", &[]),
        (update("--retention", "99999999999999999999"), "--retention", "99999999999999999999", &[]),
        (update("--frequency", "0"), "--frequency", "0", &["1"]),
        (update("--retention", "3000000000"), "--retention", "3000000000", &["too large", "2147483647"]),
        (update("--frequency", "-1"), "--frequency", "-1", &["1"]),
        (update("--time", "noon"), "--time", "noon", &["0 to 23"]),
        (update("--time", "24"), "--time", "24", &["23"]),
        (update("--time", "-1"), "--time", "-1", &["0"]),
        (update("--minute", "half"), "--minute", "half", &["0 to 59"]),
        (update("--minute", "60"), "--minute", "60", &["59"]),
        (list("--org", ""), "--org", "''", &["empty"]),
        (list("--profile", " "), "--profile", "' '", &["empty"]),
        (list("--api-url", ""), "--api-url", "''", &["empty"]),
    ]
}

#[test]
fn a_bad_value_is_named_with_its_flag_and_what_is_right() {
    let server = World::new().serve();
    for (args, flag, value, right) in bad_values() {
        let run = katapult(&server, &args).run().fails_in_words(2).mentions(&[flag, value]);
        run.mentions(right);
        assert_eq!(server.count(), 0, "{args:?}");
    }
}

#[test]
fn usage_errors_are_json_when_json_is_asked_for() {
    let server = World::new().serve();
    for args in [
        &["policy", "update", POLICY, "--interval", "fortnightly", "-o", "json"][..],
        &["-o", "json", "policy", "update", POLICY, "--retention", "0"],
        &["policies", "list", "--frobnicate", "--output", "jsonl"],
        &["policies", "list", "--frobnicate", "--output=json"],
        &["policies", "list", "--frobnicate", "-ojson"],
        &["policies", "lsit", "-o", "json"],
        &["disk", "show", "-o", "json"],
        &["policy", "schedule-delete", POLICY, "-o", "json"],
        &["policies", "list", "--disk", "disk_x", "--include-disks", "-o", "json"],
    ] {
        let run = katapult(&server, args).run().fails(2, "usage");
        assert!(run.error()["status"].is_null(), "no request was made: {}", run.report());
        assert!(run.error()["request_id"].is_null(), "{}", run.report());
    }
    katapult(&server, &["disk", "show"]).env("BPCTL_OUTPUT", "json").run().fails(2, "usage");
    assert_eq!(server.count(), 0);
}

#[test]
fn bad_values_in_the_environment_are_named() {
    let server = World::new().serve();
    for (name, value) in [("BPCTL_OUTPUT", "xml"), ("BPCTL_PROVIDER", "azure")] {
        katapult(&server, &["policies", "list", "--vm", VM])
            .env(name, value)
            .run()
            .fails_in_words(2)
            .mentions(&[value]);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_usage_error_comes_before_the_missing_token() {
    bare(&["policy", "update", POLICY, "--retention", "0", "-o", "json"]).run().fails(2, "usage");
}

#[test]
fn a_typing_error_suggests_what_was_meant() {
    for (args, meant) in [
        (&["polices", "list"][..], "did you mean `bpctl policies`?"),
        (&["policies", "lits"], "did you mean `bpctl policies list`?"),
        (&["policies", "list", "--outptu", "json"], "did you mean `--output`?"),
        (&["schema", "coverge"], "did you mean `coverage`?"),
        (&["schema", "polices"], "[possible values: calendar, check, coverage, "),
        (&["vm", "list", "-o", "jsno"], "did you mean `json`?"),
        (&["check", "--format", "prom"], "did you mean `prometheus`?"),
        (&["version"], "use `bpctl --version`"),
        (&["policies", "ls"], "use `bpctl policies list`"),
        (&["policy", "rm", POLICY], "use `bpctl policies delete`"),
        (&["list"], "use `bpctl policies list`; also list: disk, vm, trash, org, backups, transactions, auth, config"),
        (&["login"], "use `bpctl auth login`"),
        (&["servers", "list"], "use `bpctl vm`"),
        (&["-o", "table", "vm", "delete", "web-1"], "`bpctl vm` has list, show"),
        (&["policies", "list", "--json"], "use `-o json`"),
        (&["policies", "list", "--token=abc"], "set BPCTL_TOKEN or run `bpctl auth login`"),
        (&["apply"], "for example: `bpctl apply -f policies.toml`"),
        (&["transactions", "show"], "for example: `bpctl transactions show "),
        (&["help", "exit-code"], "did you mean `bpctl help exit-codes`?"),
        (&["help", "topics"], "the topics are exit-codes, environment"),
        (&["backups", "create", "--vm", "web1", "--wait", "30m"], "write `--wait=30m`"),
        (&["policies", "update", "--match", "*", "--max-changes", "x"], "expected a whole number, at least 0"),
        (&["autobackup", "on"], "--vm <VM>|--disk <DISK>"),
    ] {
        let run = bare(args).run().fails_in_words(2).hints();
        assert!(run.stderr.contains(meant), "{args:?}: `{meant}` is missing: {}", run.report());
        assert!(!run.stderr.contains("abc"), "{}", run.report());
    }
    bare(&["apply"]).run().fails_in_words(2).mentions(&["--file <FILE>", "PLAN"]);
    bare(&["--sandbox", "policies", "list", "--sort", "retenton"])
        .run()
        .exits(2)
        .mentions(&["did you mean retention?"]);
}

#[test]
fn a_usage_error_names_the_help_of_its_command() {
    for (args, help) in [
        (&["policies", "list", "--frobnicate"][..], "`bpctl policies list -h`"),
        (&["--profile", "vm", "policy", "update", "--frequency", "0"], "`bpctl policies update -h`"),
        (&["frobnicate"], "`bpctl -h`"),
    ] {
        let run = bare(args).args(&["-o", "json"]).run().fails(2, "usage");
        assert!(run.error()["hint"].as_str().unwrap().contains(help), "{}", run.report());
        bare(args).run().fails_in_words(2).mentions(&[help]);
    }
    for (args, names) in [(&["policies"][..], "list, show, create"), (&[], "policies, disk, vm")] {
        let run = bare(args).args(&["-o", "json"]).run().fails(2, "usage");
        assert!(run.error()["message"].as_str().unwrap().contains(names), "{}", run.report());
    }
}

#[test]
fn a_vm_can_be_named_without_an_option() {
    let server = World::new().serve();
    let list = |args: &[&str]| katapult(&server, &["policies", "list"]).args(args).args(&["-o", "json"]).run();
    assert_eq!(list(&["web-1"]).ok().stdout, list(&["--vm", "web-1"]).ok().stdout);
    assert_eq!(
        list(&["web-1", "--include-disks"]).ok().stdout,
        list(&["--vm", "web-1", "--include-disks"]).ok().stdout
    );
    list(&["web-1", "--vm", "web-1"]).fails(2, "usage");
}

#[test]
fn there_is_no_token_flag() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", VM, "--token", "abc"]).run().fails_in_words(2);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_command_that_the_provider_does_not_offer() {
    let server = Server::always(crate::server::Answer::text_json("[]"));
    for args in [&["trash", "list"][..], &["org", "list"], &["policy", "schedule-delete", "1", "--at", "+7d", "--yes"]]
    {
        onapp(&server, args).run().fails_in_words(2).mentions(&["onapp", "backups"]);
        onapp(&server, args).args(&["-o", "json"]).run().fails(2, "usage");
    }
    katapult(&server, &["backups", "list", "--vm", VM]).run().fails_in_words(2).mentions(&["katapult", "policies"]);
    katapult(&server, &["backups", "list", "--vm", VM, "-o", "json"]).run().fails(2, "usage");
    assert_eq!(server.count(), 0);
}

#[test]
fn onapp_needs_a_url_and_a_user() {
    let server = Server::always(crate::server::Answer::text_json("[]"));
    let list = || onapp(&server, &["backups", "list", "--vm", "488"]);
    list().without_env("BPCTL_API_URL").run().fails_in_words(2).mentions(&["api_url"]);
    list().without_env("BPCTL_TOKEN").args(&["-o", "json"]).run().fails(4, "no_token");
    list().without_env("BPCTL_USER").run().fails_in_words(2).mentions(&["BPCTL_USER"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn help_and_version_go_to_standard_output() {
    for args in
        [&["--help"][..], &["-h"], &["policy", "update", "--help"], &["help", "policy"], &["help"], &["--version"]]
    {
        let run = bare(args).run().ok();
        assert_eq!(run.stderr, "", "{args:?}");
        assert!(!run.stdout.trim().is_empty(), "{args:?}");
    }
    let run = bare(&["policy", "update", "--help"]).run().ok();
    for words in ["--retention", "--interval", "--frequency", "--time", "--minute", "hour", "--dry-run", "--yes"] {
        assert!(run.stdout.contains(words), "`{words}` is missing: {}", run.report());
    }
    assert_eq!(bare(&["help", "policy", "update"]).run().ok().stdout, run.stdout);
}

#[test]
fn the_overview_is_for_newcomers() {
    let overview = bare(&["-h"]).run().ok().stdout;
    assert_eq!(bare(&["help"]).run().ok().stdout, overview);
    assert_eq!(bare(&[]).run().exits(2).stderr, overview);
    assert!(overview.contains("bpctl --sandbox policies list") && overview.lines().count() < 40, "{overview}");
    let everything = bare(&["--help"]).run().ok().stdout;
    assert!(everything.contains("--concurrency") && everything.contains("completions"), "{everything}");
}

#[test]
fn topics() {
    let topic = |name: &str| bare(&["help", name]).run().ok().stdout;
    let codes = topic("exit-codes");
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "9", "10", "130"] {
        assert!(codes.lines().any(|line| line.trim_start().starts_with(&format!("{code} "))), "{code}:\n{codes}");
    }
    assert!(codes.contains("outcome_unknown") && codes.contains("request_id"), "{codes}");
    assert!(topic("environment").contains("BPCTL_TOKEN"));
    let formatting = topic("formatting");
    for words in ["jsonl", "sarif", "toml", "policies list", "next_run"] {
        assert!(formatting.contains(words), "{words}:\n{formatting}");
    }
    assert!(topic("times").contains("friday 22:00"));
    assert!(topic("files").contains("token_command"));
    for option in ["--output", "--columns", "--profile", "--org", "--dry-run", "--yes", "--max-wait", "--concurrency"] {
        assert!(topic("options").contains(option), "{option}");
    }
    for name in ["exit-codes", "environment", "formatting", "times", "files", "options"] {
        let text = topic(name);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn an_option_of_every_command_can_be_given_twice_and_a_change_cannot() {
    let server = World::new().serve();
    let twice = ["-o", "json", "--utc", "--utc", "-y", "-y", "--limit", "5", "--limit", "6", "-o", "id"];
    let run = katapult(&server, &["policies", "list", "--vm", VM]).args(&twice).run().ok();
    assert_eq!(run.stdout, format!("{POLICY}\n"));
    katapult(&server, &["policy", "update", POLICY, "--retention", "30", "--retention", "3"]).run().exits(2);
    assert!(server.writes().is_empty());
}
