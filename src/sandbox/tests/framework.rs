//! What the API's framework does with arguments, and in which order: each case as seen on the framework itself.

use super::*;

const POLICY: &str = "/disk_backup_policies/disk_backup_policy";
const DISKS: &str = "/organizations/_/disks?organization[sub_domain]=acme";

const NOT_AN_INTEGER: &str = "Integer must be provided as an integer or a string only containing numbers";
const NOT_A_BOOLEAN: &str =
    "Boolean must be provided as a boolean, as a string containing true or false or as 0 or 1 as an integer.";

/// An `invalid_argument` error: its path, issue and sentences.
fn invalid(answer: &Answer) -> (String, String, Value) {
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status, &error["code"]), (400, &json!("invalid_argument")), "{}", answer.body);
    let detail = &error["detail"];
    let path: Vec<&str> = detail["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    let path = path.join(".");
    assert_eq!(error["description"], format!("The '{path}' argument is invalid"));
    assert_eq!(detail["argument"]["name"], json!(path.rsplit('.').next()));
    let described = ["invalid_scalar", "parse_error", "invalid_enum_value"];
    let described = [&described[..], &["missing_lookup_value", "ambiguous_lookup_values"]].concat();
    let issue = detail["issue"].as_str().expect("an issue");
    assert_eq!(detail["issue_description"].is_string(), described.contains(&issue), "{}", answer.body);
    (path, issue.to_owned(), detail["errors"].clone())
}

fn is(path: &str, issue: &str, errors: &[&str]) -> (String, String, Value) {
    (path.to_owned(), issue.to_owned(), json!(errors))
}

fn update(api: &Api, id: &str, properties: &Value) -> Answer {
    api.call("PATCH", POLICY, &json!({"disk_backup_policy": {"id": id}, "properties": properties}))
}

fn schedule_deletion(api: &Api, id: &str, timestamp: &Value) -> Answer {
    let body = json!({"disk_backup_policy": {"id": id}, "timestamp": timestamp});
    api.call("DELETE", &format!("{POLICY}/schedule"), &body)
}

#[test]
fn a_page_has_at_most_200_items() {
    let api = api(options());
    let sized = |size: &str| api.get(&format!("{DISKS}&per_page={size}"));
    assert_eq!(sized("200").json()["pagination"]["per_page"], 200);
    assert_eq!(invalid(&sized("201")), is("per_page", "validation_errors", &["less_than_or_equal_to_one_hundred"]));
    for size in ["0", "-1"] {
        assert_eq!(invalid(&sized(size)), is("per_page", "validation_errors", &["greater_than_zero"]));
    }
}

#[test]
fn a_page_past_the_end_is_empty() {
    let api = api(options());
    let page = api.get(&format!("{DISKS}&page=77&per_page=5"));
    assert_eq!((page.status, &page.json()["disk"]), (200, &json!([])));
    assert_eq!(page.json()["pagination"]["current_page"], 77);
    assert!(page.json()["pagination"]["total_pages"].as_i64() < Some(77));
}

#[test]
fn a_large_set_begins_above_the_threshold() {
    let seed = Seed { machines: 12, ..Seed::default() };
    for (threshold, is_large) in [(12, false), (11, true)] {
        let api = api(Options { large_set_over: Some(threshold), seed: seed.clone(), ..options() });
        let listed = api.get("/organizations/_/virtual_machines?organization[sub_domain]=acme").json();
        let pagination = listed["pagination"].as_object().expect("an object");
        assert_eq!(pagination["large_set"], is_large);
        for total in ["total", "total_pages"] {
            assert_eq!(pagination.get(total).map(Value::is_null), Some(is_large), "{total}");
        }
    }
}

