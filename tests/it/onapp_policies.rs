//! Schedules of an OnApp cloud as policies: lists, reports, changes, and what a cloud cannot do.

use serde_json::{Value, json};

use crate::harness::{Run, bare, onapp};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

fn ids(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn policies_are_the_schedules_of_vms_and_disks() {
    let cloud = Cloud::serve(&[]);
    let all = cloud.bpctl(&["policies", "list", "-o", "id"]).run().ok();
    assert_eq!(ids(&all), ["31", "32", "41", "42", "43", "51", "52"]);
    // A user who is not an administrator gets them from each VM and disk.
    let run = cloud.bpctl_as("limited", &["policies", "list", "--sort", "id", "-o", "id"]).run().ok();
    assert_eq!(ids(&run).len(), 7, "{}", run.report());
    assert_eq!(ids(&cloud.bpctl(&["policies", "list", "--vm", "db1", "-o", "id"]).run().ok()), ["41", "42", "43"]);
    assert_eq!(ids(&cloud.bpctl(&["policies", "list", "--disk", "1102", "-o", "id"]).run().ok()), ["42", "43"]);
    let columns = ["policies", "list", "--columns", "id,target,status,failures,retention", "-o", "csv"];
    let run = cloud.bpctl(&columns).run().ok();
    for row in ["31,web1,enabled,0,7", "41,db1 disk 1101,enabled,1,1", "51,win1,failed,3,7"] {
        assert!(run.stdout.lines().any(|line| line == row), "{row}: {}", run.report());
    }
    // JSON is the cloud's own object.
    let shown = cloud.bpctl(&["policy", "show", "52", "-o", "json"]).run().ok().json();
    assert_eq!((&shown["duration"], &shown["period"]), (&json!(2), &json!("weeks")));
    cloud.bpctl(&["policy", "show", "52"]).run().ok();
    assert_eq!(cloud.bpctl(&["policy", "show", "-", "-o", "id"]).stdin("52\n").run().ok().stdout, "52\n");
    cloud.bpctl(&["policy", "show", "web1"]).run().fails_in_words(2).mentions(&["31 (daily at", "32 (weekly at"]);
    cloud.bpctl(&["policy", "show", "999"]).run().fails_in_words(3);
}

#[test]
fn verbs_of_onapp_alone_do_not_offer_tags() {
    for verb in ["pause", "resume"] {
        for help in ["-h", "--help"] {
            let run = bare(&["policy", verb, help]).run().ok();
            assert!(run.stdout.contains("--exclude") && !run.stdout.contains("tag"), "{}", run.report());
        }
        let run = Cloud::serve(&[]).bpctl(&["policy", verb, "--tag", "prod"]).run().fails_in_words(2);
        run.mentions(&["tags"]);
    }
    assert!(bare(&["policy", "delete", "-h"]).run().ok().stdout.contains("--tag"));
}

/// The commands that need schedules.
const NEED_SCHEDULES: [&[&str]; 13] = [
    &["policies", "list"],
    &["policies", "list", "--vm", "web1"],
    &["policies", "list", "--disk", "1101"],
    &["policy", "show", "31"],
    &["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "5"],
    &["policy", "create", "--disk", "1180", "--interval", "daily"],
    &["policy", "update", "31", "--retention", "9"],
    &["policy", "pause", "31", "--yes"],
    &["policy", "delete", "31", "--yes"],
    &["coverage"],
    &["calendar"],
    &["lint"],
    &["autobackup", "on", "--vm", "test1"],
];

#[test]
fn a_cloud_without_schedules_is_not_one_without_policies() {
    let cloud = Cloud::serve(&["--onapp", "superb"]);
    for args in NEED_SCHEDULES {
        let run = cloud.bpctl(args).arg("-ojson").run().exits(2);
        assert_eq!(run.error()["code"], "not_offered", "{args:?}: {}", run.report());
        assert_eq!((run.stdout.as_str(), &run.error()["changed"]), ("", &json!("no")), "{args:?}");
    }
    cloud.bpctl(&["policies", "list", "--vm", "999"]).run().fails_in_words(3);
    cloud.bpctl(&["policies", "list", "--disk", "999"]).run().fails_in_words(3);
    // Backups are judged by fact, and need no schedules.
    let run = cloud.bpctl(&["check", "--vm", "web1", "-o", "json"]).run().ok();
    assert!(run.stdout.contains("backups"), "{}", run.report());
}

#[test]
fn a_user_who_may_not_read_schedules_gets_that_reason() {
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(200, &json!([{"virtual_machine": {"id": 1, "label": "a"}}])),
        "/flexapi/virtual_machines/1/disks.json" => Answer::json(200, &json!([])),
        _ => Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]})),
    });
    for args in [&["policies", "list"][..], &["coverage"], &["calendar"], &["lint"]] {
        let run = onapp(&server, args).args(&["-o", "json"]).run().exits(2);
        assert_eq!(run.error()["code"], "not_offered", "{args:?}: {}", run.report());
        assert!(run.error()["message"].as_str().unwrap().contains("this user may not read schedules"));
    }
}

