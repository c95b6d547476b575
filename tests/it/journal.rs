//! The journal: every write with before and after, for the owner's eyes only, without secrets; and `bpctl history`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::company::{Company, Make, is};
use crate::harness::TOKEN;
use crate::server::Answer;
use crate::world::{ROOT_PASSWORD, now};

const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";

#[test]
fn every_write_is_recorded_with_before_and_after() {
    let company = Company::new();
    let id = company.web_1();
    let original = company.policy(&id).unwrap();
    let began = now();
    let updated = company.json(&["policy", "update", &id, "--retention", "9"]);
    let scheduled = company.json(&["policy", "schedule-delete", &id, "--at", "+7d", "--yes"]);
    company.json(&["policy", "delete", &id, "--yes"]);
    let restored = company.json(&["policy", "restore", &id]);
    let created = company.json(&["policy", "create", "--vm", "web-1", "--interval", "weekly", "--retention", "3"]);
    let history = company.history();
    let listed: Vec<_> = history
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["before"].clone(), entry["after"].clone()))
        .collect();
    let expected = [
        ("update", original, updated.clone()),
        ("schedule-delete", updated, scheduled.clone()),
        ("delete", scheduled, Value::Null),
        ("restore", Value::Null, restored),
        ("create", Value::Null, created.clone()),
    ];
    assert_eq!(listed, expected);
    for (entry, number) in history.iter().zip(1..) {
        assert_eq!(
            (&entry["number"], &entry["outcome"], &entry["undoes"]),
            (&json!(number), &json!("done"), &json!(null))
        );
        assert!(entry["time"].as_i64().unwrap() >= began && entry["time"].as_i64().unwrap() <= now());
        assert_eq!(entry["policy"], if number == 5 { created["id"].clone() } else { json!(id) });
        assert!(entry["api"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{entry}");
    }
    assert_eq!(history[0]["command"], format!("policy update {id} --retention 9 -o json"));
    assert_eq!((&history[0]["target"], &history[4]["target"]), (&json!("web-1"), &json!("web-1")));
}

#[test]
fn it_is_the_owners_alone() {
    let company = Company::new();
    company.run(&["policy", "update", &company.web_1(), "--retention", "9"]).ok();
    let mode = |name: &str| std::fs::metadata(company.home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data/bpctl/journal.jsonl"), mode("data/bpctl")), (0o600, 0o700));
    let path = company.run(&["history", "--path"]).ok().stdout;
    assert_eq!(path.trim(), company.home.path("data/bpctl/journal.jsonl").display().to_string());
}

#[test]
fn it_holds_no_secret_even_when_secrets_are_shown() {
    let company = Company::but(|request, pass| {
        is(request, "GET", POLICY_PATH).then(|| {
            pass();
            let target = json!({"id": "vm_1", "name": "web-1", "initial_root_password": ROOT_PASSWORD});
            let schedule = json!({"interval": "daily", "frequency": 1, "minute": 30, "time": 2});
            let id = request.query("disk_backup_policy[id]");
            let policy = json!({"id": id, "retention": 7, "schedule": schedule, "target": {"target": target}});
            Answer::json(200, &json!({"disk_backup_policy": policy}))
        })
    });
    let id = company.web_1();
    let run = company.run(&["policy", "update", &id, "--retention", "9", "--show-secrets", "-vv"]);
    assert_ne!(run.code, 0, "what is read back is not what was asked: {}", run.report());
    let journal = company.journal();
    assert!(journal.contains("[REDACTED]") && journal.contains("initial_root_password"), "{journal}");
    assert!(!journal.contains(ROOT_PASSWORD) && !journal.contains(TOKEN), "{journal}");
}

#[test]
fn what_was_refused_and_what_is_not_known_differ() {
    let refused = || Answer::error_with(422, "validation_error", json!({"errors": ["No"]}));
    let cases: [(Make, &str, i32); 3] = [
        (refused, "failed", 5),
        (|| Answer::html(502), "unknown", 7),
        // It was accepted, and changed nothing.
        (|| Answer::text_json("{}"), "unknown", 1),
    ];
    for (answer, outcome, code) in cases {
        let company = Company::but(move |request, _| is(request, "PATCH", POLICY_PATH).then(answer));
        company.run(&["policy", "update", &company.web_1(), "--retention", "9", "--retries", "0"]).exits(code);
        let history = company.history();
        assert_eq!((&history[0]["outcome"], &history[0]["after"]), (&json!(outcome), &Value::Null));
        assert_eq!(history[0]["before"]["retention"], 7);
    }
}

#[test]
fn a_write_that_was_killed_is_of_unknown_outcome() {
    let company = Company::but(|request, pass| {
        is(request, "PATCH", POLICY_PATH).then(|| pass().delayed(Duration::from_secs(30)))
    });
    let id = company.web_1();
    let running = company.bpctl(&["policy", "update", &id, "--retention", "9"]).spawn();
    // The policy is read, and then written.
    company.server.await_requests(2);
    // Kills it outright.
    drop(running);
    let history = company.history();
    assert_eq!((history.len(), &history[0]["outcome"]), (1, &json!("unknown")));
    assert_eq!(history[0]["before"]["retention"], 7);
    let run = company.run(&["history"]).ok();
    assert!(run.stdout.contains("unknown"), "{}", run.report());
}

#[test]
fn what_sends_nothing_records_nothing() {
    let company = Company::new();
    let id = company.web_1();
    for args in [
        &["policy", "update", &id, "--retention", "7"][..],
        &["policy", "update", &id, "--retention", "3", "--dry-run"],
        &["policy", "schedule-delete", &id, "--at", "+7d", "--dry-run"],
        &["policies", "list", "--org", "acme"],
        &["policy", "show", &id],
    ] {
        company.run(args).ok();
    }
    company.run(&["policy", "update", &id, "--retention", "3"]).exits(2);
    let run = company.run(&["history"]).ok();
    assert!(run.stderr.contains("no changes recorded"), "{}", run.report());
    assert_eq!(company.journal(), "");
}

#[test]
fn a_journal_that_cannot_be_written_is_warned_of_once_and_stops_nothing() {
    let company = Company::new();
    let ids = company.ids();
    let path = company.home.path("data/bpctl/journal.jsonl").display().to_string();
    let place = std::path::Path::new(&path);
    let make: [&dyn Fn(); 3] = [
        &|| std::fs::create_dir_all(place).unwrap(),
        &|| std::os::unix::fs::symlink("/dev/zero", place).unwrap(),
        &|| assert!(std::process::Command::new("mkfifo").arg(place).status().unwrap().success()),
    ];
    for (make, retention) in make.iter().zip(["20", "21", "22"]) {
        make();
        let run = company.run(&["policy", "update", &ids[0], "--retention", retention]).ok();
        let words = ["changes are not recorded:", path.as_str(), "it is not a regular file", "move it away"];
        let run = run.mentions(&words);
        assert_eq!(run.stderr.matches("warning:").count(), 1, "{}", run.report());
        // Where nothing is changed, nothing is to be recorded.
        let same = company.run(&["policy", "update", &ids[0], "--retention", retention]).ok();
        assert!(!same.stderr.contains("recorded"), "{}", same.report());
        company.run(&["history"]).fails_in_words(1).mentions(&[&path, "it is not a regular file"]);
        company.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(1, "io");
        let _ = std::fs::remove_dir(place).or_else(|_| std::fs::remove_file(place));
    }
    std::fs::remove_dir_all(company.home.path("data/bpctl")).unwrap();
    company.home.file("data/bpctl", "in the way");
    let run = company.run(&["policy", "delete", &ids[0], &ids[1], "--yes"]).ok();
    let run = run.mentions(&["changes are not recorded:", "cannot create the directory", "data/bpctl"]);
    assert_eq!(run.stderr.matches("not recorded").count(), 1, "{}", run.report());
    assert_eq!(company.policy(&ids[1]), None);
}

#[test]
fn lines_that_cannot_be_read_are_left_out_and_said() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    let torn = format!("{}not json\n{{\"event\":\"begin\"", company.journal());
    std::fs::write(company.home.path("data/bpctl/journal.jsonl"), torn).unwrap();
    let run = company.run(&["history"]).ok().mentions(&["2 lines of the journal cannot be read"]);
    assert!(run.stdout.contains(&id), "{}", run.report());
    company.run(&["policy", "update", &id, "--retention", "10"]).ok();
    assert_eq!(company.history().iter().map(|entry| entry["number"].clone()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn one_change_is_shown_in_full() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "9"]).ok();
    let run = company.run(&["history", "1"]).ok();
    for words in [id.as_str(), "update", "\"retention\":7", "\"retention\":9"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.report());
    }
    assert_eq!(company.json(&["history", "1"])["number"], 1);
    company.bpctl(&["history", "2", "-o", "json"]).run().fails(3, "not_found");
}

