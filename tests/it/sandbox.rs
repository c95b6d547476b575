//! The simulator inside the binary: any command against it without an account, and its state between commands.

use crate::harness::{Bpctl, Home, TOKEN, bare, interrupt};
use crate::server::Request;
use crate::simulator::{Simulator, forward, serve};

fn in_sandbox(home: &Home, args: &[&str]) -> Bpctl {
    bare(args).args(&["--sandbox"]).home(home)
}

fn policies(home: &Home) -> String {
    in_sandbox(home, &["policies", "list", "--vm", "web-1", "-o", "json"]).run().ok().stdout
}

#[test]
fn needs_no_account() {
    let home = Home::new();
    for args in [
        &["--sandbox", "policies", "list", "--vm", "web-1"][..],
        &["policies", "list", "--vm", "web-1", "--profile", "sandbox"],
    ] {
        let run = bare(args).home(&home).run().ok();
        assert!(run.stdout.lines().count() > 1, "{}", run.report());
    }
}

#[test]
fn a_change_is_seen_by_the_next_command() {
    let (home, other) = (Home::new(), Home::new());
    let before = policies(&home);
    let id = in_sandbox(&home, &["policies", "list", "--vm", "web-1", "-o", "id", "--limit", "1"]).run().ok().stdout;
    in_sandbox(&home, &["policy", "update", id.trim(), "--retention", "4711"]).run().ok();
    let shown = in_sandbox(&home, &["policy", "show", id.trim(), "-o", "json"]).run().ok().json();
    assert_eq!(shown["retention"], 4711);
    assert!(!policies(&other).contains("4711"), "another home has a world of its own");
    bare(&["sandbox", "reset", "--dry-run"]).home(&home).run().ok().mentions(&["dry run", "left as it is"]);
    assert!(policies(&home).contains("4711"));
    bare(&["sandbox", "reset", "--yes"]).home(&home).run().ok();
    assert_eq!(id_list(&policies(&home)), id_list(&before));
    assert!(!policies(&home).contains("4711"));
}

fn id_list(policies: &str) -> Vec<String> {
    let list: Vec<serde_json::Value> = serde_json::from_str(policies).unwrap();
    list.iter().map(|policy| policy["id"].to_string()).collect()
}

#[test]
fn a_missing_token_is_refused_as_the_api_refuses_it() {
    let simulator = serve(&Home::new(), &[]);
    let (authority, base) = simulator.url["http://".len()..].split_once('/').unwrap();
    let target = format!("/{base}/organizations");
    let request = Request { method: "GET".into(), target, headers: Vec::new(), body: Vec::new() };
    let (status, body) = forward(authority, &request);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &body["error"]["code"]), (400, &"missing_api_token".into()));
}

#[test]
fn it_fails_on_request() {
    let list = |simulator: &Simulator, retries| {
        bare(&["org", "list", "--retries", retries])
            .env("BPCTL_TOKEN", TOKEN)
            .env("BPCTL_API_URL", &simulator.url)
            .run()
            .code
    };
    let home = Home::new();
    let simulator = serve(&home, &["--fail", "503:2"]);
    assert_eq!(list(&simulator, "0"), 7);
    assert_eq!(list(&simulator, "3"), 0);
}

#[test]
fn the_printed_lines_point_another_terminal_at_it() {
    let home = Home::new();
    let mut process = bare(&["sandbox", "serve", "--port", "0", "-v"]).home(&home).spawn();
    let lines: Vec<String> = (0..4).map(|_| process.read_line()).collect();
    for (line, args, expected) in
        [(&lines[1], &["policies", "list", "--vm", "web-1"][..], "dbp_"), (&lines[3], &["vm", "list"], "web1")]
    {
        let exports = line.trim().strip_prefix("export ").unwrap();
        let command = exports.split(' ').fold(bare(args), |command, pair| {
            let (name, value) = pair.split_once('=').unwrap();
            command.env(name, value)
        });
        let run = command.run().ok();
        assert!(run.stdout.contains(expected), "{}", run.report());
    }
    interrupt(process.id());
    let run = process.wait();
    for part in [
        "GET /core/v1/virtual_machines/virtual_machine/disk_backup_policies 200 ",
        "GET /onapp/virtual_machines.json 200 ",
    ] {
        assert!(run.stderr.contains(part), "{}", run.report());
    }
}

#[test]
fn a_home_that_cannot_be_written_does_not_prevent_reading() {
    let home = Home::new();
    let file = home.file("in-the-way", "");
    let run = in_sandbox(&home, &["policies", "list", "--vm", "web-1"]).env("XDG_DATA_HOME", file.to_str().unwrap());
    let run = run.run().ok().mentions(&["in memory", "make its directory writable", file.to_str().unwrap()]);
    assert!(run.stdout.contains("dbp_"), "{}", run.report());
    let reset = bare(&["sandbox", "reset", "--yes"]).home(&home).env("XDG_DATA_HOME", file.to_str().unwrap()).run();
    reset.fails_in_words(1).hints().mentions(&[file.to_str().unwrap(), "make its directory writable"]);
}

#[test]
fn the_other_cloud_has_modes_and_failing_transactions() {
    let args =
        ["sandbox", "serve", "--ephemeral", "--onapp", "superb,old-replies", "--fail", "take_backup:failed,busy:1"];
    let mut process = bare(&args).home(&Home::new()).spawn();
    let lines: Vec<String> = (0..4).map(|_| process.read_line()).collect();
    assert!(lines[2].starts_with("OnApp ") && lines[2].trim().ends_with("/flexapi"), "{lines:?}");
    for (args, part) in [
        (&["--fail", "take_backup:late"][..], "expected one of failed, stuck, vanished"),
        (&["--onapp", "odd"], "normal-only, superb, no-settings"),
    ] {
        bare(&["sandbox", "serve"]).args(args).run().exits(2).mentions(&[part]);
    }
}
