//! The report as one CSV table: a line for each VM and unassigned disk, for each exception that is a finding, and for
//! whatever could not be read. Each line says when, by which version and against what it was judged.

use super::page::unread;
use crate::model::report::{Applied, Line, Report, Source};
use crate::time::{rfc3339, utc};
use crate::view::TimeFormat;
use crate::view::separated::csv_line;

const COLUMNS: [&str; 22] = [
    "profile",
    "organization",
    "organization_id",
    "type",
    "id",
    "name",
    "verdict",
    "status",
    "reason",
    "disks",
    "covered",
    "disk_ids",
    "uncovered_ids",
    "policy_ids",
    "kept",
    "next_run",
    "exception_reason",
    "exception_until",
    "required",
    "generated_at",
    "program_version",
    "complete",
];

/// Renders it. `is_safe` marks values that a spreadsheet would take for formulas.
pub fn csv(report: &Report, times: &TimeFormat, is_safe: bool) -> String {
    let required = report.query.requirements().words().unwrap_or_default();
    let end = [
        required,
        rfc3339(times.now, &times.zone),
        env!("CARGO_PKG_VERSION").to_owned(),
        if report.is_complete() { "yes" } else { "no" }.to_owned(),
    ];
    let mut out = csv_line(&COLUMNS, false);
    let mut push = |cells: [String; 18]| {
        let all: Vec<&str> = cells.iter().chain(&end).map(String::as_str).collect();
        out.push_str(&csv_line(&all, is_safe));
    };
    report.lines().for_each(|(source, line)| push(row(source, line, &report.exceptions)));
    report.exceptions.iter().filter(|applied| applied.state.is_finding()).for_each(|applied| push(finding(applied)));
    for (source, what, why) in unread(report) {
        let mut cells = [const { String::new() }; 18];
        cells[0] = source;
        (cells[3], cells[5], cells[8]) = ("unread".to_owned(), what, why);
        (cells[6], cells[7]) = ("unknown".to_owned(), "unread".to_owned());
        push(cells);
    }
    out
}

fn row(source: &Source, line: &Line, exceptions: &[Applied]) -> [String; 18] {
    let (row, organization) = (&line.row, &source.snapshot.organization);
    let exception = line.exception.and_then(|number| exceptions.get(number)).map(|applied| &applied.exception);
    let kind = match row.kind {
        crate::model::coverage::Kind::Vm => "vm",
        crate::model::coverage::Kind::Disk => "disk",
    };
    [
        source.snapshot.profile.clone().unwrap_or_default(),
        organization.name.clone().unwrap_or_default(),
        organization.id.clone().or_else(|| organization.sub_domain.clone()).unwrap_or_default(),
        kind.to_owned(),
        row.id.clone().unwrap_or_default(),
        row.name.clone(),
        row.verdict.word().to_owned(),
        line.status.word().to_owned(),
        row.reason.clone(),
        row.disks.to_string(),
        row.covered.to_string(),
        line.disks.join(", "),
        row.uncovered.join(", "),
        row.policies.join(", "),
        row.kept.clone().unwrap_or_default(),
        row.next_run.map(utc).unwrap_or_default(),
        exception.map(|exception| exception.reason.clone()).unwrap_or_default(),
        exception.map(|exception| exception.until.clone()).unwrap_or_default(),
    ]
}

fn finding(applied: &Applied) -> [String; 18] {
    let exception = &applied.exception;
    let mut cells = [const { String::new() }; 18];
    cells[0] = exception.profile.clone().unwrap_or_default();
    (cells[3], cells[4], cells[5]) = ("exception".to_owned(), applied.ids.join(", "), exception.target.clone());
    (cells[7], cells[8]) = ("finding".to_owned(), applied.state.words().to_owned());
    (cells[16], cells[17]) = (exception.reason.clone(), exception.until.clone());
    cells
}
