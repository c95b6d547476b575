//! The checks, one function a code.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Evidence, Finding, rule};
use crate::model::calendar::runs;
use crate::model::{Index, Interval, Machine, Policy, TargetKind};
use crate::time::relative;

const DAY: i64 = 86_400;
const WEEK: u64 = 7 * 86_400;
/// Policies named in a finding about many.
const NAMED: usize = 6;

pub(super) fn all(evidence: &Evidence<'_>) -> Vec<Finding> {
    let index = evidence.fleet.index();
    let mut findings = Vec::new();
    for machine in &evidence.fleet.machines {
        findings.extend(protection(machine, &index, evidence));
        findings.extend(twice_daily(machine, &index));
    }
    for policy in &evidence.fleet.policies {
        findings.extend(one_backup(policy, evidence));
        findings.extend(trashed(policy, evidence));
        findings.extend(ending(policy, evidence.now));
    }
    findings.extend(crowded(evidence));
    findings
}

pub(super) fn finding(
    code: &str,
    policy: Option<&Policy>,
    target: &str,
    message: String,
    hint: String,
) -> Option<Finding> {
    let rule = rule(code)?;
    let policy = policy.and_then(|policy| policy.id.clone());
    let target = Some(target.to_owned()).filter(|target| !target.is_empty());
    Some(Finding { code: rule.code, severity: rule.severity, policy, target, message, hint, location: None })
}

/// An id for a command that a user may paste into a shell; a strange one is left for the user to fill in.
pub(super) fn word<'a>(id: Option<&'a str>, placeholder: &'static str) -> &'a str {
    let is_plain = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    id.filter(is_plain).filter(|id| !id.starts_with('-')).unwrap_or(placeholder)
}

/// W001 and W002.
fn protection(machine: &Machine, index: &Index<'_>, evidence: &Evidence<'_>) -> Option<Finding> {
    let mut policies = index.of_machine(machine).to_vec();
    for disk in index.disks_of(machine) {
        policies.extend(index.of_disk(disk));
    }
    let label = machine.label();
    let vm = word(machine.id.as_deref(), "VM");
    let create = if machine.is_windows() {
        "`bpctl policy create --disk DISK --interval daily`, for each disk".to_owned()
    } else {
        format!("`bpctl policy create --vm {vm} --interval daily --retention 14`")
    };
    if policies.is_empty() {
        let that_works = if evidence.onapp.is_some() { " that makes backups" } else { "" };
        let message = format!("{label} and its disks have no policy{that_works}");
        return finding("W001", None, label, message, create);
    }
    let periods: Option<Vec<u64>> = policies.iter().map(|policy| policy.schedule.period_seconds()).collect();
    let shortest = periods?.into_iter().min()?;
    if shortest < WEEK {
        return None;
    }
    let most_frequent = policies.iter().find(|policy| policy.schedule.period_seconds() == Some(shortest))?;
    let schedule = most_frequent.schedule.words();
    finding("W002", Some(most_frequent), label, format!("{label} is backed up no more often than: {schedule}"), create)
}

/// W012.
fn twice_daily(machine: &Machine, index: &Index<'_>) -> Vec<Finding> {
    let own = index.of_machine(machine);
    let Some(whole) = own.iter().find(|policy| is_daily(policy)) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for disk in index.disks_of(machine) {
        for policy in index.of_disk(disk).iter().filter(|policy| is_daily(policy)) {
            let name = disk.label();
            let message = format!(
                "{name} is backed up daily by {} and, with its VM {}, by {}",
                policy.id_text(),
                machine.label(),
                whole.id_text()
            );
            let hint = format!("`bpctl policy show {}` shows what it keeps", word(policy.id.as_deref(), "POLICY"));
            findings.extend(finding("W012", Some(policy), &name, message, hint));
        }
    }
    findings
}

fn is_daily(policy: &Policy) -> bool {
    policy.schedule.interval == Some(Interval::Daily) && policy.schedule.frequency.unwrap_or(1) == 1
}

/// W011.
fn one_backup(policy: &Policy, evidence: &Evidence<'_>) -> Option<Finding> {
    let retention = policy.retention?;
    // A policy of a disk keeps no more on OnApp: W031 is about that.
    if retention > 1 || evidence.onapp.is_some() && policy.target.kind == TargetKind::Disk {
        return None;
    }
    let message = format!("{} of {} has a retention of {retention}", policy.id_text(), policy.target.label());
    let hint = format!("`bpctl policy update {} --retention 7`", word(policy.id.as_deref(), "POLICY"));
    finding("W011", Some(policy), policy.target.label(), message, hint)
}

/// W021.
fn trashed(policy: &Policy, evidence: &Evidence<'_>) -> Option<Finding> {
    let is_trashed = evidence.trash?.contains(policy.target.id.as_deref()?);
    let target = policy.target.label();
    let message = format!("{target}, which {} backs up, is in the trash", policy.id_text());
    let hint = format!("`bpctl policy delete {}` if it is not needed any more", word(policy.id.as_deref(), "POLICY"));
    is_trashed.then(|| finding("W021", Some(policy), target, message, hint)).flatten()
}

/// W022.
fn ending(policy: &Policy, now: Timestamp) -> Option<Finding> {
    let at = policy.auto_move_to_trash_at?;
    if at > now.as_second().saturating_add(7 * DAY) {
        return None;
    }
    let when = Timestamp::from_second(at).map_or_else(|_| "soon".to_owned(), |at| relative(at, now));
    let target = policy.target.label();
    let message = format!("{} of {target} moves to the trash {when}", policy.id_text());
    let hint = format!(
        "`bpctl policy schedule-delete {} --at +30d` puts it off; the API cannot cancel it",
        word(policy.id.as_deref(), "POLICY")
    );
    finding("W022", Some(policy), target, message, hint)
}

/// W013.
fn crowded(evidence: &Evidence<'_>) -> Vec<Finding> {
    let from = evidence.now.as_second();
    let all = runs(&evidence.fleet.policies, from, from.saturating_add(7 * DAY));
    let mut groups: HashMap<Vec<&str>, (i64, usize)> = HashMap::new();
    for runs in all.runs.chunk_by(|a, b| a.at.div_euclid(60) == b.at.div_euclid(60)) {
        if runs.len() <= evidence.max_per_minute {
            continue;
        }
        let mut policies: Vec<&str> = runs.iter().map(|run| run.policy.id_text()).collect();
        policies.sort_unstable();
        let minute = runs[0].at.div_euclid(60) * 60;
        groups.entry(policies).or_insert((minute, 0)).1 += 1;
    }
    groups.into_iter().filter_map(|(policies, (minute, times))| crowd(&policies, minute, times, evidence)).collect()
}

fn crowd(policies: &[&str], minute: i64, times: usize, evidence: &Evidence<'_>) -> Option<Finding> {
    let when = Timestamp::from_second(minute).ok()?.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let more = policies.len().saturating_sub(NAMED);
    let names = policies[..policies.len().min(NAMED)].join(", ");
    let names = if more > 0 { format!("{names} and {more} more") } else { names };
    let again = match times {
        1 => String::new(),
        _ => format!(", and in {} more minutes of the next 7 days", times - 1),
    };
    let count = policies.len();
    let message = format!("{count} policies (allowed: {}) run at {when}{again}: {names}", evidence.max_per_minute);
    finding("W013", None, "", message, "`bpctl calendar --next 7d` shows the busy hours".to_owned())
}
