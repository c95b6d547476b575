//! `undo`: it takes back what was done here and nothing else, also where the outcome of a change is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::company::{Company, is};
use crate::harness::{Bpctl, Home, TOKEN, bare, katapult};
use crate::matrix::journaled;
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::world::{DISK, FQDN, POLICY, POLICY_PATH, VM, World, policy};

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

/// Takes a policy from the trash and deletes it again, as another user does.
fn restored_and_deleted_again(company: &Company, id: &str) {
    let restore = json!({"trash_object": {"object_id": id}});
    assert_eq!(company.raw("POST", "/trash_objects/trash_object/restore", &restore).0, 200);
    let delete = json!({"disk_backup_policy": {"id": id}});
    assert_eq!(company.raw("DELETE", "/disk_backup_policies/disk_backup_policy", &delete).0, 200);
}

#[test]
fn a_deletion_by_another_user_is_not_undone() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let entry = company.history()[0].clone();
    assert!(
        entry["trash_object"]["id"].is_string() && entry["policy"] == json!(id) && entry["after"].is_null(),
        "{entry}"
    );
    restored_and_deleted_again(&company, &id);
    for args in [&["undo"][..], &["undo", "--yes"], &["undo", "1", "--yes"], &["undo", "--dry-run"]] {
        let error = company.bpctl(args).args(&["-o", "json"]).run().fails(5, "changed").error();
        assert!(error["message"].as_str().unwrap().contains("deleted again"), "{error}");
        assert_eq!(error["changed"], "no");
    }
    assert_eq!(company.policy(&id), None);
}

#[test]
fn a_deletion_by_another_user_while_the_question_is_open_is_not_undone() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let terminal = Terminal::run(&company.bpctl(&["undo"]));
    terminal.wait_for_prompt("[y/N]");
    restored_and_deleted_again(&company, &id);
    terminal.enter("y");
    terminal.ends().exits(5).shows(&["it was restored and deleted again since it was shown"]);
    assert_eq!(company.policy(&id), None);
}

/// The token may not read the trash, but a refusal to read the policy names its entry.
#[test]
fn a_deletion_is_distinguished_without_the_scope_of_the_trash() {
    let company = Company::but(|request, _| {
        is(request, "GET", "/trash_objects/trash_object").then(|| Answer::error(403, "scope_not_granted"))
    });
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    restored_and_deleted_again(&company, &id);
    company.bpctl(&["undo", "-o", "json"]).run().fails(5, "changed");
    assert_eq!(company.policy(&id), None);
}

/// Nothing says which deletion it was, and the undo before may have taken effect.
#[test]
fn an_undo_that_may_have_taken_effect_makes_the_next_one_uncertain() {
    let count = AtomicUsize::new(0);
    let company = Company::but(move |request, pass| {
        if is(request, "GET", "/trash_objects/trash_object") {
            return Some(Answer::error(403, "scope_not_granted"));
        }
        if is(request, "POST", "/restore") && count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Some(Answer::html(502));
        }
        let is_refusal = is(request, "GET", "/disk_backup_policy") && pass().status() == 406;
        is_refusal.then(|| Answer::error_with(406, "object_in_trash", json!({"trash_object": null})))
    });
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.bpctl(&["undo", "--retries", "0"]).run().exits(7);
    let error = company.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required").error();
    assert!(error["message"].as_str().unwrap().contains("change 2 may have undone change 1 already"), "{error}");
    company.run(&["undo", "--yes"]).ok().mentions(&["change 2 may have undone change 1 already"]);
    assert!(company.policy(&id).is_some());
}

#[test]
fn a_deletion_of_unknown_outcome_is_undone_with_consent_alone() {
    let home = Home::new();
    let company = Company::but(|request, pass| {
        is(request, "DELETE", "/disk_backup_policy").then(|| {
            pass();
            Answer::reset()
        })
    });
    let id = company.web_1();
    company.bpctl(&["policy", "delete", &id, "--yes", "--retries", "0"]).home(&home).run().exits(7);
    let undo = |args: &[&str]| company.bpctl(&["undo", "-o", "json"]).args(args).home(&home).run();
    undo(&[]).fails(2, "confirmation_required");
    undo(&["--yes"]).ok().mentions(&["outcome of change 1 is unknown"]);
    assert!(company.policy(&id).is_some());
}

/// Makes the journal's changes older than a request can be on its way.
fn age(home: &Home) {
    let path = home.path("data/bpctl/journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(time) = line["time"].as_i64() {
            line["time"] = json!(time - 3600);
        }
        format!("{line}\n")
    });
    std::fs::write(&path, lines.collect::<String>()).unwrap();
}

