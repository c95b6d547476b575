//! `--print-request curl`: the printed lines are run by bash and curl, and do what bpctl would have done.

use std::process::Command;

use serde_json::Value;

use crate::company::Company;
use crate::harness::{Bpctl, Run, TOKEN, katapult};
use crate::onapp_cloud::Cloud;
use crate::tools;
use crate::world::{World, policy, vm};

const PRINT: [&str; 2] = ["--print-request", "curl"];

fn has_curl() -> bool {
    tools::has("curl", &["--version"]) && tools::has("bash", &["--version"])
}

/// Runs a printed line, and returns what curl printed.
fn carry_out(line: &str, user: &str, token: &str) -> Value {
    let output =
        Command::new("bash").args(["-c", line]).env("BPCTL_USER", user).env("BPCTL_TOKEN", token).output().unwrap();
    assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn lines(run: &Run) -> Vec<String> {
    run.stdout.lines().map(str::to_owned).collect()
}

fn printed(command: Bpctl) -> Vec<String> {
    lines(&command.args(&PRINT).run().ok())
}

#[test]
fn a_read_is_the_request_that_was_sent() {
    if !has_curl() {
        return;
    }
    let company = Company::new();
    let list = ["policies", "list"];
    let lines = printed(company.bpctl(&list));
    let last = lines.last().unwrap();
    assert!(last.starts_with("curl ") && last.contains("\"Authorization: Bearer $BPCTL_TOKEN\""), "{last}");
    assert!(lines.iter().all(|line| !line.contains(TOKEN)), "{lines:?}");
    assert_eq!(carry_out(last, "", TOKEN)["disk_backup_policies"], company.json(&list));
}

#[test]
fn a_write_is_printed_and_not_sent() {
    if !has_curl() {
        return;
    }
    let company = Company::new();
    let id = company.ids()[0].clone();
    let before = company.policy(&id).unwrap();
    let other = before["retention"].as_i64().unwrap() + 5;
    let update = ["policies", "update", &id, "--retention", &other.to_string()];
    let lines = printed(company.bpctl(&update));
    assert_eq!(company.policy(&id).unwrap()["retention"], before["retention"], "nothing was sent");
    assert_eq!(lines.len(), 1, "{lines:?}");
    carry_out(&lines[0], "", TOKEN);
    assert_eq!(company.policy(&id).unwrap()["retention"], other);
    // Now there is nothing to send.
    let run = company.bpctl(&update).args(&PRINT).run().ok().mentions(&["nothing would be sent"]);
    assert_eq!(run.stdout, "");
    let delete = printed(company.bpctl(&["policies", "delete", &id]));
    carry_out(&delete[0], "", TOKEN);
    assert!(company.policy(&id).is_none());
}

#[test]
fn an_onapp_cloud_takes_user_and_password() {
    if !has_curl() {
        return;
    }
    let cloud = Cloud::serve(&[]);
    let password = "a-long-enough-password";
    let lines = printed(cloud.bpctl(&["vm", "list"]));
    assert!(lines[0].contains("-u \"$BPCTL_USER:$BPCTL_TOKEN\"") && !lines[0].contains(password), "{lines:?}");
    let answer = carry_out(&lines[0], "me", password);
    let listed = cloud.bpctl(&["vm", "list", "-o", "json"]).run().ok().json();
    assert_eq!(answer[0]["virtual_machine"]["id"], listed[0]["id"]);
    let pause = printed(cloud.bpctl(&["policy", "pause", "31"]));
    let status = || cloud.bpctl(&["policy", "show", "31", "-o", "json"]).run().ok().json()["status"].clone();
    assert_eq!(status(), "enabled");
    carry_out(&pause[0], "me", password);
    assert_eq!(status(), "disabled");
    let switch = ["autobackup", "on", "--vm", "web1"];
    let run = cloud.bpctl(&["autobackup", "off", "--vm", "app1"]).args(&PRINT).run().ok();
    assert_eq!(run.stdout, "", "app1 has no policies: {}", run.report());
    run.mentions(&["no changes: nothing would be sent"]);
    let on = printed(cloud.bpctl(&switch));
    assert_eq!(on.len(), 1, "{on:?}");
    carry_out(&on[0], "me", password);
    assert_eq!(status(), "enabled");
    let run = cloud.bpctl(&switch).args(&PRINT).run().ok().mentions(&["no changes: nothing would be sent"]);
    assert_eq!(run.stdout, "");
    // A POST without a body.
    let create = printed(cloud.bpctl(&["backup", "create", "--disk", "1101"]));
    assert_eq!(create.len(), 1, "{create:?}");
    carry_out(&create[0], "me", password);
}

/// A name is data, whatever it holds.
#[test]
fn lines_are_quoted() {
    if !has_curl() {
        return;
    }
    let name = "it's $(touch /tmp/bpctl-quoted) `id` \"x\" \\";
    let world = World::new().vms(vec![vm("vm_'1", name, "odd.acme.net")]).policies(vec![policy(
        "dbp_'$(id)",
        "VirtualMachine",
        "vm_'1",
        name,
        "daily",
        7,
    )]);
    let server = world.serve();
    let update = ["policies", "update", "--filter", "retention=7", "--retention", "9"];
    let lines = printed(katapult(&server, &update));
    assert!(server.writes().is_empty());
    carry_out(&lines[0], "", TOKEN);
    let sent = server.writes();
    assert_eq!(sent[0].json()["disk_backup_policy"]["id"], "dbp_'$(id)");
    assert_eq!(sent[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(world.current()["retention"], 9);
}

/// The line is the same request that bpctl sends: method, address and body.
#[test]
fn what_is_printed_is_what_is_sent() {
    if !has_curl() {
        return;
    }
    for verb in [
        &["policies", "update", "--match", "web-*", "--retention", "30"][..],
        &["policies", "delete", "--match", "web-*", "--yes"],
        &["policies", "schedule-delete", "--match", "web-*", "--at", "2030-01-01", "--utc", "--yes"],
        &["policies", "create", "--vm", "mail", "--interval", "daily", "--retention", "3"],
    ] {
        let (one, other) = (World::new().serve(), World::new().serve());
        for line in printed(katapult(&one, verb)) {
            carry_out(&line, "", TOKEN);
        }
        katapult(&other, verb).run().ok();
        let of = |server: &crate::server::Server| {
            let sent = server.writes().into_iter();
            sent.map(|write| (write.method.clone(), write.path().to_owned(), write.json())).collect::<Vec<_>>()
        };
        assert!(!of(&one).is_empty());
        assert_eq!(of(&one), of(&other), "{verb:?}");
    }
}

#[test]
fn commands_without_a_request_are_refused() {
    let server = World::new().serve();
    for args in [
        &["history"][..],
        &["config", "list"],
        &["check"],
        &["report"],
        &["schema"],
        &["lint", "--list-codes"],
        &["coverage", "--report", "x.html"],
        &["policies", "list", "--all-profiles"],
        &["policies", "list", "--print-request", "wget"],
    ] {
        katapult(&server, args).args(&PRINT).run().fails_in_words(2);
    }
    assert_eq!(server.count(), 0);
}