#[test]
fn integers_are_integers_or_digits() {
    let api = api(options());
    let id = api.policy_of("web-1");
    for good in [json!(9), json!("9"), json!("09")] {
        assert_eq!(update(&api, &id, &json!({ "retention": good })).status, 200, "{good}");
        assert_eq!(api.policy(&id).json()["disk_backup_policy"]["retention"], 9);
    }
    for bad in [json!(9.0), json!("9.0"), json!("+9"), json!(" 9"), json!(""), json!(true), json!([9]), json!({})] {
        let answer = update(&api, &id, &json!({ "retention": bad }));
        assert_eq!(invalid(&answer), is("properties.retention", "parse_error", &[NOT_AN_INTEGER]), "{bad}");
    }
    for member in ["frequency", "minute", "time"] {
        let answer = update(&api, &id, &json!({ "schedule": { member: 1.5 } }));
        let path = format!("properties.schedule.{member}");
        assert_eq!(invalid(&answer), is(&path, "parse_error", &[NOT_AN_INTEGER]));
    }
    assert_eq!(invalid(&api.get(&format!("{DISKS}&page=9.0"))), is("page", "parse_error", &[NOT_AN_INTEGER]));
    let negative = update(&api, &id, &json!({"retention": "-3"}));
    assert_eq!((negative.status, negative.code().as_str()), (422, "validation_error"));
}

#[test]
fn booleans_have_six_spellings() {
    let api = api(options());
    let path = "/virtual_machines/_/disk_backup_policies?virtual_machine[fqdn]=db-1.acme.katapult.cloud";
    let listed = |text: &str| api.get(&format!("{path}&include_disks={text}"));
    for (text, count) in [("true", 2), ("yes", 2), ("1", 2), ("false", 1), ("no", 1), ("0", 1)] {
        assert_eq!(listed(text).json()["pagination"]["total"], count, "{text}");
    }
    for text in ["True", "on", "", "TRUE", "2"] {
        assert_eq!(invalid(&listed(text)), is("include_disks", "parse_error", &[NOT_A_BOOLEAN]), "{text}");
    }
}

#[test]
fn a_timestamp_is_a_json_integer_from_zero_on() {
    let api = api(options());
    let id = api.policy_of("web-2");
    for bad in [json!((NOW + 4_000).to_string()), json!(1_795_999_999.0), json!(true), json!([NOW + 4_000])] {
        let answer = schedule_deletion(&api, &id, &bad);
        assert_eq!(invalid(&answer), is("timestamp", "parse_error", &["Time must be provided as an integer"]), "{bad}");
    }
    let negative = schedule_deletion(&api, &id, &json!(-1));
    assert_eq!(invalid(&negative), is("timestamp", "parse_error", &["Integer must be positive or zero"]));
    assert_eq!(schedule_deletion(&api, &id, &json!(0)).code(), "invalid_timestamp");
    assert_eq!(schedule_deletion(&api, &id, &Value::Null).code(), "missing_required_argument");
    let query = format!("{POLICY}/schedule?timestamp={}", NOW + 4_000);
    let answer = api.call("DELETE", &query, &lookup(&id));
    assert_eq!(invalid(&answer), is("timestamp", "parse_error", &["Time must be provided as an integer"]));
}

#[test]
fn only_identifiers_are_invalid_scalars() {
    let api = api(options());
    for bad in [json!(7), json!(true), json!(["x"]), json!({"x": 1}), json!(1.5)] {
        let answer = api.call("DELETE", POLICY, &json!({"disk_backup_policy": {"id": bad}}));
        assert_eq!(invalid(&answer), is("disk_backup_policy.id", "invalid_scalar", &[]), "{bad}");
    }
    let listed = api.get("/disks/disk?disk[id][]=x");
    assert_eq!(invalid(&listed), is("disk.id", "invalid_scalar", &[]));
}

#[test]
fn lookups_that_name_nothing() {
    let api = api(options());
    let deleted = |policy: Value| api.call("DELETE", POLICY, &json!({ "disk_backup_policy": policy }));
    // A null is a value, and no object has it.
    assert_eq!(deleted(json!({"id": null})).code(), "disk_backup_policy_not_found");
    for policy in [json!({}), json!({"name": "x"}), json!({"ID": "x"})] {
        assert_eq!(invalid(&deleted(policy)), is("disk_backup_policy", "missing_lookup_value", &[]));
    }
    for policy in [json!("dbp_x"), json!(["dbp_x"]), json!(5), json!(false)] {
        assert_eq!(invalid(&deleted(policy)), is("disk_backup_policy", "object_expected", &[]));
    }
    let null = deleted(Value::Null);
    assert_eq!((null.status, null.code().as_str()), (400, "missing_required_argument"));
    assert_eq!(null.json()["error"]["detail"]["path"], json!(["disk_backup_policy"]));
    // The framework ignores keys that it does not know.
    let id = api.policy_of("web-1");
    assert_eq!(deleted(json!({"id": id, "name": "x"})).status, 200);
}

