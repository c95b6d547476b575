//! `undo`: it takes back what was done here and nothing else, also where the outcome of a change is unknown.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::fault_matrix::journaled;
use crate::harness::{Bpctl, Home, TOKEN, bare, katapult};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, POLICY, VM, World, policy};

/// Serves a world whose first write is answered by 502, carried out or not.
fn first_answer_lost(world: &World, is_done: bool) -> Server {
    let (inner, is_over) = (world.clone(), AtomicBool::new(false));
    world.serve_but(move |request| {
        if !request.is_write() || is_over.swap(true, Ordering::SeqCst) {
            return None;
        }
        is_done.then(|| inner.answer(request));
        Some(Answer::html(502))
    })
}

#[test]
fn an_id_in_the_answer_to_a_create_counts_only_if_it_is_new_and_of_the_target() {
    let mail = "vm_Ud8pRj5MhG3qYz6V";
    let live = || {
        vec![
            policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
            // As the new one should be.
            policy("dbp_mail", "VirtualMachine", mail, "mail", "weekly", 5),
            policy("dbp_disk", "Disk", DISK, "System Disk", "weekly", 5),
        ]
    };
    for id in [POLICY, "dbp_mail", "dbp_disk"] {
        for machine in [VM, FQDN, "web-1"] {
            let (home, world) = (Home::new(), World::new().policies(live()));
            let before = world.live_policies();
            let answer = before.clone().into_iter().find(|policy| policy["id"] == id).unwrap();
            let answer = Answer::json(200, &json!({"disk_backup_policy": answer}));
            let server = world.serve_but(move |request| (request.method == "POST").then(|| answer.clone()));
            let bpctl = |args: &[&str]| katapult(&server, args).args(&["-o", "json"]).home(&home);
            let create = ["policy", "create", "--vm", machine, "--interval", "weekly", "--retention", "5"];
            let run = bpctl(&create).run().fails(1, "invalid_response");
            let error = run.error();
            assert_eq!((&error["changed"], &error["retryable"]), (&json!("maybe"), &json!(false)), "{}", run.report());
            assert_eq!(error["detail"]["id"], id, "{}", run.report());
            assert_eq!(journaled(&home).as_deref(), Some("unknown"), "{}", run.report());
            bpctl(&["undo", "--yes"]).run().fails(1, "outcome_unknown");
            assert_eq!((server.writes().len(), world.live_policies()), (1, before), "{machine}: {id}");
        }
    }
}

#[test]
fn a_new_policy_that_the_answer_does_not_name_is_found() {
    let (home, world) = (Home::new(), World::new());
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        (request.method == "POST").then(|| {
            inner.answer(request);
            Answer::json(200, &json!({"disk_backup_policy": {"id": POLICY}}))
        })
    });
    let create = ["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5", "-o", "json"];
    let run = katapult(&server, &create).home(&home).run().fails(1, "invalid_response");
    assert!(run.error()["message"].as_str().unwrap().contains("dbp_new1"), "{}", run.report());
}

#[test]
fn an_unknown_outcome_is_not_undone_over_what_a_colleague_did() {
    let changes: [fn(&mut Value); 4] = [
        |policy| policy["retention"] = json!(90),
        |policy| policy["schedule"]["minute"] = json!(59),
        |policy| policy["schedule"]["interval"] = json!("hourly"),
        |policy| policy["target"]["value"]["id"] = json!("vm_other"),
    ];
    for is_done in [true, false] {
        for (number, change) in changes.into_iter().enumerate() {
            let (home, world) = (Home::new(), World::new());
            let server = first_answer_lost(&world, is_done);
            let bpctl = |args: &[&str]| katapult(&server, args).args(&["-o", "json", "--retries", "0"]).home(&home);
            let run = bpctl(&["policy", "update", POLICY, "--retention", "14"]).run().exits(7);
            // A second look shows whether it was carried out.
            let changed = if is_done { "yes" } else { "maybe" };
            assert_eq!(run.error()["changed"], changed, "{}", run.report());
            world.clone().policy(change);
            let colleagues = world.current();
            for undo in
                [&["undo"][..], &["undo", "--yes"], &["undo", "1", "--yes"], &["undo", "--command", "1", "--yes"]]
            {
                let run = bpctl(undo).run().exits(5);
                assert!(run.stderr.contains("changed"), "{number}: {}", run.report());
            }
            assert_eq!((server.writes().len(), world.current()), (1, colleagues), "{is_done}, {number}");
        }
    }
}