#[test]
fn a_vm_that_is_deleted_meanwhile_is_left_out() {
    // The first VM is gone before its disks are read, the second before its schedules are.
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(
            200,
            &json!([{"virtual_machine": {"id": 1}}, {"virtual_machine": {"id": 2}}, {"virtual_machine": {"id": 3}}]),
        ),
        "/flexapi/virtual_machines/2/disks.json" | "/flexapi/virtual_machines/3/disks.json" => {
            Answer::json(200, &json!([]))
        }
        "/flexapi/virtual_machines/3/schedules.json" => {
            Answer::json(200, &json!([{"schedule": {"id": 9, "target_type": "VirtualMachine", "target_id": 3}}]))
        }
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    });
    assert_eq!(ids(&onapp(&server, &["policies", "list", "-o", "id"]).run().ok()), ["9"]);
}

#[test]
fn reports_count_what_works() {
    let cloud = Cloud::serve(&[]);
    let rows = cloud.bpctl(&["coverage", "-o", "json"]).run().ok().json();
    let verdict = |vm: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["name"] == vm).unwrap();
        row["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!((verdict("web1"), verdict("db1")), ("ok".to_owned(), "ok".to_owned()));
    // The schedule of the Windows VM itself failed; one of its two disks has one of its own.
    assert_eq!((verdict("win1"), verdict("test1")), ("partial".to_owned(), "none".to_owned()));
    let table = cloud.bpctl(&["coverage", "--filter", "vm=win1"]).run().ok();
    assert!(table.stdout.contains("not covered: disk 1201\n"), "all disks are called `disk`: {}", table.report());
    let run = cloud.bpctl(&["calendar", "--next", "2d", "-o", "csv"]).run().ok();
    assert!(run.stdout.contains("web1") && !run.stdout.contains("win1"), "{}", run.report());
    let run = cloud.bpctl(&["lint", "-o", "csv"]).run().ok();
    assert!(run.stdout.contains("W031") && run.stdout.contains("db1 disk 1101"), "{}", run.report());
}

fn dry(cloud: &Cloud, args: &[&str]) -> Value {
    cloud.bpctl(args).args(&["--dry-run", "-o", "json"]).run().ok().json()["requests"][0].take()
}

