//! `apply` and `plan`: nothing is written over a colleague's change, nothing is made twice, and what cannot be read
//! stands in the way.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, katapult};
use crate::server::{Answer, Server};
use crate::world::{FQDN, ORG_POLICIES_PATH, POLICY, POLICY_PATH, VM, VM_POLICIES_PATH, World, policy};

fn apply(server: &Server, file: &str) -> Bpctl {
    katapult(server, &["apply", "-f", "-", "-o", "json"]).stdin(&format!("version = 1\n{file}"))
}

fn entry(interval: &str, retention: u32) -> String {
    format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"{interval}\"\nretention = {retention}\n")
}

/// The policies `dbp_first` (hourly) and `dbp_second` (daily) of web-1.
fn two() -> World {
    let of = |id: &str, interval: &str| policy(id, "VirtualMachine", VM, "web-1", interval, 7);
    World::new().policies(vec![of("dbp_second", "daily"), of("dbp_first", "hourly")])
}

#[test]
fn a_colleagues_change_before_a_step_is_left_alone() {
    let cases: [(String, &[&str]); 2] = [
        // The colleague changes the second policy while the first is written.
        (entry("hourly", 30) + &entry("daily", 30), &["--keep-going"]),
        (entry("hourly", 30), &["--prune", "--yes", "--max-deletions", "5"]),
    ];
    let changes: [fn(&mut Value); 3] = [
        |policy| policy["retention"] = json!(90),
        |policy| policy["schedule"]["minute"] = json!(59),
        |policy| policy["auto_move_to_trash_at"] = json!(4_086_590_400_i64),
    ];
    for (file, args) in cases {
        for change in changes {
            let world = two();
            let inner = world.clone();
            let server = world.serve_but(move |request| {
                let is_first = request.is_write() && request.json()["disk_backup_policy"]["id"] == "dbp_first";
                is_first.then(|| inner.clone().policy(change));
                None
            });
            let run = apply(&server, &file).args(args).run().exits(9);
            let error = run.error();
            assert_eq!(error["detail"]["failed"][0]["error"]["code"], "changed", "{}", run.report());
            assert_eq!((&error["changed"], &error["retryable"]), (&json!("yes"), &json!(false)), "{}", run.report());
            assert!(!run.stderr.contains("nothing was sent"), "the first step was sent: {}", run.report());
            assert_eq!(server.writes().len(), 1, "{}", run.report());
        }
    }
}

#[test]
fn a_colleagues_change_after_the_check_is_left_alone_by_the_first_step_too() {
    let world = World::new();
    let (inner, reads) = (world.clone(), AtomicUsize::new(0));
    let server = world.serve_but(move |request| {
        let is_check = request.method == "GET" && request.path() == POLICY_PATH;
        let answer = (is_check && reads.fetch_add(1, Ordering::SeqCst) == 0).then(|| inner.answer(request));
        answer.inspect(|_| drop(inner.clone().policy(|policy| policy["retention"] = json!(90))))
    });
    let run = apply(&server, &entry("daily", 30)).run().fails(5, "changed");
    assert_eq!((run.error()["changed"].clone(), server.writes().len()), (json!("no"), 0), "{}", run.report());
}

#[test]
fn a_policy_that_appears_before_a_create_prevents_it() {
    let world = World::new();
    let server = world.serve_but(|request| {
        let listed = policy("dbp_new", "VirtualMachine", VM, "web-1", "weekly", 4);
        let mut body = json!({"pagination": {"current_page": 1, "total_pages": 1, "total": 1, "per_page": 100,
            "large_set": false}});
        body["disk_backup_policies"] = json!([listed]);
        (request.path() == VM_POLICIES_PATH && request.method == "GET").then(|| Answer::json(200, &body))
    });
    let run = apply(&server, &entry("weekly", 5)).run().fails(5, "changed");
    assert!(run.stderr.contains("dbp_new") && server.writes().is_empty(), "{}", run.report());
}

type Spoil = fn(&mut Value);