#[test]
fn an_unknown_outcome_is_undone_where_no_one_interfered_and_the_doubt_is_printed() {
    for is_done in [true, false] {
        let (home, world) = (Home::new(), World::new());
        let server = first_answer_lost(&world, is_done);
        let bpctl = |args: &[&str]| katapult(&server, args).args(&["--retries", "0"]).home(&home);
        bpctl(&["policy", "update", POLICY, "--retention", "14"]).run().exits(7);
        if is_done {
            bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
            bpctl(&["undo", "--yes"]).run().ok().mentions(&["outcome of change 1 is unknown"]);
        } else {
            bpctl(&["undo", "--yes"]).run().ok();
        }
        assert_eq!(world.current()["retention"], 7);
        assert_eq!(server.writes().len(), if is_done { 2 } else { 1 });
    }
}

#[test]
fn a_scheduled_deletion_of_unknown_outcome_is_left_where_a_colleague_moved_it() {
    const FIRST: i64 = 4_086_590_400;
    for is_done in [true, false] {
        let (home, world) = (Home::new(), World::new().policy(|policy| policy["auto_move_to_trash_at"] = json!(FIRST)));
        let server = first_answer_lost(&world, is_done);
        let bpctl =
            |args: &[&str]| katapult(&server, args).args(&["-o", "json", "--retries", "0", "--yes"]).home(&home);
        let at = format!("@{}", FIRST + 86_400);
        bpctl(&["policy", "schedule-delete", POLICY, "--at", &at]).run().exits(7);
        world.clone().policy(|policy| policy["auto_move_to_trash_at"] = json!(FIRST + 7));
        bpctl(&["undo"]).run().fails(5, "changed");
        assert_eq!((server.writes().len(), world.current()["auto_move_to_trash_at"].clone()), (1, json!(FIRST + 7)));
    }
}

/// `bpctl` with two profiles for the same URL.
fn profile(server: &Server, home: &Home, name: &str, args: &[&str]) -> Bpctl {
    let of = |name: &str, organization: &str| {
        format!("[profiles.{name}]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n{organization}\n", server.katapult_url())
    };
    let text = of("ours", "") + &of("theirs", "") + &of("third", "organization = \"other\"");
    let config = home.file("bpctl.toml", &text).display().to_string();
    bare(args).args(&["--profile", name, "--config", &config]).home(home)
}

#[test]
fn a_change_of_another_profile_is_skipped_and_that_is_said() {
    let (home, world) = (Home::new(), World::new());
    let server = world.serve();
    let run = |name: &str, args: &[&str]| profile(&server, &home, name, args).run();
    let update = |name: &str, retention: &str| run(name, &["policy", "update", POLICY, "--retention", retention]).ok();
    update("theirs", "9");
    for name in ["ours", "third"] {
        run(name, &["undo", "--yes", "-o", "json"]).fails(3, "not_found");
        run(name, &["undo", "1", "--yes", "-o", "json"]).fails(2, "usage");
    }
    update("ours", "10");
    update("theirs", "11");
    let history = run("ours", &["history", "-o", "json"]).ok().json();
    let profiles: Vec<_> = history.as_array().unwrap().iter().map(|entry| entry["profile"].clone()).collect();
    assert_eq!(profiles, ["theirs", "ours", "theirs"], "newest first");
    assert!(history[0]["api"].as_str().unwrap().starts_with("http://127.0.0.1"), "{history}");
    // Ours is older than theirs, which stands.
    let undone = run("ours", &["undo", "--yes"]).exits(5).mentions(&["skipped 1 newer change"]);
    assert_eq!(world.current()["retention"], 11, "{}", undone.report());
    run("theirs", &["undo", "--yes"]).ok();
    run("ours", &["undo", "--yes"]).ok();
    assert_eq!(world.current()["retention"], 9);
}
