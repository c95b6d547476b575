//! Katapult: shapes, lookups, changes, refusals.

use super::*;

const PATH: &str = "/disk_backup_policies/disk_backup_policy";

#[test]
fn lists_hold_the_list_fields_only() {
    let api = api(options());
    let policies = api.policies("web-1");
    assert_eq!(policies.len(), 1);
    assert_eq!(keys(&policies[0]), ["id", "retention", "total_size", "target", "schedule"]);
    assert_eq!(keys(&policies[0]["schedule"]), ["interval", "next_invocation_at"]);
    assert_eq!(policies[0]["target"]["type"], "VirtualMachine");
    assert_eq!(policies[0]["target"]["value"]["name"], "web-1");
}

#[test]
fn disks_are_included_when_asked() {
    let api = api(options());
    assert_eq!(api.policies("db-1").len(), 2);
    let own = api.get("/virtual_machines/_/disk_backup_policies?virtual_machine[fqdn]=db-1.acme.katapult.cloud");
    assert_eq!(own.json()["pagination"]["total"], 1);
}

#[test]
fn an_empty_list_has_no_pages() {
    let api = api(options());
    let empty = api.get("/virtual_machines/_/disk_backup_policies?virtual_machine[fqdn]=build-1.acme.katapult.cloud");
    assert_eq!(
        empty.json()["pagination"],
        json!({"current_page": 1, "total_pages": 0, "total": 0, "per_page": 30, "large_set": false})
    );
}

#[test]
fn a_change_is_merged_and_answered_with_an_empty_schedule() {
    let api = api(options());
    let id = api.policy_of("web-1");
    let mut body = lookup(&id);
    body["properties"] = json!({"retention": 9, "schedule": {"time": "5"}, "retension": 1});
    let answer = api.call("PATCH", PATH, &body);
    assert_eq!(answer.status, 200);
    let changed = &answer.json()["disk_backup_policy"];
    assert_eq!(keys(changed), ["id", "retention", "target", "schedule"]);
    assert_eq!(changed["schedule"], json!({}));
    assert_eq!(keys(&changed["target"]["value"]), ["id"]);
    let policy = &api.policy(&id).json()["disk_backup_policy"];
    assert_eq!(policy["retention"], 9);
    assert_eq!(policy["schedule"]["time"], 5);
    assert_eq!(policy["schedule"]["minute"], 30);
    assert_eq!(policy["schedule"]["interval"], "daily");
}

#[test]
fn a_deleted_policy_is_in_the_trash_and_comes_back() {
    let api = api(options());
    let id = api.policy_of("files-1");
    let deleted = api.call("DELETE", PATH, &lookup(&id));
    assert_eq!(deleted.json(), json!({"disk_backup_policy": {"id": id}}));
    let gone = api.policy(&id);
    assert_eq!((gone.status, gone.code().as_str()), (406, "object_in_trash"));
    assert_eq!(gone.json()["error"]["detail"]["trash_object"]["keep_until"], NOW + 172_800);
    let body = json!({"trash_object": {"object_id": id}});
    let restored = api.call("POST", "/trash_objects/trash_object/restore", &body);
    assert_eq!(restored.json()["trash_object"]["object_type"], "DiskBackupPolicy");
    let policy = &api.policy(&id).json()["disk_backup_policy"];
    assert_eq!(policy["auto_move_to_trash_at"], Value::Null);
}

#[test]
fn a_deletion_is_scheduled_and_happens() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    let id = api.policy_of("web-2");
    let mut body = lookup(&id);
    body["timestamp"] = json!(NOW + 300);
    let answer = api.call("DELETE", &format!("{PATH}/schedule"), &body);
    let scheduled = &answer.json()["disk_backup_policy"];
    assert_eq!(keys(scheduled), ["id", "target", "auto_move_to_trash_at"]);
    hand.pass(299);
    assert_eq!(api.policy(&id).status, 200);
    hand.pass(1);
    assert_eq!(api.policy(&id).status, 406);
    hand.pass(172_800);
    assert_eq!(api.policy(&id).code(), "disk_backup_policy_not_found");
}