/// Ways in which a live policy cannot be understood.
fn unreadable() -> Vec<(&'static str, Spoil)> {
    vec![
        ("target null", |policy| policy["target"] = Value::Null),
        ("target a string", |policy| policy["target"] = json!(VM)),
        ("target by its class", |policy| policy["target"] = json!({"virtual_machine": {"id": VM}})),
        ("target without an id", |policy| {
            policy["target"]["value"].as_object_mut().unwrap().shift_remove("id");
        }),
        ("target of an unknown type", |policy| {
            policy["target"] = json!({"type": "Comet", "value": {"id": "comet_1", "name": "x"}});
        }),
        ("target with an empty id", |policy| policy["target"]["value"]["id"] = json!("")),
        ("interval Daily", |policy| policy["schedule"]["interval"] = json!("Daily")),
        ("interval fortnightly", |policy| policy["schedule"]["interval"] = json!("fortnightly")),
        ("interval null", |policy| policy["schedule"]["interval"] = Value::Null),
        ("interval a number", |policy| policy["schedule"]["interval"] = json!(7)),
        ("no schedule", |policy| policy["schedule"] = Value::Null),
    ]
}

#[test]
fn a_policy_that_cannot_be_understood_blocks_creates_and_prunes() {
    for (what, change) in unreadable() {
        // Beside it is one that can be understood.
        let world = World::new().policies(vec![
            policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
            policy("dbp_fine", "VirtualMachine", VM, "web-1", "weekly", 4),
        ]);
        let world = world.policy(change);
        let server = world.serve();
        let both = entry("daily", 7) + &entry("weekly", 4);
        let attempts = [
            apply(&server, &both),
            apply(&server, &both).args(&["--keep-going", "--yes"]),
            apply(&server, &entry("weekly", 4)).args(&["--prune", "--yes", "--max-deletions", "9"]),
            apply(&server, &both).args(&["--prune", "--yes", "--max-deletions", "9"]),
        ];
        for attempt in attempts {
            let run = attempt.run().fails(5, "unreadable");
            assert!(run.error()["message"].as_str().unwrap().contains(POLICY), "{what}: {}", run.report());
            assert_eq!(run.error()["changed"], "no", "{what}: {}", run.report());
        }
        let plan = katapult(&server, &["plan", "-f", "-", "--prune"]).stdin(&format!("version = 1\n{both}"));
        let run = plan.run();
        assert!(run.stderr.contains(POLICY), "{what}: it is named: {}", run.report());
        // What concerns another policy goes on.
        apply(&server, &entry("weekly", 9)).run().ok();
        assert_eq!(server.writes().len(), 1, "{what}");
        for read in [&["policies", "list"][..], &["policy", "show", POLICY], &["coverage"]] {
            katapult(&server, read).run().ok();
        }
    }
}

#[test]
fn a_create_beside_one_that_cannot_be_understood_is_refused() {
    for (what, change) in unreadable() {
        let mut odd = policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7);
        change(&mut odd);
        let server = World::new().serve_but(move |request| {
            let mut body = json!({"pagination": {"current_page": 1, "total_pages": 1, "total": 1, "per_page": 100,
                "large_set": false}});
            body["disk_backup_policies"] = json!([odd]);
            (request.path() == VM_POLICIES_PATH && request.method == "GET").then(|| Answer::json(200, &body))
        });
        let create = ["policy", "create", "--vm", VM, "--interval", "daily", "--retention", "7", "-o", "json"];
        let run = katapult(&server, &create).run().fails(5, "unreadable");
        assert!(run.error()["message"].as_str().unwrap().contains(POLICY), "{what}: {}", run.report());
        assert!(server.writes().is_empty(), "{what}");
        katapult(&server, &create).arg("--allow-duplicate").run().ok();
    }
}

#[test]
fn a_shorter_reach_is_confirmed_and_what_a_file_leaves_out_stays() {
    let thirty = || World::new().policy(|policy| policy["retention"] = json!(30));
    let every_fourth = || World::new().policy(|policy| policy["schedule"]["frequency"] = json!(4));
    let updates: [(World, &[&str]); 4] = [
        (thirty(), &["--interval", "hourly"]),
        (thirty(), &["--interval", "hourly", "--retention", "40"]),
        (every_fourth(), &["--frequency", "1"]),
        (every_fourth(), &["--frequency", "2", "--retention", "8"]),
    ];
    for (world, fields) in updates {
        let server = world.serve();
        let update = || katapult(&server, &["policy", "update", POLICY, "-o", "json"]).args(fields);
        update().run().fails(2, "confirmation_required");
        assert!(server.writes().is_empty(), "{fields:?}");
        update().arg("--yes").run().ok();
    }
    let world = every_fourth();
    let server = world.serve();
    apply(&server, &entry("daily", 9)).run().ok();
    assert_eq!(world.current()["schedule"]["frequency"], 4);
    apply(&server, &(entry("daily", 9) + "frequency = 1\n")).run().fails(2, "confirmation_required");
    assert_eq!(world.current()["schedule"]["frequency"], 4);
}

