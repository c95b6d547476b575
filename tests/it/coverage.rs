//! `bpctl coverage`: rows, verdicts, what is read for them, and when it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::katapult;
use crate::server::{Answer, Request, Server};
use crate::world::{POLICY_PATH, World, now, page, policy, vm};

pub const DISKS_PATH: &str = "/core/v1/organizations/organization/disks";

/// A disk as the organization's list has it.
pub fn listed_disk(id: &str, machine: Option<&str>) -> Value {
    let assigned = machine.map(|id| json!({"virtual_machine": {"id": id, "fqdn": format!("{id}.example")}}));
    json!({"id": id, "name": format!("Disk {id}"), "size_in_gb": 10, "state": "built", "virtual_machine_disk": assigned})
}

/// Answers the list of disks.
pub fn disks(request: &Request, disks: &[Value]) -> Option<Answer> {
    (request.path() == DISKS_PATH).then(|| Answer::json(200, &page(request, "disk", disks)))
}

/// Four machines, one of each verdict when daily backups are asked for, and an unassigned disk without a policy.
fn four() -> Server {
    let machine = |name: &str| vm(&format!("vm_{name}"), name, &format!("{name}.acme.example"));
    let world = World::new().vms(["good", "rare", "half", "bare"].map(machine).to_vec()).policies(vec![
        policy("p-good", "VirtualMachine", "vm_good", "good", "daily", 14),
        policy("p-rare", "VirtualMachine", "vm_rare", "rare", "weekly", 30),
        policy("p-half", "Disk", "d-half-1", "Disk d-half-1", "daily", 14),
    ]);
    let all = vec![
        listed_disk("d-good", Some("vm_good")),
        listed_disk("d-rare", Some("vm_rare")),
        listed_disk("d-half-1", Some("vm_half")),
        listed_disk("d-half-2", Some("vm_half")),
        listed_disk("d-bare", Some("vm_bare")),
    ];
    world.serve_but(move |request| disks(request, &all))
}

#[test]
fn each_verdict_with_its_reason_worst_first() {
    let server = four();
    let rows = katapult(&server, &["coverage", "--require", "daily", "-o", "json"]).run().ok().json();
    let reasons: Vec<[&str; 3]> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| ["name", "verdict", "reason"].map(|field| row[field].as_str().unwrap()))
        .collect();
    assert_eq!(
        reasons,
        [
            ["bare.acme.example", "none", "no policy"],
            ["half.acme.example", "partial", "not covered: Disk d-half-2"],
            ["rare.acme.example", "weak", "no policy runs daily or more often"],
            ["good.acme.example", "ok", "all disks are covered"],
        ]
    );
    assert_eq!(rows[1]["uncovered"], json!(["d-half-2"]));
    assert_eq!(rows[3]["kept"], "14 days (14 × daily)");
    let fields: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let wanted =
        "type id name disks covered policies interval frequency kept next_run verdict reason uncovered deletions";
    assert_eq!(fields, wanted.split(' ').collect::<Vec<_>>());
}

#[test]
fn the_table_ends_with_the_totals_and_csv_does_not() {
    let server = four();
    let table = katapult(&server, &["coverage", "--require", "daily"]).run().ok();
    let footer: Vec<&str> = table.stdout.lines().rev().take(2).collect();
    assert_eq!(footer, ["3 of 5 disks covered", "4 VMs: 1 none, 1 partial, 1 weak, 1 ok"], "{}", table.report());
    let csv = katapult(&server, &["coverage", "-o", "csv"]).run().ok();
    assert_eq!(csv.stdout.lines().count(), 5, "{}", csv.report());
    let ids = katapult(&server, &["coverage", "-o", "id", "--sort", "vm"]).run().ok();
    assert_eq!(ids.stdout, "vm_bare\nvm_good\nvm_half\nvm_rare\n");
}

