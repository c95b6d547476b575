//! What is not known is never taken for the harmless case: names of several things, values that count nothing, pages of
//! other servers, rows that went missing.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Home, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::world::{POLICY, POLICY_PATH, VM, World, policy};

fn is_read_of(request: &Request, id: &str) -> bool {
    let is_it = request.query("disk_backup_policy[id]").as_deref() == Some(id);
    request.method == "GET" && request.path() == POLICY_PATH && is_it
}

#[test]
fn a_policy_that_cannot_be_read_is_deleted_by_the_name_of_its_vm() {
    let world = World::new();
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        let is_live = !inner.live_policies().is_empty();
        (is_live && is_read_of(request, POLICY)).then(|| Answer::error(500, "null_value_for_non_null_field"))
    });
    katapult(&server, &["policy", "delete", "web-1", "--yes"]).run().ok().mentions(&[POLICY]);
    assert_eq!(server.writes()[0].json()["disk_backup_policy"]["id"], POLICY);
    assert_eq!(world.live_policies(), [] as [Value; 0]);
}

#[test]
fn a_name_that_cannot_be_looked_for_is_not_taken_for_an_id() {
    let server = World::new().serve_but(|request| {
        let is_list = request.path().ends_with("/organization/virtual_machines");
        is_list.then(|| Answer::error(500, "null_value_for_non_null_field"))
    });
    katapult(&server, &["policy", "delete", "web-1", "--yes"]).run().exits(7);
    assert_eq!(server.writes().len(), 0);
}

#[test]
fn a_retention_below_1_is_not_taken_for_no_loss() {
    for retention in [json!(null), json!(-1), json!(0)] {
        let update = |more: &[&str]| {
            let world = World::new().policy(|policy| policy["retention"] = retention.clone());
            let server = world.serve();
            let run = katapult(&server, &["policy", "update", POLICY]).args(more).args(&["-o", "json"]).run();
            (run, server.writes().len())
        };
        for more in [&["--interval", "hourly"][..], &["--retention", "2"]] {
            let (run, writes) = update(more);
            assert_eq!(run.error()["code"], "confirmation_required", "{retention}: {}", run.report());
            assert_eq!(writes, 0, "{retention}");
        }
        // The interval is as it was, and so is what is kept.
        let (run, writes) = update(&["--time", "3"]);
        assert_eq!(writes, 1, "{retention}: {}", run.ok().report());
    }
    let world = World::new().policy(|policy| policy["retention"] = json!(1_000_000_000_000_000_i64));
    let update = ["policy", "update", POLICY, "--interval", "hourly", "-o", "json"];
    katapult(&world.serve(), &update).run().fails(2, "confirmation_required");
}

#[test]
fn no_value_that_is_read_back_ends_in_a_panic() {
    let world = World::new().policy(|policy| policy["retention"] = json!(i64::MAX));
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        let is_after = inner.live_policies()[0]["schedule"]["time"] == 3;
        (is_after && is_read_of(request, POLICY)).then(|| {
            let mut odd = inner.current();
            odd["retention"] = json!(i64::MIN);
            Answer::json(200, &json!({"disk_backup_policy": odd}))
        })
    });
    let run = katapult(&server, &["policy", "update", POLICY, "--time", "3", "-o", "json"]).run();
    assert_eq!(run.error()["code"], "not_applied", "{}", run.report());
}

#[test]
fn a_write_that_was_accepted_outweighs_one_that_was_refused() {
    let other = policy("dbp_other", "VirtualMachine", VM, "web-1", "daily", 7);
    let world = World::new().policies(vec![policy(POLICY, "VirtualMachine", VM, "web-1", "weekly", 7), other]);
    let written = AtomicUsize::new(0);
    let server = world.serve_but(move |request| {
        if request.is_write() && request.json()["disk_backup_policy"]["id"] == POLICY {
            return Some(Answer::error(422, "validation_error"));
        }
        if request.is_write() {
            written.store(1, Ordering::SeqCst);
        }
        let is_unseen = written.load(Ordering::SeqCst) == 1 && is_read_of(request, "dbp_other");
        is_unseen.then(|| Answer::error(403, "scope_not_granted"))
    });
    let update = ["policy", "update", POLICY, "dbp_other", "--retention", "9", "-o", "json"];
    let run = katapult(&server, &update).run().exits(9);
    assert_eq!(run.error()["changed"], "yes", "{}", run.report());
}

#[test]
fn undo_does_not_blame_others_for_a_value_that_the_server_set() {
    let (world, home) = (World::new(), Home::new());
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        let is_update = request.method == "PATCH";
        let answer = is_update.then(|| inner.answer(request));
        if is_update {
            inner.clone().policy(|policy| policy["retention"] = json!(30));
        }
        answer
    });
    let update = ["policy", "update", POLICY, "--retention", "100", "-o", "json"];
    katapult(&server, &update).home(&home).run().fails(1, "not_applied");
    let run = katapult(&server, &["undo", "--yes", "-o", "json"]).home(&home).run().fails(5, "changed");
    assert!(run.error()["message"].as_str().unwrap().contains("is not as change 1 wanted it"), "{}", run.report());
}

