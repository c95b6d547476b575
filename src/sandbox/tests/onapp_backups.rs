//! OnApp's backups and recovery points: taking, restoring, converting, deleting, notes.

use super::onapp::{ME, call, call_with, get, ids, list};
use super::*;

fn world() -> (Hand, Api) {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    (hand, api)
}

fn errors(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.body);
    answer.json()["errors"].to_string()
}

fn machine(api: &Api, id: u64) -> Value {
    get(api, &format!("/virtual_machines/{id}.json")).json()["virtual_machine"].clone()
}

#[test]
fn a_disk_gets_a_normal_backup() {
    let (hand, api) = world();
    let before = ids(&get(&api, "/settings/disks/1220/backups.json"));
    let taken = call_with(&api, "POST", "/settings/disks/1220/backups.json", &json!({"backup": {"note": "by hand"}}));
    assert_eq!(taken.status, 201);
    let backup = taken.json()["backup"].clone();
    assert_eq!(
        (&backup["built"], &backup["built_at"], &backup["backup_size"]),
        (&json!(false), &Value::Null, &json!(0))
    );
    assert_eq!(
        (&backup["backup_type"], &backup["target_type"], &backup["disk_id"]),
        (&json!("normal"), &json!("Disk"), &json!(1_220))
    );
    assert_eq!((&backup["note"], &backup["initiated"]), (&json!("by hand"), &json!("manual")));
    assert_eq!(keys(&backup).len(), 28);
    hand.pass(3);
    let after = ids(&get(&api, "/settings/disks/1220/backups.json"));
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(ids(&get(&api, "/virtual_machines/745/backups/images.json")), after);
}

#[test]
fn a_machine_gets_an_incremental_backup() {
    let (hand, api) = world();
    let identifier = machine(&api, 701)["identifier"].as_str().expect("an identifier").to_owned();
    let mut sizes = Vec::new();
    for _ in 0..2 {
        let taken = call(&api, "POST", &format!("/virtual_machines/{identifier}/backups.json"));
        assert_eq!((taken.status, &taken.json()["backup"]["backup_type"]), (201, &json!("incremental")));
        assert_eq!(taken.json()["backup"]["target_id"], 701);
        let id = taken.json()["backup"]["id"].clone();
        hand.pass(3);
        sizes.push(get(&api, &format!("/backups/{id}.json")).json()["backup"]["backup_size"].as_u64());
    }
    assert!(sizes[0] > sizes[1], "the first holds everything: {sizes:?}");
}

#[test]
fn what_cannot_be_backed_up_is_refused() {
    let (_, api) = world();
    let swap = call(&api, "POST", "/settings/disks/1041/backups.json");
    assert!(errors(&swap).contains("This disk cannot be backed up"));
    for machine in [733, 652] {
        let refused = call(&api, "POST", &format!("/virtual_machines/{machine}/backups.json"));
        assert!(errors(&refused).contains("Incremental"), "{machine}");
    }
    for path in ["/settings/disks/9/backups.json", "/virtual_machines/9/backups.json", "/backups/9/restore.json"] {
        assert_eq!(call(&api, "POST", path).status, 404, "{path}");
    }
}

#[test]
fn a_restore_locks_the_machine_and_starts_it_again() {
    let (hand, api) = world();
    let restored = call(&api, "POST", "/backups/6149/restore.json");
    assert_eq!((restored.status, &restored.json()["backup"]["id"]), (201, &json!(6_149)));
    assert_eq!(machine(&api, 488)["locked"], true);
    let again = call(&api, "POST", "/backups/6149/restore.json");
    assert!(errors(&again).contains("Please wait while Virtual Machine transactions will be finished."));
    let chain: Vec<Value> = list(&api, "/virtual_machines/488/transactions.json").into_iter().take(2).collect();
    assert_eq!(
        (&chain[0]["action"], &chain[1]["action"]),
        (&json!("startup_virtual_machine"), &json!("restore_incremental_backup"))
    );
    assert_eq!(chain[0]["chain_id"], chain[1]["chain_id"]);
    assert_eq!(chain[0]["dependent_transaction_id"], chain[1]["id"]);
    hand.pass(3);
    assert_eq!((&machine(&api, 488)["locked"], &machine(&api, 488)["booted"]), (&json!(false), &json!(false)));
    hand.pass(2);
    assert_eq!(machine(&api, 488)["booted"], true);
}