#[test]
fn the_list_is_newest_first_and_says_what_changed() {
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "update", &id, "--retention", "30", "--time", "4"]).ok();
    company.run(&["policy", "schedule-delete", &id, "--at", "2040-01-02T03:04:00Z", "--yes"]).ok();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.run(&["policy", "create", "--vm", "build-1", "--interval", "weekly", "--retention", "3"]).ok();
    let rows = |args: &[&str]| {
        let run = company.run(&[&["history", "-o", "csv", "--no-header"], args].concat()).ok();
        run.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let differences = rows(&["--columns", "number,change,target,difference"]);
    assert_eq!(differences[0], "4,create,build-1,\"weekly at 00:00 server time, keeps 3\"");
    assert_eq!(differences[1], "3,delete,web-1,\"daily at 04:30 server time, keeps 30\"");
    assert!(differences[2].starts_with("2,schedule-delete,web-1,") && differences[2].contains("deletion → "));
    assert!(differences[2].contains("2040-01-02"), "{}", differences[2]);
    assert_eq!(differences[3], "1,update,web-1,\"retention 7 → 30, time 2 → 4\"");
    assert_eq!(rows(&["--columns", "number", "--limit", "2"]), ["4", "3"]);
    assert_eq!(rows(&["--columns", "cloud", "--limit", "1"])[0], company.server.url()["http://".len()..]);
    assert_eq!(company.run(&["history", "-o", "id"]).ok().stdout, "4\n3\n2\n1\n");
    let table = company.run(&["history"]).ok().stdout;
    assert!(table.contains("DIFFERENCE") && table.contains("retention 7 → 30, time 2 → 4"), "{table}");
    assert!(company.run(&["history", "1"]).ok().stdout.contains("retention 7 → 30, time 2 → 4"));
}

