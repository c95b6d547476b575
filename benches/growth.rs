//! How the cost of decoding pages, and of rendering a list, grows with its rows: `cargo bench --bench growth`.

#![expect(clippy::unwrap_used, reason = "a measurement stops where it cannot go on")]

use bpctl::args::Format;
use bpctl::http::{Answer, json};
use bpctl::katapult::{page, policy};
use bpctl::model::{Object, Policy};
use bpctl::view::{Listing, OutputOptions, TimeFormat};
use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

const ROWS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
/// Rows of an answer at the most; more than any page has.
const LARGEST_PAGE: usize = 10_000;

fn main() {
    divan::main();
}

/// Makes the answers that a list of `rows` comes in: one, or several where one would be refused as too large.
fn answers(rows: usize) -> Vec<Answer> {
    let row = |number: usize| {
        json!({
            "id": format!("dbp_bench{number:011}"), "retention": 7, "total_size": 12.5,
            "target": {"type": "VirtualMachine", "value": {"id": format!("vm_bench{number:012}"), "name": "node"}},
            "schedule": {"interval": "daily", "next_invocation_at": 1_795_314_600 + number},
        })
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    let body = |rows: &[_]| json!({"pagination": {"total_pages": 1}, "disk_backup_policies": rows}).to_string();
    rows.chunks(LARGEST_PAGE).map(|rows| Answer::of(200, body(rows))).collect()
}

fn decoded(answers: &[Answer]) -> Vec<Object<Policy>> {
    let page = |answer| page(json(answer).unwrap(), &["disk_backup_policies"]).unwrap().rows;
    answers.iter().flat_map(page).map(|raw| Object { model: policy(&raw), raw }).collect()
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn decode_page(bencher: Bencher, rows: usize) {
    let answers = answers(rows);
    bencher.counter(ItemsCount::new(rows)).bench_local(|| decoded(&answers));
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn render_table(bencher: Bencher, rows: usize) {
    render(bencher, rows, Format::Table);
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn render_json(bencher: Bencher, rows: usize) {
    render(bencher, rows, Format::Json);
}

fn render(bencher: Bencher, rows: usize, format: Format) {
    let times = TimeFormat { now: Timestamp::from_second(1_795_000_000).unwrap(), zone: TimeZone::UTC };
    let output = OutputOptions {
        format,
        columns: None,
        sort: None,
        limit: None,
        has_header: true,
        width: None,
        has_color: false,
        times,
    };
    let rows_in = || decoded(&answers(rows));
    bencher.counter(ItemsCount::new(rows)).with_inputs(rows_in).bench_local_values(|rows| {
        let mut out = Vec::new();
        let mut listing = Listing::new(&output).unwrap();
        for row in rows {
            listing.push(row, &mut out).unwrap();
        }
        listing.finish(&mut out).unwrap();
        out
    });
}
