//! `policy create`: the owner, what is sent, what is believed, and what is said when the answer is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::company::{Company, Make, is};
use crate::server::{Answer, Request};

const FOR_A_MACHINE: &str = "/virtual_machines/virtual_machine/disk_backup_policies";
const DAILY: [&str; 5] = ["--interval", "daily", "--retention", "9", "--allow-duplicate"];

fn is_create(request: &Request) -> bool {
    is(request, "POST", "/disk_backup_policies")
}

fn creates(company: &Company) -> Vec<Value> {
    company.server.requests().iter().filter(|request| is_create(request)).map(Request::json).collect()
}

fn machine(company: &Company) -> String {
    let path = "/virtual_machines/virtual_machine?virtual_machine%5Bfqdn%5D=build-1.acme.katapult.cloud";
    company.raw("GET", path, &Value::Null).1["virtual_machine"]["id"].as_str().unwrap().to_string()
}

#[test]
fn a_machine_can_be_named_in_three_ways() {
    let company = Company::new();
    let id = machine(&company);
    for name in [id.as_str(), "build-1.acme.katapult.cloud", "BUILD-1.acme.katapult.cloud", "build-1"] {
        let created = company.json(&[&["policy", "create", "--vm", name], &DAILY[..]].concat());
        assert_eq!(created["target"]["value"]["id"], id, "{name}");
        assert_eq!(Some(&created), company.policy(created["id"].as_str().unwrap()).as_ref(), "what it is, read back");
        assert_eq!((&created["retention"], &created["schedule"]["interval"]), (&json!(9), &json!("daily")));
    }
    assert_eq!(creates(&company).len(), 4);
}

#[test]
fn a_disk_is_named_by_its_id() {
    let company = Company::new();
    let disk = company.json(&["disk", "list", "--vm", "build-1"])[0]["disk"]["id"].as_str().unwrap().to_string();
    let args = ["policy", "create", "--disk", &disk, "--time", "0", "--minute", "5", "--frequency", "2"];
    let created = company.json(&[&args[..], &DAILY].concat());
    assert_eq!((&created["target"]["type"], &created["target"]["value"]["id"]), (&json!("Disk"), &json!(disk)));
    let schedule = json!({"interval": "daily", "frequency": 2, "minute": 5, "time": 0});
    let sent = json!({"disk": {"id": disk}, "properties": {"retention": 9, "schedule": schedule}});
    assert_eq!(creates(&company), [sent]);
}

#[test]
fn exactly_one_owner() {
    let company = Company::new();
    company.run(&[&["policy", "create", "--vm", "a", "--disk", "b"], &DAILY[..]].concat()).fails_in_words(2);
    company.run(&[&["policy", "create"], &DAILY[..]].concat()).fails_in_words(2).mentions(&["--vm", "--disk"]);
    company
        .bpctl(&[&["policy", "create", "--vm", "unheard-of", "-o", "json"], &DAILY[..]].concat())
        .run()
        .fails(3, "virtual_machine_not_found");
    assert_eq!(creates(&company).len(), 0);
}

#[test]
fn a_second_policy_of_the_same_interval_takes_a_flag() {
    let company = Company::new();
    let args = [&["policy", "create", "--vm", "web-1"], &DAILY[..4]].concat();
    let error = company.bpctl(&args).args(&["-o", "json"]).run().fails(2, "confirmation_required").error();
    assert!(error["message"].as_str().unwrap().contains(&company.web_1()), "{error}");
    company.run(&args).fails_in_words(2).mentions(&["--allow-duplicate"]);
    assert!(creates(&company).is_empty());
    let run = company.run(&[&args[..], &["--allow-duplicate"]].concat()).ok();
    assert!(run.stderr.contains(&company.web_1()), "{}", run.report());
}

#[test]
fn a_dry_run_shows_the_request_and_sends_none() {
    let company = Company::new();
    let before = company.ids();
    let shown = company.json(&[&["policy", "create", "--vm", "web-1", "--dry-run"], &DAILY[..]].concat());
    assert_eq!(shown["requests"][0]["method"], "POST");
    assert_eq!(shown["requests"][0]["path"], FOR_A_MACHINE);
    assert_eq!((&shown["before"], &shown["after"]["retention"]), (&Value::Null, &json!(9)));
    assert_eq!((company.ids(), company.journal().as_str()), (before, ""));
    company.json(&[&["policy", "create", "--vm", "web-1"], &DAILY[..]].concat());
    assert_eq!(creates(&company), [shown["requests"][0]["body"].clone()]);
}

