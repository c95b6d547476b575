//! The output of a monitoring plugin, as Nagios and Icinga read it: one line, performance data, then details.
//!
//! See the guidelines of the Monitoring Plugins project. The first line is short, and a `|` separates the performance
//! data, so none may come from a name.

use crate::model::check::{DEFAULT_MAX_AGE, MachineCheck, Report, Status};
use crate::text::escape;

/// The longest first line, in bytes.
const MAX_LINE: usize = 1_024;
/// The longest output, in bytes: Nagios reads 8 KiB.
const MAX_OUTPUT: usize = 7_000;
/// VMs that the first line names.
const NAMED: usize = 5;

/// Writes the line with its performance data, and one further line for each VM that is not ok.
pub fn nagios(report: &Report) -> String {
    let data = performance_data(report);
    let line = cut(&summary_line(report), MAX_LINE - data.len() - " | ".len());
    let mut text = format!("{line} | {data}\n");
    let problems = report.problems.iter().map(|problem| {
        let source = problem.profile.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        format!("{source}{} ({})", problem.message, problem.code)
    });
    let machines = report.machines.iter().filter(|machine| machine.status != Status::Ok).map(detail);
    let details: Vec<String> = problems.chain(machines).map(|detail| plain(&detail)).collect();
    for (number, detail) in details.iter().enumerate() {
        if text.len() + detail.len() > MAX_OUTPUT {
            text += &format!("and {} more\n", details.len() - number);
            break;
        }
        text += &format!("{detail}\n");
    }
    text
}

/// Writes the first line without performance data: `BACKUP CRITICAL - 2 critical of 36 VMs: db1 last backup 3 days ago`.
pub fn summary_line(report: &Report) -> String {
    let status = report.status();
    let worst: Vec<String> = report
        .machines
        .iter()
        .filter(|machine| machine.status != Status::Ok)
        .map(|machine| format!("{} {}", machine.name, machine.reason))
        .chain(report.problems.iter().map(|problem| problem.message.clone()))
        .collect();
    let more = match worst.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let named = worst.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let colon = if named.is_empty() { "" } else { ": " };
    plain(&format!("BACKUP {} - {}{colon}{named}{more}", status.name().to_uppercase(), report.sentence()))
}

/// The line of a check that could not be made.
pub fn unknown_line(message: &str) -> String {
    cut(&plain(&format!("BACKUP UNKNOWN - {message}")), MAX_LINE)
}

fn detail(machine: &MachineCheck) -> String {
    let profile = machine.profile.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let id = machine.id.as_deref().unwrap_or("-");
    let (status, basis) = (machine.status.name(), machine.basis.name());
    format!("{status}: {profile}{} ({id}): {} [basis: {basis}]", machine.name, machine.reason)
}

fn performance_data(report: &Report) -> String {
    let summary = report.summary();
    let total = summary.total;
    let mut data = format!("stale={};0;0;0;{total}", summary.critical + summary.warning);
    if let Some(age) = report.oldest_age().filter(|_| report.limits.is_per_policy) {
        // Each VM has a limit of its own.
        data += &format!(" oldest_age={age}s;;;0");
    } else if let Some(age) = report.oldest_age() {
        let max = report.limits.max_age.unwrap_or(DEFAULT_MAX_AGE);
        let warn = report.limits.warn_age.unwrap_or(max);
        data += &format!(" oldest_age={age}s;{warn};{max};0");
    }
    data + &format!(" uncovered={};;0;0;{total} unknown={};;;0;{total}", summary.uncovered, summary.unknown)
}

/// Text on one line, without the separator of the performance data.
fn plain(text: &str) -> String {
    escape(text).replace('|', "/").replace(['\n', '\r'], " ")
}

/// Cuts a text off at a character.
fn cut(text: &str, length: usize) -> String {
    if text.len() <= length {
        return text.to_owned();
    }
    let mut end = length.saturating_sub("…".len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