#[test]
fn a_file_for_both_clouds_may_say_that_a_policy_is_enabled() {
    let text = "version = 1\n[[policy]]\nvm = \"web-1\"\ninterval = \"daily\"\nenabled = true\n";
    let server = World::new().serve();
    let plan = katapult(&server, &["plan", "-f", "-", "-o", "json"]).stdin(text).run().ok().json();
    assert_eq!(plan["steps"], json!([]));
}

/// Two VMs that are both called `web`; the first has a policy.
fn twins(request: &Request) -> Option<Value> {
    let schedule = json!({"schedule": {"id": 501, "target_type": "VirtualMachine", "target_id": 1, "period": "days",
        "duration": 1, "rotation_period": 7, "start_at": "2099-01-31T02:00:00Z", "status": "enabled"}});
    Some(match request.path().strip_prefix("/flexapi")? {
        "/virtual_machines.json" => json!([
            {"virtual_machine": {"id": 1, "label": "web"}}, {"virtual_machine": {"id": 2, "label": "web"}},
        ]),
        "/virtual_machines/1.json" => json!({"virtual_machine": {"id": 1, "label": "web"}}),
        "/settings/schedules.json" | "/virtual_machines/1/schedules.json" => json!([schedule]),
        "/settings/schedules/501.json" => schedule,
        _ if request.path().ends_with("/disks.json") || request.path().ends_with("/schedules.json") => json!([]),
        _ => return None,
    })
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"errors": ["Resource not found"]}))
}

#[test]
fn a_label_of_two_vms_does_not_mean_the_one_that_has_a_policy() {
    let server = Server::start(|request| twins(request).map_or_else(not_found, |body| Answer::json(200, &body)));
    for verb in ["pause", "delete"] {
        let run = onapp(&server, &["policy", verb, "web", "--yes", "-o", "json"]).run().fails(2, "ambiguous_name");
        assert!(run.error()["message"].as_str().unwrap().contains("2 VMs: 1, 2"), "{}", run.report());
    }
    assert_eq!(server.writes().len(), 0);
}

#[test]
fn a_page_of_another_server_does_not_say_that_a_vm_is_gone() {
    let server = Server::start(|request| match twins(request) {
        _ if request.path().contains("/virtual_machines/2") => Answer::html(404),
        Some(body) => Answer::json(200, &body),
        None => not_found(),
    });
    for command in ["coverage", "lint"] {
        let run = onapp(&server, &[command]).run();
        assert!(!run.stdout.contains("1 VM:") && run.code != 0, "{}", run.report());
    }
}

#[test]
fn a_page_of_another_server_does_not_say_that_a_backup_is_deleted() {
    let deleted = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let backup = json!({"backup": {"id": 7, "built": true, "target_type": "VirtualMachine", "target_id": 1}});
        if request.method == "DELETE" {
            deleted.store(1, Ordering::SeqCst);
            return Answer::empty(204);
        }
        match request.path() {
            "/flexapi/backups/7.json" if deleted.load(Ordering::SeqCst) == 1 => Answer::html(404),
            "/flexapi/backups/7.json" => Answer::json(200, &backup),
            path if path.ends_with("/backups.json") => Answer::json(200, &json!([backup])),
            _ => not_found(),
        }
    });
    let run = onapp(&server, &["backup", "delete", "7", "--yes", "--wait=2s", "-o", "json"]).run();
    assert!(run.code != 0 && run.error()["changed"] == "yes", "{}", run.report());
}

#[test]
fn a_timeout_of_a_proxy_does_not_say_that_nothing_was_done() {
    let server = Server::start(|request| match request.path() {
        _ if request.is_write() => Answer::raw(408, "text/plain", "stream timeout"),
        path if path.ends_with("/backups.json") => Answer::json(200, &json!([])),
        "/flexapi/virtual_machines/1.json" => {
            Answer::json(200, &json!({"virtual_machine": {"id": 1, "support_incremental_backups": true}}))
        }
        _ => Answer::json(200, &json!([])),
    });
    let run = onapp(&server, &["backup", "create", "--vm", "1", "-o", "json"]).run().fails(7, "outcome_unknown");
    assert_eq!((&run.error()["changed"], server.writes().len()), (&json!("maybe"), 1));
}

