use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn entry() -> Entry {
    let before = json!({"retention": 7, "target": {"value": {"initial_root_password": "secret"}}});
    Entry {
        number: 0,
        time: 1,
        profile: None,
        organization: None,
        api: "sandbox".to_owned(),
        provider: None,
        command: "policy delete p".to_owned(),
        command_id: None,
        action: Action::Delete,
        policy: Some("p".to_owned()),
        target: None,
        undoes: None,
        wanted: Json::default(),
        before: before.into(),
        after: Json::default(),
        trash_object: Json::default(),
        outcome: Outcome::Unknown,
        undone_by: None,
        undo_tried: None,
        is_gone: false,
    }
}

fn journal() -> (tempfile::TempDir, Journal) {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::at(directory.path().join("deep/journal.jsonl"));
    (directory, journal)
}

fn ended(outcome: Outcome, after: impl Into<Json>) -> Ended {
    Ended { outcome, after: after.into(), ..Ended::default() }
}

fn begin(journal: &Journal) -> u64 {
    journal.begin(entry()).unwrap().0
}

fn add(journal: &Journal, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(journal.path().parent().unwrap()).unwrap();
    let mut file = OpenOptions::new().append(true).create(true).open(journal.path()).unwrap();
    file.write_all(text.as_ref()).unwrap();
}

/// The changes, the newest first, and the warning.
fn read(journal: &Journal) -> (Vec<Recorded>, Option<String>) {
    let mut recent = journal.recent().unwrap();
    let all = recent.by_ref().map(Result::unwrap).collect();
    (all, recent.warning())
}

fn entries(journal: &Journal) -> Vec<Entry> {
    read(journal).0.into_iter().map(|recorded| recorded.entry().unwrap()).collect()
}

fn numbers(journal: &Journal) -> Vec<Option<u64>> {
    read(journal).0.iter().map(Recorded::number).collect()
}

#[test]
fn what_began_and_did_not_end_is_of_unknown_outcome() {
    let (_directory, journal) = journal();
    assert_eq!((begin(&journal), begin(&journal)), (1, 2));
    journal.end(1, &ended(Outcome::Done, json!({"x": 1}))).unwrap();
    let outcomes: Vec<_> = entries(&journal).iter().map(|entry| (entry.number, entry.outcome)).collect();
    assert_eq!(outcomes, [(2, Outcome::Unknown), (1, Outcome::Done)]);
    assert!(!std::fs::read_to_string(journal.path()).unwrap().contains("secret"));
}

#[test]
fn a_new_object_is_known_before_the_change_has_ended() {
    let (_directory, journal) = journal();
    let create = Entry { action: Action::Create, policy: None, ..entry() };
    let number = journal.begin(create).unwrap().0;
    journal.note_object(number, "new").unwrap();
    assert_eq!(entries(&journal)[0].policy.as_deref(), Some("new"));
    journal.end(number, &ended(Outcome::Unknown, Value::Null)).unwrap();
    assert_eq!(entries(&journal)[0].policy.as_deref(), Some("new"));
    assert_eq!(entries(&journal)[0].outcome, Outcome::Unknown);
    journal.note_object(number, "").unwrap();
    assert_eq!(entries(&journal)[0].policy, None, "it was taken back");
}

#[test]
fn changes_of_one_command_have_the_number_of_the_first() {
    let (_directory, journal) = journal();
    let first = begin(&journal);
    journal.begin(Entry { command_id: Some(first), ..entry() }).unwrap();
    begin(&journal);
    let groups: Vec<_> = entries(&journal).iter().map(|entry| entry.command_id).collect();
    assert_eq!(groups, [Some(3), Some(1), Some(1)]);
}

#[test]
fn an_undo_that_was_undone_counts_no_more() {
    let (_directory, journal) = journal();
    begin(&journal);
    for undoes in [1, 2] {
        let number = journal.begin(Entry { undoes: Some(undoes), ..entry() }).unwrap().0;
        let undone: Vec<_> = entries(&journal).iter().map(|entry| entry.undone_by).collect();
        assert!(!undone.contains(&Some(number)), "it has not ended");
        journal.end(number, &ended(Outcome::Done, Value::Null)).unwrap();
    }
    let undone: Vec<_> = entries(&journal).iter().map(|entry| (entry.number, entry.undone_by)).collect();
    assert_eq!(undone, [(3, None), (2, Some(3)), (1, None)]);
}