#[test]
fn a_check_fails_from_the_level_that_was_asked_for() {
    let machine = |name: &str| vm(&format!("vm_{name}"), name, &format!("{name}.acme.example"));
    let server = |verdict: &str| {
        let policies = match verdict {
            "none" => vec![],
            "partial" => vec![policy("p", "Disk", "d1", "d1", "daily", 14)],
            "weak" => vec![policy("p", "VirtualMachine", "vm_a", "a", "weekly", 14)],
            _ => vec![policy("p", "VirtualMachine", "vm_a", "a", "hourly", 14)],
        };
        let all = vec![listed_disk("d1", Some("vm_a")), listed_disk("d2", Some("vm_a"))];
        World::new().vms(vec![machine("a")]).policies(policies).serve_but(move |request| disks(request, &all))
    };
    let order = ["none", "partial", "weak", "ok"];
    for (badness, verdict) in order.into_iter().enumerate() {
        let server = server(verdict);
        for (allowed, level) in order[..3].iter().enumerate() {
            let args = ["coverage", "--require", "daily", "--fail-on", level, "-o", "json"];
            let run = katapult(&server, &args).run();
            assert_eq!(run.json()[0]["verdict"], verdict, "the result is printed in any case: {}", run.report());
            let fails = badness <= allowed;
            assert_eq!(run.code, if fails { 10 } else { 0 }, "{verdict} with --fail-on {level}: {}", run.report());
            if fails {
                assert_eq!(run.error()["code"], "found", "{}", run.report());
                assert_eq!(run.error()["exit_code"], 10, "{}", run.report());
            }
        }
    }
}

/// What the hint names shows the reasons that the check had.
#[test]
fn the_hint_of_a_failed_check_asks_for_the_same() {
    let server = four();
    for asked in ["", " --require daily", " --min-retention 20", " --require daily --min-retention 20"] {
        let args: Vec<&str> = ["coverage", "--fail-on", "weak"].into_iter().chain(asked.split_whitespace()).collect();
        let hint = format!("hint: `bpctl coverage{asked}` shows the reason of each");
        let run = katapult(&server, &args).run().exits(10);
        assert!(run.stderr.lines().any(|line| line == hint), "{hint}: {}", run.report());
    }
}

#[test]
fn retention_and_interval_are_met_by_one_policy_or_not_at_all() {
    let world = World::new().vms(vec![vm("vm_a", "a", "a.example")]).policies(vec![
        policy("p-often", "VirtualMachine", "vm_a", "a", "hourly", 3),
        policy("p-long", "VirtualMachine", "vm_a", "a", "weekly", 52),
    ]);
    let server = world.serve();
    let verdict = |args: &[&str]| {
        let rows = katapult(&server, &["coverage", "-o", "json"]).args(args).run().ok().json();
        let row = rows.as_array().unwrap().iter().find(|row| row["id"] == "vm_a").unwrap();
        (row["verdict"].clone(), row["reason"].clone())
    };
    assert_eq!(verdict(&["--require", "daily"]).0, "ok");
    assert_eq!(verdict(&["--min-retention", "14"]).0, "ok");
    let (both, reason) = verdict(&["--require", "daily", "--min-retention", "14"]);
    assert_eq!(both, "weak");
    assert_eq!(reason, "no single policy runs daily or more often and keeps 14 or more");
}

#[test]
fn a_pending_deletion_is_reported() {
    let world = World::new().policy(|policy| policy["auto_move_to_trash_at"] = json!(now() + 3 * 86_400 + 60));
    let run = katapult(&world.serve(), &["coverage", "-o", "json"]).run().ok();
    let row = run.json().as_array().unwrap().iter().find(|row| row["name"] == crate::world::FQDN).cloned().unwrap();
    assert!(row["reason"].as_str().unwrap().ends_with("scheduled in 3 days"), "{row}");
    assert_eq!(row["deletions"][0]["policy"], crate::world::POLICY);
}

#[test]
fn policies_are_read_one_by_one_up_to_200_or_when_asked() {
    let many = |count: usize| {
        let one = |number| policy(&format!("p{number}"), "VirtualMachine", crate::world::VM, "web-1", "daily", 7);
        World::new().policies((0..count).map(one).collect()).serve()
    };
    let server = many(200);
    katapult(&server, &["coverage"]).run().ok();
    assert_eq!(server.to(POLICY_PATH).len(), 200);
    let server = many(201);
    let run = katapult(&server, &["coverage"]).run().ok().mentions(&["201 policies", "--detail"]);
    assert_eq!(server.to(POLICY_PATH).len(), 0, "{}", run.report());
    katapult(&server, &["coverage", "--detail"]).run().ok();
    assert_eq!(server.to(POLICY_PATH).len(), 201);
}

#[test]
fn a_policy_that_goes_away_meanwhile_is_left_out() {
    let world = World::new();
    let server = world.serve_but(|request| {
        (request.path() == POLICY_PATH).then(|| Answer::error_with(406, "object_in_trash", json!({})))
    });
    let run = katapult(&server, &["coverage", "--columns", "vm,verdict"]).run().ok().mentions(&["left out"]);
    assert!(run.stdout.contains("3 VMs: 3 none"), "{}", run.report());
}