#[test]
fn policies_are_created_changed_paused_and_deleted() {
    for mode in ["normal", "parent-replies", "empty-replies", "old-replies"] {
        let args = ["--onapp", mode];
        let cloud = Cloud::serve(if mode == "normal" { &[] } else { &args });
        let create =
            ["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "5", "--time", "2", "--utc"];
        let request = dry(&cloud, &create);
        assert_eq!(request["path"], "/virtual_machines/701/schedules.json");
        let body = &request["body"]["schedule"];
        assert_eq!(
            (&body["period"], &body["rotation_period"], &body["target_id"]),
            (&json!("days"), &json!(5), &json!(701))
        );
        assert!(body["start_at"].as_str().unwrap().ends_with("T02:00:00Z"), "{body}");
        let made = cloud.bpctl(&create).args(&["-o", "json"]).run().ok().json();
        assert_eq!((&made["status"], &made["rotation_period"]), (&json!("enabled"), &json!(5)), "{mode}");
        cloud.bpctl(&create).run().exits(2).mentions(&["already has a policy of this interval"]);
        let id = made["id"].to_string();
        cloud.bpctl(&["policy", "update", &id, "--retention", "3"]).run().exits(2);
        let less = cloud.bpctl(&["policy", "update", &id, "--retention", "3", "--yes", "-o", "json"]).run().ok().json();
        assert_eq!(less["rotation_period"], 3);
        let more = cloud.bpctl(&["policy", "update", &id, "--retention", "9", "-o", "json"]).run().ok().json();
        assert_eq!((&more["rotation_period"], &more["period"]), (&json!(9), &json!("days")));
        cloud.bpctl(&["policy", "pause", &id]).run().exits(2).mentions(&["makes no more backups until it is resumed"]);
        let paused = cloud.bpctl(&["policy", "pause", &id, "--yes", "-o", "json"]).run().ok().json();
        assert_eq!(paused["status"], "disabled");
        let resumed = cloud.bpctl(&["policy", "resume", &id, "-o", "json"]).run().ok().json();
        assert_eq!(resumed["status"], "enabled");
        cloud.bpctl(&["policy", "delete", &id, "--yes"]).run().ok();
        cloud.bpctl(&["policy", "show", &id]).run().fails_in_words(3);
    }
}

#[test]
fn a_year_is_a_year_wherever_a_policy_is_shown() {
    let cloud = Cloud::serve(&[]);
    let create = ["policy", "create", "--vm", "test1", "--interval", "yearly", "--frequency", "2", "--retention", "3"];
    let request = dry(&cloud, &create);
    assert_eq!(
        (&request["body"]["schedule"]["period"], &request["body"]["schedule"]["duration"]),
        (&json!("years"), &json!(2))
    );
    let id = cloud.bpctl(&create).args(&["-o", "id"]).run().ok().stdout.trim().to_owned();
    let shown = |args: &[&str]| cloud.bpctl(args).run().ok().stdout;
    let columns =
        ["policies", "list", "--vm", "test1", "--columns", "interval,frequency,schedule", "-o", "csv", "--no-header"];
    assert!(shown(&columns).starts_with("yearly,2,every 2 years at "), "{}", shown(&columns));
    assert!(shown(&["policy", "show", &id]).contains("every 2 years at "));
    assert!(shown(&["coverage", "--match", "test1"]).contains("6 years (3 × every 2 years)"));
    let export = shown(&["export"]);
    assert!(export.contains("interval = \"yearly\"\nfrequency = 2\n"), "{export}");
    let file = cloud.home.file("live.toml", &export).display().to_string();
    cloud.bpctl(&["plan", "-f", &file, "--detailed-exitcode"]).run().ok();
    let file = cloud
        .home
        .file("new.toml", &export.replace("yearly\"\nfrequency = 2", "yearly\"\nfrequency = 1"))
        .display()
        .to_string();
    let plan = cloud.bpctl(&["plan", "-f", &file, "-o", "json"]).run().ok().json();
    assert_eq!(plan["steps"][0]["after"]["interval"], "yearly", "{plan}");
    assert_eq!(plan["steps"][0]["requests"][0]["body"]["schedule"]["period"], "years", "{plan}");
    // A part of the schedule changes: it stays one of years.
    cloud
        .bpctl(&["policy", "update", &id, "--frequency", "1", "--retention", "6"])
        .run()
        .ok()
        .mentions(&["frequency  2 → 1"]);
    assert!(shown(&columns).starts_with("yearly,1,yearly at "), "{}", shown(&columns));
    let ids = cloud.bpctl(&[
        "policies",
        "update",
        "--match",
        "test1",
        "--interval-is",
        "yearly",
        "--retention",
        "7",
        "-o",
        "id",
    ]);
    assert_eq!(ids.run().ok().stdout.trim(), id);
    cloud.bpctl(&["undo", "--yes"]).run().ok();
}

#[test]
fn a_year_is_refused_on_katapult() {
    for verb in [&["create", "--vm", "web-1", "--retention", "3"][..], &["update", "--match", "web-*"]] {
        let run =
            bare(&["--sandbox", "policy"]).args(verb).args(&["--interval", "yearly", "--yes", "-o", "json"]).run();
        let run = run.fails(2, "not_offered");
        assert!(
            run.error()["message"].as_str().unwrap().contains("Katapult has no yearly policies"),
            "{}",
            run.report()
        );
    }
}

#[test]
fn an_update_sends_the_whole_schedule_and_not_its_target() {
    let cloud = Cloud::serve(&[]);
    let request = dry(&cloud, &["policy", "update", "52", "--frequency", "1"]);
    assert_eq!((&request["method"], &request["path"]), (&json!("PUT"), &json!("/settings/schedules/52.json")));
    let names: Vec<&String> = request["body"]["schedule"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["duration", "period", "rotation_period", "start_at", "status"]);
    assert_eq!(request["body"]["schedule"]["duration"], 1);
}

#[test]
fn what_the_cloud_cannot_do_is_refused_before_anything_is_sent() {
    let cloud = Cloud::serve(&[]);
    let cases: [(&[&str], &str); 4] = [
        (&["policy", "create", "--vm", "test1", "--interval", "hourly", "--retention", "5"], "daily, weekly, monthly"),
        (&["policy", "create", "--disk", "1180", "--interval", "daily", "--retention", "5"], "keeps 1 backup"),
        (&["policy", "create", "--vm", "win1", "--interval", "daily", "--retention", "5"], "--disk"),
        (&["policy", "update", "42", "--retention", "5"], "keeps 1 backup"),
    ];
    for (args, words) in cases {
        let run = cloud.bpctl(args).args(&["--yes"]).run().fails_in_words(2);
        run.mentions(&[words]);
    }
    let run = cloud.bpctl(&["policy", "schedule-delete", "31", "--at", "+7d", "--yes"]).run().fails_in_words(2);
    run.mentions(&["not supported by provider onapp"]);
    assert_eq!(cloud.bpctl(&["history", "-o", "json"]).run().ok().json(), json!([]));
}