#[test]
fn what_was_done_before_an_api_started_over_is_gone() {
    let (_directory, journal) = journal();
    journal.reset("sandbox").unwrap();
    assert!(!journal.path().exists());
    begin(&journal);
    journal.begin(Entry { api: "https://other".to_owned(), ..entry() }).unwrap();
    journal.reset("sandbox").unwrap();
    begin(&journal);
    let gone: Vec<_> = entries(&journal).iter().map(|entry| entry.is_gone).collect();
    assert_eq!(gone, [false, false, true]);
}

#[test]
fn a_torn_end_is_put_aside_and_nothing_else_is_lost() {
    let (_directory, journal) = journal();
    begin(&journal);
    for (number, torn) in [(2, "torn-1"), (3, "torn-2")] {
        add(&journal, "{\"event\":\"beg");
        let (given, warning) = journal.begin(entry()).unwrap();
        assert_eq!(given, number);
        assert!(warning.unwrap().contains(torn));
        let aside = std::fs::read_to_string(journal.path().with_extension(torn)).unwrap();
        assert_eq!(aside, "{\"event\":\"beg");
    }
    assert_eq!(numbers(&journal), [Some(3), Some(2), Some(1)]);
    assert_eq!(read(&journal).1, None);
    add(&journal, "{\"event\":\"beg");
    journal.end(1, &ended(Outcome::Done, Value::Null)).unwrap();
    assert_eq!(entries(&journal)[2].outcome, Outcome::Done);
}

/// An editor that takes the last line's end away takes nothing else.
#[test]
fn a_whole_line_without_its_end_stays() {
    let (_directory, journal) = journal();
    begin(&journal);
    journal.end(1, &ended(Outcome::Done, Value::Null)).unwrap();
    let text = std::fs::read_to_string(journal.path()).unwrap();
    std::fs::write(journal.path(), text.trim_end()).unwrap();
    assert_eq!(journal.begin(entry()).unwrap(), (2, None));
    assert_eq!(entries(&journal)[1].outcome, Outcome::Done);
}

#[test]
fn a_torn_end_of_any_length_is_put_aside() {
    let (_directory, journal) = journal();
    begin(&journal);
    add(&journal, vec![b'x'; 3 * line::MAX_LINE]);
    assert_eq!(begin(&journal), 2);
    let aside = journal.path().with_extension("torn-1");
    assert_eq!(std::fs::metadata(aside).unwrap().len(), 3 * line::MAX_LINE as u64);
    assert_eq!(entries(&journal).len(), 2);
}

#[test]
fn the_deepest_answer_is_read_back_and_its_number_is_not_given_again() {
    let (_directory, journal) = journal();
    let deep = (0..128).fold(json!("\\\"[{"), |inner, _| json!([inner]));
    assert_eq!(journal.begin(Entry { before: Json::from(&deep), ..entry() }).unwrap(), (1, None));
    journal.end(1, &ended(Outcome::Done, deep.clone())).unwrap();
    assert_eq!(begin(&journal), 2);
    add(&journal, format!("{}\n{}\n", "[".repeat(1_000_000), "[".repeat(1_000)));
    let (all, warning) = read(&journal);
    assert_eq!((all.len(), warning.unwrap().starts_with("2 lines ")), (2, true));
    assert!(all[1].to_json()["before"] == deep && all[1].to_json()["after"] == deep);
    // What is deeper was not written here: it is listed, and not parsed.
    let bottomless = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = std::fs::read_to_string(journal.path()).unwrap();
    let old = text.lines().find(|line| line.contains("\"number\":2,")).unwrap();
    add(&journal, old.replace("\"after\":null", &format!("\"after\":{bottomless}")) + "\n");
    assert_eq!(read(&journal).0[0].to_json()["after"], Value::Null);
    add(&journal, format!("{{\"event\":\"new\",\"number\":3,\"what\":{bottomless}}}\n"));
    assert_eq!((read(&journal).0.len(), begin(&journal)), (3, 4));
}