/// Four schedules, two a page; the first is deleted between the pages, so that the third is on none.
#[test]
fn a_row_that_moved_to_a_page_before_is_missed() {
    let server = Server::start(|request| {
        let row = |id: u64| {
            json!({"schedule": {"id": id, "target_type": "VirtualMachine", "target_id": 1, "period": "days",
                "duration": 1, "rotation_period": 7, "status": "enabled"}})
        };
        let page = |ids: &[u64], total: &str| {
            let rows: Vec<Value> = ids.iter().map(|id| row(*id)).collect();
            Answer::json(200, &json!(rows)).header("X-Total", total).header("X-Limit", "2")
        };
        match (request.path().contains("schedules"), request.query("page").as_deref()) {
            (true, None | Some("1")) => page(&[501, 502], "4"),
            (true, Some("2")) => page(&[504], "3"),
            (true, _) => page(&[], "3"),
            _ => twins(request).map_or_else(not_found, |body| Answer::json(200, &body)),
        }
    });
    let list = ["policies", "list", "--vm", "1", "-o", "id"];
    onapp(&server, &list).run().mentions(&["the API reported 4 policies but returned 3"]);
    onapp(&server, &["policies", "update", "--match", "*", "--retention", "9", "--yes"]).run().exits(1);
    assert_eq!(server.writes().len(), 0);
}

#[test]
fn an_answer_without_an_id_is_that_of_what_was_asked_for() {
    let server = Server::start(|request| {
        let schedule = json!({"schedule": {"target_type": "VirtualMachine", "target_id": 1, "period": "days",
            "duration": 1, "rotation_period": 7, "status": "enabled", "start_at": "2099-01-31T02:00:00Z"}});
        match request.path() {
            _ if request.is_write() => Answer::empty(204),
            "/flexapi/settings/schedules/501.json" => Answer::json(200, &schedule),
            _ => twins(request).map_or_else(not_found, |body| Answer::json(200, &body)),
        }
    });
    onapp(&server, &["policy", "update", "501", "--retention", "9", "-o", "json"]).run().fails(1, "not_applied");
    assert_eq!(server.writes()[0].path(), "/flexapi/settings/schedules/501.json");
}

/// A disk keeps one backup, whatever its schedule says.
#[test]
fn undo_knows_a_policy_of_a_disk_whatever_its_number_is() {
    let (home, is_paused) = (Home::new(), AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.is_write() {
            let wanted = &request.json()["schedule"]["status"];
            let was = is_paused.swap(usize::from(wanted == "disabled"), Ordering::SeqCst);
            return if was == 0 { Answer::closed() } else { Answer::empty(204) };
        }
        let status = if is_paused.load(Ordering::SeqCst) == 1 { "disabled" } else { "enabled" };
        let schedule = json!({"schedule": {"id": 501, "target_type": "Disk", "target_id": 9, "period": "days",
            "duration": 1, "rotation_period": 3, "status": status, "start_at": "2099-01-31T02:00:00Z"}});
        match request.path() {
            "/flexapi/settings/schedules/501.json" => Answer::json(200, &schedule),
            _ => twins(request).map_or_else(not_found, |body| Answer::json(200, &body)),
        }
    });
    let pause = ["policy", "pause", "501", "--yes", "--retries", "0"];
    onapp(&server, &pause).home(&home).run().exits(7).mentions(&["the change was made"]);
    onapp(&server, &["undo", "--yes"]).home(&home).run().ok();
}

#[test]
fn a_failed_policy_is_not_a_paused_one() {
    let written = std::sync::Mutex::new(None);
    let server = Server::start(move |request| {
        let mut written = written.lock().unwrap();
        if request.is_write() {
            *written = Some(request.json()["schedule"]["status"].clone());
            return Answer::empty(204);
        }
        let status = written.clone().unwrap_or_else(|| json!("failed"));
        let schedule = json!({"schedule": {"id": 501, "target_type": "VirtualMachine", "target_id": 1, "period": "days",
            "duration": 1, "rotation_period": 7, "start_at": "2099-01-31T02:00:00Z", "status": status}});
        match request.path() {
            "/flexapi/settings/schedules/501.json" => Answer::json(200, &schedule),
            "/flexapi/settings/schedules.json" => Answer::json(200, &json!([schedule])),
            _ => twins(request).map_or_else(not_found, |body| Answer::json(200, &body)),
        }
    });
    let export = onapp(&server, &["export"]).run().ok().stdout;
    assert!(export.contains("daily") && !export.contains("enabled"), "{export}");
    onapp(&server, &["policy", "pause", "501", "-o", "json"]).run().fails(2, "confirmation_required");
    let paused = onapp(&server, &["policy", "pause", "501", "--yes", "-o", "json"]).run().ok().json();
    assert_eq!((&paused["status"], server.writes().len()), (&json!("disabled"), 1));
}

