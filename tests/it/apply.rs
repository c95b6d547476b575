//! `apply`: carries out what a file or a plan says, with a result each, and an account of what was not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, bare, interrupt, katapult};
use crate::server::{Answer, Server};
use crate::world::{FQDN, ORG_POLICIES_PATH, POLICY, POLICY_PATH, SCHEDULE_PATH, VM, World, policy};

fn apply(server: &Server, file: &str) -> Bpctl {
    katapult(server, &["apply", "-f", "-"]).stdin(&format!("version = 1\n{file}"))
}

/// Three policies of one machine, and a file that keeps 30 of each.
fn three() -> (World, String) {
    let intervals = ["hourly", "daily", "weekly"];
    let policies =
        intervals.map(|interval| policy(&format!("dbp_{interval}"), "VirtualMachine", VM, "web-1", interval, 7));
    let lines =
        intervals.map(|interval| format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"{interval}\"\nretention = 30\n"));
    (World::new().policies(policies.to_vec()), lines.concat())
}

/// Fails the change of one policy.
fn failing(world: &World, id: &'static str, answer: Answer) -> Server {
    world.serve_but(move |request| {
        let is_meant = request.method == "PATCH" && request.json()["disk_backup_policy"]["id"] == id;
        is_meant.then(|| answer.clone())
    })
}

#[test]
fn a_file_is_carried_out_with_a_result_each() {
    let (world, file) = three();
    let server = world.serve();
    let run = apply(&server, &file).args(&["-o", "json"]).run().ok();
    let results = run.json();
    assert_eq!(results.as_array().map(Vec::len), Some(3));
    for result in results.as_array().unwrap() {
        assert_eq!((&result["action"], &result["result"]), (&json!("update"), &json!("done")));
        assert_eq!(result["after"]["retention"], 30);
    }
    assert_eq!(server.writes().len(), 3);
    let again = apply(&server, &file).args(&["-o", "json"]).run().ok();
    assert_eq!(again.json(), json!([]));
    assert_eq!(server.writes().len(), 3, "what is so already is not written");
}

#[test]
fn weakening_needs_yes() {
    let server = World::new().serve();
    let file = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\nretention = 3\n");
    apply(&server, &file).args(&["-o", "json"]).run().fails(2, "confirmation_required");
    assert!(server.writes().is_empty());
    apply(&server, &file).arg("--yes").run().ok();
    assert_eq!(server.writes().len(), 1);
}

#[test]
fn pruning_schedules_and_does_not_delete() {
    let server = World::new().serve();
    apply(&server, "").run().ok();
    assert!(server.writes().is_empty(), "without --prune it is left alone");
    apply(&server, "").args(&["--prune", "--yes"]).run().fails_in_words(2).mentions(&["names no policy"]);
    let other = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"monthly\"\nretention = 5\n");
    apply(&server, &other).run().ok();
    let created = server.writes().len();
    apply(&server, &other).args(&["--prune"]).run().fails_in_words(2).mentions(&["--yes"]);
    apply(&server, &other).args(&["--prune", "--prune-at", "@4086590400", "--yes"]).run().ok();
    let writes = server.writes();
    assert_eq!((writes.len(), writes[created].path()), (created + 1, SCHEDULE_PATH));
    assert_eq!(writes[created].json()["timestamp"], 4_086_590_400_i64);
    let run = apply(&server, &other).args(&["--prune", "--yes"]).run().ok();
    assert_eq!(server.writes().len(), created + 1, "it is scheduled already: {}", run.report());
}

#[test]
fn a_dry_run_sends_nothing() {
    let (world, file) = three();
    let server = world.serve();
    let shown = apply(&server, &file).args(&["--dry-run", "-o", "json"]).run().ok().json();
    assert_eq!(shown["requests"].as_array().map(Vec::len), Some(3));
    assert_eq!(shown["after"][0]["retention"], 30);
    assert!(server.writes().is_empty());
}

/// The API's own error about one policy says nothing about the next; a server that cannot be reached does.
#[test]
fn keep_going_goes_on_after_the_apis_own_failure() {
    for (answer, sent) in [(Answer::error(500, "unhandled_exception"), 3), (Answer::html(502), 2)] {
        let (world, file) = three();
        let server = failing(&world, "dbp_daily", answer);
        apply(&server, &file).args(&["--keep-going", "--retries", "0"]).run().exits(9);
        assert_eq!(server.writes().len(), sent);
    }
}