#[test]
fn a_policy_that_is_too_large_is_kept_in_short() {
    let (_directory, journal) = journal();
    let schedule = json!({"interval": "daily", "time": 2});
    let large = json!({"id": "p", "retention": 7, "schedule": schedule, "notes": "x".repeat(2 * line::MAX_LINE)});
    let number = journal.begin(Entry { before: Json::from(&large), ..entry() }).unwrap().0;
    journal.end(number, &ended(Outcome::Done, large)).unwrap();
    let command = "é".repeat(line::MAX_LINE);
    journal.begin(Entry { command, ..entry() }).unwrap();
    let entries = entries(&journal);
    let short = json!({"id": "p", "retention": 7, "schedule": schedule});
    assert_eq!((entries[1].before.value(), entries[1].after.value()), (short.clone(), short));
    assert!(entries[0].command.starts_with("éé") && entries[0].command.len() < 10_000);
}

#[test]
fn when_no_number_is_left_nothing_is_written_over() {
    let (_directory, journal) = journal();
    begin(&journal);
    let text = std::fs::read_to_string(journal.path()).unwrap();
    add(&journal, text.replace("\"number\":1,", &format!("\"number\":{},", u64::MAX)));
    let error = journal.begin(entry()).unwrap_err().to_string();
    assert!(error.contains("18446744073709551615"), "{error}");
    assert_eq!(entries(&journal).len(), 2);
}

#[test]
fn another_that_holds_the_file_is_waited_for() {
    let (_directory, journal) = journal();
    let held = file::open_locked(journal.path()).unwrap();
    let waiting = std::thread::spawn(move || begin(&journal));
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiting.is_finished());
    drop(held);
    assert_eq!(waiting.join().unwrap(), 1);
}

#[test]
fn lines_that_are_no_text_stop_nothing() {
    let (_directory, journal) = journal();
    begin(&journal);
    add(&journal, b"\xff\xfe\0\0\n[\"begin\", 7, 1]\n\n{\"number\": 9}\n");
    assert_eq!(begin(&journal), 10);
    let (all, warning) = read(&journal);
    assert_eq!((all.len(), warning.as_deref()), (2, Some("3 lines of the journal cannot be read and are left out")));
}

