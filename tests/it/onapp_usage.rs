//! The space that backups take, and recovery points where freshness is judged.

use serde_json::{Value, json};

use crate::harness::onapp;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

#[test]
fn sizes_are_summed_by_vm_and_kind() {
    let cloud = Cloud::serve(&[]);
    let rows = cloud.bpctl(&["backups", "usage", "-o", "json"]).run().ok().json();
    let row = |vm: &str, kind: Value| -> Value {
        let mut found = rows.as_array().unwrap().iter().filter(|row| row["vm"] == vm && row["type"] == kind);
        found.next().unwrap_or_else(|| panic!("no row of {vm} {kind}: {rows}")).clone()
    };
    // The lists of the cloud, summed by hand: a text counts as a number, an unfinished one has no size.
    let listed = cloud.bpctl(&["backups", "list", "--vm", "db1", "--kind", "all", "-o", "json"]).run().ok().json();
    let sizes = listed.as_array().unwrap().iter().filter_map(|one| match &one["backup_size"] {
        Value::String(text) => text.parse::<u64>().ok(),
        size => size.as_u64(),
    });
    let normal = row("db1", json!("normal"));
    assert_eq!(normal["size_bytes"], json!(sizes.sum::<u64>() * 1024));
    assert_eq!((&normal["backups"], &normal["unknown_sizes"], &normal["vm_id"]), (&json!(7), &json!(1), &json!("652")));
    // An incremental one of size 0 is known to be empty, recovery points are in bytes.
    assert_eq!(row("app1", json!("incremental"))["unknown_sizes"], 0);
    let points = row("files1", json!("recovery point"));
    assert_eq!(
        (&points["backups"], &points["size_bytes"]),
        (&json!(3), &json!(5_368_709_120_u64 + 5_498_322_944 + 40))
    );
    assert_eq!(row("test1", Value::Null)["backups"], 0, "a VM without backups has a row");
    let own = cloud.bpctl_as("limited", &["backups", "usage", "--vm", "db1", "-o", "json"]).run().ok().json();
    assert_eq!(own, json!([normal]));
    let run = cloud.bpctl(&["backups", "usage", "--vm", "db1"]).run().ok();
    run.mentions(&["total: ", " GiB in 6 backups, and 1 of unknown size"]);
    cloud.bpctl(&["backups", "usage", "--vm", "nothing"]).run().fails_in_words(3);
}

#[test]
fn a_vm_that_cannot_be_read_is_missing_and_said_to_be() {
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(
            200,
            &json!([{"virtual_machine": {"id": 1, "label": "a"}}, {"virtual_machine": {"id": 2, "label": "b"}}]),
        ),
        "/flexapi/virtual_machines/1/backups.json" => {
            Answer::json(200, &json!([{"backup": {"id": 11, "backup_size": 1024, "built": true}}]))
        }
        "/flexapi/virtual_machines/2/backups.json" => {
            Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]}))
        }
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    });
    let run = onapp(&server, &["backups", "usage", "-o", "csv", "--columns", "vm,backups"]).run().exits(9);
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), ["vm,backups", "a,1"]);
    run.mentions(&["1 VMs could not be read", "b: "]);
}

#[test]
fn a_vm_that_only_a_plugin_backs_up_is_fresh() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["check", "--vm", "files1", "-o", "json"]).run().ok();
    let machine = &run.json()["machines"][0];
    assert_eq!((&machine["status"], &machine["last"]["id"]), (&json!("ok"), &json!("13")), "{}", run.report());
    // A point that is not finished does not count.
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(200, &json!([{"virtual_machine": {"id": 1, "label": "a"}}])),
        "/flexapi/virtual_machines/1/backups/recovery_points.json" => Answer::json(
            200,
            &json!([{"recovery_point": {"id": 1, "state": "pending", "created_at": "2026-01-01T00:00:00Z"}}]),
        ),
        _ => Answer::json(200, &json!([])),
    });
    let run = onapp(&server, &["check", "-o", "json"]).run().exits(10);
    assert_eq!(run.json()["machines"][0]["status"], "critical", "{}", run.report());
}