#[test]
fn a_failure_stops_the_rest_and_everything_is_accounted_for() {
    let (world, file) = three();
    let server = failing(&world, "dbp_daily", Answer::error(422, "validation_error"));
    let run = apply(&server, &file).args(&["-o", "json"]).run().exits(9);
    let results = run.json();
    let words: Vec<&str> = results.as_array().unwrap().iter().map(|it| it["result"].as_str().unwrap()).collect();
    assert_eq!(words, ["done", "failed", "not_tried"]);
    let error = run.error();
    assert_eq!((&error["code"], &error["exit_code"]), (&json!("partly_done"), &json!(9)));
    assert_eq!(error["detail"]["not_tried"], json!(["update web-1 weekly (dbp_weekly)"]));
    assert_eq!(server.writes().len(), 2);
    let (world, file) = three();
    let server = failing(&world, "dbp_daily", Answer::error(422, "validation_error"));
    let run = apply(&server, &file).args(&["--keep-going"]).run().exits(9).mentions(&["1 of 3 steps failed"]);
    assert_eq!(run.stdout.matches(" done").count(), 2, "{}", run.report());
    let (world, file) = three();
    let server = failing(&world, "dbp_hourly", Answer::error(422, "validation_error"));
    let run = apply(&server, &file).run().exits(5).mentions(&["not tried after that"]);
    assert_eq!(run.stdout, "", "nothing was done: {}", run.report());
}

/// Plans in JSON, and keeps the plan.
fn planned(server: &Server, home: &Home, file: &str) -> String {
    let plan = katapult(server, &["plan", "-f", "-", "-o", "json"]).stdin(&format!("version = 1\n{file}"));
    home.file("plan.json", &plan.run().ok().stdout).display().to_string()
}

#[test]
fn a_plan_is_carried_out_once_and_refused_when_something_has_changed() {
    let home = Home::new();
    let (world, file) = three();
    let server = world.serve();
    let path = planned(&server, &home, &file);
    // Another hand changes one of them.
    katapult(&server, &["policy", "update", "dbp_weekly", "--retention", "9"]).run().ok();
    let before = server.writes().len();
    let run = katapult(&server, &["apply", &path, "-o", "json"]).run().fails(5, "changed");
    assert!(run.error()["message"].as_str().unwrap().contains("dbp_weekly: retention is 9, not 7"), "{}", run.report());
    assert_eq!(server.writes().len(), before, "nothing is sent, not even what did not change");
    katapult(&server, &["apply", &path, "--dry-run"]).run().exits(5);
    let path = planned(&server, &home, &file);
    katapult(&server, &["apply", &path]).run().ok();
    assert_eq!(server.writes().len(), before + 3);
    katapult(&server, &["apply", &path]).run().exits(5);
    assert_eq!(server.writes().len(), before + 3);
}

#[test]
fn a_create_is_not_carried_out_twice() {
    let home = Home::new();
    let file = home.file("p.toml", "version = 1\n[[policy]]\nvm = 'build-1'\ninterval = 'daily'\nretention = 5\n");
    let sandbox = |args: &[&str]| bare(args).arg("--sandbox").home(&home);
    let plan = sandbox(&["plan", "-o", "json", "-f", &file.display().to_string()]).run().ok().stdout;
    let path = home.file("plan.json", &plan).display().to_string();
    sandbox(&["apply", &path]).run().ok();
    sandbox(&["apply", &path]).run().exits(5).mentions(&["build-1 has other policies"]);
    let list = sandbox(&["policies", "list", "--vm", "build-1", "-o", "json"]).run().ok().json();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_plan_is_not_for_editing_and_not_for_another_cloud() {
    let home = Home::new();
    let (world, file) = three();
    let server = world.serve();
    let path = planned(&server, &home, &file);
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut plan = plan.clone();
        change(&mut plan);
        katapult(&server, &["apply", "-", "--yes"]).stdin(&plan.to_string()).run().exits(2);
    };
    changed(&|plan| plan["steps"][0]["after"]["retention"] = json!(1));
    changed(&|plan| plan["steps"][0]["requests"][0]["body"]["properties"]["retention"] = json!(1));
    changed(&|plan| plan["steps"][0]["policy"] = json!("dbp_other"));
    // The warning and the machine that are shown are those of what is written.
    changed(&|plan| plan["steps"][0]["weakens"] = json!(["nothing to speak of"]));
    changed(&|plan| plan["api"] = json!("https://api.katapult.io/core/v1"));
    changed(&|plan| plan["bpctl_plan"] = json!(2));
    changed(&|plan| plan["color"] = json!(2));
    katapult(&server, &["apply", "-"]).stdin(&format!("version = 1\n{file}")).run().exits(2).mentions(&["apply -f"]);
    let mut plan = plan.clone();
    plan["steps"][0]["target"] = json!({"kind": "vm", "id": "vm_other", "name": "build-1"});
    katapult(&server, &["apply", "-", "--yes"]).stdin(&plan.to_string()).run().exits(5).mentions(&["belongs to web-1"]);
    katapult(&server, &["apply", &path, "--org", "other"]).run().exits(2).mentions(&["not for other"]);
    assert!(server.writes().is_empty());
}