#[test]
fn a_change_that_was_never_made_does_not_stand_in_the_way() {
    let commands: [&[&str]; 3] = [
        &["policy", "update", POLICY, "--time", "5"],
        &["policy", "schedule-delete", POLICY, "--at", "2099-07-01"],
        &["policy", "delete", POLICY],
    ];
    for args in commands {
        let (home, world) = (Home::new(), World::new());
        let is_lost = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&is_lost);
        let server = world
            .serve_but(move |request| (request.is_write() && lost.load(Ordering::SeqCst)).then(|| Answer::html(502)));
        let bpctl = |args: &[&str]| katapult(&server, args).args(&["--yes", "--retries", "0"]).home(&home).run();
        bpctl(&["policy", "update", POLICY, "--retention", "9"]).ok();
        is_lost.store(true, Ordering::SeqCst);
        bpctl(args).exits(7);
        is_lost.store(false, Ordering::SeqCst);
        // What is older is not undone in its place, whatever a script says.
        for dry_run in [&["undo", "--dry-run"][..], &["undo"], &["undo"]] {
            bpctl(dry_run).ok().mentions(&["as it was before change 2"]);
        }
        assert_eq!((world.current()["retention"].clone(), server.writes().len()), (json!(9), 2), "{args:?}");
        age(&home);
        bpctl(&["undo"]).ok().mentions(&["as it was before change 2"]);
        assert_eq!(world.current()["retention"], 9, "{args:?}");
        let outcome = bpctl(&["history", "2", "-o", "json"]).ok().json()["outcome"].clone();
        assert_eq!(outcome, "failed", "{args:?}");
        bpctl(&["undo"]).ok().mentions(&["change 1: update"]);
        assert_eq!(world.current()["retention"], 7, "{args:?}");
    }
}

#[test]
fn a_change_that_cannot_be_undone_is_not_passed_over() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    company.run(&["policy", "schedule-delete", &id, "--at", "+7d", "--yes"]).ok();
    let error = company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "no_way_back").error();
    assert!(error["hint"].as_str().unwrap().contains("bpctl undo N"), "{error}");
    assert_eq!(company.policy(&id).unwrap()["retention"], 9);
    let error = company.bpctl(&["undo", "2", "--yes", "-o", "json"]).run().fails(5, "no_way_back").error();
    assert!(!error["hint"].as_str().unwrap().contains("bpctl undo N"), "{error}");
    company.run(&["undo", "1", "--yes"]).ok();
    assert_eq!(company.policy(&id).unwrap()["retention"], 7);
}

/// Stopped after the answer named the new policy, and before it was read back.
#[test]
fn a_create_that_was_stopped_is_undone_whatever_named_its_owner() {
    for owner in [VM, FQDN, "web-1", "WEB-1.ACME.katapult.cloud."] {
        for becomes in [None, Some("retention"), Some("target")] {
            let (home, world) = (Home::new(), World::new());
            let (created, stopped) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
            let (sender, receiver) = std::sync::mpsc::channel();
            let (sender, is_over) = (std::sync::Mutex::new(sender), Arc::clone(&stopped));
            let server = world.serve_but(move |request| {
                created.fetch_or(request.method == "POST", Ordering::SeqCst);
                let is_reading_back = request.path() == POLICY_PATH && created.load(Ordering::SeqCst);
                (is_reading_back && !is_over.load(Ordering::SeqCst)).then(|| {
                    let _ = sender.lock().unwrap().send(());
                    Answer::silent()
                })
            });
            let create = ["policy", "create", "--vm", owner, "--interval", "weekly", "--retention", "5"];
            let running = katapult(&server, &create).home(&home).spawn();
            receiver.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
            assert_eq!(running.kill(), None);
            stopped.store(true, Ordering::SeqCst);
            let mut live = world.live_policies();
            match becomes {
                Some("retention") => live[1]["retention"] = json!(90),
                Some(_) => live[1]["target"]["value"]["id"] = json!("vm_Ud8pRj5MhG3qYz6V"),
                None => {}
            }
            let world = world.clone().policies(live);
            let run = katapult(&server, &["undo", "--yes", "-o", "json"]).home(&home).run();
            match becomes {
                None => drop(run.ok()),
                Some(_) => drop(run.fails(5, "changed")),
            }
            assert_eq!(world.live_policies().len(), if becomes.is_none() { 1 } else { 2 }, "{owner}: {becomes:?}");
        }
    }
}