/// Each of these is a change of a newer bpctl, whose number stands in the line.
const NEWER: [(u64, &str); 6] = [
    (7, r#"{"event":"begin","number":7,"time":1,"api":"a","command":"c","action":"clone","policy":"p","before":null}"#),
    (8, r#"{"event":"begin","number":8,"version":2,"what":"else"}"#),
    (9, r#"{"event":"move","number":9}"#),
    (10, r#"{"event":"begin","number":10,"version":"2.1","action":"update"}"#),
    (11, r#"{"event":"begin","number":11,"action":{"update":{}}}"#),
    (12, r#"{"event":{"begin":1},"number":12}"#),
];

#[test]
fn a_change_of_a_newer_version_is_listed_and_its_number_is_not_given_again() {
    for (number, line) in NEWER {
        let (_directory, journal) = journal();
        begin(&journal);
        add(&journal, format!("{line}\n"));
        assert_eq!(begin(&journal), number + 1, "{line}");
        journal.end(number + 1, &ended(Outcome::Done, Value::Null)).unwrap();
        let (all, warning) = read(&journal);
        assert_eq!((all.len(), &warning), (3, &None), "{line}");
        assert!(matches!(&all[1], Recorded::Newer(newer) if newer.number == Some(number)), "{line}");
        assert_eq!(all[1].to_json()["made_by_newer_version"], true);
        assert!(matches!(journal.find(number).unwrap(), Some(Recorded::Newer(_))));
    }
}

#[test]
fn a_change_that_a_newer_version_ended_is_its_own() {
    for end in [
        r#"{"event":"end","number":1,"outcome":"partly","policy":null,"after":null}"#,
        r#"{"event":"end","number":1,"version":2,"outcome":"done"}"#,
        r#"{"event":"retry","number":1}"#,
    ] {
        let (_directory, journal) = journal();
        begin(&journal);
        add(&journal, format!("{end}\n"));
        let (all, warning) = read(&journal);
        assert_eq!((all.len(), warning), (1, None), "{end}");
        assert!(matches!(&all[0], Recorded::Newer(newer) if newer.number == Some(1)), "{end}");
    }
}

/// A bpctl from before the version was written passed over what it did not know, and gave its numbers again.
#[test]
fn a_number_that_an_older_version_passed_over_is_not_given_again() {
    let (_directory, journal) = journal();
    let old = r#"{"event":"begin","number":2,"time":1,"profile":null,"api":"a","command":"c","action":"delete",
        "policy":"p","target":null,"undoes":null,"before":null,"after":null,"outcome":"unknown"}"#;
    add(&journal, format!("{}\n{}\n", NEWER[0].1, old.replace('\n', "")));
    assert_eq!((begin(&journal), begin(&journal)), (8, 9));
    assert_eq!(numbers(&journal), [Some(9), Some(8), Some(2), Some(7)]);
}

#[test]
fn a_full_file_is_put_aside_and_still_read() {
    let (_directory, mut journal) = journal();
    journal.max_file = 2_000;
    for expected in 1..=60 {
        assert_eq!(begin(&journal), expected);
        if expected > 1 {
            journal.end(expected - 1, &ended(Outcome::Done, json!({"retention": 7}))).unwrap();
        }
    }
    let files = file::full_files(journal.path()).unwrap();
    assert!(files.len() > 5, "{files:?}");
    assert!(files.iter().all(|(_, path)| std::fs::metadata(path).unwrap().len() < 4_000));
    let entries = entries(&journal);
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=60).rev().collect::<Vec<_>>());
    assert!(entries[1..].iter().all(|entry| entry.outcome == Outcome::Done));
    assert_eq!(journal.find(3).unwrap().unwrap().number(), Some(3));
    assert!(journal.find(61).unwrap().is_none());
    // What is full may be all that is left.
    std::fs::remove_file(journal.path()).unwrap();
    assert!(begin(&journal) > 55);
}

#[test]
fn several_that_fill_the_file_lose_nothing_of_each_other() {
    let (_directory, mut journal) = journal();
    journal.max_file = 2_000;
    let work = || {
        for _ in 0..25 {
            let number = begin(&journal);
            journal.end(number, &ended(Outcome::Done, Value::Null)).unwrap();
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    let all = entries(&journal);
    assert_eq!(all.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=100).rev().collect::<Vec<_>>());
    assert!(all.iter().all(|entry| entry.outcome == Outcome::Done));
}

#[test]
fn ends_without_a_beginning_are_held_in_bounds() {
    let (_directory, journal) = journal();
    begin(&journal);
    let after = "x".repeat(100_000);
    for number in 100..200 {
        add(
            &journal,
            format!("{{\"event\":\"end\",\"number\":{number},\"outcome\":\"done\",\"after\":\"{after}\"}}\n"),
        );
    }
    let mut recent = journal.recent().unwrap();
    assert_eq!(recent.next().unwrap().unwrap().number(), Some(1));
    assert!(recent.warning().is_some());
}

#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_refused() {
    let (_directory, journal) = journal();
    std::fs::create_dir_all(journal.path()).unwrap();
    let refuses = || {
        for error in [journal.begin(entry()).unwrap_err(), journal.recent().map(drop).unwrap_err()] {
            let message = error.to_string();
            assert!(message.ends_with("journal.jsonl: it is not a regular file"), "{message}");
        }
    };
    refuses();
    std::fs::remove_dir(journal.path()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", journal.path()).unwrap();
    refuses();
    std::fs::remove_file(journal.path()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(journal.path()).status().unwrap().success());
    refuses();
}
