//! One policy that cannot be read, and objects that are not policies: they are named, and the rest goes on.

use serde_json::{Value, json};

use crate::company::{Company, is};
use crate::harness::{Home, katapult};
use crate::matrix::journaled;
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::world::{POLICY, POLICY_PATH, VM, World, policy};

/// Two policies; [`POLICY`] answers every read of its own by `answer`, until it is deleted.
fn one_unreadable(world: &World, answer: Answer) -> Server {
    let inner = world.clone();
    world.serve_but(move |request| {
        let is_it = request.query("disk_backup_policy[id]").as_deref() == Some(POLICY);
        let is_live = inner.live_policies().iter().any(|policy| policy["id"] == POLICY);
        (request.method == "GET" && request.path() == POLICY_PATH && is_it && is_live).then(|| answer.clone())
    })
}

fn two() -> World {
    World::new().policies(vec![
        policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
        policy("dbp_fine", "VirtualMachine", "vm_Ud8pRj5MhG3qYz6V", "mail", "daily", 7),
    ])
}

fn faults() -> [Answer; 4] {
    [
        Answer::error(500, "null_value_for_non_null_field"),
        Answer::error(500, "unhandled_exception"),
        Answer::error(400, "generic_runtime_error"),
        Answer::text_json("{\"disk_backup_policy\": 7}"),
    ]
}

#[test]
fn reports_and_bulk_changes_name_it_and_go_on() {
    let commands: [(&[&str], &str); 5] = [
        (&["coverage"], "mail"),
        (&["calendar"], ""),
        (&["export"], "mail"),
        (&["policies", "list", "--detail"], "dbp_fine"),
        (&["policies", "update", "--match", "*", "--retention", "9", "--yes"], "dbp_fine"),
    ];
    for fault in faults() {
        for (args, shown) in commands {
            let world = two();
            let server = one_unreadable(&world, fault.clone());
            let run = katapult(&server, args).run().exits(9).mentions(&[POLICY]);
            assert!(run.stdout.contains(shown), "the rest is there: {}", run.report());
            let is_write = args.contains(&"update");
            assert_eq!(server.writes().len(), usize::from(is_write), "{}", run.report());
        }
    }
}

#[test]
fn lint_names_it_and_goes_on() {
    let company = Company::but(|request, _| {
        let is_it = is(request, "GET", "/disk_backup_policy") && request.raw_query().contains("%5Bid%5D");
        is_it.then(|| Answer::error(500, "null_value_for_non_null_field"))
    });
    let run = company.run(&["lint"]).exits(9);
    assert!(company.ids().iter().all(|id| run.stderr.contains(id)), "{}", run.report());
}

#[test]
fn it_can_be_deleted_after_a_question_that_says_what_is_not_known() {
    for fault in faults() {
        let (world, home) = (two(), Home::new());
        let server = one_unreadable(&world, fault);
        let delete = |args: &[&str]| katapult(&server, &["policy", "delete", POLICY]).args(args).home(&home);
        let run = delete(&["-o", "json"]).run().fails(2, "confirmation_required");
        assert!(run.error()["message"].as_str().unwrap().contains("unknown"), "{}", run.report());
        assert_eq!(run.error()["changed"], "no");
        let terminal = Terminal::run(&delete(&[]));
        terminal.wait_for_prompt("[y/N]").wait_for("unknown");
        terminal.enter("n");
        terminal.ends().exits(2);
        assert!(server.writes().is_empty());
        delete(&["--yes"]).run().ok();
        assert_eq!((server.writes().len(), journaled(&home).as_deref()), (1, Some("done")));
        assert_eq!(world.live_policies().len(), 1);
        // Nothing else is written to what cannot be read.
        let world = two();
        let server = one_unreadable(&world, Answer::error(500, "unhandled_exception"));
        for args in [&["update", POLICY, "--retention", "30"][..], &["schedule-delete", POLICY, "--at", "2099-07-01"]] {
            let run = katapult(&server, &[&["policy"], args, &["--yes", "-o", "json"]].concat()).run().exits_nonzero();
            assert_eq!(run.error()["changed"], "no", "{}", run.report());
        }
        assert!(server.writes().is_empty());
    }
}

