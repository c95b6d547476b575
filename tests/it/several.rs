//! Several policies in one command: one preview, one confirmation, a result each; and `policies list --detail`.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::company::{Company, Make, is};
use crate::harness::{bare, katapult};
use crate::server::{Answer, Request};
use crate::world::{VM, World, policy};

const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";

fn ids(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn retention(company: &Company, id: &str) -> Value {
    company.policy(id).unwrap()["retention"].clone()
}

fn writes(company: &Company) -> Vec<Request> {
    company.server.writes()
}

#[test]
fn each_gets_its_result_in_the_order_named() {
    let company = Company::new();
    let all = company.ids();
    let named: Vec<&str> = [2, 0, 1].map(|index| all[index].as_str()).into();
    let updated = company.json(&[&["policy", "update", "--retention", "400"], &named[..]].concat());
    assert_eq!(ids(&updated), named);
    assert!(named.iter().all(|id| retention(&company, id) == 400));
    let deleted = company.json(&[&["policy", "delete", "--yes"], &named[..]].concat());
    assert_eq!(ids(&deleted), named);
    assert!(deleted[0]["trash_object"]["keep_until"].is_i64(), "{deleted}");
    let restored = company.json(&[&["policy", "restore"], &named[..]].concat());
    assert_eq!(ids(&restored), named);
    let scheduled = company.json(&[&["policy", "schedule-delete", "--yes", "--at", "+7d"], &named[..]].concat());
    assert_eq!(ids(&scheduled), named);
    assert!(named.iter().all(|id| company.policy(id).unwrap()["auto_move_to_trash_at"].is_i64()));
    assert_eq!(company.history().len(), 12, "each write is recorded");
}

#[test]
fn ids_come_from_standard_input_and_count_once() {
    let company = Company::new();
    let all = company.ids();
    let listed = format!("{}\n{}\r\n  {}\n\n", all[0], all[1], all[0]);
    let args = ["policy", "update", &all[2], "-", &all[1], "--retention", "400", "-o", "id"];
    let run = company.bpctl(&args).stdin(&listed).run().ok();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), [&all[2], &all[0], &all[1]]);
    assert_eq!(writes(&company).len(), 3);
    company.bpctl(&["policy", "delete", "-", "--yes", "-o", "json"]).stdin("\n \n").run().fails(2, "usage");
}

#[test]
fn show_takes_one_id_from_standard_input() {
    let company = Company::new();
    let id = company.web_1();
    let show = |input: &str| company.bpctl(&["policy", "show", "-", "-o", "json"]).stdin(input).run();
    assert_eq!(show(&format!("{id}\n")).ok().json()["id"], json!(id));
    let several = show(&format!("{id}\nweb-1\n")).fails(2, "usage");
    several.mentions(&["takes one policy; standard input has 2"]);
    show("").fails(2, "usage");
}

#[test]
fn one_confirmation_shows_all_that_is_lost() {
    let company = Company::new();
    let named = company.ids();
    let error = company
        .bpctl(&["policy", "delete", &named[0], &named[1], "-o", "json"])
        .run()
        .fails(2, "confirmation_required")
        .error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&named[0]) && message.contains(&named[1]), "{message}");
    assert!(writes(&company).is_empty());
}

#[test]
fn one_that_is_missing_does_not_stop_the_others() {
    let company = Company::new();
    let all = company.ids();
    let args = ["policy", "update", &all[0], "dbp_none", &all[1], "--retention", "400"];
    let run = company.bpctl(&args).run().exits(9);
    assert!(run.stderr.contains("dbp_none") && run.stdout.contains(&all[1]), "{}", run.report());
    assert_eq!((retention(&company, &all[0]), retention(&company, &all[1])), (json!(400), json!(400)));
    let run = company.bpctl(&["policy", "delete", &all[0], "dbp_none", "--yes", "-o", "json"]).run().exits(9);
    let error = run.error();
    assert_eq!((&error["code"], &error["exit_code"]), (&json!("partly_done"), &json!(9)));
    assert_eq!(error["detail"]["done"], json!([all[0]]));
    let failed = &error["detail"]["failed"];
    assert_eq!((&failed[0]["id"], failed.as_array().unwrap().len()), (&json!("dbp_none"), 1));
    assert_eq!(failed[0]["error"]["code"], "disk_backup_policy_not_found");
    assert_eq!(ids(&run.json()), [&all[0]], "what was done is reported");
}