#[test]
fn a_failed_restore_cancels_the_start() {
    let hand = Hand::new();
    let faults = vec!["restore_incremental_backup:failed".parse().expect("a failure")];
    let api = api(Options { clock: hand.clock(), faults, ..options() });
    call(&api, "POST", "/backups/6149/restore.json");
    hand.pass(3);
    let statuses: Vec<Value> =
        list(&api, "/virtual_machines/488/transactions.json").iter().take(2).map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["cancelled", "failed"]);
    assert_eq!((&machine(&api, 488)["locked"], &machine(&api, 488)["booted"]), (&json!(false), &json!(false)));
}

#[test]
fn an_unbuilt_backup_is_not_restored_converted_or_deleted() {
    let (_, api) = world();
    assert!(errors(&call(&api, "POST", "/backups/5733/restore.json")).contains("not built"));
    let convert = call_with(&api, "POST", "/backups/5733/convert.json", &json!({"backup": {"label": "x"}}));
    assert!(errors(&convert).contains("not built"));
    assert!(errors(&call(&api, "DELETE", "/backups/5733.json")).contains("locked"));
}

#[test]
fn a_deleted_backup_stays_listed_until_it_is_destroyed() {
    let (hand, api) = world();
    let deleted = call(&api, "DELETE", "/backups/6117.json");
    assert_eq!((deleted.status, deleted.body.as_str(), deleted.header("content-type")), (204, "", None));
    let backup = get(&api, "/backups/6117.json").json()["backup"].clone();
    assert_eq!((&backup["locked"], &backup["marked_for_delete"]), (&json!(true), &json!(true)));
    hand.pass(2);
    assert!(ids(&get(&api, "/virtual_machines/488/backups.json")).contains(&6_117));
    hand.pass(1);
    assert_eq!(get(&api, "/backups/6117.json").status, 404);
    assert_eq!(list(&api, "/virtual_machines/488/transactions.json")[0]["action"], "destroy_backup");
}

#[test]
fn a_failed_deletion_leaves_the_backup_as_it_was() {
    let hand = Hand::new();
    let faults = vec!["destroy_backup:failed".parse().expect("a failure")];
    let api = api(Options { clock: hand.clock(), faults, ..options() });
    assert_eq!(call(&api, "DELETE", "/backups/6117.json").status, 204);
    hand.pass(3);
    let backup = get(&api, "/backups/6117.json").json()["backup"].clone();
    assert_eq!((&backup["locked"], &backup["marked_for_delete"]), (&json!(false), &json!(false)));
}

#[test]
fn notes_are_flat() {
    let (_, api) = world();
    assert_eq!(call_with(&api, "PUT", "/backups/6117/note.json", &json!({"note": "kept"})).status, 204);
    assert_eq!(get(&api, "/backups/6117.json").json()["backup"]["note"], "kept");
    assert_eq!(call_with(&api, "PUT", "/backups/6117/note.json", &json!({"note": null})).status, 204);
    assert_eq!(get(&api, "/backups/6117.json").json()["backup"]["note"], Value::Null);
    assert_eq!(call_with(&api, "PUT", "/backups/6117/note.json", &json!({"backup": {"note": "x"}})).status, 422);
    assert_eq!(call_with(&api, "PUT", "/backups/9/note.json", &json!({"note": "x"})).status, 404);
}

#[test]
fn a_conversion_makes_a_template() {
    let (hand, api) = world();
    let nothing = call(&api, "POST", "/backups/6130/convert.json");
    assert_eq!(nothing.json(), json!({"errors": {"label": ["can't be blank"]}}));
    for (id, body) in [
        (6_117, json!({"backup": {"label": "gold", "min_disk_size": "7"}})),
        (6_130, json!({"image_template": {"label": "gold", "min_disk_size": 7}})),
        (6_142, json!({"label": "gold", "min_disk_size": 7})),
    ] {
        let converted = call_with(&api, "POST", &format!("/backups/{id}/convert.json"), &body);
        let template = converted.json()["image_template"].clone();
        assert_eq!(
            (converted.status, &template["label"], &template["min_disk_size"]),
            (201, &json!("gold"), &json!(7)),
            "{body}"
        );
        assert_eq!(template["min_memory_size"], 384);
        let path = format!("/templates/{}.json", template["id"]);
        assert_ne!(get(&api, &path).json()["image_template"]["state"], "active");
        hand.pass(3);
        assert_eq!(get(&api, &path).json()["image_template"]["state"], "active");
    }
    assert_eq!(call_with(&api, "PUT", "/backups/6149/convert.json", &json!({"label": "x"})).status, 404);
}

