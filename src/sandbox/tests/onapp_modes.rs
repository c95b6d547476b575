//! Clouds that differ: normal backups only, Superb, users without permissions, replies of other versions.

use super::onapp::{ME, call, call_with, get, list};
use super::*;
use crate::sandbox::{Created, OnAppMode};

fn cloud(mode: OnAppMode) -> Api {
    api(Options { onapp: mode, ..options() })
}

#[test]
fn a_cloud_may_have_normal_backups_only() {
    let api = cloud(OnAppMode { incremental: false, ..OnAppMode::default() });
    let machines = list(&api, "/virtual_machines.json");
    assert!(machines.iter().all(|machine| machine["support_incremental_backups"] == false));
    assert_eq!(call(&api, "POST", "/virtual_machines/488/backups.json").status, 422);
    assert_eq!(call(&api, "POST", "/settings/disks/1040/backups.json").status, 201);
    assert_eq!(get(&api, "/settings/configuration.json").json()["settings"]["allow_incremental_backups"], false);
}

#[test]
fn superb_has_a_prefix_and_no_schedules() {
    let api = cloud(OnAppMode { superb: true, ..OnAppMode::default() });
    assert!(api.running.onapp_url().ends_with("/flexapi"));
    let send = |method: &str, path: &str| api.send(method, &format!("/flexapi{path}"), ME, "");
    assert_eq!(api.send("GET", "/onapp/version.json", ME, "").status, 404);
    assert_eq!(send("GET", "/test").status, 200);
    assert_eq!(send("GET", "/virtual_machines/488/backups/images").json(), json!([]));
    assert_eq!(send("GET", "/virtual_machines?q=DB").json().as_array().map(Vec::len), Some(1));
    assert_eq!(send("GET", "/virtual_machines/488/transactions.json/per_page/5").status, 200);
    for (method, path) in [
        ("GET", "/virtual_machines/488/schedules.json"),
        ("GET", "/settings/disks/1101/schedules.json"),
        ("GET", "/settings/schedules.json"),
        ("GET", "/settings/schedules/31.json"),
        ("GET", "/settings/autobackup_presets.json"),
        ("POST", "/virtual_machines/488/schedules.json"),
        ("POST", "/virtual_machines/488/autobackup_enable.json"),
        ("DELETE", "/settings/schedules/31.json"),
    ] {
        assert_eq!(send(method, path).status, 404, "{method} {path}");
    }
}

#[test]
fn users_differ_by_their_permissions() {
    let api = cloud(OnAppMode::default());
    // `limited:x` and `readonly:x`.
    let (limited, readonly) = ("Authorization: Basic bGltaXRlZDp4\r\n", "Authorization: Basic cmVhZG9ubHk6eA==\r\n");
    for (method, user, path, status) in [
        ("GET", limited, "/settings/disks.json", 403),
        ("GET", limited, "/settings/schedules.json", 403),
        ("POST", limited, "/settings/disks/1101/backups.json", 403),
        ("GET", limited, "/transactions.json", 403),
        ("GET", limited, "/transactions.json/page/2", 403),
        ("GET", limited, "/virtual_machines/488/transactions.json", 200),
        ("GET", limited, "/virtual_machines/652/disks/1101/schedules.json", 200),
        ("GET", readonly, "/settings/disks.json", 200),
        ("DELETE", readonly, "/backups/6117.json", 403),
    ] {
        let answer = api.send(method, &format!("/onapp{path}"), user, "");
        assert_eq!(answer.status, status, "{method} {path}");
        if status == 403 {
            assert_eq!(answer.json(), json!({"errors": ["You do not have permissions for this action"]}));
        }
    }
    let api = cloud(OnAppMode { settings: false, ..OnAppMode::default() });
    assert_eq!(get(&api, "/settings/disks.json").status, 403);
    assert!(get(&api, "/settings/disks.xml").body.contains("<error>You do not have permissions"));
}

#[test]
fn a_creation_is_answered_with_the_object_its_owner_or_nothing() {
    let body = json!({"schedule": {"duration": 1, "period": "weeks"}});
    let disk = "/settings/disks/1240/schedules";
    for created in [Created::Object, Created::Parent, Created::Empty] {
        let api = cloud(OnAppMode { created, ..OnAppMode::default() });
        let on_disk = call_with(&api, "POST", &format!("{disk}.json"), &body);
        let on_machine = call_with(&api, "POST", "/virtual_machines/701/schedules.json", &body);
        let restored = call(&api, "POST", "/backups/6149/restore.json");
        assert_eq!([on_disk.status, on_machine.status, restored.status], [201; 3]);
        match created {
            Created::Object => assert_eq!(on_disk.json()["schedule"]["period"], "weeks"),
            Created::Parent => {
                assert_eq!(on_disk.json()[0]["disk"]["id"], 1_240);
                assert_eq!(on_machine.json()[0]["virtual_machine"]["id"], 701);
                assert!(on_disk.header("location").is_some_and(|location| location.ends_with("/disks/1240")));
                let headers = format!("{ME}Content-Type: application/json\r\n");
                let xml = api.send("POST", &format!("/onapp{disk}.xml"), &headers, &body.to_string());
                assert!(xml.body.contains("<disks type=\"array\">\n  <disk>"), "{}", xml.body);
            }
            Created::Empty => assert_eq!([&on_disk.body, &on_machine.body, &restored.body], [""; 3]),
        }
        // The schedule is there whatever was answered.
        assert!(list(&api, &format!("{disk}.json")).iter().any(|schedule| schedule["period"] == "weeks"));
    }
}

#[test]
fn old_clouds_answer_changes_with_an_empty_object() {
    let api = cloud(OnAppMode { old_replies: true, ..OnAppMode::default() });
    let deleted = call(&api, "DELETE", "/settings/schedules/43.json");
    assert_eq!((deleted.status, deleted.json()), (200, json!({})));
    assert_eq!(call_with(&api, "PUT", "/backups/6117/note.json", &json!({"note": "x"})).status, 404);
    assert_eq!(call_with(&api, "PUT", "/backups/6117.json", &json!({"backup": {"note": "x"}})).status, 200);
    assert_eq!(get(&api, "/backups/6117.json").json()["backup"]["note"], "x");
}

#[test]
fn writes_need_credentials_and_a_known_path() {
    let api = cloud(OnAppMode::default());
    let answer = api.send("DELETE", "/onapp/backups/6117.json", "", "");
    assert_eq!(answer.status, 401);
    for (method, path) in
        [("POST", "/backups.json"), ("PATCH", "/backups/6117.json"), ("DELETE", "/virtual_machines/488.json")]
    {
        assert_eq!(call(&api, method, path).status, 404, "{method} {path}");
    }
    assert_eq!(get(&api, "/backups/6117.json").status, 200);
}
