//! What bpctl reads of an OnApp cloud: backups of everything, disks, VMs, recovery points, transactions.

use serde_json::{Value, json};

use crate::harness::{Run, onapp};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

fn ids(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn backups_of_the_whole_cloud_name_their_vm() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backups", "list", "--columns", "id,vm", "-o", "csv"]).run().ok();
    for row in ["6117,web1", "6149,web1", "68,db1", "5721,db1"] {
        assert!(run.stdout.lines().any(|line| line == row), "{row}: {}", run.report());
    }
    // The rows are the cloud's own: all of those that the lists of single VMs have.
    let all = cloud.bpctl(&["backups", "list", "-o", "id"]).run().ok();
    let own = cloud.bpctl(&["backups", "list", "--vm", "db1", "--kind", "all", "-o", "id"]).run().ok();
    assert_eq!(ids(&own).len(), 7);
    assert!(ids(&own).iter().all(|id| ids(&all).contains(id)));
    let run = cloud.bpctl(&["backups", "list"]).run().ok();
    assert!(run.stdout.lines().next().unwrap().contains("VM"), "{}", run.report());
}

#[test]
fn one_vm_that_cannot_be_read_leaves_the_others() {
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(
            200,
            &json!([{"virtual_machine": {"id": 1, "label": "a"}}, {"virtual_machine": {"id": 2, "label": "b"}},
                    {"virtual_machine": {"id": 3, "label": "c"}}]),
        ),
        "/flexapi/virtual_machines/1/backups.json" => Answer::json(200, &json!([{"backup": {"id": 11}}])),
        "/flexapi/virtual_machines/2/backups.json" => {
            Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]}))
        }
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    });
    let run = onapp(&server, &["backups", "list", "-o", "id"]).run().exits(9);
    assert_eq!(ids(&run), ["11"]);
    // The third was deleted meanwhile: nothing is missing.
    run.mentions(&["1 VMs could not be read", "b: "]);
}

#[test]
fn a_missing_permission_is_a_matter_for_the_administrator() {
    let cloud = Cloud::serve(&[]);
    let run = cloud
        .bpctl_as("limited", &["transactions", "list"])
        .run()
        .fails_in_words(4)
        .hints()
        .mentions(&["ask an administrator of the cloud"]);
    assert!(!run.stderr.contains("organization"), "{}", run.report());
    run.mentions(&["probably `transactions.list`"]);
    for (args, permission) in [
        (&["backup", "delete", "5541", "--yes"][..], "backups.delete"),
        (&["backup", "create", "--vm", "web1"], "backups.create"),
        (&["backup", "create", "--disk", "1180"], "backups.create"),
        (&["backup", "note", "6142", "x"], "backups.update"),
        (&["backup", "convert", "6142", "--label", "t", "--yes"], "backups.convert"),
        (&["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "3"], "schedules.create"),
        (&["policy", "update", "31", "--retention", "9"], "schedules.update"),
        (&["autobackup", "on", "--vm", "test1", "--yes"], "virtual_machines.autobackup"),
        (&["autobackup", "off", "--disk", "1102", "--yes"], "disks.autobackup"),
    ] {
        let run = cloud.bpctl_as("readonly", args).run().fails_in_words(4);
        run.mentions(&[&format!("probably `{permission}` or, for what is the user's own, `{permission}.own`")]);
    }
    // Which one a restoration takes is not known.
    let run = cloud.bpctl_as("readonly", &["backup", "restore", "6142", "--yes"]).run().fails_in_words(4);
    run.mentions(&["the user lacks this permission: ask an administrator"]);
}

#[test]
fn backups_of_a_disk_with_and_without_its_vm() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backups", "list", "--disk", "1102", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["5541", "5721", "5733"]);
    let run = cloud.bpctl_as("limited", &["backups", "list", "--disk", "1102", "--vm", "db1", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["5541", "5721", "5733"]);
    cloud.bpctl_as("limited", &["backups", "list", "--disk", "1102"]).run().fails_in_words(4).mentions(&["--vm VM"]);
}

#[test]
fn an_empty_kind_says_what_there_is() {
    let cloud = Cloud::serve(&[]);
    cloud.bpctl(&["backups", "list", "--vm", "web1"]).run().ok().mentions(&["4 incremental", "--kind files"]);
    cloud
        .bpctl(&["backups", "list", "--vm", "db1", "--kind", "files"])
        .run()
        .ok()
        .mentions(&["7 normal", "--kind images"]);
    let list = |args: &[&str]| cloud.bpctl(&["backups", "list", "--vm", "files1", "-o", "json"]).args(args).run().ok();
    let points = list(&["--kind", "points"]).json().as_array().unwrap().len();
    for args in [&[][..], &["--kind", "files"], &["--kind", "all"]] {
        let run = list(args).mentions(&[&format!("{points} recovery points: `--kind points`")]);
        assert_eq!(run.json(), json!([]));
        assert!(!run.stderr.contains("--kind all"), "{}", run.report());
    }
    // A user who may not read them does not learn that there are none.
    let server =
        cloud.behind(
            |request, pass| {
                if request.path().ends_with("/recovery_points.json") { Answer::empty(403) } else { pass() }
            },
        );
    let run = cloud.through(&server, &["backups", "list", "--vm", "files1"]).run().ok();
    run.mentions(&["may have recovery points: `--kind points`"]);
}

#[test]
fn recovery_points_have_a_list_of_their_own() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backups", "list", "--vm", "files1", "--kind", "points", "-o", "json"]).run().ok();
    let points = run.json();
    assert!(!points.as_array().unwrap().is_empty() && points[0]["virtual_machine_id"] == 745, "{points}");
    let run = cloud.bpctl(&["backups", "list", "--vm", "files1", "--kind", "points"]).run().ok();
    assert!(run.stdout.contains("recovery point") && run.stdout.contains("ready"), "{}", run.report());
    // Bytes, not kB (documented).
    let server = Server::always(Answer::json(
        200,
        &json!([{"recovery_point": {"id": 1, "size": 5_368_709_120_u64, "state": "built"}}]),
    ));
    let run = onapp(&server, &["backups", "list", "--vm", "745", "--kind", "points"]).run().ok();
    assert!(run.stdout.contains("5.0 GiB"), "{}", run.report());
}

#[test]
fn one_backup_by_its_number() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["backup", "show", "6117", "-o", "json"]).run().ok();
    assert_eq!(run.json()["note"], "before the <6.4> upgrade & reboot");
    cloud.bpctl(&["backup", "show", "1"]).run().fails_in_words(3);
    let server = Server::always(Answer::json(200, &json!({"backup": {"id": 2}})));
    onapp(&server, &["backup", "show", "1"]).run().fails_in_words(1).mentions(&["asked for backup 1, got backup 2"]);
}