#[test]
fn when_none_works_it_is_the_first_error() {
    let company = Company::new();
    let run = company.bpctl(&["policy", "update", "dbp_a", "dbp_b", "--retention", "4", "-o", "json"]).run();
    let error = run.fails(3, "disk_backup_policy_not_found").error();
    assert_eq!(error["detail"]["done"], json!([]));
    assert_eq!(error["detail"]["failed"].as_array().unwrap().len(), 2);
    assert!(writes(&company).is_empty());
}

#[test]
fn a_refused_one_does_not_stop_the_others_but_a_dead_server_does() {
    let cases: [(Make, usize, i32); 2] = [
        (|| Answer::error_with(422, "validation_error", json!({"errors": ["No"]})), 3, 9),
        (|| Answer::html(502), 2, 9),
    ];
    for (answer, count, code) in cases {
        let tried = AtomicUsize::new(0);
        let company = Company::but(move |request, _| {
            (is(request, "PATCH", POLICY_PATH) && tried.fetch_add(1, Ordering::SeqCst) == 1).then(answer)
        });
        let all = company.ids();
        let args =
            ["policy", "update", &all[0], &all[1], &all[2], "--retention", "400", "--retries", "0", "-o", "json"];
        let error = company.bpctl(&args).run().exits(code).error();
        assert_eq!(writes(&company).len(), count);
        let failed = ids(&error["detail"]["failed"]).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(failed, [all[1].clone()]);
        // What was never tried differs from what failed and from what was done.
        let not_tried = if count == 3 { json!([]) } else { json!([all[2]]) };
        assert_eq!(error["detail"]["not_tried"], not_tried);
    }
}

#[test]
fn a_dry_run_of_several_shows_them_all() {
    let company = Company::new();
    let all = company.ids();
    let shown = company.json(&["policy", "update", &all[0], &all[1], "--retention", "400", "--dry-run"]);
    assert_eq!(shown["requests"].as_array().unwrap().len(), 2);
    assert_eq!(ids(&shown["before"]), [&all[0], &all[1]]);
    assert_eq!((&shown["after"][0]["retention"], &shown["after"][1]["retention"]), (&json!(400), &json!(400)));
    assert!(writes(&company).is_empty());
}

#[test]
fn a_list_in_detail_shows_what_lists_leave_out() {
    let company = Company::new();
    let listed = company.json(&["policies", "list", "--org", "acme"]);
    let detailed = company.json(&["policies", "list", "--org", "acme", "--detail"]);
    assert_eq!(ids(&listed), ids(&detailed));
    for policy in detailed.as_array().unwrap() {
        assert_eq!(Some(policy), company.policy(policy["id"].as_str().unwrap()).as_ref());
    }
    assert!(listed[0]["schedule"]["time"].is_null() && detailed[0]["schedule"]["time"].is_i64());
    let run = company.run(&["policies", "list", "--org", "acme", "--detail", "--columns", "target,schedule,deletion"]);
    assert!(run.ok().stdout.contains("daily at 02:30"));
}

#[test]
fn a_list_in_detail_shows_a_pending_deletion() {
    let company = Company::new();
    let list = ["policies", "list", "--org", "acme"];
    let plain = company.run(&list).ok().stdout;
    assert!(!plain.contains("DELETION") && plain.contains("files-1"), "{plain}");
    let detailed = company.bpctl(&list).arg("--detail").run().ok();
    let header: Vec<&str> = detailed.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[6..], ["NEXT", "RUN", "DELETION"]);
    let pending: Vec<&str> = detailed.stdout.lines().filter(|line| line.matches("(in ").count() == 2).collect();
    assert!(matches!(pending[..], [line] if line.contains("files-1")), "{}", detailed.report());
    let named = company.bpctl(&list).args(&["--detail", "--columns", "id,target"]).run().ok();
    assert!(!named.stdout.contains("DELETION"), "{}", named.report());
    let several = bare(&["policies", "list", "--detail", "--profile", "sandbox,sandbox"]).run().ok();
    assert!(several.stdout.contains("DELETION"), "{}", several.report());
}

#[test]
fn a_list_in_detail_reads_side_by_side_and_only_what_is_wanted() {
    let company = Company::new();
    company.run(&["policies", "list", "--detail", "--limit", "1", "--concurrency", "1"]).ok();
    let reads = || company.server.requests().iter().filter(|request| is(request, "GET", POLICY_PATH)).count();
    assert!(reads() <= 2, "{}", reads());
}

