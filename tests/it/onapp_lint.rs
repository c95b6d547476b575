//! What `lint` knows of OnApp clouds, and that it claims nothing of what could not be read.

use serde_json::{Value, json};

use crate::harness::{Run, onapp};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

/// The findings of a code: their policies and messages.
fn found(run: &Run, code: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = run.json();
    let of = findings.as_array().unwrap().iter().filter(|one| one["code"] == code);
    of.map(|one| (text(&one["policy"]), text(&one["message"]))).collect()
}

fn policies(run: &Run, code: &str) -> Vec<String> {
    found(run, code).into_iter().map(|(policy, _)| policy).collect()
}

#[test]
fn each_trap_of_the_simulated_cloud_is_found() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["lint", "-o", "json"]).run().ok();
    // 42 is not among them: its disk has a monthly policy, but that one is disabled, so it is.
    assert_eq!(policies(&run, "W031"), ["41", "42", "52"]);
    assert_eq!(policies(&run, "W032"), ["51"]);
    assert_eq!(policies(&run, "W033"), ["41", "51"]);
    assert_eq!(policies(&run, "W034"), ["43", "51"]);
    assert_eq!(found(&run, "W035").len(), 1);
    assert_eq!(found(&run, "W011"), [], "a retention on disks cannot be raised");
    let failed = found(&run, "W033");
    assert!(failed[0].1.contains("has failed runs: 1; the status of its last run, "), "{failed:?}");
    assert!(failed[0].1.ends_with(", is complete"), "{failed:?}");
    let nothing = found(&run, "W001");
    assert!(nothing.iter().any(|(_, words)| words == "test1 and its disks have no policy that makes backups"));
    let run = cloud.bpctl(&["lint", "--fail-on", "error", "-o", "json"]).run().exits(10);
    run.mentions(&["bpctl lint --explain"]);
    for code in ["W031", "W032", "W033", "W034", "W035"] {
        let run = cloud.bpctl(&["lint", "--explain", code]).run().ok();
        assert!(run.stdout.contains("(OnApp)") && run.stdout.contains("Do:"), "{}", run.report());
    }
}

#[test]
fn settings_that_cannot_be_read_are_no_finding_and_no_all_clear() {
    let cloud = Cloud::serve(&["--onapp", "no-settings"]);
    let run = cloud.bpctl(&["lint", "-o", "json"]).run().ok();
    assert_eq!(found(&run, "W035"), []);
    assert_eq!(policies(&run, "W031"), ["41", "42", "52"], "the policies are read VM by VM");
    run.mentions(&["W035 was not checked: the user may not read the cloud's settings"]);
    let sarif = cloud.bpctl(&["lint", "-o", "sarif"]).run().ok();
    assert!(sarif.stdout.contains("W035 was not checked"), "{}", sarif.report());
}

/// A cloud with one VM, one disk, and these schedules of them.
fn cloud(vm: Value, schedules: Value, settings: Value) -> Server {
    Server::start(move |request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(200, &json!([{"virtual_machine": vm}])),
        "/flexapi/virtual_machines/1/disks.json" => {
            Answer::json(200, &json!([{"disk": {"id": 10, "virtual_machine_id": 1}}]))
        }
        "/flexapi/settings/schedules.json" => Answer::json(200, &schedules),
        "/flexapi/settings/configuration.json" => Answer::json(200, &settings),
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    })
}

fn schedule(id: u64, kind: &str, target: u64, fields: Value) -> Value {
    let mut schedule = json!({"id": id, "target_type": kind, "target_id": target, "period": "days", "duration": 1,
        "status": "enabled", "start_at": "2099-01-01T00:00:00Z"});
    schedule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"schedule": schedule})
}

#[test]
fn each_code_is_found_where_it_is_due_and_nowhere_else() {
    let codes = |vm: &Value, schedules: Value, settings: &Value| {
        let server = cloud(vm.clone(), schedules, settings.clone());
        let run = onapp(&server, &["lint", "-o", "json"]).run().ok();
        let mut codes: Vec<String> =
            run.json().as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
        codes.sort();
        codes
    };
    let (linux, windows) =
        (json!({"id": 1, "label": "a"}), json!({"id": 1, "label": "a", "operating_system": "Windows"}));
    let keeps = json!({"settings": {"remove_backups_on_destroy_vm": false}});
    let of_vm = |fields: Value| schedule(1, "VirtualMachine", 1, fields);
    let of_disk = |id: u64, fields: Value| schedule(id, "Disk", 10, fields);
    let seven = json!({"rotation_period": 7});
    assert_eq!(codes(&linux, json!([of_vm(seven.clone())]), &keeps), [] as [&str; 0]);
    assert_eq!(codes(&linux, json!([of_vm(json!({"rotation_period": 1}))]), &keeps), ["W011"]);
    assert_eq!(codes(&linux, json!([of_disk(2, seven.clone())]), &keeps), ["W031"]);
    let weekly = json!({"period": "weeks"});
    assert_eq!(codes(&linux, json!([of_disk(2, seven.clone()), of_disk(3, weekly)]), &keeps), [] as [&str; 0]);
    assert_eq!(
        codes(&linux, json!([of_vm(seven.clone()), of_disk(2, json!({"period": "weeks"}))]), &keeps),
        [] as [&str; 0],
        "the VM's own policy keeps more"
    );
    assert_eq!(codes(&windows, json!([of_vm(seven.clone())]), &keeps), ["W001", "W032"]);
    assert_eq!(codes(&linux, json!([of_vm(json!({"rotation_period": 7, "failure_count": 2}))]), &keeps), ["W033"]);
    assert_eq!(codes(&linux, json!([of_vm(json!({"status": "disabled"}))]), &keeps), ["W001", "W034"]);
    for root in
        [json!({"settings": {"remove_backups_on_destroy_vm": true}}), json!({"remove_backups_on_destroy_vm": true})]
    {
        assert_eq!(codes(&linux, json!([of_vm(seven.clone())]), &root), ["W035"]);
    }
    // What the settings do not name is not claimed either way.
    let server = cloud(linux, json!([of_vm(seven)]), json!({"settings": {}}));
    let run = onapp(&server, &["lint", "-o", "json"]).run().ok();
    assert_eq!(run.json(), json!([]));
    run.mentions(&["W035 was not checked"]);
}

#[test]
fn a_windows_vm_is_not_covered_by_a_policy_of_the_whole_vm() {
    let vm = json!({"id": 1, "label": "a", "operating_system": "windows"});
    let of_vm = schedule(1, "VirtualMachine", 1, json!({"rotation_period": 7}));
    let server = cloud(vm, json!([of_vm]), json!({}));
    let run = onapp(&server, &["coverage", "-o", "json"]).run().ok();
    assert_eq!(run.json()[0]["verdict"], "none", "{}", run.report());
    run.mentions(&["left out because they are of whole VMs that run Windows: 1"]);
}
