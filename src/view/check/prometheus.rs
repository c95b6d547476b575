//! A file for the textfile collector of Prometheus' node exporter: the text exposition format.

use std::collections::HashSet;
use std::fmt::{Display, Write};

use crate::model::check::{MachineCheck, Report, Status};

/// Writes all metrics. A series that would stand twice stands once: the collector refuses a file with duplicates.
pub fn prometheus(report: &Report) -> String {
    let mut text = String::new();
    let machines = || report.machines.iter().filter(|machine| machine.id.is_some());
    let mut family = Family::new(
        &mut text,
        "bpctl_backup_last_success_timestamp_seconds",
        "Time of the newest finished backup, in Unix seconds.",
    );
    for (machine, last) in machines().flat_map(|machine| machine.newest.iter().map(move |last| (machine, last))) {
        family.sample(&of_target(machine, &last.target), last.built_at.as_second());
    }
    let mut family =
        Family::new(&mut text, "bpctl_backup_age_limit_seconds", "Age of a backup from which it counts as stale.");
    for (machine, limit) in machines().filter_map(|machine| Some((machine, machine.limit_seconds?))) {
        family.sample(&of(machine), limit);
    }
    let mut family = Family::new(&mut text, "bpctl_backup_size_bytes", "Size of the newest finished backup.");
    for (machine, last) in machines().flat_map(|machine| machine.newest.iter().map(move |last| (machine, last))) {
        if let Some(size) = last.size_bytes {
            family.sample(&of_target(machine, &last.target), size);
        }
    }
    policies(report, &mut text);
    let mut family = Family::new(
        &mut text,
        "bpctl_machine_covered",
        "Whether backups of the VM exist or all its disks have a policy.",
    );
    for (machine, is_covered) in machines().filter_map(|machine| Some((machine, machine.is_covered?))) {
        family.sample(&of(machine), u8::from(is_covered));
    }
    let mut family =
        Family::new(&mut text, "bpctl_machine_status", "Verdict on the VM: 0 ok, 1 warning, 2 critical, 3 unknown.");
    for machine in machines() {
        family.sample(&of(machine), machine.status.plugin_code());
    }
    whole(report, &mut text);
    text
}

fn policies(report: &Report, text: &mut String) {
    let all =
        || report.machines.iter().flat_map(|machine| machine.policies.iter().map(move |policy| (machine, policy)));
    let labels = |machine: &MachineCheck, policy: &str| {
        labels(&[
            ("profile", machine.profile.as_deref().unwrap_or_default()),
            ("provider", machine.provider),
            ("policy", policy),
        ])
    };
    let mut family =
        Family::new(text, "bpctl_policy_next_run_timestamp_seconds", "Time of the policy's next run, in Unix seconds.");
    for (machine, policy) in all() {
        if let Some(next) = policy.next_run {
            family.sample(&labels(machine, &policy.id), next);
        }
    }
    let mut family = Family::new(text, "bpctl_policy_interval_seconds", "Time between two runs of the policy.");
    for (machine, policy) in all() {
        if let Some(interval) = policy.interval_seconds {
            family.sample(&labels(machine, &policy.id), interval);
        }
    }
    let mut family = Family::new(text, "bpctl_policy_retention", "Backups that the policy keeps.");
    for (machine, policy) in all() {
        if let Some(retention) = policy.retention {
            family.sample(&labels(machine, &policy.id), retention);
        }
    }
}

/// The metrics of the check itself: these are always there.
fn whole(report: &Report, text: &mut String) {
    let summary = report.summary();
    let mut family = Family::new(text, "bpctl_check_machines", "VMs by verdict.");
    for status in Status::ALL {
        let count = match status {
            Status::Ok => summary.ok,
            Status::Warning => summary.warning,
            Status::Critical => summary.critical,
            Status::Unknown => summary.unknown,
        };
        family.sample(&labels(&[("status", status.name())]), count);
    }
    let incomplete = summary.unknown + report.problems.len() + usize::from(report.is_empty());
    Family::new(text, "bpctl_check_incomplete", "What could not be read or judged: VMs and lists.")
        .sample("", incomplete);
    Family::new(text, "bpctl_check_success", "Whether everything was read and judged.")
        .sample("", u8::from(report.is_complete()));
    Family::new(text, "bpctl_check_timestamp_seconds", "Time of the check, in Unix seconds.")
        .sample("", report.checked_at.as_second());
}

/// One metric with its samples. It is announced with the first of them.
struct Family<'t> {
    text: &'t mut String,
    name: &'static str,
    help: &'static str,
    seen: HashSet<String>,
}

impl<'t> Family<'t> {
    fn new(text: &'t mut String, name: &'static str, help: &'static str) -> Self {
        Self { text, name, help, seen: HashSet::new() }
    }

    fn sample(&mut self, labels: &str, value: impl Display) {
        if self.seen.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(self.text, "# HELP {0} {1}\n# TYPE {0} gauge\n", self.name, self.help);
        }
        if self.seen.insert(labels.to_owned()) {
            let _ = writeln!(self.text, "{}{labels} {value}", self.name);
        }
    }
}

fn of(machine: &MachineCheck) -> String {
    labels(&common(machine))
}

fn of_target(machine: &MachineCheck, target: &str) -> String {
    labels(&[&common(machine)[..], &[("target", target)]].concat())
}

fn common(machine: &MachineCheck) -> [(&'static str, &str); 4] {
    [
        ("profile", machine.profile.as_deref().unwrap_or_default()),
        ("provider", machine.provider),
        ("vm", &machine.name),
        ("vm_id", machine.id.as_deref().unwrap_or_default()),
    ]
}

/// Writes labels: a backslash, a quote and a line feed are escaped, as the format demands.
fn labels(pairs: &[(&str, &str)]) -> String {
    let one = |(name, value): &(&str, &str)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    };
    format!("{{{}}}", pairs.iter().map(one).collect::<Vec<_>>().join(","))
}