#[test]
fn a_file_that_names_nothing_prunes_nothing_and_deletions_have_a_limit() {
    let many = |count: usize| {
        let of = |number| policy(&format!("dbp_{number}"), "VirtualMachine", VM, "web-1", "hourly", 7);
        let mut policies = vec![policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7)];
        policies.extend((1..count).map(of));
        World::new().policies(policies)
    };
    let server = many(3).serve();
    for nothing in ["", "# nothing\n", "[[rule]]\nmatch = \"none-*\"\ninterval = \"daily\"\nretention = 7\n"] {
        apply(&server, nothing).args(&["--prune", "--yes", "--max-deletions", "9"]).run().fails(2, "usage");
    }
    // More than one, and more than a tenth.
    let daily = entry("daily", 7);
    for (policies, args, exit) in [
        (2, &[][..], 0),
        (3, &[], 2),
        (12, &["--max-deletions", "10"], 2),
        (12, &["--max-deletions", "11"], 0),
        (2, &["--max-deletions", "0"], 2),
    ] {
        let server = many(policies).serve();
        let run = apply(&server, &daily).args(&["--prune", "--yes"]).args(args).run().exits(exit);
        let sent = if exit == 0 { policies - 1 } else { 0 };
        assert_eq!(server.writes().len(), sent, "{}", run.report());
    }
}

#[test]
fn a_plan_with_a_step_twice_is_refused() {
    let (home, world) = (Home::new(), two());
    let server = world.serve();
    let file = format!("version = 1\n{}{}", entry("hourly", 30), entry("monthly", 3));
    let plan = katapult(&server, &["plan", "-f", "-", "-o", "json"]).stdin(&file).run().ok().json();
    for step in [0, 1] {
        let mut doubled = plan.clone();
        let steps = doubled["steps"].as_array_mut().unwrap();
        steps.push(steps[step].clone());
        let path = home.file("plan.json", &doubled.to_string()).display().to_string();
        katapult(&server, &["apply", &path, "--yes", "-o", "json"]).run().fails(2, "usage");
    }
    assert!(server.writes().is_empty());
    // The plan itself, with the mark that some editors write, is carried out.
    let path = home.file("plan.json", &format!("\u{feff}{plan}")).display().to_string();
    katapult(&server, &["apply", &path]).run().ok();
    assert_eq!(server.writes().len(), 2);
}

#[test]
fn a_list_with_gaps_is_not_a_base_for_a_create() {
    for path in [ORG_POLICIES_PATH, VM_POLICIES_PATH] {
        let server = World::new().policies(Vec::new()).serve_but(move |request| {
            let body = json!({"pagination": {"current_page": 1, "total_pages": 1, "total": 2, "per_page": 100,
                "large_set": false}, "disk_backup_policies": []});
            (request.path() == path && request.method == "GET").then(|| Answer::json(200, &body))
        });
        let run = apply(&server, &entry("daily", 5)).run().exits_nonzero();
        assert_eq!((run.error()["changed"].clone(), server.writes().len()), (json!("no"), 0), "{}", run.report());
    }
}

/// Another interval of a line without an id is a new policy, and the old one is not in the file any more.
#[test]
fn what_could_not_be_replaced_is_not_deleted() {
    let world = World::new();
    let server = world.serve_but(|request| (request.method == "POST").then(|| Answer::error(422, "validation_error")));
    let args = ["--prune", "--yes", "--keep-going", "--max-deletions", "5"];
    let run = apply(&server, &entry("weekly", 7)).args(&args).run().exits_nonzero();
    assert!(run.error()["message"].as_str().unwrap().contains("not tried"), "{}", run.report());
    let methods: Vec<String> = server.writes().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST"]);
    assert_eq!(world.current()["auto_move_to_trash_at"], Value::Null);
}

#[test]
fn what_weakens_is_changed_after_what_strengthens() {
    let file = |daily: u32, hourly: u32| entry("daily", daily) + &entry("hourly", hourly);
    for (text, order) in [(file(3, 30), ["hourly", "daily"]), (file(30, 3), ["daily", "hourly"])] {
        let server = two().serve();
        let plan = katapult(&server, &["plan", "-f", "-", "-o", "json"]).stdin(&format!("version = 1\n{text}"));
        let plan = plan.run().ok().json();
        let steps = plan["steps"].as_array().unwrap().iter();
        let intervals: Vec<&str> = steps.map(|step| step["after"]["interval"].as_str().unwrap()).collect();
        assert_eq!(intervals, order);
    }
}