#[test]
fn a_plan_that_takes_protection_away_cannot_be_made_to_look_harmless() {
    let home = Home::new();
    let server = World::new().serve();
    let file = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\nretention = 1\n");
    let path = planned(&server, &home, &file);
    katapult(&server, &["apply", &path, "-o", "json"]).run().fails(2, "confirmation_required");
    let mut plan: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    plan["steps"][0]["weakens"] = json!([]);
    katapult(&server, &["apply", "-"]).stdin(&plan.to_string()).run().exits(2).mentions(&["do not match its values"]);
    assert!(server.writes().is_empty());
}

#[test]
fn a_create_is_not_carried_out_where_the_list_has_gaps() {
    let home = Home::new();
    let world = World::new().policies(Vec::new());
    let file = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\nretention = 5\n");
    let path = planned(&world.serve(), &home, &file);
    let plan = std::fs::read_to_string(path).unwrap();
    let server = world.serve_but(|request| {
        let body = json!({"pagination": {"current_page": 1, "total_pages": 1, "total": 1, "per_page": 100,
            "large_set": false}, "disk_backup_policies": []});
        (request.path() == ORG_POLICIES_PATH).then(|| Answer::json(200, &body))
    });
    let mut here: Value = serde_json::from_str(&plan).unwrap();
    here["api"] = json!(server.katapult_url());
    katapult(&server, &["apply", "-"])
        .stdin(&here.to_string())
        .run()
        .exits(5)
        .mentions(&["reported 1 policies but returned 0"]);
    assert!(server.writes().is_empty());
}

#[test]
fn an_interruption_says_what_was_done_and_what_was_not() {
    let (world, file) = three();
    let home = Home::new();
    let path = home.file("p.toml", &format!("version = 1\n{file}")).display().to_string();
    let server = world.serve_but(|request| {
        let is_second = request.method == "PATCH" && request.json()["disk_backup_policy"]["id"] == "dbp_daily";
        is_second.then(|| Answer::empty(200).delayed(Duration::from_secs(20)))
    });
    let running = katapult(&server, &["apply", "-f", &path, "-o", "json"]).spawn();
    while server.to(POLICY_PATH).iter().filter(|request| request.method == "PATCH").count() < 2 {
        server.await_requests(server.count() + 1);
    }
    interrupt(running.id());
    let run = running.wait().exits(130);
    let error = run.error();
    assert_eq!(error["code"], "interrupted");
    assert_eq!(
        error["detail"],
        json!({"done": ["update web-1 hourly (dbp_hourly)"], "failed": [], "accepted": [],
               "in_flight": ["update web-1 daily (dbp_daily)"], "not_tried": ["update web-1 weekly (dbp_weekly)"]})
    );
}

#[test]
fn several_updates_are_accounted_for_as_well() {
    let world = World::new().policies(vec![policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7)]);
    let server = world
        .serve_but(|request| (request.method == "PATCH").then(|| Answer::empty(200).delayed(Duration::from_secs(20))));
    let running = katapult(&server, &["policy", "update", POLICY, "--retention", "9"]).spawn();
    while server.writes().is_empty() {
        server.await_requests(server.count() + 1);
    }
    interrupt(running.id());
    running.wait().exits(130).mentions(&["done: none", "in flight", POLICY]);
}

#[test]
fn another_that_holds_the_lock_is_waited_for_and_named() {
    let (world, file) = three();
    let (server, home) = (world.serve(), Home::new());
    std::fs::create_dir_all(home.path("data/bpctl")).unwrap();
    let held = std::fs::File::create(home.path("data/bpctl/journal.lock")).unwrap();
    held.lock().unwrap();
    let update = ["policy", "update", "dbp_daily", "--retention", "30", "--if", "retention=7"];
    for command in [apply(&server, &file), katapult(&server, &update)] {
        let run = command.args(&["--max-wait", "1s", "-o", "json"]).home(&home).run().fails(7, "timeout");
        let error = run.error();
        assert!(error["message"].as_str().unwrap().contains("another bpctl"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("journal.lock"), "{error}");
        assert_eq!((&error["changed"], server.writes().len()), (&json!("no"), 0));
    }
    assert!(server.writes().is_empty());
    drop(held);
    apply(&server, &file).home(&home).run().ok();
}
