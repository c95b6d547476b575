//! `bpctl snapshot`: what it holds, what it never holds, and that an incomplete one says so.

use serde_json::{Value, json};

use crate::company::Company;
use crate::coverage::{disks, listed_disk};
use crate::harness::{bare, katapult};
use crate::server::Answer;
use crate::world::{FQDN, ORG, POLICY, POLICY_PATH, ROOT_PASSWORD, VM, World, page, vm};

pub const MACHINES_PATH: &str = "/core/v1/organizations/organization/virtual_machines";

#[test]
fn it_holds_a_moment_with_its_circumstances() {
    let server = World::new().serve();
    let snapshot = katapult(&server, &["snapshot", "--require", "daily", "--min-retention", "14"]).run().ok().json();
    assert_eq!(snapshot["version"], 1);
    assert!(snapshot["time"].as_str().unwrap().ends_with('Z'), "{snapshot}");
    assert_eq!(snapshot["program_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(snapshot["profile"], Value::Null);
    assert_eq!(snapshot["api"].as_str().unwrap().trim_end_matches('/'), server.katapult_url());
    assert_eq!(snapshot["organization"], json!({"id": ORG, "sub_domain": "acme", "name": "ACME Inc."}));
    assert_eq!(snapshot["query"], json!({"require": "daily", "min_retention": 14, "detail": false}));
    assert_eq!([&snapshot["complete"], &snapshot["detailed"]], [&json!(true), &json!(true)]);
    assert_eq!(snapshot["machines"][0], json!({"id": VM, "name": "web-1", "fqdn": FQDN}));
    assert_eq!(snapshot["disks"][0]["machine"], VM);
    let policy = &snapshot["policies"][0];
    assert_eq!([&policy["id"], &policy["target"]["id"], &policy["retention"]], [&json!(POLICY), &json!(VM), &json!(7)]);
    assert_eq!(policy["schedule"]["frequency"], 1, "each policy is read: lists leave this out");
    let verdict = snapshot["verdicts"].as_array().unwrap().iter().find(|row| row["id"] == VM).unwrap();
    assert_eq!((&verdict["verdict"], &verdict["policies"]), (&json!("weak"), &json!([POLICY])));
}

#[test]
fn it_names_the_profile() {
    let snapshot = bare(&["snapshot", "--profile", "sandbox"]).run().ok().json();
    assert_eq!([&snapshot["profile"], &snapshot["api"]], [&json!("sandbox"), &json!("sandbox")]);
}

#[test]
fn it_holds_no_secret_even_where_secrets_are_shown() {
    let mut target = crate::world::policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7);
    target["target"]["value"]["initial_root_password"] = json!(ROOT_PASSWORD);
    let mut machine = vm(VM, "web-1", FQDN);
    machine["initial_root_password"] = json!(ROOT_PASSWORD);
    let server = World::new().vms(vec![machine]).policies(vec![target]).serve();
    let run = katapult(&server, &["snapshot", "--show-secrets"]).run().ok();
    assert!(!run.stdout.contains(ROOT_PASSWORD), "{}", run.report());
}

#[test]
fn every_total_follows_from_ids() {
    let company = Company::new();
    let snapshot = company.json(&["snapshot", "--detail"]);
    let ids: Vec<&str> =
        snapshot["policies"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let mut wanted = company.ids();
    wanted.sort();
    let mut found = ids.clone();
    found.sort_unstable();
    assert_eq!(found, wanted);
    for row in snapshot["verdicts"].as_array().unwrap() {
        let of_row = |disk: &&Value| disk["machine"] == row["id"] || disk["id"] == row["id"];
        let disks = snapshot["disks"].as_array().unwrap().iter().filter(of_row).count();
        assert_eq!(row["disks"], disks, "{row}");
        assert!(row["policies"].as_array().unwrap().iter().all(|id| ids.contains(&id.as_str().unwrap())), "{row}");
    }
}

/// A list that says it has more than it gives.
#[test]
fn one_with_gaps_is_written_and_says_so() {
    let server = World::new().serve_but(|request| {
        let mut body = page(request, "virtual_machines", &[vm(VM, "web-1", FQDN)]);
        body["pagination"]["total"] = json!(3);
        (request.path() == MACHINES_PATH).then(|| Answer::json(200, &body))
    });
    let run = katapult(&server, &["snapshot", "-o", "json"]).run().exits(9);
    let snapshot = run.json();
    assert_eq!(snapshot["complete"], false);
    assert!(snapshot["gaps"][0].as_str().unwrap().contains("3 VMs"), "{snapshot}");
    let last = run.stderr.lines().last().unwrap();
    let error: Value = serde_json::from_str(last).unwrap();
    assert_eq!(error["error"]["code"], "partly_done");
    assert!(error["error"]["message"].as_str().unwrap().contains("3 VMs"), "{error}");
}

#[test]
fn a_policy_that_cannot_be_read_is_named() {
    let server = World::new().serve_but(|request| {
        (request.path() == POLICY_PATH)
            .then(|| Answer::raw(200, "application/json", b"{\"disk_backup_policy\": 7}".to_vec()))
    });
    let run = katapult(&server, &["snapshot"]).run().exits(9).mentions(&["incomplete", POLICY]);
    let snapshot = run.json();
    assert_eq!((&snapshot["complete"], &snapshot["unread"][0]["policy"]), (&json!(false), &json!(POLICY)));
    assert_eq!(snapshot["policies"][0]["id"], POLICY, "what the list says of it is kept");
}

#[test]
fn a_failing_list_prints_nothing() {
    for path in [MACHINES_PATH, crate::coverage::DISKS_PATH, crate::world::ORG_POLICIES_PATH] {
        let server = World::new().serve_but(move |request| (request.path() == path).then(|| Answer::html(503)));
        katapult(&server, &["snapshot", "-o", "json", "--retries", "0"]).run().fails_in_json(7);
    }
}

#[test]
fn more_than_200_policies_are_marked_as_not_detailed() {
    let one = |number| crate::world::policy(&format!("p{number}"), "VirtualMachine", VM, "web-1", "daily", 7);
    let server = World::new().policies((0..201).map(one).collect()).serve();
    let short = katapult(&server, &["snapshot"]).run().ok().mentions(&["--detail"]).json();
    assert_eq!([&short["detailed"], &short["policies"][0]["schedule"]["frequency"]], [&json!(false), &Value::Null]);
    let full = katapult(&server, &["snapshot", "--detail"]).run().ok().json();
    assert_eq!([&full["detailed"], &full["query"]["detail"]], [&json!(true), &json!(true)]);
}

#[test]
fn it_is_json_or_yaml_and_of_one_profile() {
    let server = World::new().serve_but(|request| disks(request, &[listed_disk("d1", None)]));
    let yaml = katapult(&server, &["snapshot", "-o", "yaml"]).run().ok();
    assert!(yaml.stdout.starts_with("version: 1\n"), "{}", yaml.report());
    let line = katapult(&server, &["snapshot", "-o", "jsonl"]).run().ok();
    assert_eq!(line.stdout.lines().count(), 1);
    // A default for all commands is not an order for this one.
    for format in ["table", "wide", "json", "csv", "tsv", "id"] {
        katapult(&server, &["snapshot"]).env("BPCTL_OUTPUT", format).run().ok().json();
    }
    let count = server.count();
    for format in ["csv", "id", "wide", "tsv"] {
        katapult(&server, &["snapshot", "-o", format]).run().fails_in_words(2);
    }
    bare(&["snapshot", "--profile", "sandbox,sandbox-onapp"]).run().fails_in_words(2);
    assert_eq!(server.count(), count);
}
