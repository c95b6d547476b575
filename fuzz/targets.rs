//! What is fuzzed: each target takes any bytes, and must neither panic nor break what it asserts.
//!
//! `cargo fuzz` runs them (`fuzz/run`), and the test `fuzz_corpus` feeds them the seeds, every case that was ever found, and
//! mutations of both.

use std::collections::HashSet;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bpctl::args::Format;
use bpctl::http::{Answer, Flow, json, walk};
use bpctl::model::{Object, redact};
use bpctl::view::{Listing, OutputOptions, Resource, TimeFormat, show};
use bpctl::{config, katapult, onapp, policyfile, time};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its seeds' directory.
pub const TARGETS: [(&str, Target); 6] = [
    ("katapult", katapult),
    ("onapp", onapp),
    ("pages", pages),
    ("times", times),
    ("config", config),
    ("policyfile", policyfile),
];

/// An answer of Katapult: decoded, understood as each thing that it could be, and printed in every format.
pub fn katapult(data: &[u8]) {
    let answer = Answer::of(400, data);
    let _ = katapult::read_error(&answer);
    let Ok(body) = json(&answer) else {
        return;
    };
    assert_eq!(json(&Answer::of(200, body.to_string())).as_ref(), Ok(&body), "a value is written as it was read");
    printed(&body, katapult::policy);
    printed(&body, katapult::disk);
    printed(&body, katapult::machine);
    printed(&body, katapult::organization);
    printed(&body, katapult::trash_object);
    let keys = ["disk_backup_policies", "disk", "disks", "virtual_machines", "organizations", "trash_objects"];
    let Ok(page) = katapult::page(body, &keys) else {
        return;
    };
    page.rows.iter().for_each(|row| printed(row, katapult::policy));
}

/// An answer of OnApp: XML or JSON, a list or an error.
pub fn onapp(data: &[u8]) {
    let answer = Answer::of(422, data);
    if let Some(error) = onapp::read_error(&answer) {
        assert!(!error.message.is_empty(), "an error says something");
    }
    for body in [onapp::decode_xml(&answer), json(&answer)].into_iter().flatten() {
        printed(&body, onapp::machine);
        let rows = onapp::rows(body, "backup").unwrap_or_default();
        rows.iter().for_each(|row| printed(row, onapp::backup));
    }
}

/// A server that lies about its pages: one answer a line. The walk ends, and hands every id on once.
pub fn pages(data: &[u8]) {
    let answers: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let fetch = |number: u64| {
        let body = answers[usize::try_from(number).unwrap_or(0) % answers.len()];
        let page = json(&Answer::of(200, body)).ok().and_then(|body| katapult::page(body, &["rows"]).ok());
        // What cannot be read is an empty page here, so that the walk goes on.
        let empty = r#"{"rows":[]}"#;
        let page = page.or_else(|| katapult::page(json(&Answer::of(200, empty)).ok()?, &["rows"]).ok());
        std::future::ready(Ok(page.expect("an empty page is a page")))
    };
    let mut seen = HashSet::new();
    let walk = pin!(walk(6, fetch, id, |rows| {
        let ids = rows.iter().filter_map(id);
        ids.for_each(|id| assert!(seen.insert(id.to_owned()), "{id} is handed on twice"));
        Ok(Flow::More)
    }));
    let _ = finished(walk);
}

fn id(row: &Value) -> Option<&str> {
    row.get("id").and_then(Value::as_str)
}

/// Runs a future whose parts are all ready.
fn finished<F: Future>(mut future: std::pin::Pin<&mut F>) -> F::Output {
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// A time as typed: what is understood can be shown, and is understood again when it is written exactly.
pub fn times(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let now = now();
    for name in ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"] {
        let zone = TimeZone::get(name).expect("the database is bundled");
        let Ok(instant) = time::resolve(text, now, &zone) else {
            continue;
        };
        let exact = time::rfc3339(instant, &zone);
        let again = time::resolve(&exact, now, &zone);
        assert_eq!(again.map(Timestamp::as_second), Ok(instant.as_second()), "`{text}` is {exact} in {name}");
        assert!(!time::in_full(instant, now, &zone).is_empty());
        let mut cell = String::new();
        time::for_people(instant, now, &zone, &mut cell);
        assert!(cell.contains(" ("), "`{cell}` has an absolute and a relative part");
    }
    if let Ok(length) = time::duration(text) {
        assert!(!length.is_zero(), "a length of time is one");
    }
}

/// A config file: a complaint is one line, and never quotes a token.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = config::File::parse(Path::new("config.toml"), text) {
        assert!(error.message.starts_with("config.toml line "), "{}", error.message);
        assert!(!error.message.contains("tok-Zw8Rk3VtY6nPq1Xs"), "{}", error.message);
    }
}

/// A policy file: a complaint names the file and a line that there is.
pub fn policyfile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Err(error) = policyfile::read("policies.toml", text) else {
        return;
    };
    let line = error.message.strip_prefix("policies.toml line ").and_then(|rest| rest.split(':').next());
    let line: usize = line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{}", error.message));
    assert!((1..=text.split('\n').count()).contains(&line), "{}", error.message);
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time of 2026")
}

/// Prints an object in every format, as a row and on its own.
fn printed<T: Resource>(raw: &Value, convert: fn(&Value) -> T) {
    use Format::{Csv, Id, Json, Jsonl, Table, Tsv, Wide, Yaml};
    for format in [Table, Wide, Json, Jsonl, Yaml, Csv, Tsv, Id] {
        let times = TimeFormat { now: now(), zone: TimeZone::UTC };
        let output = OutputOptions { width: (format == Table).then_some(40), ..OutputOptions::new(format, times) };
        let object = || {
            let mut raw = raw.clone();
            redact(&mut raw);
            Object { model: convert(&raw), raw }
        };
        let (mut row, mut details) = (Vec::new(), Vec::new());
        let mut listing = Listing::new(&output).expect("no column is named");
        listing.push(object(), &mut row).expect("memory takes everything");
        listing.finish(&mut row).expect("memory takes everything");
        show(object(), &output, &mut details).expect("no column is named").expect("memory takes everything");
        for text in [row, details] {
            safe(format, &text);
        }
    }
}

/// What a terminal is shown holds no control characters but line feeds.
fn safe(format: Format, text: &[u8]) {
    let text = std::str::from_utf8(text).expect("everything printed is UTF-8");
    match format {
        Format::Table | Format::Wide | Format::Id => {
            assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
        }
        Format::Json | Format::Jsonl | Format::Sarif => {
            assert!(json(&Answer::of(200, text)).is_ok() || text.trim().is_empty(), "{text}");
        }
        Format::Yaml | Format::Csv | Format::Tsv | Format::Toml => {}
    }
}