#[test]
fn disks_and_vms() {
    let cloud = Cloud::serve(&[]);
    let all = cloud.bpctl(&["disk", "list", "-o", "id"]).run().ok();
    assert_eq!(ids(&all).len(), 10);
    // Without access to the settings the disks are read VM by VM.
    let run = cloud.bpctl_as("limited", &["disk", "list", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ids(&all));
    let run = cloud.bpctl(&["disk", "list", "--vm", "db1", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["1101", "1102"]);
    let shown = cloud.bpctl(&["disk", "show", "1102", "-o", "json"]).run().ok().json();
    assert_eq!((&shown["id"], &shown["disk_size"]), (&json!(1102), &json!(100)));
    cloud.bpctl_as("limited", &["disk", "show", "1102"]).run().fails_in_words(4).mentions(&["--vm"]);
    cloud.bpctl_as("limited", &["disk", "show", "1102", "--vm", "db1"]).run().ok();
    let shown = cloud.bpctl(&["vm", "show", "win1"]).run().ok();
    assert!(shown.stdout.contains("2 GiB") && !shown.stdout.contains(" MB"), "one unit: {}", shown.report());
    let run = cloud.bpctl(&["vm", "list", "--search", "B1", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["488", "652"], "web1 and db1");
    // A cloud that does not know the query lists all VMs.
    let vms = json!([{"virtual_machine": {"id": 1, "label": "a"}}, {"virtual_machine": {"id": 2, "label": "ab"}}]);
    let server = Server::always(Answer::json(200, &vms));
    let run = onapp(&server, &["vm", "list", "--search", "B", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["2"]);
    assert_eq!(server.requests()[0].query("q").as_deref(), Some("B"));
}

#[test]
fn secrets_of_a_vm_are_hidden() {
    let cloud = Cloud::serve(&[]);
    let vm = cloud.bpctl(&["vm", "show", "web1", "-o", "json"]).run().ok().json();
    for field in ["initial_root_password", "remote_access_password", "service_password"] {
        assert_eq!(vm[field], "[REDACTED]", "{field}");
    }
}

#[test]
fn transactions_of_a_vm_take_no_administrator() {
    let cloud = Cloud::serve(&[]);
    let all = cloud.bpctl(&["transactions", "list", "-o", "json"]).run().ok().json();
    let all: Vec<u64> = all.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(all.len() > 1, "{all:?}");
    assert!(all.is_sorted_by(|a, b| a > b), "newest first: {all:?}");
    cloud.bpctl_as("limited", &["transactions", "list"]).run().fails_in_words(4).mentions(&["--vm VM"]);
    let own = cloud.bpctl_as("limited", &["transactions", "list", "--vm", "web1", "-o", "id"]).run().ok();
    assert!(!ids(&own).is_empty() && ids(&own).len() < all.len(), "{}", own.report());
}

#[test]
fn the_number_of_transactions_is_part_of_the_path() {
    let server = Server::always(Answer::json(200, &json!([{"transaction": {"id": 3}}, {"transaction": {"id": 2}}])));
    onapp(&server, &["transactions", "list", "--vm", "488", "--limit", "2"]).run().ok();
    onapp(&server, &["transactions", "list"]).run().ok();
    let paths: Vec<String> = server.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(
        paths,
        ["/flexapi/virtual_machines/488/transactions.json/per_page/2", "/flexapi/transactions.json/per_page/100",]
    );
}

#[test]
fn the_log_of_a_transaction_gives_no_password_away() {
    let transaction = json!({"transaction": {"id": 5, "action": "take_backup", "status": "failed",
        "params": "---\n:new_password: hunter2", "log_output": "Fatal: no space\nroot password is hunter2"}});
    let server = Server::always(Answer::json(200, &transaction));
    for output in ["table", "json", "yaml"] {
        let run = onapp(&server, &["transaction", "show", "5", "--log", "-o", output]).run().ok();
        assert!(run.stdout.contains("no space") && !run.stdout.contains("hunter2"), "{}", run.report());
    }
    assert_eq!(server.requests()[0].target, "/flexapi/transactions/5.json?log=");
    let shown: Value = onapp(&server, &["transaction", "show", "5", "-o", "json"]).run().ok().json();
    assert_eq!(shown["params"], "[REDACTED]");
}