#[test]
fn lookups_that_name_too_much() {
    let api = api(options());
    let shown = |machine: Value| {
        let body = json!({ "virtual_machine": machine, "properties": {} });
        api.call("POST", "/virtual_machines/_/disk_backup_policies", &body)
    };
    let both = shown(json!({"id": "vm_x", "fqdn": "web-1.acme.katapult.cloud"}));
    assert_eq!(invalid(&both), is("virtual_machine", "ambiguous_lookup_values", &[]));
    assert_eq!(shown(json!({"id": null, "fqdn": "web-1.acme.katapult.cloud"})).status, 200);
}

#[test]
fn enums_and_objects() {
    let api = api(options());
    let id = api.policy_of("web-1");
    for bad in [json!("yearly"), json!("Daily"), json!(""), json!(1), json!(["daily"])] {
        let answer = update(&api, &id, &json!({ "schedule": { "interval": bad } }));
        assert_eq!(invalid(&answer), is("properties.schedule.interval", "invalid_enum_value", &[]), "{bad}");
    }
    for (properties, path) in [(json!("x"), "properties"), (json!({"schedule": []}), "properties.schedule")] {
        assert_eq!(invalid(&update(&api, &id, &properties)), is(path, "object_expected", &[]));
    }
}

#[test]
fn the_annotations_filter_is_a_list_of_pairs() {
    let api = api(options());
    let text = api.get(&format!("{DISKS}&annotations=x"));
    assert_eq!(invalid(&text), is("annotations", "array_expected", &[]));
    let texts = api.get(&format!("{DISKS}&annotations[]=x"));
    assert_eq!(invalid(&texts), is("annotations", "object_expected", &[]));
    assert_eq!(texts.json()["error"]["detail"]["index"], 0);
    let keyless = api.get(&format!("{DISKS}&annotations[][value]=x"));
    assert_eq!(keyless.json()["error"]["detail"]["path"], json!(["annotations", "key"]));
}

#[test]
fn checks_come_in_order() {
    let mut api = api(options());
    let id = api.policy_of("web-1");
    let bad = json!({"disk_backup_policy": {"id": id}, "properties": {"retention": 1.5}});
    let mut with = |token: &'static str, path: &str, body: &Value| {
        api.token = token;
        api.call("PATCH", path, body).code()
    };
    assert_eq!(with("invalid", "/nowhere", &bad), "route_not_found", "the route precedes the token");
    assert_eq!(with("invalid", POLICY, &bad), "invalid_api_token");
    assert_eq!(with("readonly", POLICY, &bad), "scope_not_granted", "the scope precedes the arguments");
    assert_eq!(with("denied", POLICY, &bad), "invalid_argument", "arguments precede the permission");
    let unknown = json!({"disk_backup_policy": {"id": "dbp_x"}, "properties": {"retention": 1.5}});
    assert_eq!(with("denied", POLICY, &unknown), "invalid_argument", "arguments precede the lookup");
    let unknown = json!({"disk_backup_policy": {"id": "dbp_x"}, "properties": {}});
    assert_eq!(with("denied", POLICY, &unknown), "disk_backup_policy_not_found");
    let invalid = json!({"disk_backup_policy": {"id": id}, "properties": {"retention": 0}});
    assert_eq!(with("secret", POLICY, &invalid), "validation_error");
}

#[test]
fn arguments_precede_the_trash() {
    let api = api(options());
    let id = api.policy_of("web-1");
    api.call("DELETE", POLICY, &lookup(&id));
    assert_eq!(update(&api, &id, &json!({"retention": "x"})).code(), "invalid_argument");
    assert_eq!(schedule_deletion(&api, &id, &json!("x")).code(), "invalid_argument");
    assert_eq!(update(&api, &id, &json!({"retention": 3})).code(), "object_in_trash");
}

