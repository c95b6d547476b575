//! `policy schedule-delete`: every form of time, resolved where it should be, far enough ahead, and believed only when
//! read back.

use std::sync::Mutex;

use crate::harness::{Bpctl, Run, katapult};
use crate::server::{Answer, Server};
use crate::world::{POLICY, World, now};

/// Noon UTC of a summer's day in 2099: one o'clock in London.
const NOON: i64 = 4_086_590_400;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn schedule(server: &Server, at: &str) -> Bpctl {
    katapult(server, &["policy", "schedule-delete", POLICY, "--yes", "--at", at])
}

/// The timestamp that a form of time is sent as.
fn sent(at: &str, zone: &str, args: &[&str]) -> i64 {
    let server = World::new().serve();
    schedule(&server, at).env("TZ", zone).args(args).run().ok();
    let writes = server.writes();
    assert_eq!(writes.len(), 1, "{at}: {writes:?}");
    let timestamp = writes[0].json()["timestamp"].clone();
    assert!(timestamp.is_i64(), "{at}: an integer is due, not {timestamp}");
    timestamp.as_i64().unwrap()
}

#[test]
fn fixed_times() {
    for (at, args, expected) in [
        ("2099-07-01T12:00:00Z", &[][..], NOON),
        ("2099-07-01T14:00:00+02:00", &[], NOON),
        ("2099-12-01T02:00:00Z", &[], 4_099_773_600),
        ("2099-07-01 13:00", &[], NOON),
        ("2099-07-01 13:00", &["--utc"], NOON + HOUR),
        ("2099-07-01", &[], NOON - 13 * HOUR),
        ("2099-07-01", &["--utc"], NOON - 12 * HOUR),
        ("@4086590400", &[], NOON),
        ("@4086590400", &["--utc"], NOON),
        // What an offset says wins over the zone.
        ("2099-07-01T12:00:00Z", &["--utc"], NOON),
    ] {
        assert_eq!(sent(at, "Europe/London", args), expected, "{at} {args:?}");
    }
}

#[test]
fn the_local_zone_is_the_environments() {
    assert_eq!(sent("2099-07-01 12:00", "UTC", &[]), NOON);
    assert_eq!(sent("2099-07-01 08:00", "America/New_York", &[]), NOON);
    assert_eq!(sent("2099-07-01 17:45", "Asia/Kathmandu", &[]), NOON);
}

#[test]
fn distances() {
    for (at, seconds) in [
        ("+7d", 7 * DAY),
        ("+36h", 36 * HOUR),
        ("in 36h", 36 * HOUR),
        ("2 weeks", 14 * DAY),
        ("+10m", 600),
        ("in 2 days", 2 * DAY),
    ] {
        let before = now();
        let sent = sent(at, "UTC", &[]);
        assert!((before + seconds..=now() + seconds).contains(&sent), "{at}: {sent} is not {seconds} s from {before}");
    }
}

/// Checks a form that counts by days against midnight UTC, whichever side of midnight the test runs on.
fn counts_from_midnight(at: &str, seconds: i64) {
    let midnight = || now() / DAY * DAY;
    let before = midnight();
    let sent = sent(at, "UTC", &[]);
    assert!([before + seconds, midnight() + seconds].contains(&sent), "{at}: {sent} is not {seconds} s from {before}");
}

#[test]
fn tomorrow() {
    counts_from_midnight("tomorrow 02:00", DAY + 2 * HOUR);
    counts_from_midnight("tomorrow 14:30", DAY + 14 * HOUR + 1800);
}

#[test]
fn weekdays() {
    // The first of January 1970 was a Thursday.
    let names = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"];
    for ahead in 1..=6 {
        let day = usize::try_from(now() / DAY + ahead).unwrap();
        let server = World::new().serve();
        schedule(&server, &format!("{} 22:00", names[day % 7])).env("TZ", "UTC").run().ok();
        let expected = i64::try_from(day).unwrap() * DAY + 22 * HOUR;
        assert_eq!(server.writes()[0].json()["timestamp"], expected, "{}", names[day % 7]);
    }
    // Today's own weekday, at a time that has passed or is about to: the one of next week.
    let today = usize::try_from(now() / DAY).unwrap();
    counts_from_midnight(&format!("{} 00:00", names[today % 7]), 7 * DAY);
}

/// Whether a text names both of some pair of readings.
fn names_both(run: &Run, pairs: &[(&str, &str)]) {
    let both = pairs.iter().any(|(one, other)| run.stderr.contains(one) && run.stderr.contains(other));
    assert!(both, "both readings are named: {}", run.report());
}