#[test]
fn parameters_come_as_json_xml_forms_and_in_the_query() {
    let (_, api) = world();
    let note = |kind: &str, path: &str, body: &str| {
        let headers = format!("{ME}Content-Type: {kind}\r\n");
        let answer = api.send("PUT", &format!("/onapp/backups/6117{path}"), &headers, body);
        assert_eq!(answer.status, 204, "{kind}: {}", answer.body);
        get(&api, "/backups/6117.json").json()["backup"]["note"].clone()
    };
    assert_eq!(note("application/xml", ".xml", "<backup><note>a &amp; b &#33;</note></backup>"), "a & b !");
    assert_eq!(note("application/xml", ".xml", "<backup><note nil=\"true\"/></backup>"), Value::Null);
    assert_eq!(note("application/x-www-form-urlencoded", "/note.json", "note=a+form"), "a form");
    assert_eq!(note("application/json", "/note.json?note=a%20query", ""), "a query");
    for (kind, body) in [("application/json", "{"), ("application/xml", "<a><b></a>"), ("text/xml", "<a>")] {
        let headers = format!("{ME}Content-Type: {kind}\r\n");
        let answer = api.send("PUT", "/onapp/backups/6117/note.json", &headers, body);
        assert_eq!(answer.status, 400, "{kind} {body}");
    }
}

#[test]
fn a_machine_has_recovery_points_beside_its_backups() {
    let (hand, api) = world();
    let path = "/virtual_machines/745/backups/recovery_points";
    assert_eq!(list(&api, &format!("{path}.json")).len(), 3);
    assert!(ids(&get(&api, "/virtual_machines/745/backups.json")).is_empty());
    assert_eq!(call_with(&api, "POST", &format!("{path}.json"), &json!({"resource_id": 9})).status, 422);
    let taken = call_with(&api, "POST", &format!("{path}.json"), &json!({"resource_id": 3}));
    let point = taken.json()["recovery_point"].clone();
    assert_eq!((taken.status, &point["size"]), (201, &json!(0)));
    let own = format!("{path}/{}", point["id"]);
    assert_eq!(call(&api, "POST", &format!("{own}/restore.json")).status, 422);
    hand.pass(3);
    let point = get(&api, &format!("{own}.json")).json()["recovery_point"].clone();
    assert_eq!(point["state"], "available");
    assert!(point["size"].as_u64() > Some(1 << 30), "bytes");
    assert_eq!(call(&api, "POST", &format!("{own}/restore.json")).status, 201);
    assert_eq!(machine(&api, 745)["locked"], true);
    hand.pass(5);
    assert_eq!(list(&api, &format!("{own}/file_entries.json"))[0]["path"], "/etc");
    assert_eq!(call_with(&api, "POST", &format!("{own}/file_entries.json"), &json!({"paths": ["/etc"]})).status, 201);
    assert_eq!(get(&api, &own.replace("745", "488")).status, 404);
}

#[test]
fn recovery_points_have_dashes_in_xml() {
    let (_, api) = world();
    let path = "/virtual_machines/745/backups/recovery_points";
    let details = get(&api, &format!("{path}/11.xml")).body;
    for part in ["<recovery-point>", "<virtual-machine-id type=\"integer\">745<", "<created-at type=\"datetime\">"] {
        assert!(details.contains(part), "{part} in {details}");
    }
    let all = get(&api, &format!("{path}.xml")).body;
    assert!(all.contains("<recovery_points type=\"array\">") && all.contains("<virtual_machine_id "), "{all}");
}

#[test]
fn resources_hold_secrets_and_are_attached() {
    let (_, api) = world();
    let own = "/virtual_machines/488/backups/resources";
    assert!(list(&api, &format!("{own}.json")).is_empty());
    assert_eq!(call(&api, "POST", &format!("{own}/3.json")).status, 201);
    let attached = list(&api, &format!("{own}.json"));
    assert!(attached[0]["password"].is_string());
    assert_eq!(call(&api, "DELETE", &format!("{own}/3.json")).status, 204);
    assert!(list(&api, &format!("{own}.json")).is_empty());
    assert_eq!(list(&api, "/settings/backups/resources.json")[0]["plugin"], "veeam");
    assert!(machine(&api, 488)["service_password"].is_string());
}

#[test]
fn a_built_backup_can_be_empty_and_offsets_are_mixed() {
    let (_, api) = world();
    let chain = list(&api, "/virtual_machines/760/backups/files.json");
    assert!(chain.iter().any(|backup| backup["built"] == true && backup["backup_size"] == 0));
    for offset in ["+00:00", "+03:00", "Z"] {
        let created = chain.iter().filter_map(|backup| backup["created_at"].as_str());
        assert!(created.into_iter().any(|time| time.ends_with(offset)), "{offset}");
    }
    let own = ids(&get(&api, "/users/337/backups.json"));
    assert!([6_117, 68, 6_401].iter().all(|id| own.contains(id)));
    assert_eq!(get(&api, "/users/9/backups.json").status, 404);
}
