//! OnApp's schedules: lists, changes, autobackups, runs and rotation.

use super::onapp::{call, call_with, get, list};
use super::*;

const DAY: i64 = 86_400;

fn world() -> (Hand, Api) {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    (hand, api)
}

fn schedule(api: &Api, id: &Value) -> Value {
    get(api, &format!("/settings/schedules/{id}.json")).json()["schedule"].clone()
}

fn numbers(schedules: &[Value]) -> Vec<u64> {
    schedules.iter().filter_map(|schedule| schedule["id"].as_u64()).collect()
}

#[test]
fn schedules_belong_to_machines_and_disks() {
    let (_, api) = world();
    assert_eq!(numbers(&list(&api, "/virtual_machines/488/schedules.json")), [31, 32]);
    let own = list(&api, "/settings/disks/1102/schedules.json");
    assert_eq!(numbers(&own), [42, 43]);
    assert_eq!(own, list(&api, "/virtual_machines/652/disks/1102/schedules.json"));
    assert!(list(&api, "/virtual_machines/652/schedules.json").is_empty());
    assert_eq!(list(&api, "/settings/schedules.json").len(), 7);
    let members = [
        "id",
        "target_id",
        "target_type",
        "action",
        "duration",
        "period",
        "rotation_period",
        "start_at",
        "status",
        "failure_count",
        "user_id",
        "params",
        "created_at",
        "updated_at",
        "schedule_logs",
    ];
    assert_eq!(keys(&own[0]), members);
    let log = &own[0]["schedule_logs"][0]["schedule_log"];
    assert_eq!((&log["schedule_id"], &log["status"]), (&json!(42), &json!("complete")));
}

#[test]
fn there_are_schedules_of_every_kind() {
    let (_, api) = world();
    let all = list(&api, "/settings/schedules.json");
    let statuses: Vec<&Value> = all.iter().map(|schedule| &schedule["status"]).collect();
    for status in ["enabled", "disabled", "failed"] {
        assert!(statuses.contains(&&json!(status)), "{status}");
    }
    assert!(all.iter().any(|schedule| schedule.get("rotation_period").is_none()));
    let windows = all.iter().find(|schedule| schedule["target_id"] == 733).expect("a schedule");
    assert_eq!((&windows["failure_count"], &windows["target_type"]), (&json!(3), &json!("VirtualMachine")));
    let xml = get(&api, "/settings/schedules/31.xml").body;
    for part in ["<schedule>", "<start_at type=\"datetime\">", "<schedule_logs type=\"array\">", "<schedule_log>"] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
}

#[test]
fn a_schedule_is_created_changed_and_deleted() {
    let (_, api) = world();
    let body = json!({"schedule": {
        "action": "autobackup", "target_type": "Disk", "target_id": 1_240, "duration": "2", "period": "days",
        "rotation_period": 3, "start_at": "2026-12-01T02:00:00+03:00", "status": "enabled",
    }});
    let created = call_with(&api, "POST", "/settings/disks/1240/schedules.json", &body);
    let made = created.json()["schedule"].clone();
    let id = made["id"].clone();
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), Some(format!("/settings/schedules/{id}").as_str()));
    assert_eq!((&made["duration"], &made["start_at"]), (&json!(2), &json!("2026-11-30T23:00:00Z")));
    assert_eq!(get(&api, "/settings/disks/1240.json").json()["disk"]["has_autobackups"], true);
    let path = format!("/settings/schedules/{id}.json");
    let changed = call_with(&api, "PUT", &path, &json!({"schedule": {"status": "disabled", "target_id": 5}}));
    assert_eq!((changed.status, changed.body.as_str()), (204, ""));
    let now = schedule(&api, &id);
    assert_eq!((&now["status"], &now["target_id"], &now["duration"]), (&json!("disabled"), &json!(1_240), &json!(2)));
    assert_eq!(call(&api, "DELETE", &path).status, 204);
    assert_eq!(get(&api, &path).status, 404);
    assert_eq!(get(&api, "/settings/disks/1240.json").json()["disk"]["has_autobackups"], false);
}

#[test]
fn bad_schedules_are_refused_by_field() {
    let (_, api) = world();
    let good = json!({"duration": 1, "period": "days"});
    for (member, value, field) in [
        ("period", json!("hours"), "period"),
        ("duration", json!(0), "duration"),
        ("duration", json!("x"), "duration"),
        ("rotation_period", json!(-1), "rotation_period"),
        ("start_at", json!("tomorrow"), "start_at"),
        ("status", json!("paused"), "status"),
    ] {
        let mut settings = good.clone();
        settings[member] = value;
        let answer = call_with(&api, "POST", "/virtual_machines/701/schedules.json", &json!({ "schedule": settings }));
        assert_eq!(answer.status, 422, "{settings}");
        assert_eq!(keys(&answer.json()["errors"]), [field]);
    }
    let flat = call_with(&api, "POST", "/virtual_machines/701/schedules.json", &good);
    assert_eq!(flat.status, 422, "the root is `schedule`");
    assert!(list(&api, "/virtual_machines/701/schedules.json").is_empty());
}