#[test]
fn a_policy_that_goes_while_the_list_is_read_is_left_out() {
    let reads = AtomicUsize::new(0);
    let company = Company::but(move |request, _| {
        let is_first = is(request, "GET", POLICY_PATH) && reads.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then(|| Answer::error(406, "object_in_trash"))
    });
    let run = company.run(&["policies", "list", "--detail", "-o", "id"]).ok().mentions(&["left out"]);
    assert_eq!(run.stdout.lines().count(), company.ids().len() - 1);
}

#[test]
fn a_bad_column_is_found_before_anything_is_written() {
    let company = Company::new();
    let (id, file) = (company.web_1(), company.home.file("p.toml", "version = 1\n").display().to_string());
    company.run(&["policy", "update", &id, "--retention", "8"]).ok();
    let before = writes(&company).len();
    let commands: &[&[&str]] = &[
        &["policy", "update", &id, "--retention", "9"],
        &["policies", "update", "--match", "web-1", "--retention", "9"],
        &["policy", "schedule-delete", &id, "--at", "+7d"],
        &["policy", "delete", &id],
        &["policy", "restore", &id],
        &["policy", "create", "--vm", "web-1", "--interval", "weekly", "--retention", "3"],
        &["undo"],
        &["apply", "-f", &file],
    ];
    for args in commands {
        company.bpctl(args).args(&["--yes", "--columns", "nope", "-o", "json"]).run().fails(2, "usage");
        company.bpctl(args).args(&["--yes", "--sort", "nope", "-o", "json"]).run().fails(2, "usage");
    }
    assert_eq!(writes(&company).len(), before);
}

#[test]
fn a_result_that_cannot_be_printed_does_not_hide_what_was_done() {
    let company = Company::new();
    let id = company.web_1();
    let create = ["policy", "create", "--vm", "build-1", "--interval", "weekly", "--retention", "3"];
    let run = company.bpctl(&create).run_without_room().exits(1);
    let new = company.history()[0]["policy"].as_str().unwrap().to_string();
    run.mentions(&[&new, "done: 1", "printing the result failed"]);
    company.bpctl(&["policy", "delete", "--yes", &id, &new]).run_without_room().exits(1).mentions(&[&id, &new]);
    // What failed outweighs it, and a reader who has gone.
    let delete = ["policy", "delete", "--yes", &company.ids()[0], "dbp_missing", "-o", "jsonl"];
    company.bpctl(&delete).run_without_room().exits(9).mentions(&["dbp_missing"]);
}

#[test]
fn one_whose_end_is_not_known_outweighs_one_that_surely_failed() {
    let company = Company::but(|request, pass| {
        is(request, "DELETE", POLICY_PATH).then(|| {
            pass();
            Answer::closed()
        })
    });
    let id = company.web_1();
    let delete = ["policy", "delete", "--yes", "--retries", "0", "dbp_missing", &id, "-o", "json"];
    let error = company.bpctl(&delete).run().fails(7, "network").error();
    assert!(error["message"].as_str().unwrap().contains("may or may not have been carried out"), "{error}");
}

/// A colleague changes the second while the first is written.
#[test]
fn each_is_read_again_right_before_it_is_written() {
    let ids = ["dbp_second", "dbp_first"];
    let world = World::new().policies(ids.map(|id| policy(id, "VirtualMachine", VM, "web-1", "daily", 7)).to_vec());
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        if request.method == "PATCH" {
            inner.clone().policy(|second| second["schedule"]["interval"] = json!("hourly"));
        }
        None
    });
    let update = |condition: &[&str]| {
        let args = [&["policy", "update", "dbp_first", "dbp_second", "-o", "json"][..], condition].concat();
        katapult(&server, &args).run().exits(9).error()
    };
    for (time, condition) in [("4", &[][..]), ("5", &["--if", "retention=7"])] {
        world.clone().policy(|second| second["schedule"]["interval"] = json!("daily"));
        let error = update(&[&["--time", time][..], condition].concat());
        assert_eq!(error["detail"]["failed"][0]["error"]["code"], "changed", "{error}");
        assert_eq!(world.current()["schedule"]["interval"], "hourly", "the colleague's change stands");
    }
    assert_eq!(server.writes().len(), 2);
}
