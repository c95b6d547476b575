//! `--jq`: an expression is checked before anything is sent, and what it cannot do with a result hides nothing.

use crate::harness::{Home, bare, interrupt, katapult};
use crate::terminal::Terminal;
use crate::world::{DISK, POLICY, VM, World, policy};

fn world() -> World {
    World::new().policies(vec![
        policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
        policy("dbp_2", "Disk", DISK, "System Disk", "weekly", 30),
    ])
}

#[test]
fn results_are_what_the_expression_makes_of_them() {
    let server = world().serve();
    let run = |args: &[&str]| katapult(&server, args).run().ok().stdout;
    assert_eq!(run(&["policies", "list", "--jq", ".[].id"]), format!("{POLICY}\ndbp_2\n"));
    assert_eq!(run(&["policies", "list", "-o", "jsonl", "--jq", ".id"]), format!("{POLICY}\ndbp_2\n"));
    assert_eq!(run(&["policies", "list", "--limit", "1", "--jq", "length"]), "1\n");
    assert_eq!(
        run(&["policy", "show", POLICY, "--jq", "{retention, every: .schedule.interval}"]),
        "{\"retention\":7,\"every\":\"daily\"}\n"
    );
    assert_eq!(
        run(&["policies", "list", "--jq", r#".[] | [.id, "a b"] | @tsv"#]),
        format!("{POLICY}\ta b\ndbp_2\ta b\n")
    );
    assert_eq!(run(&["policies", "list", "--jq", "empty"]), "");
    assert_eq!(run(&["schema", "plan", "--jq", ".type"]), "object\n");
    // The environment's default is for tables; the expression is for JSON.
    let csv = katapult(&server, &["policies", "list", "--jq", "length"]).env("BPCTL_OUTPUT", "csv");
    assert_eq!(csv.run().ok().stdout, "2\n");
}

#[test]
fn a_wrong_expression_is_refused_before_anything_is_sent() {
    let server = world().serve();
    for (expression, words) in
        [(".[", "closing bracket"), ("nosuch", "`nosuch`"), ("env.HOME", "`env`"), ("$ENV", "`$ENV`")]
    {
        katapult(&server, &["policies", "delete", POLICY, "--yes", "--jq", expression])
            .run()
            .fails(2, "usage")
            .mentions(&["--jq", words]);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn where_there_is_no_json_it_is_refused() {
    let server = world().serve();
    for args in [
        &["policies", "list", "-o", "table"][..],
        &["policies", "list", "--print-request", "curl"],
        &["completions", "bash"],
        &["report"],
        &["check", "--format", "nagios"],
        &["check", "--output-file", "x.json"],
        &["sandbox", "serve"],
    ] {
        let run = katapult(&server, args).args(&["--jq", "."]).run();
        // A plugin has its own exit code, and one line on standard output.
        let (code, text) = if args.contains(&"nagios") { (3, &run.stdout) } else { (2, &run.stderr) };
        assert!(run.code == code && text.contains("--jq"), "{}", run.report());
    }
    assert_eq!(server.count(), 0);
    let home = Home::new();
    bare(&["config", "path"]).args(&["--jq", "."]).home(&home).run().ok().json();
}

#[test]
fn a_result_that_cannot_be_filtered_is_an_error_that_says_what_was_done() {
    let server = world().serve();
    let error = katapult(&server, &["policies", "list", "--jq", ".[].id.x"]).run().fails(1, "jq").error();
    assert_eq!((&error["changed"], &error["retryable"]), (&"no".into(), &false.into()));
    let run = katapult(&server, &["policy", "update", POLICY, "--retention", "9", "--jq", ".id.x"]).run();
    let error = run.fails(1, "jq").mentions(&["the change was made", "--jq"]).error();
    assert_eq!(error["changed"], "yes");
    assert_eq!(server.writes().len(), 1);
}

#[test]
fn a_changed_config_file_is_a_change_whatever_becomes_of_the_result() {
    let home = Home::new();
    let config = |args: &[&str]| bare(&["config"]).args(args).home(&home);
    let set = ["set", "profiles.z.provider", "onapp"];
    let error = config(&set).args(&["--jq", ".key.x"]).run().fails(1, "jq").error();
    assert_eq!(error["changed"], "yes", "{error}");
    config(&set).run_without_room().exits(1).mentions(&["the config file was changed, but"]);
    let error = config(&["get", "provider", "--jq", ".key.x"]).run().fails(1, "jq").error();
    assert_eq!(error["changed"], "no", "{error}");
}

#[test]
fn what_was_found_before_an_error_is_filtered_too() {
    let server = world().serve();
    let lint = |expression| katapult(&server, &["lint", "--fail-on", "warning", "--jq", expression]).run().exits(10);
    assert!(lint(".[].code").stdout.lines().all(|code| code.starts_with('W')), "codes");
    assert!(!lint(".[].code").stdout.is_empty());
    // The finding matters more than the expression; neither is lost.
    let error = lint(".nosuch").error();
    assert!(error["hint"].as_str().unwrap().contains("--jq"), "{error}");
}

#[test]
fn rows_of_several_profiles_are_one_result() {
    let args = ["policies", "list", "--profile", "sandbox,sandbox-onapp", "--jq"];
    let of_each = bare(&args).args(&["group_by(.profile)[] | length > 0"]).run().ok();
    assert_eq!(of_each.stdout, "true\ntrue\n");
}

#[test]
fn an_endless_result_ends_with_its_reader() {
    let server = world().serve();
    let mut running = katapult(&server, &["policies", "list", "--jq", "range(1e18)"]).spawn_reading();
    assert_eq!(running.read_line().trim(), "0");
    running.close_stdout();
    running.wait().ok();
}

const ENDLESS: &str = "def f: f; f";

#[test]
fn an_expression_that_never_ends_is_interrupted() {
    let server = world().serve();
    let running = katapult(&server, &["policy", "update", POLICY, "--retention", "9", "--jq", ENDLESS]).spawn();
    // The policy is read, changed and read back.
    server.await_requests(3);
    std::thread::sleep(std::time::Duration::from_millis(500));
    interrupt(running.id());
    assert_eq!(running.wait().fails(130, "interrupted").error()["changed"], "yes");
}

#[test]
fn an_expression_has_the_time_of_the_command() {
    let server = world().serve();
    let run = katapult(&server, &["policies", "list", "--jq", ENDLESS, "--max-wait", "2s"]).run();
    run.fails(1, "jq").mentions(&["time limit"]);
}

#[test]
fn a_terminal_gets_no_control_characters() {
    let server = world().serve();
    let terminal =
        Terminal::run(&katapult(&server, &["policies", "list", "--limit", "1", "--jq", r#""a\u001b[31mb""#]));
    terminal.wait_for(r"a\x1b[31mb");
}