#[test]
fn autobackups_make_four_schedules_and_four_backups() {
    let (hand, api) = world();
    let identifier = get(&api, "/virtual_machines/760.json").json()["virtual_machine"]["identifier"].clone();
    let identifier = identifier.as_str().expect("an identifier");
    let on = call(&api, "POST", "/settings/disks/1240/autobackup_enable.json");
    assert_eq!((on.status, &on.json()["disk"]["has_autobackups"]), (201, &json!(true)));
    assert_eq!(on.header("location"), Some(format!("/virtual_machines/{identifier}/disks/1240").as_str()));
    let schedules = list(&api, "/settings/disks/1240/schedules.json");
    let periods: Vec<&Value> = schedules.iter().map(|schedule| &schedule["period"]).collect();
    assert_eq!(periods, ["days", "weeks", "months", "years"]);
    assert_eq!(schedules[0]["start_at"], "2026-11-21T10:00:00Z", "one period after it was made");
    let backups = list(&api, "/settings/disks/1240/backups.json");
    let initiated: Vec<&Value> = backups.iter().map(|backup| &backup["initiated"]).collect();
    assert_eq!(initiated, ["days", "weeks", "months", "years"]);
    hand.pass(9);
    let after = list(&api, "/settings/disks/1240/backups.json");
    assert!(after.iter().all(|backup| backup["built"] == true), "{after:?}");
    let off = call(&api, "POST", "/settings/disks/1240/autobackup_disable.json");
    assert_eq!((off.status, &off.json()["disk"]["has_autobackups"]), (201, &json!(false)));
    let schedules = list(&api, "/settings/disks/1240/schedules.json");
    assert!(schedules.len() == 4 && schedules.iter().all(|schedule| schedule["status"] == "disabled"));
    call(&api, "POST", "/settings/disks/1240/autobackup_enable.json");
    assert_eq!(list(&api, "/settings/disks/1240/schedules.json").len(), 4, "the presets apply to nothing twice");
}

#[test]
fn a_machine_gets_autobackups_by_the_presets() {
    let (_, api) = world();
    let presets = list(&api, "/settings/autobackup_presets.json");
    let body = json!({"autobackup_template": {"enabled": false}});
    for preset in &presets[1..] {
        let path = format!("/settings/autobackup_presets/{}.json", preset["id"]);
        assert_eq!(call_with(&api, "PUT", &path, &body).status, 204);
    }
    let on = call(&api, "POST", "/virtual_machines/701/autobackup_enable.json");
    assert_eq!((on.status, &on.json()["virtual_machine"]["id"]), (201, &json!(701)));
    let schedules = list(&api, "/virtual_machines/701/schedules.json");
    assert_eq!((schedules.len(), &schedules[0]["rotation_period"]), (1, &json!(7)));
    assert_eq!(list(&api, "/virtual_machines/701/backups/files.json").len(), 1);
}

#[test]
fn a_schedule_runs_by_the_clock_and_rotates() {
    let (hand, api) = world();
    let taken = |api: &Api| list(api, "/virtual_machines/488/backups/files.json");
    let by_day = |backups: &[Value]| backups.iter().filter(|backup| backup["initiated"] == "days").count();
    assert_eq!(by_day(&taken(&api)), 2);
    hand.pass(DAY);
    let running = taken(&api);
    assert_eq!(by_day(&running), 3);
    assert!(running.iter().any(|backup| backup["built"] == false));
    hand.pass(3);
    let schedule_31 = schedule(&api, &json!(31));
    assert_eq!(schedule_31["start_at"], "2026-11-22T10:00:00Z");
    assert_eq!(schedule_31["schedule_logs"].as_array().map(Vec::len), Some(3));
    hand.pass(10 * DAY + 5);
    let backups = taken(&api);
    assert_eq!(by_day(&backups), 7, "the rotation period");
    assert!(backups.iter().any(|backup| backup["id"] == 6_117), "what was taken by hand stays");
}

#[test]
fn a_disk_keeps_one_backup_whatever_was_entered() {
    let (hand, api) = world();
    assert_eq!(schedule(&api, &json!(42))["rotation_period"], 7);
    hand.pass(5 * DAY);
    let backups = list(&api, "/settings/disks/1102/backups.json");
    let by_day = backups.iter().filter(|backup| backup["initiated"] == "days").count();
    assert_eq!(by_day, 1, "{backups:?}");
}

#[test]
fn a_windows_machine_fails_by_its_own_schedule() {
    let (hand, api) = world();
    let enabled = json!({"schedule": {"status": "enabled", "start_at": "2026-11-20T11:00:00Z"}});
    assert_eq!(call_with(&api, "PUT", "/settings/schedules/51.json", &enabled).status, 204);
    hand.pass(3_600 + 5);
    let schedule_51 = schedule(&api, &json!(51));
    assert_eq!(schedule_51["failure_count"], 4);
    let logs = schedule_51["schedule_logs"].as_array().expect("logs").clone();
    assert_eq!(logs.last().expect("a log")["schedule_log"]["status"], "failed");
}

#[test]
fn a_world_that_slept_for_long_wakes_quickly() {
    let (hand, api) = world();
    hand.pass(3 * 366 * DAY);
    let before = std::time::Instant::now();
    assert!(!list(&api, "/virtual_machines/488/backups.json").is_empty());
    assert!(before.elapsed() < std::time::Duration::from_secs(2), "{:?}", before.elapsed());
    let start = schedule(&api, &json!(31))["start_at"].as_str().expect("a time").to_owned();
    assert!(start.starts_with("2029-11-2"), "{start}");
}
