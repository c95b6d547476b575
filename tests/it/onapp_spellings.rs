//! What an OnApp cloud spells in another way, lists twice or moves on by itself is not taken for something else.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::harness::{Run, onapp};
use crate::server::{Answer, Request, Server};

fn schedule(id: Value, vm: u64, others: &Value) -> Value {
    let mut fields = json!({
        "id": id, "target_type": "VirtualMachine", "target_id": vm, "period": "days", "duration": 1,
        "rotation_period": 14, "start_at": "2100-01-01T02:00:00Z", "status": "enabled",
    });
    fields.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    fields
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"errors": ["Resource not found"]}))
}

fn is_called(schedule: &Value, id: &str) -> bool {
    schedule["id"].to_string().trim_matches('"') == id
}

/// A cloud of VMs with these labels, numbered from 1. `after` is what it makes of a schedule that is changed.
fn cloud(labels: &[&str], schedules: Vec<Value>, after: fn(&mut Value)) -> Server {
    let wrapped = |key: &str, rows: &[Value]| rows.iter().map(|row| json!({ key: row })).collect::<Value>();
    let machines: Vec<Value> = (1..).zip(labels).map(|(id, label)| json!({"id": id, "label": label})).collect();
    let schedules = Mutex::new(schedules);
    Server::start(move |request: &Request| {
        let mut schedules = schedules.lock().unwrap();
        let path = request.path().trim_start_matches("/flexapi").trim_end_matches(".json").to_owned();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["virtual_machines"]) => Answer::json(200, &wrapped("virtual_machine", &machines)),
            ("GET", ["virtual_machines", _, "disks"]) => Answer::json(200, &json!([])),
            ("GET", ["settings", "schedules"]) => Answer::json(200, &wrapped("schedule", &schedules)),
            ("GET", ["settings", "schedules", id]) => match schedules.iter().find(|row| is_called(row, id)) {
                Some(row) => Answer::json(200, &json!({"schedule": row})),
                None => not_found(),
            },
            ("PUT", ["settings", "schedules", id]) => {
                let row = schedules.iter_mut().find(|row| is_called(row, id)).unwrap();
                row.as_object_mut().unwrap().extend(request.json()["schedule"].as_object().unwrap().clone());
                after(row);
                Answer::empty(204)
            }
            ("DELETE", ["settings", "schedules", id]) => {
                schedules.retain(|row| !is_called(row, id));
                Answer::empty(204)
            }
            _ => not_found(),
        }
    })
}

fn update(server: &Server, args: &[&str]) -> Run {
    onapp(server, &["policy", "update", "11", "-o", "json"]).args(args).run()
}

#[test]
fn a_whole_number_may_have_a_fraction_of_zero() {
    let fields = json!({"rotation_period": 14.0, "duration": "1.0"});
    let server = cloud(&["web1"], vec![schedule(json!(11), 1, &fields)], |row| {
        row["rotation_period"] = json!(format!("{}.0", row["rotation_period"]));
    });
    let list = onapp(&server, &["policies", "list", "--columns", "retention,frequency", "-o", "csv", "--no-header"]);
    assert_eq!(list.run().ok().stdout.trim_end(), "14,1");
    update(&server, &["--retention", "20"]).ok();
    update(&server, &["--retention", "19"]).fails(2, "confirmation_required");
}

#[test]
fn a_time_may_be_spelled_as_old_clouds_do() {
    let fields = json!({"start_at": "2100-01-01 02:00:00 UTC"});
    let server = cloud(&["web1"], vec![schedule(json!(11), 1, &fields)], |row| {
        let start = row["start_at"].as_str().unwrap().replace('T', " ").replace('Z', " UTC");
        row["start_at"] = json!(start);
    });
    let changed = update(&server, &["--time", "5", "--utc"]).ok().json();
    assert_eq!(changed["start_at"], "2100-01-01 05:00:00 UTC");
}

#[test]
fn a_run_that_was_due_may_come_at_any_moment() {
    let due = || vec![schedule(json!(11), 1, &json!({"start_at": "2020-01-01T02:00:00Z"}))];
    let server = cloud(&["web1"], due(), |row| row["start_at"] = json!("2100-01-01T02:00:00Z"));
    update(&server, &["--retention", "20"]).ok();
    // One that was not due does not move.
    let server = cloud(&["web1"], vec![schedule(json!(11), 1, &json!({}))], |row| {
        row["start_at"] = json!("2101-01-01T02:00:00Z");
    });
    update(&server, &["--retention", "20"]).fails(1, "not_applied");
}

