//! `bpctl undo`: the inverse call for each kind of change, and when there is none.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::company::{Company, is};
use crate::harness::{Home, bare, katapult};
use crate::server::Answer;
use crate::terminal::Terminal;
use crate::world::{POLICY, World};

const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";

#[test]
fn an_update_is_undone_by_the_old_values() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.policy(&id);
    let changed = ["--retention", "30", "--interval", "hourly", "--frequency", "2", "--time", "4", "--minute", "5"];
    company.run(&[&["policy", "update", &id, "--yes"], &changed[..]].concat()).ok();
    // The way back keeps fewer, less often: that is asked about like any such change.
    company.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
    assert_eq!(Some(company.json(&["undo", "--yes"])), before);
    assert_eq!(company.policy(&id), before);
    let history = company.history();
    assert_eq!((history.len(), &history[1]["undoes"], &history[1]["action"]), (2, &json!(1), &json!("update")));
}

#[test]
fn a_delete_is_undone_by_a_restore() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.policy(&id);
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    assert_eq!(Some(company.json(&["undo"])), before);
    assert_eq!(company.policy(&id), before);
}

#[test]
fn a_create_and_a_restore_are_undone_by_a_delete() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.ids();
    company.run(&["policy", "create", "--vm", "web-1", "--interval", "weekly", "--retention", "3"]).ok();
    company.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
    company.run(&["undo", "--yes"]).ok();
    assert_eq!(company.ids(), before);
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.run(&["policy", "restore", &id]).ok();
    company.run(&["undo", "--yes"]).ok();
    assert_eq!(company.policy(&id), None);
}

#[test]
fn a_scheduled_deletion_has_no_way_back() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "schedule-delete", &id, "--at", "+7d", "--yes"]).ok();
    let held = company.policy(&id);
    let error = company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "no_way_back").error();
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("bpctl policy schedule-delete {id} --at")), "{hint}");
    assert!(hint.contains(&format!("bpctl policy restore {id}")), "{hint}");
    assert_eq!(company.policy(&id), held);
    // One that replaced another goes back to the other.
    company.run(&["policy", "schedule-delete", &id, "--at", "+14d", "--yes"]).ok();
    assert_eq!(Some(company.json(&["undo", "--yes"])), held);
    assert_eq!(company.policy(&id), held);
}

#[test]
fn changes_are_undone_backwards_and_each_once() {
    let company = Company::new();
    let id = company.web_1();
    for retention in ["8", "9", "10"] {
        company.run(&["policy", "update", &id, "--retention", retention]).ok();
    }
    for retention in [9, 8, 7] {
        assert_eq!(company.json(&["undo", "--yes"])["retention"], retention);
    }
    company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(3, "not_found");
    // An undo is a change too: named, it is undone as well.
    assert_eq!(company.json(&["undo", "6", "--yes"])["retention"], 8);
}

#[test]
fn a_change_that_was_made_again_is_the_last_one_again() {
    let company = Company::new();
    let ids = company.ids();
    company.run(&["policy", "update", &ids[0], "--retention", "500"]).ok();
    company.run(&["policy", "update", &ids[1], "--retention", "501"]).ok();
    let before = company.policy(&ids[0]);
    company.run(&["undo", "--yes"]).ok();
    // The undo is undone, so the second change is in force again.
    company.run(&["undo", "3", "--yes"]).ok();
    company.run(&["undo", "--yes"]).ok().mentions(&["change 2: update"]);
    assert_eq!(company.policy(&ids[0]), before);
    company.run(&["undo", "--yes"]).ok().mentions(&["change 1: update"]);
}

#[test]
fn an_undo_at_a_terminal_is_previewed_and_asked_about() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    for (answer, code) in [("n", 2), ("y", 0)] {
        let terminal = Terminal::run(&company.bpctl(&["undo"]));
        terminal.wait_for_prompt("Undo it? [y/N]").enter(answer);
        terminal.ends().exits(code).shows(&[&format!("{id} of web-1 (daily at 02:30 server time, keeps 7")]);
        assert_eq!(company.policy(&id).is_some(), answer == "y");
    }
}

#[test]
fn a_change_is_undone_by_its_number() {
    let company = Company::new();
    let ids = company.ids();
    let before = company.policy(&ids[0]);
    company.run(&["policy", "update", &ids[0], "--retention", "500"]).ok();
    company.run(&["policy", "update", &ids[1], "--retention", "501"]).ok();
    company.run(&["undo", "1", "--yes"]).ok();
    assert_eq!(company.policy(&ids[0]), before);
    assert_eq!(company.policy(&ids[1]).unwrap()["retention"], 501);
    company.bpctl(&["undo", "99", "-o", "json"]).run().fails(3, "not_found");
}

