//! `bpctl calendar`: the runs, the bars, and the iCalendar file.

use serde_json::{Value, json};

use crate::harness::{Home, katapult};
use crate::server::Server;
use crate::world::{VM, World, now, policy};

/// Two policies: one hourly, one daily and named with what iCalendar has to escape.
fn two() -> Server {
    let at = |mut policy: Value, seconds: i64| {
        policy["schedule"]["next_invocation_at"] = json!(now() + seconds);
        policy
    };
    World::new()
        .policies(vec![
            at(policy("p-day", "VirtualMachine", VM, "web, 1; a\\b", "daily", 7), 5 * 3_600),
            at(policy("p-hour", "Disk", "d1", "data", "hourly", 7), 1_800),
        ])
        .serve()
}

#[test]
fn runs_are_listed_in_order_within_the_time() {
    let server = two();
    let runs = katapult(&server, &["calendar", "-o", "json"]).run().ok().json();
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 25);
    let times: Vec<i64> = runs.iter().map(|run| run["at"].as_i64().unwrap()).collect();
    assert!(times.is_sorted() && times[0] >= now() && times[24] < now() + 86_400, "{times:?}");
    let daily: Vec<&Value> = runs.iter().filter(|run| run["policy"] == "p-day").collect();
    let at = &daily[0]["at"];
    let wanted =
        json!({"policy": "p-day", "target": "web, 1; a\\b", "target_type": "vm", "interval": "daily", "at": at});
    assert_eq!(daily, [&wanted]);
    let week = katapult(&server, &["calendar", "--next", "7d", "-o", "id"]).run().ok();
    assert_eq!(week.stdout.lines().filter(|line| *line == "p-day").count(), 7, "{}", week.report());
    assert_eq!(week.stdout.lines().filter(|line| *line == "p-hour").count(), 168, "{}", week.report());
}

#[test]
fn it_says_what_it_assumed_and_only_when_it_did() {
    let server = two();
    katapult(&server, &["calendar", "-v"]).run().ok().mentions(&["assumed", "frequency", "UTC"]);
    let plain = katapult(&server, &["calendar"]).run().ok();
    assert!(!plain.stderr.contains("assumed"), "{}", plain.report());
    let single = World::new().serve();
    let run = katapult(&single, &["calendar", "--next", "4h"]).run().ok();
    assert!(!run.stderr.contains("assumed"), "{}", run.report());
}

#[test]
fn frequency_and_a_pending_deletion_count() {
    let world = World::new().policy(|policy| {
        policy["schedule"]["frequency"] = json!(2);
        policy["schedule"]["interval"] = json!("hourly");
        policy["auto_move_to_trash_at"] = json!(now() + 10 * 3_600);
    });
    let run = katapult(&world.serve(), &["calendar", "-o", "id"]).run().ok();
    // In 3, 5, 7 and 9 hours, and five minutes.
    assert_eq!(run.stdout.lines().count(), 4, "{}", run.report());
}

#[test]
fn bars_follow_the_locale() {
    let server = two();
    for (variables, args, is_unicode) in [
        (&[("LANG", "C.UTF-8")][..], &["calendar"][..], true),
        (&[("LANG", "C.UTF-8")], &["calendar", "--ascii"], false),
        (&[("LANG", "de_DE.utf8"), ("LC_ALL", "C")], &["calendar"], false),
        (&[], &["calendar"], false),
        (&[("LC_CTYPE", "en_GB.UTF-8"), ("LANG", "C")], &["calendar", "--next", "7d"], true),
        (&[("LANG", "C")], &["calendar", "--next", "7d"], false),
    ] {
        let mut command = katapult(&server, args);
        for (name, value) in variables {
            command = command.env(name, *value);
        }
        let run = command.run().ok();
        assert_eq!(run.stdout.contains('█'), is_unicode, "{variables:?} {}", run.report());
        assert!(is_unicode || run.stdout.is_ascii(), "{}", run.report());
        assert!(run.stdout.contains("Busiest hours"), "{}", run.report());
        assert!(run.stdout.contains("2 runs: ") && run.stdout.contains("data (p-hour)"), "{}", run.report());
    }
}