#[test]
fn the_limit_precedes_the_scope_and_follows_the_route() {
    let mut api = api(Options { rate_limit: 1, ..options() });
    api.token = "readonly";
    assert_eq!(api.get("/organizations").status, 200);
    assert_eq!(api.call("DELETE", POLICY, &json!({})).code(), "rate_limit_reached");
    assert_eq!(api.get("/nowhere").code(), "route_not_found");
}

#[test]
fn a_json_body_that_is_not_an_object_counts_as_empty() {
    let api = api(options());
    let id = api.policy_of("web-1");
    let headers = "Authorization: Bearer secret\r\nContent-Type: application/json\r\n";
    for body in ["[1]", "null", "\"x\"", "5"] {
        let path = format!("/core/v1{POLICY}?disk_backup_policy[id]={id}");
        let answer = api.send("PATCH", &path, headers, body);
        assert_eq!(answer.code(), "missing_required_argument", "{body}");
        assert_eq!(answer.json()["error"]["detail"]["path"], json!(["properties"]));
    }
}

#[test]
fn bad_json_is_refused_before_a_bad_query() {
    let api = api(options());
    let headers = "Authorization: Bearer secret\r\nContent-Type: application/json\r\n";
    for query in ["", "?a=%ZZ"] {
        let answer = api.send("PATCH", &format!("/core/v1{POLICY}{query}"), headers, "{\"a\":");
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_json_body"));
        assert_eq!(answer.json()["error"]["description"], "The JSON body provided with this request is invalid");
        assert!(answer.json()["error"]["detail"]["details"].is_string());
    }
}

#[test]
fn a_query_that_cannot_be_parsed_is_an_exception() {
    let api = api(options());
    for query in ["a=%ZZ", "a=%f", "%=1", "a=%FF", "%C3=1", "disk=x&disk[id]=y", "disk[]=x&disk[id]=y", "page"] {
        let answer = api.get(&format!("{DISKS}&{query}"));
        let error = answer.json()["error"].clone();
        assert_eq!(answer.status, 500, "{query}");
        assert_eq!(error, json!({"code": "unhandled_exception", "description": null, "detail": {}}), "{query}");
        assert_eq!(answer.header("x-api-schema"), Some("json-error"));
    }
}

#[test]
fn the_body_wins_and_unknown_arguments_are_dropped() {
    let api = api(options());
    let (one, other) = (api.policy_of("web-1"), api.policy_of("web-2"));
    let body = json!({"disk_backup_policy": {"id": other}, "properties": {"retention": 5, "retain": 1}, "x": {}});
    let path = format!("{POLICY}?disk_backup_policy[id]={one}&properties[retention]=6&properties[schedule][time]=4");
    let answer = api.call("PATCH", &path, &body);
    assert_eq!((answer.status, &answer.json()["disk_backup_policy"]["id"]), (200, &json!(other)));
    let changed = api.policy(&other).json()["disk_backup_policy"].clone();
    // Merged in depth: the query's members stay where the body has none.
    assert_eq!((&changed["retention"], &changed["schedule"]["time"]), (&json!(5), &json!(4)));
}

#[test]
fn a_null_is_stored_and_cannot_be_serialised() {
    let api = api(options());
    for member in ["minute", "time", "frequency"] {
        let id = api.policy_of("web-1");
        let answer = update(&api, &id, &json!({"schedule": {member: null}}));
        assert_eq!(answer.status, 200, "the answer of a change has no schedule");
        assert_eq!(api.policies("web-1").len(), 1, "lists leave `{member}` out");
        let shown = api.policy(&id);
        assert_eq!((shown.status, shown.code().as_str()), (500, "null_value_for_non_null_field"));
        assert_eq!(shown.json()["error"]["description"], format!("Value for `{member}` is null (but cannot be)"));
        assert_eq!(shown.json()["error"]["detail"]["field"]["name"], member);
        assert_eq!(update(&api, &id, &json!({"schedule": {member: 1}})).status, 200);
        assert_eq!(api.policy(&id).status, 200);
    }
}

