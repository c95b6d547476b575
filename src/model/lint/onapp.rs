//! The checks of what only OnApp clouds have.

use jiff::Timestamp;

use super::check::{finding, word};
use super::{Finding, OnAppFacts};
use crate::model::{Disk, Fleet, Index, Machine, Policy, TargetKind};
use crate::time::relative;

pub(super) fn all(fleet: &Fleet, facts: &OnAppFacts<'_>, now: Timestamp) -> Vec<Finding> {
    let index = fleet.index();
    let mut findings = Vec::new();
    for machine in &fleet.machines {
        findings.extend(single_backups(machine, &index));
        findings.extend(facts.idle.iter().filter_map(|policy| of_windows(machine, policy)));
    }
    for policy in fleet.policies.iter().chain(facts.idle) {
        findings.extend(failed(policy, now));
        findings.extend(not_enabled(policy));
    }
    findings.extend(removes_backups(facts));
    findings
}

/// W031. Several policies of a disk keep one backup each, and a policy of its VM keeps others.
fn single_backups(machine: &Machine, index: &Index<'_>) -> Vec<Finding> {
    if !index.of_machine(machine).is_empty() {
        return Vec::new();
    }
    let only = |disk: &Disk| match index.of_disk(disk) {
        [policy] if policy.target.kind == TargetKind::Disk => Some(*policy),
        _ => None,
    };
    let policies = index.disks_of(machine).iter().filter_map(|disk| only(disk));
    policies.filter_map(single_backup).collect()
}

fn single_backup(policy: &Policy) -> Option<Finding> {
    let target = policy.target.label();
    let message = format!("{target} has one backup at a time: {} keeps no more of a disk", policy.id_text());
    let disk = word(policy.target.id.as_deref(), "DISK");
    let hint = format!("`bpctl policy create --disk {disk} --interval weekly` keeps an older one, too");
    finding("W031", Some(policy), target, message, hint)
}

/// W032.
fn of_windows(machine: &Machine, policy: &Policy) -> Option<Finding> {
    let is_its = policy.target.kind == TargetKind::VirtualMachine && policy.target.id == machine.id;
    if !is_its || machine.id.is_none() || !machine.is_windows() {
        return None;
    }
    let label = machine.label();
    let message = format!("{label} runs Windows, so {} makes no backups of it", policy.id_text());
    let hint = format!(
        "`bpctl disk list --vm {}` shows its disks; `bpctl policy create --disk DISK --interval daily`, for each",
        word(machine.id.as_deref(), "VM")
    );
    finding("W032", Some(policy), label, message, hint)
}

/// W033.
fn failed(policy: &Policy, now: Timestamp) -> Option<Finding> {
    let count = policy.failures.filter(|count| *count > 0)?;
    let (id, target) = (policy.id_text(), policy.target.label());
    let last = policy.last_run.and_then(|at| Timestamp::from_second(at).ok()).map_or_else(String::new, |at| {
        format!(
            "; the status of its last run, {}, is {}",
            relative(at, now),
            policy.last_status.as_deref().unwrap_or("unknown")
        )
    });
    let message = format!("{id} of {target} has failed runs: {count}{last}");
    let hint = "`bpctl transactions list --filter 'status = failed'` shows failures; `bpctl transaction show ID --log` \
                their reason";
    finding("W033", Some(policy), target, message, hint.to_owned())
}

/// W034.
fn not_enabled(policy: &Policy) -> Option<Finding> {
    let status = policy.status.as_deref().filter(|_| !policy.is_enabled())?;
    let (id, target) = (policy.id_text(), policy.target.label());
    let message = format!("{id} of {target} makes no backups: its status is {status}");
    let id = word(policy.id.as_deref(), "POLICY");
    finding("W034", Some(policy), target, message, format!("`bpctl policy resume {id}`, or `bpctl policy delete {id}`"))
}

/// W035.
fn removes_backups(facts: &OnAppFacts<'_>) -> Option<Finding> {
    let message = "deleting a VM deletes its backups (`remove_backups_on_destroy_vm` is on)".to_owned();
    let hint =
        "`bpctl backup convert BACKUP --label TEXT` keeps one as a template; the setting is in the control panel";
    facts.removes_backups?.then(|| finding("W035", None, "", message, hint.to_owned())).flatten()
}