/// VM 77 is not listed, and neither is its name.
#[test]
fn an_unknown_name_is_not_taken_for_one_that_is_not_left_out() {
    let delete = ["policies", "delete", "--match", "*", "--exclude", "db-*", "--yes", "-o", "json"];
    let mut nameless = policy("dbp_nameless", "VirtualMachine", "vm_77", "", "daily", 7);
    nameless["target"]["value"] = json!({"id": "vm_77"});
    let fine = policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7);
    let server = World::new().policies(vec![nameless, fine]).serve();
    katapult(&server, &delete).run().exits(9).mentions(&["dbp_nameless was left alone"]);
    let deleted: Vec<Value> =
        server.writes().iter().map(|one| one.json()["disk_backup_policy"]["id"].clone()).collect();
    assert_eq!(deleted, [POLICY]);
    let server = Server::start(|request| {
        let schedule = json!({"schedule": {"id": 502, "target_type": "VirtualMachine", "target_id": 77, "period": "days",
            "duration": 1, "rotation_period": 7, "start_at": "2099-01-31T02:00:00Z", "status": "enabled"}});
        match request.path() {
            "/flexapi/settings/schedules.json" => Answer::json(200, &json!([schedule])),
            _ => twins(request).map_or_else(not_found, |body| Answer::json(200, &body)),
        }
    });
    onapp(&server, &delete).run().fails(5, "unreadable");
    assert_eq!(server.writes().len(), 0);
}

/// VMs and disks are numbered apart: the policy of disk 5, of VM 1, says nothing of VM 5.
#[test]
fn a_disk_with_the_number_of_a_vm_does_not_cover_it() {
    let server = Server::start(|request| {
        let vm = |id: u64, label: &str| json!({"virtual_machine": {"id": id, "label": label}});
        let disk = |id: u64, of: u64, is_swap: bool| json!({"disk": {"id": id, "virtual_machine_id": of, "built": true, "is_swap": is_swap}});
        let schedule = |id: u64, kind: &str, target: u64| {
            json!({"schedule": {"id": id, "target_type": kind, "target_id": target, "period": "days", "duration": 1,
                "rotation_period": 1, "start_at": "2099-01-31T02:00:00Z", "status": "enabled"}})
        };
        Answer::json(
            200,
            &match request.path().strip_prefix("/flexapi").unwrap() {
                "/virtual_machines.json" => json!([vm(1, "web"), vm(5, "db"), vm(6, "mail")]),
                "/virtual_machines/1/disks.json" => json!([disk(5, 1, false), disk(6, 1, true)]),
                "/virtual_machines/5/disks.json" => json!([disk(50, 5, false)]),
                "/virtual_machines/6/disks.json" => json!([disk(60, 6, false)]),
                "/settings/schedules.json" => {
                    json!([schedule(501, "Disk", 5), schedule(502, "Disk", 6), schedule(503, "BackupServer", 6)])
                }
                _ => json!([]),
            },
        )
    });
    for more in [&[][..], &["--match", "db", "--match", "mail"], &["--exclude", "web"]] {
        let run = onapp(&server, &["coverage", "--fail-on", "none", "-o", "json"]).args(more).run().exits(10);
        let rows = run.json();
        let rows = rows.as_array().unwrap().iter().filter(|row| row["vm"] != "web" && row["name"] != "web");
        let verdicts: Vec<&Value> = rows.map(|row| &row["verdict"]).collect();
        assert!(verdicts.len() >= 2 && verdicts.iter().all(|verdict| **verdict == "none"), "{}", run.report());
    }
}

/// A cloud with `count` VMs, 100 a page. `first` is how many of them a page begins later than it should.
fn paged(count: usize, shift: usize, total: Option<&'static str>) -> Server {
    Server::start(move |request| {
        let page: usize = request.query("page").map_or(1, |page| page.parse().unwrap());
        let start = if page == 1 { 0 } else { (page - 1) * 100 - shift };
        let rows = (start..count).take(100);
        let rows: Vec<Value> =
            rows.map(|id| json!({"virtual_machine": {"id": id + 1, "label": format!("vm{id}")}})).collect();
        let answer = Answer::json(200, &json!(rows));
        match total {
            Some(total) => answer.header("X-Total", total).header("X-Limit", "0"),
            None => answer,
        }
    })
}

#[test]
fn no_end_of_a_list_is_taken_from_a_total_that_is_too_small() {
    for total in [None, Some("0"), Some("1"), Some("130")] {
        let listed = onapp(&paged(130, 0, total), &["vm", "list", "-o", "id"]).run().ok();
        assert_eq!(listed.stdout.lines().count(), 130, "{total:?}");
    }
}

#[test]
fn a_row_on_two_pages_is_a_list_that_moved_and_not_its_end() {
    let listed = onapp(&paged(350, 1, None), &["vm", "list", "-o", "id"]).run();
    assert_eq!(listed.stdout.lines().count(), 350, "{}", listed.report());
    listed.mentions(&["changed while it was read"]);
}