#[test]
fn a_change_may_be_made_and_answered_with_an_error() {
    let api = api(options());
    let body = json!({
        "virtual_machine": {"fqdn": "build-1.acme.katapult.cloud"},
        "properties": {"retention": 3, "schedule": {"minute": null}},
    });
    let created = api.call("POST", "/virtual_machines/_/disk_backup_policies", &body);
    assert_eq!((created.status, created.code().as_str()), (500, "null_value_for_non_null_field"));
    assert_eq!(api.policies("build-1").len(), 1, "the policy was created");
    let id = api.policy_of("web-1");
    assert_eq!(update(&api, &id, &json!({"retention": null})).status, 500);
    let path = "/virtual_machines/_/disk_backup_policies?virtual_machine[fqdn]=web-1.acme.katapult.cloud";
    assert_eq!(api.get(path).code(), "null_value_for_non_null_field", "the retention was changed");
}

#[test]
fn a_missing_lookup_takes_the_text_of_the_path() {
    let api = api(options());
    let id = api.policy_of("web-1");
    let missing = api.get(POLICY);
    assert_eq!((missing.status, missing.code().as_str()), (404, "disk_backup_policy_not_found"));
    assert_eq!(api.get(&format!("/disk_backup_policies/{id}")).status, 200);
    let nowhere = api.get("/nothing/here");
    assert_eq!(nowhere.json()["error"]["description"], "No route matches 'nothing/here' for GET");
}

#[test]
fn json_is_written_as_rails_does() {
    let api = api(options());
    let answer = api.get("/a&b");
    assert!(answer.body.contains(r"No route matches 'a\u0026b' for GET"), "{}", answer.body);
    assert_eq!(answer.json()["error"]["description"], "No route matches 'a&b' for GET");
    let escaped = api.get("/%3Cb%3E/x/y");
    assert!(escaped.body.contains(r"'\u003cb\u003e/x/y'"), "{}", escaped.body);
    let sizes = api.get("/organizations/_/disk_backup_policies?organization[sub_domain]=acme");
    assert!(sizes.body.contains("\"total_size\":604.0"), "{}", sizes.body);
}

#[test]
fn objects_of_every_type_are_restored_and_named() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    let trash = api.get("/organizations/_/trash_objects?organization[sub_domain]=acme").json();
    let objects = trash["trash_objects"].as_array().expect("a list").clone();
    let of = |object_type: &str| {
        let found = objects.iter().find(|object| object["object_type"] == object_type).expect("an object");
        found["object_id"].as_str().expect("an id").to_owned()
    };
    let (policy, disk) = (of("DiskBackupPolicy"), of("Disk"));
    let show = |id: &str| api.get(&format!("/disks/disk?disk[id]={id}"));
    assert_eq!(show(&disk).code(), "object_in_trash");
    for (id, object_type) in [(&policy, "DiskBackupPolicy"), (&disk, "Disk")] {
        let body = json!({"trash_object": {"object_id": id}});
        let restored = api.call("POST", "/trash_objects/_/restore", &body).json()["trash_object"].clone();
        assert_eq!((&restored["object_id"], &restored["object_type"]), (&json!(id), &json!(object_type)));
    }
    assert_eq!((api.policy(&policy).status, show(&disk).status), (200, 200));
    hand.pass(3 * 86_400);
    assert_eq!((api.policy(&policy).status, show(&disk).status), (200, 200), "they stay");
}

#[test]
fn what_leaves_the_trash_by_time_is_gone() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    let path = "/organizations/_/trash_objects?organization[sub_domain]=acme";
    let trash = api.get(path).json();
    let disk = trash["trash_objects"].as_array().expect("a list").iter().find(|object| object["object_type"] == "Disk");
    let disk = disk.expect("a disk")["object_id"].as_str().expect("an id").to_owned();
    hand.pass(3 * 86_400);
    assert_eq!(api.get(&format!("/disks/disk?disk[id]={disk}")).code(), "disk_not_found");
    assert_eq!(api.get(path).json()["trash_objects"], json!([]));
}