#[test]
fn a_value_that_the_server_did_not_take() {
    // The server makes something else of the request than what it asks for.
    let company = Company::but(|request, _| {
        is(request, "GET", "/disk_backup_policies/disk_backup_policy").then(|| {
            let schedule = json!({"interval": "daily", "frequency": 1, "minute": 0, "time": 0});
            let (id, target) =
                (request.query("disk_backup_policy[id]"), json!({"type": "VirtualMachine", "value": null}));
            let policy = json!({"id": id, "retention": 4711, "schedule": schedule, "target": target});
            Answer::json(200, &json!({"disk_backup_policy": policy}))
        })
    });
    let run = company.bpctl(&[&["policy", "create", "--vm", "web-1", "-o", "json"], &DAILY[..]].concat()).run();
    let error = run.fails(1, "not_applied").error();
    assert_eq!(error["detail"]["retention"], json!({"before": null, "asked": "9", "actual": "4711"}));
    // Undo still finds it.
    let new = company.history()[0]["policy"].as_str().unwrap().to_string();
    assert!(company.ids().contains(&new) && error["hint"].as_str().unwrap().contains(&new), "{error}");
}

#[test]
fn a_lost_answer_is_looked_into() {
    // The create is carried out, or not; its answer is lost in each of these ways.
    let lost: [Make; 4] = [
        Answer::closed,
        || Answer::json(200, &json!({"disk_backup_policy": {}})).cut_off(),
        || Answer::html(502),
        || Answer::error(500, "unhandled_exception"),
    ];
    for answer in lost {
        for is_carried_out in [true, false] {
            let company = Company::but(move |request, pass| {
                is_create(request).then(|| {
                    if is_carried_out {
                        pass();
                    }
                    answer()
                })
            });
            let before = company.ids();
            let run = company.bpctl(&[&["policy", "create", "--vm", "web-1", "-o", "json"], &DAILY[..]].concat()).run();
            let error = run.fails(7, "outcome_unknown").error();
            assert_eq!(creates(&company).len(), 1, "it is not sent again");
            let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
            let new: Vec<String> = company.ids().into_iter().filter(|id| !before.contains(id)).collect();
            match new.as_slice() {
                [id] => assert!(is_carried_out && message.contains(id), "{message}"),
                _ => assert!(!is_carried_out && message.contains("no new policy found"), "{message}"),
            }
            assert!(hint.contains("bpctl policies list --vm web-1"), "{hint}");
            assert_eq!(company.history()[0]["outcome"], "unknown");
        }
    }
}

#[test]
fn a_refusal_before_the_endpoint_is_tried_again_and_others_are_not() {
    let cases: [(Make, i32, usize); 4] = [
        (|| Answer::error(503, "service_unavailable"), 0, 2),
        (|| Answer::error(429, "rate_limit_reached").header("Retry-After", "0"), 0, 2),
        (|| Answer::html(503), 7, 1),
        (|| Answer::error_with(422, "validation_error", json!({"errors": ["No"]})), 5, 1),
    ];
    for (answer, code, count) in cases {
        let tried = AtomicUsize::new(0);
        let company = Company::but(move |request, _| {
            (is_create(request) && tried.fetch_add(1, Ordering::SeqCst) == 0).then(answer)
        });
        let before = company.ids().len();
        company.run(&[&["policy", "create", "--vm", "web-1"], &DAILY[..]].concat()).exits(code);
        assert_eq!(creates(&company).len(), count);
        assert_eq!(company.ids().len(), before + usize::from(code == 0));
    }
}

#[test]
fn an_answer_without_an_id_is_not_a_success() {
    let company = Company::but(|request, _| is_create(request).then(|| Answer::text_json("{}")));
    let run = company.bpctl(&[&["policy", "create", "--vm", "web-1", "-o", "json"], &DAILY[..]].concat()).run();
    run.fails(7, "outcome_unknown");
}

#[test]
fn nothing_is_created_beside_policies_that_cannot_be_listed() {
    let company = Company::but(|request, _| {
        is(request, "GET", "/virtual_machine/disk_backup_policies").then(|| Answer::html(500))
    });
    let vm = machine(&company);
    let args = ["policy", "create", "--vm", &vm, "--interval", "weekly", "--retention", "3"];
    company.bpctl(&args).args(&["-o", "json"]).run().fails(7, "network");
    assert!(creates(&company).is_empty());
}

#[test]
fn a_token_that_may_not_list_can_still_create() {
    let company =
        Company::but(|request, _| is(request, "GET", FOR_A_MACHINE).then(|| Answer::error(403, "permission_denied")));
    let created = company.json(&[&["policy", "create", "--vm", "web-1.acme.katapult.cloud"], &DAILY[..]].concat());
    assert_eq!(created["retention"], 9);
}
