//! Judges VMs by the schedules of their policies, where the API has no list of backups.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Basis, Limits, MachineCheck, PolicyFacts, Status, some_of};
use crate::model::{Disk, Index, Machine, Policy};
use crate::time::length;

/// Something that is wrong, or not known.
type Finding = (Status, String);

/// Judges a VM by its policies and those of its disks. `unread` are the policies whose details could not be read.
pub fn judge<'a>(
    machine: &Machine,
    index: &Index<'a>,
    unread: &HashSet<&str>,
    limits: &Limits,
    now: Timestamp,
) -> MachineCheck {
    let disks = index.disks_of(machine);
    let lasting = |policies: &[&'a Policy]| policies.iter().copied().filter(|policy| !ends_first(policy)).collect();
    let own: Vec<&Policy> = lasting(index.of_machine(machine));
    let of_disk = |disk: &Disk| -> Vec<&Policy> { lasting(index.of_disk(disk)) };
    let covering = |disk: &&Disk| [own.clone(), of_disk(disk)].concat();
    let mut policies = own.clone();
    policies.extend(disks.iter().flat_map(|disk| of_disk(disk)));
    let uncovered: Vec<_> = disks.iter().filter(|disk| covering(disk).is_empty()).map(|disk| disk.label()).collect();
    let mut findings: Vec<Finding> = Vec::new();
    if policies.is_empty() {
        findings.push((Status::Critical, "no policy".to_owned()));
    } else if !uncovered.is_empty() {
        findings.push((Status::Critical, format!("not covered: {}", uncovered.join(", "))));
    }
    findings.extend(policies.iter().filter_map(|policy| late(policy, unread, limits.grace, now)));
    let groups: Vec<Vec<&Policy>> =
        if disks.is_empty() { vec![own.to_vec()] } else { disks.iter().map(covering).collect() };
    let groups = || groups.iter().filter(|group| !group.is_empty());
    for group in groups() {
        findings
            .extend(rare(group, limits).filter(|finding| !findings.contains(finding)).into_iter().collect::<Vec<_>>());
    }
    let status = findings.iter().map(|(status, _)| *status).max().unwrap_or(Status::Ok);
    let reasons: Vec<String> = findings.into_iter().filter(|(of, _)| *of == status).map(|(_, reason)| reason).collect();
    let reason = if reasons.is_empty() { upcoming(&policies, now) } else { some_of(&reasons) };
    let worst_period = || groups().filter_map(|group| period(group)).max();
    MachineCheck {
        limit_seconds: if limits.is_per_policy {
            worst_period().map(|period| period.saturating_add(limits.grace))
        } else {
            limits.max_age
        },
        is_covered: Some(!policies.is_empty() && uncovered.is_empty()),
        policies: policies.iter().map(|policy| facts(policy)).collect(),
        ..MachineCheck::new(Basis::Schedule, machine, status, reason)
    }
}

/// Whether a policy moves to the trash before it runs again: it makes no more backups.
fn ends_first(policy: &Policy) -> bool {
    let next = policy.schedule.next_invocation_at.unwrap_or(i64::MAX);
    policy.auto_move_to_trash_at.is_some_and(|at| at <= next)
}

/// Says where the scheduler has not moved on, or where that cannot be known.
fn late(policy: &Policy, unread: &HashSet<&str>, grace: u64, now: Timestamp) -> Option<Finding> {
    let id = policy.id_text();
    if unread.contains(id) {
        return Some((Status::Unknown, format!("policy {id} could not be read")));
    }
    let Some(next) = policy.schedule.next_invocation_at else {
        return Some((Status::Unknown, format!("policy {id} has no next run")));
    };
    let late = u64::try_from(now.as_second().saturating_sub(next)).unwrap_or(0);
    (late > grace)
        .then(|| (Status::Critical, format!("policy {id} is overdue: its next run was due {} ago", length(late))))
}

/// Says where even punctual runs are too far apart.
fn rare(group: &[&Policy], limits: &Limits) -> Option<Finding> {
    let strictest = limits.warn_age.or(limits.max_age)?;
    let Some(period) = period(group) else {
        let ids: Vec<&str> = group.iter().map(|policy| policy.id_text()).collect();
        return Some((Status::Unknown, format!("it is not known how often policy {} runs", ids.join(", "))));
    };
    let every = format!("runs every {} at best", length(period));
    match limits.max_age {
        Some(max) if period > max => Some((Status::Critical, format!("{every} (max {})", length(max)))),
        _ if period > strictest => Some((Status::Warning, format!("{every} (warn {})", length(strictest)))),
        _ => None,
    }
}

/// The interval of the most frequent policy whose interval and frequency are known.
fn period(group: &[&Policy]) -> Option<u64> {
    let known = group.iter().filter(|policy| policy.schedule.frequency.is_some());
    known.filter_map(|policy| policy.schedule.period_seconds()).min()
}

fn upcoming(policies: &[&Policy], now: Timestamp) -> String {
    let next = policies.iter().filter_map(|policy| policy.schedule.next_invocation_at).min();
    let left = next.map(|next| u64::try_from(next.saturating_sub(now.as_second())).unwrap_or(0));
    left.map_or_else(String::new, |left| {
        if left == 0 { "next run now".to_owned() } else { format!("next run in {}", length(left)) }
    })
}

fn facts(policy: &Policy) -> PolicyFacts {
    PolicyFacts {
        id: policy.id_text().to_owned(),
        next_run: policy.schedule.next_invocation_at,
        interval_seconds: policy.schedule.frequency.and_then(|_| policy.schedule.period_seconds()),
        retention: policy.retention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fleet, Interval, Schedule, Target, TargetKind};

    const NOW: i64 = 1_760_000_000;
    const NO_LIMITS: Limits = Limits { max_age: None, warn_age: None, is_per_policy: false, grace: 900 };

    fn policy(id: &str, target: &str, next: Option<i64>) -> Policy {
        Policy {
            id: Some(id.to_owned()),
            target: Target { id: Some(target.to_owned()), kind: TargetKind::Unknown, ..Target::default() },
            schedule: Schedule {
                interval: Some(Interval::Daily),
                frequency: Some(1),
                next_invocation_at: next.map(|next| NOW + next),
                ..Schedule::default()
            },
            ..Policy::default()
        }
    }

    fn disk(id: &str) -> Disk {
        Disk { id: Some(id.to_owned()), machine_id: Some("vm".to_owned()), ..Disk::default() }
    }

    fn judge_all(disks: Vec<Disk>, policies: Vec<Policy>, limits: &Limits) -> MachineCheck {
        let machines = vec![Machine { id: Some("vm".to_owned()), ..Machine::default() }];
        let fleet = Fleet { machines, disks, policies };
        judge(&fleet.machines[0], &fleet.index(), &HashSet::new(), limits, Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn cover_and_punctuality_decide() {
        let status = |disks, policies| judge_all(disks, policies, &NO_LIMITS).status;
        assert_eq!(status(vec![], vec![]), Status::Critical);
        assert_eq!(status(vec![disk("a")], vec![policy("p", "vm", Some(60))]), Status::Ok);
        assert_eq!(status(vec![disk("a")], vec![policy("p", "vm", Some(-899))]), Status::Ok);
        assert_eq!(status(vec![disk("a")], vec![policy("p", "vm", Some(-901))]), Status::Critical);
        assert_eq!(status(vec![disk("a")], vec![policy("p", "vm", None)]), Status::Unknown);
        assert_eq!(status(vec![disk("a"), disk("b")], vec![policy("p", "a", Some(60))]), Status::Critical);
        let both = vec![policy("p", "a", Some(60)), policy("q", "b", Some(60))];
        assert_eq!(status(vec![disk("a"), disk("b")], both), Status::Ok);
    }

    #[test]
    fn an_interval_is_held_to_the_limits() {
        let limits = |max: Option<u64>, warn| Limits { max_age: max, warn_age: warn, ..NO_LIMITS };
        let status = |policy, limits| judge_all(vec![], vec![policy], &limits).status;
        let daily = || policy("p", "vm", Some(60));
        assert_eq!(status(daily(), limits(Some(93_600), None)), Status::Ok);
        assert_eq!(status(daily(), limits(Some(80_000), None)), Status::Critical);
        assert_eq!(status(daily(), limits(Some(93_600), Some(80_000))), Status::Warning);
        let with = |change: fn(&mut Policy)| {
            let mut policy = daily();
            change(&mut policy);
            policy
        };
        let every_other = with(|policy| policy.schedule.frequency = Some(2));
        assert_eq!(status(every_other, limits(Some(93_600), None)), Status::Critical);
        let unknown: [fn(&mut Policy); 2] = [
            |policy| policy.schedule.frequency = None,
            |policy| policy.schedule.interval = Some(Interval::Other("lunar".to_owned())),
        ];
        for change in unknown {
            assert_eq!(status(with(change), limits(Some(93_600), None)), Status::Unknown);
            assert_eq!(status(with(change), NO_LIMITS), Status::Ok, "no limit was given");
        }
    }
}