#[test]
fn restore_takes_nothing_but_policies_out_of_the_trash() {
    for kind in ["VirtualMachine", "Disk", "FileStorageVolume", "ObjectStorageAccount", "LoadBalancer", "SecurityGroup"]
    {
        for name in ["vm_gone", "trsh_1"] {
            let server = World::new().serve_but(move |request| {
                let entry = json!({"id": "trsh_1", "keep_until": 4_086_590_400_i64, "object_id": "vm_gone",
                    "object_type": kind});
                (request.path().ends_with("/trash_objects/trash_object")).then(|| {
                    let is_named = [request.query("trash_object[id]"), request.query("trash_object[object_id]")]
                        .contains(&Some(name.to_owned()));
                    let by_own_id = request.query("trash_object[id]").is_some();
                    if is_named && by_own_id == name.starts_with("trsh_") {
                        Answer::json(200, &json!({"trash_object": entry}))
                    } else {
                        Answer::error(404, "trash_object_not_found")
                    }
                })
            });
            let run = katapult(&server, &["policy", "restore", name, "-o", "json"]).run().fails(2, "usage");
            assert!(run.error()["message"].as_str().unwrap().contains("not a backup policy"), "{}", run.report());
            assert_eq!((run.error()["changed"].clone(), server.writes().len()), (json!("no"), 0), "{}", run.report());
        }
    }
}

#[test]
fn what_the_trash_lists_can_be_restored() {
    let company = Company::new();
    let ids: Vec<String> = company.ids().into_iter().take(2).collect();
    ids.iter().for_each(|id| drop(company.run(&["policy", "delete", id, "--yes"]).ok()));
    let listed = company.run(&["trash", "list", "-o", "id"]).ok().stdout;
    let others: Vec<Value> = company.json(&["trash", "list"]).as_array().unwrap().clone();
    let others = others.into_iter().filter(|entry| entry["object_type"] != "DiskBackupPolicy").count();
    let run = company.bpctl(&["policy", "restore", "-"]).stdin(&format!("\u{feff}{listed}")).run();
    assert_eq!(run.code, if others == 0 { 0 } else { 9 }, "{}", run.report());
    for id in &ids {
        assert!(company.policy(id).is_some() && run.stdout.contains(id), "{}", run.report());
    }
    let left = company.json(&["trash", "list"]).as_array().unwrap().clone();
    assert_eq!(left.iter().filter(|entry| entry["object_type"] != "DiskBackupPolicy").count(), others);
}

#[test]
fn the_trash_names_what_is_known() {
    let company = Company::new();
    let (id, by_others) = (company.web_1(), company.ids().into_iter().rev().find(|id| *id != company.web_1()).unwrap());
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    let body = json!({"disk_backup_policy": {"id": by_others}});
    assert_eq!(company.raw("DELETE", "/disk_backup_policies/disk_backup_policy", &body).0, 200);
    let list = |args: &[&str]| company.run(&[&["trash", "list", "--utc"], args].concat()).ok().stdout;
    let table = list(&["--columns", "object_id,name"]);
    let line = |id: &str| table.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line(&id).ends_with("web-1") && line(&by_others).ends_with('-'), "{table}");
    // What the API said is printed as it was.
    assert!(company.json(&["trash", "list"]).as_array().unwrap().iter().all(|entry| entry.get("name").is_none()));
    let shown = company.run(&["trash", "show", &id]).ok();
    assert!(shown.stdout.contains("Name:") && shown.stdout.contains("web-1"), "{}", shown.report());
    let screen = Terminal::run(&company.bpctl(&["trash", "list"])).ends().exits(0).screen;
    assert!(screen.contains(&id), "{screen}");
    // A server that names them is believed.
    for (extra, name) in [("name", json!("db-9")), ("object", json!({"name": "db-9"}))] {
        let mut entry = json!({"id": "trsh_1", "object_id": "vm_1", "object_type": "VirtualMachine", "keep_until": 1});
        entry[extra] = name.clone();
        let server = World::new().serve_but(move |request| {
            request.path().ends_with("/trash_objects").then(|| {
                let pagination = json!({"current_page": 1, "total_pages": 1, "total": 1, "per_page": 100});
                Answer::json(200, &json!({"pagination": pagination, "trash_objects": [entry]}))
            })
        });
        let run = katapult(&server, &["trash", "list", "-o", "csv", "--columns", "name", "--no-header"]).run().ok();
        assert_eq!(run.stdout.trim_end(), "db-9");
    }
}