#[test]
fn what_another_user_changed_since_is_left_alone() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    company.another_user_sets_retention(&id, 60);
    let writes = company.server.writes().len();
    for args in [&["undo", "--yes"][..], &["undo", "1", "--yes"], &["undo", "--dry-run"]] {
        let error = company.bpctl(args).args(&["-o", "json"]).run().fails(5, "changed").error();
        assert_eq!(
            (&error["detail"]["then"]["retention"], &error["detail"]["now"]["retention"]),
            (&json!(9), &json!(60))
        );
    }
    company.run(&["policy", "create", "--vm", "build-1", "--interval", "weekly", "--retention", "3"]).ok();
    let new = company.history()[1]["policy"].as_str().unwrap().to_string();
    company.another_user_sets_retention(&new, 61);
    company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "changed");
    assert!(company.policy(&new).is_some());
    assert_eq!(company.server.writes().len(), writes + 1);
}

/// The trash forgets a planned deletion. That is reported, and does not keep what was done before from being undone.
#[test]
fn a_planned_deletion_that_the_trash_forgot_is_reported() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.policy(&id);
    company.run(&["policy", "schedule-delete", &id, "--at", "@4086590400", "--yes"]).ok();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let run = company.run(&["undo"]).ok();
    let command = format!("bpctl policy schedule-delete {id} --at @4086590400");
    assert!(run.stderr.contains(&command), "{}", run.report());
    company.run(&["undo", "--yes"]).ok();
    assert_eq!(company.policy(&id), before);
}

#[test]
fn a_dry_run_of_each_sends_nothing() {
    let company = Company::new();
    let id = company.web_1();
    let shows = |method: &str, body: Value| {
        let writes = company.server.writes().len();
        let shown = company.json(&["undo", "--dry-run"]);
        assert_eq!((&shown["dry_run"], &shown["requests"][0]["method"]), (&json!(true), &json!(method)));
        assert_eq!(shown["requests"][0]["body"], body);
        assert_eq!(company.server.writes().len(), writes, "{shown}");
    };
    let by_id = json!({"id": id});
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    shows("PATCH", json!({"disk_backup_policy": by_id, "properties": {"retention": 7}}));
    let words = company.run(&["undo", "--dry-run"]).ok().stdout;
    assert!(words.contains("weakens protection: retention 9 → 7"), "{words}");
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    shows("POST", json!({"trash_object": {"object_id": id}}));
    company.run(&["policy", "restore", &id]).ok();
    shows("DELETE", json!({"disk_backup_policy": by_id}));
}

#[test]
fn a_refused_change_is_not_undone() {
    let company = Company::but(|request, _| {
        let is_refused = is(request, "PATCH", POLICY_PATH) && request.json()["properties"]["retention"] == 9;
        is_refused.then(|| Answer::error_with(422, "validation_error", json!({"errors": ["No"]})))
    });
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).exits(5);
    // Another user's change since must not be taken for what was refused.
    company.another_user_sets_retention(&id, 60);
    company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(3, "not_found");
    company.bpctl(&["undo", "1", "--yes", "-o", "json"]).run().fails(2, "usage");
    assert_eq!(company.policy(&id).unwrap()["retention"], 60);
}

#[test]
fn a_change_whose_end_is_not_known_is_undone_after_a_question() {
    let company = Company::but(|request, pass| {
        let is_lost = is(request, "PATCH", POLICY_PATH) && request.json()["properties"]["retention"] == 3;
        is_lost.then(|| {
            pass();
            Answer::html(502)
        })
    });
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "3", "--yes", "--retries", "0"]).exits(7);
    assert_eq!(company.policy(&id).unwrap()["retention"], 3, "it was carried out, in truth");
    // Back to 7 loses nothing, and is still asked about.
    let error = company.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required").error();
    assert!(error["message"].as_str().unwrap().contains("outcome of change 1 is unknown"), "{error}");
    assert_eq!(company.json(&["undo", "--yes"])["retention"], 7);
}

#[test]
fn a_create_whose_policy_is_not_known_cannot_be_undone() {
    let company = Company::but(|request, pass| {
        is(request, "POST", "/disk_backup_policies").then(|| {
            pass();
            Answer::closed()
        })
    });
    company.run(&["policy", "create", "--vm", "web-1", "--interval", "weekly", "--retention", "3"]).exits(7);
    company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(1, "outcome_unknown");
}

