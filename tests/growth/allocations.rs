//! What pure work allocates: how often, and how much at once.

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use bpctl::args::Format;
use bpctl::journal::{Action, Ended, Entry, Journal, Outcome};
use bpctl::model::coverage::{Requirements, coverage};
use bpctl::model::{Capabilities, Fleet, Machine, Policy};
use bpctl::policyfile::{self, Surroundings};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::costs_as_much;
use crate::rows::{answers, decoded, rendered};

const SIZES: [usize; 2] = [250, 4_000];

/// Holds work to the law twice: by the number of allocations, and by what is held at most.
fn allocates_as_much(what: &str, work: impl Fn(usize) -> AllocationInfo) {
    costs_as_much(&format!("{what}, allocations"), SIZES, |rows| work(rows).count_total);
    // A buffer that doubles may be half empty at one size and full at the other.
    let held = |rows| work(rows).bytes_max;
    let (small, large) = (held(SIZES[0]), held(SIZES[1]));
    let factor = (large as f64 / SIZES[1] as f64) / (small as f64 / SIZES[0] as f64);
    assert!(factor <= 2.0, "{what}: holds {small} bytes for {} rows, {large} for {}", SIZES[0], SIZES[1]);
}

#[test]
fn decoding_pages() {
    allocates_as_much("decoding", |rows| {
        let answers = answers(rows);
        measure(|| drop(black_box(decoded(&answers))))
    });
}

#[test]
fn rendering_lists() {
    for format in [Format::Table, Format::Wide, Format::Json, Format::Jsonl, Format::Yaml, Format::Csv, Format::Id] {
        allocates_as_much(&format!("{format:?}"), |rows| {
            let mut all = Some(decoded(&answers(rows)));
            measure(|| drop(black_box(rendered(all.take().unwrap(), format))))
        });
    }
}

/// An organization with as many machines as policies.
fn fleet(rows: usize) -> Fleet {
    let policies: Vec<Policy> = decoded(&answers(rows)).into_iter().map(|object| object.model).collect();
    let machine = |policy: &Policy| {
        let id = policy.target.id.clone();
        let fqdn = id.as_ref().map(|id| format!("{}.acme.example", id.replace('_', "-")));
        Machine { id, fqdn, name: Some("node".into()), ..Machine::default() }
    };
    Fleet { machines: policies.iter().map(machine).collect(), disks: Vec::new(), policies }
}

#[test]
fn judging_coverage() {
    allocates_as_much("coverage", |rows| {
        let fleet = fleet(rows);
        let wanted = Requirements { interval: None, retention: Some(14) };
        measure(|| drop(black_box(coverage(&fleet, &wanted, Timestamp::UNIX_EPOCH))))
    });
}

#[test]
fn writing_and_matching_a_policy_file() {
    allocates_as_much("a policy file", |rows| {
        let fleet = fleet(rows);
        let live = Surroundings {
            policies: &fleet.policies,
            machines: &fleet.machines,
            disks: &fleet.disks,
            capabilities: &Capabilities::KATAPULT,
        };
        measure(|| {
            let rows = policyfile::rows(&fleet.policies, live);
            let text = policyfile::write(None, &rows, |text| text.into());
            let document = policyfile::read("a file", &text).unwrap();
            let matching = policyfile::resolve("a file", &document, live).unwrap();
            assert_eq!(matching.wanted.len(), fleet.policies.len());
        })
    });
}

/// A journal with so many changes in it.
fn journal(entries: usize) -> (TempDir, Journal) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("journal.jsonl");
    let mut text = String::new();
    for number in 1..=entries {
        let begin = json!({
            "event": "begin", "version": 1, "number": number, "time": 1_795_000_000, "profile": null, "organization": null,
            "api": "https://api.example", "command": "policy update dbp_1 --retention 9", "command_id": number,
            "action": "update", "policy": "dbp_1", "target": "web-1", "undoes": null, "wanted": {"retention": 9},
            "before": {"id": "dbp_1", "retention": 7}, "after": null, "outcome": "unknown",
        });
        let end =
            json!({"event": "end", "number": number, "outcome": "done", "policy": "dbp_1", "after": {"id": "dbp_1"}});
        text += &format!("{begin}\n{end}\n");
    }
    std::fs::write(&path, text).unwrap();
    (directory, Journal::at(path))
}

fn entry() -> Entry {
    serde_json::from_value(json!({
        "number": 0, "time": 1_795_000_000, "profile": null, "api": "https://api.example", "command": "policy update",
        "action": Action::Update, "policy": "dbp_1", "target": "web-1", "undoes": null, "before": {"retention": 7},
    }))
    .unwrap()
}

#[test]
fn a_write_and_the_last_changes_cost_the_same_however_long_the_journal_is() {
    let write = |entries| {
        let (_directory, journal) = journal(entries);
        let mut one = Some(entry());
        measure(|| {
            let (number, _) = journal.begin(one.take().unwrap()).unwrap();
            assert_eq!(number, entries as u64 + 1);
            let ended = Ended { outcome: Outcome::Done, ..Ended::default() };
            journal.end(number, &ended).unwrap();
        })
    };
    let last = |entries| {
        let (_directory, journal) = journal(entries);
        measure(|| assert_eq!(journal.recent().unwrap().take(5).filter(Result::is_ok).count(), 5))
    };
    for (what, work) in [("a write", &write as &dyn Fn(usize) -> AllocationInfo), ("the last five changes", &last)] {
        let [small, large] = [100, 5_000].map(work);
        assert!(small.count_total > 0, "{what}");
        assert!(large.count_total <= small.count_total * 11 / 10, "{what}: {small:?}, {large:?}");
        assert!(large.bytes_total <= small.bytes_total * 11 / 10 + 65_536, "{what}: {small:?}, {large:?}");
    }
}