#[test]
fn what_was_asked_for_is_recorded_whatever_came_of_it() {
    let refused = || Answer::error_with(422, "validation_error", json!({"errors": ["No"]}));
    let company = Company::but(move |request, _| request.is_write().then(refused));
    let id = company.web_1();
    let at = "4086590400";
    company.run(&["policy", "update", &id, "--retention", "3", "--yes"]).exits(5);
    company.run(&["policy", "schedule-delete", &id, "--at", &format!("@{at}"), "--yes"]).exits(5);
    company.run(&["policy", "delete", &id, "--yes"]).exits(5);
    company.run(&["policy", "create", "--vm", "build-1", "--interval", "weekly", "--retention", "4"]).exits(5);
    let wanted: Vec<_> = company.history().iter().map(|entry| entry["wanted"].clone()).collect();
    assert_eq!(
        wanted[..3],
        [json!({"retention": 3}), json!({"auto_move_to_trash_at": 4_086_590_400_i64}), json!(null)]
    );
    assert_eq!((&wanted[3]["retention"], &wanted[3]["schedule"]["interval"]), (&json!(4), &json!("weekly")));
    assert_eq!(
        (&wanted[3]["target"]["type"], &wanted[3]["target"]["value"]["name"]),
        (&json!("VirtualMachine"), &json!("build-1"))
    );
    let table = company.run(&["history", "-o", "csv", "--no-header", "--columns", "difference,outcome"]).ok().stdout;
    assert!(table.ends_with("retention 7 → 3,failed\r\n"), "{table}");
}

#[test]
fn changes_of_one_command_belong_together() {
    let company = Company::new();
    let ids = company.ids();
    company.run(&["policy", "delete", &ids[0], &ids[1], "--yes"]).ok();
    company.run(&["policy", "delete", &ids[2], "--yes", "--org", "acme"]).ok();
    let groups: Vec<_> = company.history().iter().map(|entry| entry["command_id"].clone()).collect();
    assert_eq!(groups, [1, 1, 3]);
    assert_eq!(company.history()[2]["organization"], "acme");
    let table = company.run(&["history", "-o", "csv", "--no-header", "--columns", "number,group"]).ok().stdout;
    assert_eq!(table, "3,3\r\n2,1\r\n1,1\r\n");
}

#[test]
fn what_was_undone_says_by_which_change() {
    let company = Company::new();
    company.run(&["policy", "update", &company.web_1(), "--retention", "9"]).ok();
    company.run(&["undo", "--yes"]).ok();
    let history = company.history();
    assert_eq!((&history[0]["undone_by"], &history[1]["undone_by"]), (&json!(2), &Value::Null));
    assert!(company.run(&["history"]).ok().stdout.contains("undone by 2"));
}

#[test]
fn a_change_of_a_newer_version_is_not_passed_over() {
    for line in [
        r#"{"event":"begin","number":7,"version":99,"action":"update","policy":"dbp_x"}"#,
        r#"{"event":"begin","number":7,"time":1,"api":"a","command":"c","action":"clone","policy":"dbp_x","before":null}"#,
        r#"{"event":"moved","number":7,"policy":"dbp_x"}"#,
    ] {
        let company = Company::new();
        let id = company.web_1();
        company.run(&["policy", "update", &id, "--retention", "9"]).ok();
        let path = company.home.path("data/bpctl/journal.jsonl");
        std::fs::write(&path, format!("{}{line}\n", company.journal())).unwrap();
        let run = company.run(&["history"]).ok();
        assert!(run.stdout.contains("made by a newer bpctl") && run.stderr.is_empty(), "{}", run.report());
        for args in [&["undo", "--yes"][..], &["undo", "--dry-run"], &["undo", "7", "--yes"]] {
            company.bpctl(args).args(&["-o", "json"]).run().fails(5, "unreadable");
        }
        assert_eq!(company.policy(&id).unwrap()["retention"], 9, "nothing was undone");
        assert_eq!(company.json(&["history", "7"])["policy"], "dbp_x");
        // What is named, or came later, is undone.
        assert_eq!(company.json(&["undo", "1", "--yes"])["retention"], 7);
        company.run(&["policy", "update", &id, "--retention", "20"]).ok();
        let numbers: Vec<_> = company.history().iter().map(|entry| entry["number"].clone()).collect();
        assert_eq!(numbers, [1, 7, 8, 9]);
        assert_eq!(company.json(&["undo", "--yes"])["retention"], 7);
    }
}