/// The unfolded lines of an iCalendar text, after a check of its form.
fn lines(calendar: &str) -> Vec<String> {
    assert!(calendar.ends_with("END:VCALENDAR\r\n"), "{calendar}");
    assert!(!calendar.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75), "no line is longer than 75 octets");
    calendar.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

fn values(lines: &[String], name: &str) -> Vec<String> {
    lines.iter().filter_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned())).collect()
}

#[test]
fn the_icalendar_is_well_formed_and_stable() {
    let server = two();
    let run = |name: &str| {
        let home = Home::new();
        let path = home.path(name);
        let run = katapult(&server, &["calendar", "--ics"]).arg(path.display().to_string()).home(&home).run().ok();
        assert!(run.stdout.contains("Busiest hours") && run.stderr.contains("25 runs written"), "{}", run.report());
        std::fs::read_to_string(path).unwrap()
    };
    let first = lines(&run("a.ics"));
    assert_eq!(first[..2], ["BEGIN:VCALENDAR", "VERSION:2.0"]);
    assert!(values(&first, "PRODID")[0].contains("bpctl"));
    let uids = values(&first, "UID");
    assert_eq!((uids.len(), values(&first, "DTSTART").len(), values(&first, "DTSTAMP").len()), (25, 25, 25));
    let mut different = uids.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 25);
    assert_eq!(values(&lines(&run("b.ics")), "UID"), uids, "the same run keeps its identifier");
    let summaries = values(&first, "SUMMARY");
    assert!(summaries.contains(&"Backup of web\\, 1\\; a\\\\b (daily)".to_owned()), "{summaries:?}");
}

#[test]
fn an_icalendar_to_standard_output_is_all_that_is_there() {
    let run = katapult(&two(), &["calendar", "--ics", "-"]).run().ok();
    assert_eq!(values(&lines(&run.stdout), "UID").len(), 25);
}

#[test]
fn a_hostile_name_leaves_bars_and_icalendar_whole() {
    let name = format!("x\r\nBEGIN:VEVENT\u{1b}[31m{}", "é".repeat(90));
    let world = World::new().policies(vec![policy("p\r\nUID:1", "VirtualMachine", VM, &name, "daily", 7)]);
    let server = world.serve();
    let run = katapult(&server, &["calendar"]).run().ok();
    assert!(!run.stdout.contains(['\u{1b}', '\r']), "{}", run.report());
    let calendar = lines(&katapult(&server, &["calendar", "--ics", "-"]).run().ok().stdout);
    assert_eq!(calendar.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1, "{calendar:?}");
    assert_eq!(values(&calendar, "UID").len(), 1, "{calendar:?}");
    assert!(calendar.iter().all(|line| !line.contains('\u{1b}')), "{calendar:?}");
}

#[test]
fn odd_policies_are_counted_not_dropped_in_silence() {
    let change = |id: &str, interval: &str, next: Value| {
        let mut odd = policy(id, "VirtualMachine", VM, "web-1", interval, 7);
        odd["schedule"]["next_invocation_at"] = next;
        odd
    };
    let world = World::new().policies(vec![
        change("never", "daily", Value::Null),
        change("odd", "fortnightly", json!(now() + 600)),
        change("late", "daily", json!(now() - 600)),
    ]);
    let run = katapult(&world.serve(), &["calendar", "-o", "csv"]).run().ok();
    let run = run.mentions(&["unknown interval", "have no next run", "overdue policies"]);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.report());
}

#[test]
fn nothing_to_run_is_said() {
    let run = katapult(&World::new().policies(vec![]).serve(), &["calendar"]).run().ok().mentions(&["no runs"]);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_wrong_time_is_refused() {
    for next in ["0h", "93d", "soon", "24", "1m", "-3h"] {
        katapult(&World::new().serve(), &["calendar", &format!("--next={next}")]).run().fails_in_words(2);
    }
}
