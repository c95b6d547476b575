//! `bpctl lint`: each finding, its explanation, and the forms that other tools read.

use serde_json::{Value, json};

use crate::coverage::{disks, listed_disk};
use crate::harness::{Run, bare, katapult};
use crate::server::{Answer, Server};
use crate::world::{World, now, page, policy, vm};

pub const TRASH_PATH: &str = "/core/v1/organizations/organization/trash_objects";

/// Serves machine `a` with disk `d` and these policies, and says that these ids are in the trash.
pub fn serve(policies: Vec<Value>, trash: &'static [&'static str]) -> Server {
    let world = World::new().vms(vec![vm("vm_a", "a", "a.example")]).policies(policies);
    world.serve_but(move |request| {
        let trash = || trash.iter().map(|id| json!({"id": format!("trsh_{id}"), "object_id": id})).collect::<Vec<_>>();
        if request.path() == TRASH_PATH {
            Some(Answer::json(200, &page(request, "trash_objects", &trash())))
        } else {
            disks(request, &[listed_disk("d", Some("vm_a"))])
        }
    })
}

pub fn on_machine(id: &str, interval: &str, retention: u32) -> Value {
    policy(id, "VirtualMachine", "vm_a", "a", interval, retention)
}

/// Codes with the policy that each is about.
fn found(server: &Server, args: &[&str]) -> Vec<(String, Value)> {
    let findings = katapult(server, &["lint", "-o", "json"]).args(args).run().ok().json();
    findings.as_array().unwrap().iter().map(|f| (f["code"].as_str().unwrap().to_owned(), f["policy"].clone())).collect()
}

fn one(code: &str, policy: impl Into<Value>) -> Vec<(String, Value)> {
    vec![(code.to_owned(), policy.into())]
}

#[test]
fn each_code_is_found_where_it_is_due_and_nowhere_else() {
    assert_eq!(found(&serve(vec![on_machine("p", "daily", 7)], &[]), &[]), []);
    assert_eq!(found(&serve(vec![], &[]), &[]), one("W001", Value::Null));
    let disk_only = vec![policy("p", "Disk", "d", "d", "daily", 7)];
    assert_eq!(found(&serve(disk_only, &[]), &[]), [], "a policy of its disk is a policy");
    for interval in ["weekly", "monthly"] {
        assert_eq!(found(&serve(vec![on_machine("p", interval, 7)], &[]), &[]), one("W002", "p"));
    }
    let with_daily = vec![on_machine("p", "weekly", 7), on_machine("q", "daily", 7)];
    assert_eq!(found(&serve(with_daily, &[]), &[]), []);
    let mut rare = on_machine("p", "daily", 7);
    rare["schedule"]["frequency"] = json!(7);
    assert_eq!(found(&serve(vec![rare], &[]), &[]), one("W002", "p"), "every 7 days is weekly");
    assert_eq!(found(&serve(vec![on_machine("p", "daily", 1)], &[]), &[]), one("W011", "p"));
    let twice = |interval| vec![on_machine("p", "daily", 7), policy("q", "Disk", "d", "d", interval, 7)];
    assert_eq!(found(&serve(twice("daily"), &[]), &[]), one("W012", "q"));
    assert_eq!(found(&serve(twice("hourly"), &[]), &[]), []);
    let daily = || vec![on_machine("p", "daily", 7)];
    assert_eq!(found(&serve(daily(), &["vm_a"]), &[]), one("W021", "p"));
    assert_eq!(found(&serve(daily(), &["d"]), &[]), []);
}

#[test]
fn a_deletion_is_pending_within_a_week_or_not() {
    let ending = |days: i64| {
        let mut ending = on_machine("p", "daily", 7);
        ending["auto_move_to_trash_at"] = json!(now() + days * 86_400);
        found(&serve(vec![ending], &[]), &[])
    };
    assert_eq!(ending(6), one("W022", "p"));
    assert_eq!(ending(8), []);
}

#[test]
fn crowded_minutes_are_one_finding_while_the_same_policies_meet() {
    // Six daily policies at one time: seven minutes of the week, one finding.
    let crowd = (0..6).map(|number| on_machine(&format!("p{number}"), "daily", 7)).collect();
    let server = serve(crowd, &[]);
    assert_eq!(found(&server, &[]), one("W013", Value::Null));
    assert_eq!(found(&server, &["--max-per-minute", "6"]), []);
    let findings = katapult(&server, &["lint", "-o", "json"]).run().ok().json();
    let message = findings[0]["message"].as_str().unwrap();
    assert!(message.contains("6 policies") && message.contains("6 more minutes"), "{message}");
    let fields: Vec<&String> = findings[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["code", "severity", "policy", "target", "message", "hint"]);
}