#[test]
fn a_local_time_that_does_not_exist() {
    // On 29 March 2099 London's clocks go from 01:00 to 02:00.
    let server = World::new().serve();
    let run = schedule(&server, "2099-03-29 01:30").run().fails_in_words(2);
    names_both(&run, &[("00:30", "02:30"), ("+00:00", "+01:00"), ("Z", "+01:00"), ("GMT", "BST")]);
    schedule(&server, "2099-03-29 01:30").args(&["-o", "json"]).run().fails_in_json(2);
    assert_eq!(server.count(), 0);
    assert_eq!(sent("2099-03-29 01:30", "Europe/London", &["--utc"]), 4_078_431_000);
    assert_eq!(sent("2099-03-29 02:00", "Europe/London", &[]), 4_078_429_200);
}

#[test]
fn a_local_time_that_comes_twice() {
    // On 25 October 2099 London's clocks go from 02:00 back to 01:00.
    let server = World::new().serve();
    let run = schedule(&server, "2099-10-25 01:30").run().fails_in_words(2);
    names_both(&run, &[("+01:00", "+00:00"), ("+01:00", "Z"), ("BST", "GMT"), ("00:30", "UTC")]);
    assert_eq!(server.count(), 0);
    // Either reading can be had by its offset.
    assert_eq!(
        sent("2099-10-25T01:30:00Z", "Europe/London", &[]) - sent("2099-10-25T01:30:00+01:00", "Europe/London", &[]),
        HOUR
    );
}

#[test]
fn too_soon_is_refused_before_anything_is_sent() {
    let server = World::new().serve();
    let soon = now() + 240;
    for at in ["+1m", "in 4m", "2020-01-01", "2020-01-01 02:00", "2020-01-01T02:00:00Z", "@0", &format!("@{soon}")] {
        schedule(&server, at).args(&["-o", "json"]).run().fails(5, "invalid_timestamp");
        schedule(&server, at).run().fails_in_words(5);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn nonsense_is_refused_before_anything_is_sent() {
    let server = World::new().serve();
    for at in [
        "",
        " ",
        "soon",
        "31/12/2099",
        "2099-02-30",
        "2099-13-01 02:00",
        "2099-07-01 25:00",
        "2099-07-01T12:00:00Zzz",
        "tomorrow 24:61",
        "blursday 22:00",
        "+7",
        "+d",
        "in h",
        "@",
        "@soon",
        "@99999999999999999999",
        "+99999999999999999999d",
        "in 9999999999 weeks",
        "\u{661}\u{662}",
    ] {
        let run = schedule(&server, at).args(&["-o", "json"]).run().fails(2, "usage");
        assert!(run.error().to_string().contains("--at"), "the flag is named: {}", run.report());
        schedule(&server, at).run().fails_in_words(2).mentions(&["--at", at]);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn says_what_will_happen_before_it_happens() {
    let server = World::new().policy(|policy| policy["schedule"]["interval"] = "hourly".into()).serve();
    let run = schedule(&server, "2099-07-01 13:00").run().ok().mentions(&["2099", "13:00", "cancel", "48 h"]);
    assert!(run.stdout.contains(POLICY), "{}", run.report());
    // The first run is in three hours and five minutes, the last within forty hours at thirty-nine and five.
    let run = schedule(&server, "+40h").run().ok();
    let words = |symbol: char| !symbol.is_alphanumeric();
    assert!(run.stderr.split(words).any(|word| word == "37"), "37 runs happen before: {}", run.report());
}

#[test]
fn prints_the_policy_as_it_stands_afterwards() {
    let world = World::new();
    let run = schedule(&world.serve(), &format!("@{NOON}")).args(&["-o", "json"]).run().ok();
    assert_eq!(run.json(), world.current());
    assert_eq!(run.json()["auto_move_to_trash_at"], NOON);
    // A second time replaces the first.
    let run = schedule(&world.serve(), &format!("@{}", NOON + DAY)).args(&["-o", "json"]).run().ok();
    assert_eq!(run.json()["auto_move_to_trash_at"], NOON + DAY);
}

#[test]
fn a_server_that_did_not_take_it_is_not_believed() {
    let server = World::new().deaf().serve();
    schedule(&server, "@4086590400").args(&["-o", "json"]).run().fails(1, "not_applied");
    schedule(&server, "@4086590400").run().fails_in_words(1).mentions(&["2099"]);
}

#[test]
fn a_repeated_delete_that_finds_it_done_has_succeeded() {
    for (status, code) in [(406, "object_in_trash"), (404, "disk_backup_policy_not_found")] {
        let world = World::new();
        let inner = world.clone();
        let answers = Mutex::new(vec![Answer::error(status, code), Answer::text_json("{\"disk").cut_off()]);
        let server = world.serve_but(move |request| {
            if request.is_write() {
                // Done the first time, though the answer is lost.
                inner.answer(request);
                return answers.lock().unwrap().pop();
            }
            None
        });
        schedule(&server, "@4086590400").args(&["-o", "json"]).run().ok();
        assert_eq!(server.writes().len(), 2, "{code}");
        assert_eq!(world.current()["auto_move_to_trash_at"], NOON);
    }
}
