//! Policies in numbers, for measurements: as the API answers them, decoded, and rendered.

use bpctl::args::Format;
use bpctl::http::{Answer, json};
use bpctl::katapult::{page, policy};
use bpctl::model::{Object, Policy};
use bpctl::view::{Listing, OutputOptions, TimeFormat};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

/// Rows of an answer at the most; more than any page has.
const LARGEST_PAGE: usize = 10_000;

/// Makes the answers that a list of `rows` comes in: one, or several where one would be refused as too large.
pub fn answers(rows: usize) -> Vec<Answer> {
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

pub fn decoded(answers: &[Answer]) -> Vec<Object<Policy>> {
    let page = |answer| page(json(answer).unwrap(), &["disk_backup_policies"]).unwrap().rows;
    answers.iter().flat_map(page).map(|raw| Object { model: policy(&raw), raw }).collect()
}

/// Renders a list in a format; returns what a pipe would get.
pub fn rendered(rows: Vec<Object<Policy>>, format: Format) -> Vec<u8> {
    let times = TimeFormat { now: Timestamp::from_second(1_795_000_000).unwrap(), zone: TimeZone::UTC };
    let output = OutputOptions::new(format, times);
    let mut out = Vec::new();
    let mut listing = Listing::new(&output).unwrap();
    for row in rows {
        listing.push(row, &mut out).unwrap();
    }
    listing.finish(&mut out).unwrap();
    out
}