#[test]
fn a_list_that_lacks_something_is_called_incomplete() {
    let world = World::new();
    let server = world.clone().serve_but(move |request| {
        let answer = Answer::json(200, &{
            let mut body = page(request, "virtual_machines", &[vm("vm_1", "one", "one.example")]);
            body["pagination"]["total"] = json!(3);
            body
        });
        (request.path() == "/core/v1/organizations/organization/virtual_machines").then_some(answer)
    });
    katapult(&server, &["coverage"]).run().ok().mentions(&["warning: incomplete", "3 VMs"]);
}

/// A check of lists with gaps is not an all-clear; what it finds in them is still reported.
#[test]
fn a_check_of_lists_with_gaps_is_not_an_all_clear() {
    const MACHINES_PATH: &str = "/core/v1/organizations/organization/virtual_machines";
    let server = |policies: Vec<Value>| {
        let one = [vm("vm_1", "one", "one.example")];
        let world = World::new().vms(one.to_vec()).policies(policies);
        world.serve_but(move |request| {
            let mut body = page(request, "virtual_machines", &one);
            body["pagination"]["total"] = json!(3);
            let disks = [listed_disk("d", Some("vm_1"))];
            match request.path() {
                MACHINES_PATH => Some(Answer::json(200, &body)),
                crate::lint::TRASH_PATH => Some(Answer::json(200, &page(request, "trash_objects", &[]))),
                _ => self::disks(request, &disks),
            }
        })
    };
    let covered = server(vec![policy("p", "VirtualMachine", "vm_1", "one", "daily", 14)]);
    for args in [&["coverage", "--fail-on", "weak"][..], &["lint", "--fail-on", "warning"]] {
        let run = katapult(&covered, args).args(&["-o", "json"]).run().exits(9);
        assert_eq!(run.error()["code"], "partly_done", "{}", run.report());
        assert!(run.json().is_array(), "the result is printed in any case: {}", run.report());
        katapult(&covered, args).run().exits(9).mentions(&["the check is incomplete", "3 VMs"]);
        katapult(&covered, &args[..1]).run().ok().mentions(&["warning: incomplete"]);
    }
    let sarif = katapult(&covered, &["lint", "-o", "sarif"]).run().ok().json();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let bare = server(vec![]);
    katapult(&bare, &["coverage", "--fail-on", "weak"]).run().exits(10);
    let found = katapult(&bare, &["lint", "--fail-on", "warning", "-o", "sarif"]).run().exits(10).json();
    assert_eq!(found["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_failing_list_prints_nothing() {
    for path in [DISKS_PATH, crate::world::ORG_POLICIES_PATH, POLICY_PATH] {
        let server = World::new().serve_but(move |request| (request.path() == path).then(|| Answer::html(503)));
        katapult(&server, &["coverage", "-o", "json", "--retries", "0"]).run().fails_in_json(7);
    }
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let one = |number| policy(&format!("p{number}"), "VirtualMachine", crate::world::VM, "web-1", "daily", 7);
    let world = World::new().policies((0..40).map(one).collect());
    let (counting, highest) = (Arc::clone(&in_flight), Arc::clone(&most));
    let server = Server::start(move |request| {
        highest.fetch_max(counting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // Long enough for others to come in, if any are sent.
        std::thread::sleep(Duration::from_millis(20));
        let answer = world.answer(request);
        counting.fetch_sub(1, Ordering::SeqCst);
        answer
    });
    katapult(&server, &["coverage", "--concurrency", "2"]).run().ok();
    assert_eq!(most.load(Ordering::SeqCst), 2, "side by side, but no more than allowed");
}

#[test]
fn names_from_the_api_are_inert_in_the_table() {
    let world = World::new().vms(vec![vm("vm_1", "x", "\u{1b}[31mred\u{7}.example")]);
    let run = katapult(&world.serve(), &["coverage"]).run().ok();
    assert!(run.stdout.contains("\\x1b[31mred\\x07"), "{}", run.report());
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.report());
}

#[test]
fn wrong_input_is_refused_before_any_request() {
    let server = World::new().serve();
    for args in [
        &["--require", "fortnightly"][..],
        &["--min-retention", "0"],
        &["--fail-on", "ok"],
        &["--columns", "colour"],
        &["-o", "sarif"],
    ] {
        katapult(&server, &["coverage"]).args(args).run().exits(2);
    }
    assert_eq!(server.count(), 0);
}