#[test]
fn a_number_that_is_listed_as_text_too_is_one_policy() {
    let rows = [json!(11), json!("11"), json!(12)].map(|id| schedule(id, 1, &json!({})));
    let server = cloud(&["web1"], rows.to_vec(), |_| {});
    let list = onapp(&server, &["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(list.stdout, "11\n12\n");
}

#[test]
fn lists_of_vms_that_hold_more_than_their_own_are_read_once() {
    let answer = |request: &Request| match request.path().trim_start_matches("/flexapi") {
        "/virtual_machines.json" => {
            Some(json!([{"virtual_machine": {"id": 1, "label": "a"}}, {"virtual_machine": {"id": 2, "label": "b"}}]))
        }
        "/virtual_machines/1/disks.json" | "/virtual_machines/2/disks.json" => Some(json!([])),
        "/virtual_machines/1/schedules.json" | "/virtual_machines/2/schedules.json" => {
            let both = [(11, 1), (12, 2)].map(|(id, vm)| json!({"schedule": schedule(json!(id), vm, &json!({}))}));
            Some(json!(both))
        }
        _ => None,
    };
    let server = Server::start(move |request: &Request| match answer(request) {
        Some(rows) => Answer::json(200, &rows),
        None => Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]})),
    });
    let list = onapp(&server, &["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(list.stdout, "11\n12\n");
    let pause = ["policies", "pause", "--match", "*", "--max-changes", "2", "--dry-run"];
    onapp(&server, &pause).run().ok().mentions(&["2 of 2 matching policies change"]);
}

#[test]
fn a_vm_that_is_left_without_backups_is_named_whatever_else_has_its_label() {
    let delete = |server: &Server, names: &[&str]| {
        let run = onapp(server, &["policies", "delete", "--filter", "id = 11", "--yes", "-o", "id"]).run().ok();
        run.mentions(names)
    };
    let of_two = [(11, 1), (12, 2)].map(|(id, vm)| schedule(json!(id), vm, &json!({})));
    delete(&cloud(&["web", "web"], of_two.to_vec(), |_| {}), &["left without any policy: web"]);
    // What is paused makes no backups.
    let paused = schedule(json!(12), 1, &json!({"status": "disabled", "period": "weeks"}));
    let server = cloud(&["web"], vec![schedule(json!(11), 1, &json!({})), paused], |_| {});
    delete(&server, &["left without any enabled policy: web"]);
}

#[test]
fn a_new_policy_that_cannot_be_listed_has_no_id() {
    let is_made = Mutex::new(false);
    let server = Server::start(move |request: &Request| {
        let mut is_made = is_made.lock().unwrap();
        *is_made |= request.is_write();
        match request.path().trim_start_matches("/flexapi") {
            _ if request.is_write() => Answer::json(201, &json!({})),
            "/virtual_machines/1.json" => Answer::json(200, &json!({"virtual_machine": {"id": 1, "label": "web1"}})),
            "/virtual_machines/1/schedules.json" if !*is_made => Answer::json(200, &json!([])),
            _ => Answer::json(422, &json!({"errors": {"base": ["no"]}})),
        }
    });
    let create = ["policy", "create", "--vm", "1", "--interval", "daily", "--retention", "7", "-o", "json"];
    let error = onapp(&server, &create).run().fails(9, "not_verified").error();
    assert_eq!((&error["detail"]["ids"], &error["detail"]["id"]), (&json!([]), &Value::Null));
    assert!(error["hint"].as_str().unwrap().contains("bpctl policies list --vm 1"), "{error}");
}

#[test]
fn the_next_run_is_ahead_by_the_clock_of_the_cloud() {
    use jiff::{Timestamp, ToSpan};
    // The cloud is two hours ahead: a time of this hour is over there.
    let there = Timestamp::now() + 2.hours();
    let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let row = schedule(json!(11), 1, &json!({"start_at": "2020-01-01T02:00:00Z"}));
    let server = Server::start(move |request: &Request| {
        let answer = match request.path().trim_start_matches("/flexapi") {
            "/settings/schedules/11.json" => Answer::json(200, &json!({"schedule": row})),
            _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
        };
        answer.header("Date", &date)
    });
    let clock = (there - 1.hour()).strftime("%H %M").to_string();
    let (hour, minute) = clock.split_once(' ').unwrap();
    let planned = update(&server, &["--time", hour, "--minute", minute, "--utc", "--dry-run"]).ok().json();
    let start: Timestamp = planned["requests"][0]["body"]["schedule"]["start_at"].as_str().unwrap().parse().unwrap();
    assert!(start > there, "{start} is not after {there}");
}