#[test]
fn a_change_on_another_api_is_not_undone_here() {
    let (company, other) = (Company::new(), Company::new());
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    other.bpctl(&["undo", "--yes", "-o", "json"]).home(&company.home).run().fails(3, "not_found");
    other.bpctl(&["undo", "1", "--yes", "-o", "json"]).home(&company.home).run().fails(2, "usage");
    assert_eq!(other.server.writes().len(), 0);
    company.bpctl(&["undo", "-o", "json"]).home(&Home::new()).run().fails(3, "not_found");
}

#[test]
fn a_policy_that_left_the_trash_in_time_is_not_restored_twice() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.run(&["undo"]).ok();
    company.bpctl(&["undo", "1", "-o", "json"]).run().fails(2, "usage");
    assert!(company.policy(&id).is_some());
}

#[test]
fn what_changes_while_the_question_is_open_is_left_alone() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "30"]).ok();
    let terminal = Terminal::run(&company.bpctl(&["undo"]));
    terminal.wait_for_prompt("[y/N]");
    company.another_user_sets_retention(&id, 90);
    terminal.enter("y");
    terminal.ends().exits(5).shows(&["it was changed since it was shown"]);
    assert_eq!(company.policy(&id).unwrap()["retention"], 90);
}

#[test]
fn a_value_that_was_not_set_before_cannot_be_taken_away() {
    let world = World::new().policy(|policy| policy["schedule"]["time"] = Value::Null);
    let (server, home) = (world.serve(), Home::new());
    let bpctl = |args: &[&str]| katapult(&server, args).home(&home);
    bpctl(&["policy", "update", POLICY, "--time", "3"]).run().ok();
    let error = bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "no_way_back").error();
    assert!(error["message"].as_str().unwrap().contains("time 3"), "{error}");
    // What can be taken back is.
    bpctl(&["policy", "update", POLICY, "--retention", "9", "--time", "4"]).run().ok();
    bpctl(&["undo", "--yes"]).run().ok();
    assert_eq!((&world.current()["retention"], &world.current()["schedule"]["time"]), (&json!(7), &json!(3)));
    world.clone().policy(|policy| policy["schedule"]["minute"] = Value::Null);
    bpctl(&["policy", "update", POLICY, "--retention", "9", "--minute", "4"]).run().ok();
    bpctl(&["undo", "--yes"]).run().ok().mentions(&["not all of it can be undone", "minute 4"]);
}

/// The answer is lost and the second attempt finds nothing in the trash: someone else may have restored the policy.
#[test]
fn a_restore_that_perhaps_was_none_is_not_undone_by_a_delete() {
    for answers in [2, 1] {
        let count = AtomicUsize::new(0);
        let company = Company::but(move |request, pass| {
            let is_lost = is(request, "POST", "/restore") && count.fetch_add(1, Ordering::Relaxed) < answers;
            is_lost.then(|| {
                pass();
                Answer::html(502)
            })
        });
        let id = company.web_1();
        company.run(&["policy", "delete", &id, "--yes"]).ok();
        company.bpctl(&["policy", "restore", &id, "--retries", "1"]).run();
        company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "outcome_unknown");
        assert!(company.policy(&id).is_some());
    }
}

#[test]
fn what_was_done_before_the_sandbox_started_over_is_gone() {
    let home = Home::new();
    let run = |args: &[&str]| bare(args).home(&home).run();
    let sandbox = |args: &[&str]| run(&[args, &["--sandbox"]].concat());
    run(&["sandbox", "reset"]).ok();
    assert!(!home.path("data/bpctl/journal.jsonl").exists(), "there is nothing to forget");
    let id = sandbox(&["policies", "list", "--vm", "web-1", "-o", "id", "--limit", "1"]).ok().stdout.trim().to_owned();
    let change = |retention: &str| sandbox(&["policy", "update", &id, "--retention", retention]).ok();
    change("4711");
    run(&["sandbox", "reset"]).ok();
    sandbox(&["undo", "--yes", "-o", "json"]).fails(3, "not_found");
    sandbox(&["undo", "1", "--yes"])
        .fails_in_words(2)
        .mentions(&["change 1 was made in a sandbox that has started over since"]);
    change("4712");
    sandbox(&["undo", "--yes"]).ok().mentions(&["change 2: update"]);
    sandbox(&["undo", "--yes", "-o", "json"]).fails(3, "not_found");
    let history = run(&["history", "-o", "json"]).ok();
    assert_eq!(history.json().as_array().map(Vec::len), Some(3), "{}", history.report());
    assert_eq!(history.stderr, "");
}