#[test]
fn it_fails_only_when_asked_and_from_the_severity_asked_for() {
    let server = serve(vec![on_machine("p", "daily", 1)], &[]);
    let lint = |args: &[&str]| katapult(&server, &["lint", "-o", "json"]).args(args).run();
    assert_eq!(lint(&[]).code, 0);
    assert_eq!(lint(&["--fail-on", "error"]).code, 0);
    let failed: Run = lint(&["--fail-on", "warning"]).exits(10);
    assert_eq!(failed.json()[0]["code"], "W011");
    assert_eq!(failed.error()["code"], "found");
    let bare = serve(vec![], &[]);
    katapult(&bare, &["lint", "--fail-on", "error"]).run().exits(10).mentions(&["1 error", "--explain"]);
}

#[test]
fn a_token_that_may_not_read_the_trash_skips_that_check_alone() {
    let scopeless = |code: &'static str, status| {
        let world = World::new().policies(vec![]);
        world.serve_but(move |request| (request.path() == TRASH_PATH).then(|| Answer::error(status, code)))
    };
    for code in ["scope_not_granted", "permission_denied"] {
        let server = scopeless(code, 403);
        let run = katapult(&server, &["lint"]).run().ok().mentions(&["W021 was not checked", "trash_objects:read"]);
        assert!(run.stdout.contains("W001"), "{}", run.report());
        let sarif = katapult(&server, &["lint", "-o", "sarif"]).run().ok().json();
        let notes = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        assert!(notes[0]["message"]["text"].as_str().unwrap().contains("W021"), "{notes}");
    }
    katapult(&scopeless("invalid_api_token", 403), &["lint", "-o", "json"]).run().fails(4, "invalid_api_token");
}

#[test]
fn a_trash_with_gaps_is_not_an_all_clear() {
    let world = World::new().vms(vec![vm("vm_a", "a", "a.example")]).policies(vec![on_machine("p", "daily", 7)]);
    let server = world.serve_but(|request| {
        let mut body = page(request, "trash_objects", &[]);
        body["pagination"]["total"] = json!(2);
        let trash = (request.path() == TRASH_PATH).then(|| Answer::json(200, &body));
        trash.or_else(|| disks(request, &[listed_disk("d", Some("vm_a"))]))
    });
    katapult(&server, &["lint"]).run().ok().mentions(&["warning: incomplete", "2 objects in the trash"]);
    katapult(&server, &["lint", "--fail-on", "error", "-o", "json"]).run().exits(9);
}

#[test]
fn sarif_is_complete() {
    let server = serve(vec![on_machine("p", "daily", 1)], &["vm_a"]);
    let run = katapult(&server, &["lint", "-o", "sarif", "--fail-on", "error"]).run().exits(10);
    let document = run.json();
    assert_eq!((&document["version"], document["runs"].as_array().unwrap().len()), (&json!("2.1.0"), 1));
    let one = &document["runs"][0];
    assert_eq!(one["tool"]["driver"]["name"], "bpctl");
    let rules = one["tool"]["driver"]["rules"].as_array().unwrap();
    let results = one["results"].as_array().unwrap();
    let found: Vec<(&str, &str)> =
        results.iter().map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap())).collect();
    assert_eq!(found, [("W021", "error"), ("W011", "warning")], "errors first");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert_eq!(result["locations"][0]["logicalLocations"][0]["name"], "p");
    }
    let none = katapult(&serve(vec![on_machine("p", "daily", 7)], &[]), &["lint", "-o", "sarif"]).run().ok();
    assert_eq!(none.json()["runs"][0]["results"], json!([]));
    assert_eq!(none.json()["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn no_other_command_writes_sarif() {
    let server = World::new().serve();
    for args in [&["policies", "list"][..], &["vm", "list"], &["coverage"], &["calendar"], &["org", "list"]] {
        katapult(&server, args).args(&["-o", "sarif"]).run().fails_in_words(2).mentions(&["lint"]).hints();
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn codes_are_explained_without_a_token_or_a_request() {
    let run = bare(&["lint", "--explain", "W012"]).run().ok();
    assert!(run.stdout.starts_with("W012:") && run.stdout.contains("covers all its disks"), "{}", run.report());
    assert_eq!(bare(&["lint", "--explain", "w012"]).run().ok().stdout, run.stdout);
    let codes = bare(&["lint", "--list-codes", "-o", "id"]).run().ok().stdout;
    assert!(codes.lines().count() >= 7 && codes.contains("W012\n"), "{codes}");
    let all = bare(&["lint", "--explain", "all"]).run().ok().stdout;
    for code in codes.lines() {
        assert!(all.contains(&format!("{code}:")), "{code} is not explained");
        let one = bare(&["lint", "--explain", code, "-o", "json"]).run().ok().json();
        assert_eq!(one["code"], code);
        assert!(one["explanation"].as_str().unwrap().len() > 40 && one["remedy"].as_str().unwrap().len() > 20);
    }
    bare(&["lint", "--explain", "W999"]).run().fails_in_words(2).mentions(&["W999", "W012"]).hints();
}

#[test]
fn a_hint_holds_no_shell_from_the_api() {
    let server = serve(vec![on_machine("p; rm -rf ~ #`x`", "daily", 1)], &[]);
    let findings = katapult(&server, &["lint", "-o", "json"]).run().ok().json();
    assert_eq!(findings[0]["hint"], "`bpctl policy update POLICY --retention 7`");
}