#[test]
fn timestamps_are_integers_five_minutes_ahead() {
    let api = api(options());
    let id = api.policy_of("web-2");
    let refused = |timestamp: Value| {
        let mut body = lookup(&id);
        body["timestamp"] = timestamp;
        let answer = api.call("DELETE", &format!("{PATH}/schedule"), &body);
        assert_eq!(answer.status, 400);
        answer.code()
    };
    assert_eq!(refused(json!(NOW + 299)), "invalid_timestamp");
    assert_eq!(refused(json!((NOW + 4_000).to_string())), "invalid_argument");
    assert_eq!(refused(Value::Null), "missing_required_argument");
}

#[test]
fn a_policy_is_created() {
    let api = api(options());
    let disks = api.get("/organizations/_/disks?organization[sub_domain]=acme&per_page=200").json();
    assert_eq!(disks["pagination"]["per_page"], 200);
    let disk = disks["disk"][0]["id"].clone();
    let body = json!({"disk": {"id": disk}, "properties": {"retention": 5, "schedule": {"interval": "hourly"}}});
    let answer = api.call("POST", "/disks/disk/disk_backup_policies", &body);
    assert_eq!(answer.status, 200);
    let created = &answer.json()["disk_backup_policy"];
    assert_eq!(keys(&created["schedule"]), ["frequency", "interval", "minute", "next_invocation_at", "time"]);
    assert_eq!(created["schedule"]["next_invocation_at"], NOW + 3_600);
    let id = created["id"].as_str().expect("an id");
    assert_eq!(api.policy(id).json()["disk_backup_policy"], *created);
}

#[test]
fn arguments_are_refused_as_the_framework_does() {
    let api = api(options());
    let id = api.policy_of("web-1");
    let refused = |mut body: Value, properties: Value| {
        body["properties"] = properties;
        let answer = api.call("PATCH", PATH, &body);
        let error = answer.json()["error"].clone();
        (answer.status, answer.code(), error["detail"]["issue"].clone())
    };
    let invalid = |issue: &str| (400, "invalid_argument".to_owned(), json!(issue));
    let yearly = json!({"schedule": {"interval": "yearly"}});
    assert_eq!(refused(lookup(&id), yearly), invalid("invalid_enum_value"));
    assert_eq!(refused(lookup(&id), json!({"retention": 1.5})), invalid("parse_error"));
    assert_eq!(refused(lookup(&id), json!({"retention": "x"})), invalid("parse_error"));
    assert_eq!(refused(lookup(&id), json!({"retention": true})), invalid("parse_error"));
    assert_eq!(refused(lookup(&id), json!([])), invalid("object_expected"));
    let empty = json!({"disk_backup_policy": {}});
    assert_eq!(refused(empty, json!({})), invalid("missing_lookup_value"));
    assert_eq!(refused(lookup(&id), Value::Null).1, "missing_required_argument");
    assert_eq!(refused(lookup(&id), json!({"retention": 0})).0, 422);
    let two = api.get("/virtual_machines/virtual_machine?virtual_machine[id]=a&virtual_machine[fqdn]=b");
    assert_eq!(two.json()["error"]["detail"]["issue"], "ambiguous_lookup_values");
    let page = api.get("/organizations/_/disks?organization[sub_domain]=acme&page=0");
    assert_eq!(page.json()["error"]["detail"]["errors"], json!(["greater_than_zero"]));
}

#[test]
fn the_path_stands_in_for_a_lookup() {
    let api = api(options());
    let id = api.policy_of("web-1");
    assert_eq!(api.get(&format!("/disk_backup_policies/{id}")).status, 200);
    assert_eq!(api.get(PATH).code(), "disk_backup_policy_not_found");
    assert_eq!(api.get("/nothing/here").code(), "route_not_found");
    assert_eq!(api.call("PUT", PATH, &lookup(&id)).code(), "route_not_found");
}

#[test]
fn a_body_counts_only_when_declared() {
    let api = api(options());
    let id = api.policy_of("web-1");
    let bearer = "Authorization: Bearer secret\r\n";
    let path = format!("/core/v1{PATH}");
    let undeclared = api.send("DELETE", &path, bearer, &lookup(&id).to_string());
    assert_eq!(undeclared.code(), "disk_backup_policy_not_found");
    let broken = format!("{bearer}Content-Type: application/json\r\n");
    assert_eq!(api.send("DELETE", &path, &broken, "{").code(), "invalid_json_body");
    let query = format!("{path}?disk_backup_policy%5Bid%5D={id}");
    assert_eq!(api.send("DELETE", &query, bearer, "").status, 200);
}

#[test]
fn tokens_decide() {
    let mut api = api(options());
    let id = api.policy_of("web-1");
    let missing = api.send("GET", "/core/v1/organizations", "", "");
    assert_eq!((missing.status, missing.code().as_str()), (400, "missing_api_token"));
    assert_eq!(missing.header("x-api-schema"), Some("json-error"));
    for (token, code) in [
        ("invalid-1", "invalid_api_token"),
        ("expired-1", "invalid_api_token"),
        ("otherip-1", "unauthorized_network_for_api_token"),
        ("readonly-1", "scope_not_granted"),
        ("denied-1", "permission_denied"),
    ] {
        api.token = token;
        let answer = api.call("DELETE", PATH, &lookup(&id));
        assert_eq!((answer.status, answer.code().as_str()), (403, code));
    }
    assert_eq!(api.policy(&id).status, 200);
    api.token = "notrash-1";
    let trash = api.get("/organizations/_/trash_objects?organization[sub_domain]=acme");
    assert_eq!(trash.json()["error"]["detail"]["scopes"], json!(["trash_objects:read"]));
}

#[test]
fn the_rate_is_limited_by_calendar_minute() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), rate_limit: 2, ..options() });
    let first = api.get("/organizations");
    assert_eq!(first.header("x-ratelimit-permitted"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(first.header("date"), Some("Fri, 20 Nov 2026 10:00:00 GMT"));
    assert_eq!(first.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(first.header("x-request-id").is_some());
    assert_eq!(first.header("x-api-schema"), None);
    api.get("/organizations");
    let third = api.get("/organizations");
    assert_eq!((third.status, third.code().as_str()), (429, "rate_limit_reached"));
    assert_eq!(third.json()["error"]["detail"], json!({"total_permitted": 2}));
    hand.pass(60);
    assert_eq!(api.get("/organizations").status, 200);
}

#[test]
fn a_purge_takes_some_seconds() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    let id = api.policy_of("web-1");
    api.call("DELETE", PATH, &lookup(&id));
    let body = json!({"trash_object": {"object_id": id}});
    let task = api.call("DELETE", "/trash_objects/trash_object", &body).json()["task"].clone();
    assert_eq!(task["status"], "pending");
    hand.pass(5);
    let trashed = format!("/trash_objects/_?trash_object[object_id]={id}");
    assert_eq!(api.get(&trashed).status, 200);
    hand.pass(5);
    assert_eq!(api.get(&trashed).status, 404);
    assert_eq!(api.policy(&id).status, 404);
    let task = api.get(&format!("/tasks/{}", task["id"].as_str().expect("an id")));
    assert_eq!(task.json()["task"]["status"], "completed");
}

#[test]
fn a_large_set_hides_its_totals() {
    let api = api(Options { large_set_over: Some(5), ..options() });
    let listed = api.get("/organizations/_/virtual_machines?organization[sub_domain]=acme&per_page=5");
    assert_eq!(
        listed.json()["pagination"],
        json!({"current_page": 1, "total_pages": null, "total": null, "per_page": 5, "large_set": true})
    );
}

#[test]
fn annotations_and_secrets_are_sent() {
    let api = api(options());
    let path = "/organizations/_/disks?organization[sub_domain]=acme";
    let found = api.get(&format!("{path}&annotations[][key]=cost-centre&annotations[][value]=4410"));
    assert_eq!(found.json()["pagination"]["total"], 1);
    let id = found.json()["disk"][0]["id"].as_str().expect("an id").to_owned();
    let disk = api.get(&format!("/disks/disk?disk[id]={id}")).json();
    assert_eq!(disk["annotations"][0], json!({"key": "cost-centre", "value": "4410"}));
    let machine = api.get("/virtual_machines/_?virtual_machine[fqdn]=staging-db.acme.katapult.cloud");
    let machine = machine.json();
    assert_eq!(machine["virtual_machine"]["name"], "Staging DB");
    assert!(machine["virtual_machine"]["initial_root_password"].is_string());
    assert_eq!(machine["annotations"], json!([]));
}
