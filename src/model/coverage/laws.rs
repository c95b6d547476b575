//! The coverage against a slow, obvious reference that asks every policy about every disk.

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Kind, Requirements, Verdict, coverage};
use crate::model::{Disk, Fleet, Interval, Machine, Policy, Schedule, Target};

fn interval() -> impl Strategy<Value = Interval> {
    prop::sample::select(vec!["hourly", "daily", "weekly", "monthly", "fortnightly"]).prop_map(Interval::from_api)
}

/// Ids from a small pool, so that they meet; `m5` and `d7` name nothing.
fn policy() -> impl Strategy<Value = Policy> {
    let target = prop::sample::select(vec!["m0", "m1", "m2", "m5", "d0", "d1", "d2", "d3", "d4", "d5", "d7"]);
    (target, option::of(interval()), option::of(0..4_i64), option::of(0..4_i64), option::of(0..9_i64)).prop_map(
        |(target, interval, frequency, retention, next_invocation_at)| Policy {
            retention,
            target: Target { id: Some(target.to_owned()), ..Target::default() },
            schedule: Schedule { interval, frequency, next_invocation_at, ..Schedule::default() },
            ..Policy::default()
        },
    )
}

fn fleet() -> impl Strategy<Value = Fleet> {
    let owner = prop::sample::select(vec![None, Some("m0"), Some("m1"), Some("m2"), Some("m5")]);
    (0..4_usize, vec(owner, 0..7), vec(policy(), 0..9)).prop_map(|(machines, owners, mut policies)| {
        for (number, policy) in policies.iter_mut().enumerate() {
            policy.id = Some(format!("p{number}"));
        }
        let machine = |number| Machine { id: Some(format!("m{number}")), ..Machine::default() };
        let disk = |(number, owner): (usize, Option<&str>)| Disk {
            id: Some(format!("d{number}")),
            machine_id: owner.map(str::to_owned),
            ..Disk::default()
        };
        Fleet {
            machines: (0..machines).map(machine).collect(),
            disks: owners.into_iter().enumerate().map(disk).collect(),
            policies,
        }
    })
}

fn requirements() -> impl Strategy<Value = Requirements> {
    let known = prop::sample::select(vec![Interval::Hourly, Interval::Daily, Interval::Weekly, Interval::Monthly]);
    (option::of(known), option::of(1..4_i64)).prop_map(|(interval, retention)| Requirements { interval, retention })
}

fn hours(interval: &Interval) -> Option<i64> {
    match interval.as_str() {
        "hourly" => Some(1),
        "daily" => Some(24),
        "weekly" => Some(168),
        "monthly" => Some(720),
        _ => None,
    }
}

fn meets(policy: &Policy, wanted: &Requirements) -> bool {
    let often = match &wanted.interval {
        None => true,
        Some(longest) => match policy.schedule.interval.as_ref().and_then(hours) {
            None => false,
            Some(one) => one * policy.schedule.frequency.unwrap_or(1).max(1) <= hours(longest).unwrap(),
        },
    };
    let kept = match wanted.retention {
        None => true,
        Some(least) => policy.retention.is_some_and(|kept| kept >= least),
    };
    often && kept
}

/// A row as the reference sees it: type, id, disks, covered, verdict, policies, next run.
type Seen = (Kind, String, usize, usize, Verdict, Vec<String>, Option<i64>);

fn seen(kind: Kind, id: &str, disks: &[&Disk], fleet: &Fleet, wanted: &Requirements) -> Seen {
    let is_about = |policy: &&Policy, disk: &Disk| {
        let target = policy.target.id.as_deref();
        target == disk.id.as_deref() || (kind == Kind::Vm && target == Some(id))
    };
    let covers = |disk: &Disk| fleet.policies.iter().filter(|policy| is_about(policy, disk)).collect::<Vec<_>>();
    let covered = disks.iter().filter(|disk| !covers(disk).is_empty()).count();
    let any =
        |policy: &&Policy| policy.target.id.as_deref() == Some(id) || disks.iter().any(|disk| is_about(policy, disk));
    let policies: Vec<&Policy> = fleet.policies.iter().filter(any).collect();
    let is_met = if disks.is_empty() {
        policies.iter().any(|policy| meets(policy, wanted))
    } else {
        disks.iter().all(|disk| covers(disk).iter().any(|policy| meets(policy, wanted)))
    };
    let verdict = match (policies.is_empty(), covered < disks.len(), is_met) {
        (true, ..) => Verdict::None,
        (_, true, _) => Verdict::Partial,
        (_, _, false) => Verdict::Weak,
        _ => Verdict::Ok,
    };
    let next = policies.iter().filter_map(|policy| policy.schedule.next_invocation_at).min();
    let mut ids: Vec<String> = policies.iter().map(|policy| policy.id.clone().unwrap()).collect();
    ids.sort();
    (kind, id.to_owned(), disks.len(), covered, verdict, ids, next)
}

fn reference(fleet: &Fleet, wanted: &Requirements) -> Vec<Seen> {
    let mut rows = Vec::new();
    for machine in &fleet.machines {
        let disks: Vec<&Disk> = fleet.disks.iter().filter(|disk| disk.machine_id == machine.id).collect();
        rows.push(seen(Kind::Vm, machine.id.as_deref().unwrap(), &disks, fleet, wanted));
    }
    for disk in &fleet.disks {
        let has_machine = fleet.machines.iter().any(|machine| machine.id == disk.machine_id);
        if !has_machine {
            rows.push(seen(Kind::Disk, disk.id.as_deref().unwrap(), &[disk], fleet, wanted));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(fleet in fleet(), wanted in requirements()) {
        let now = Timestamp::UNIX_EPOCH;
        let found = coverage(&fleet, &wanted, now);
        let verdicts: Vec<Verdict> = found.rows.iter().map(|row| row.verdict).collect();
        prop_assert!(verdicts.is_sorted(), "worst first: {verdicts:?}");
        let mut rows: Vec<Seen> = found.rows.iter().map(|row| {
            let mut policies = row.policies.clone();
            policies.sort();
            (row.kind, row.id.clone().unwrap(), row.disks, row.covered, row.verdict, policies, row.next_run)
        }).collect();
        let mut wanted_rows = reference(&fleet, &wanted);
        let count = |verdict| wanted_rows.iter().filter(|row| row.0 == Kind::Vm && row.4 == verdict).count();
        prop_assert_eq!(
            found.totals.machines.parts(),
            [Verdict::None, Verdict::Partial, Verdict::Weak, Verdict::Ok].map(|verdict| (verdict, count(verdict)))
        );
        prop_assert_eq!(found.totals.disks, fleet.disks.len());
        prop_assert_eq!(found.totals.covered, wanted_rows.iter().map(|row| row.3).sum::<usize>());
        let is_known = |id: &str| fleet.machines.iter().any(|m| m.id.as_deref() == Some(id))
            || fleet.disks.iter().any(|d| d.id.as_deref() == Some(id));
        let strays = fleet.policies.iter().filter(|policy| !is_known(policy.target.id.as_deref().unwrap())).count();
        prop_assert_eq!(found.strays.len(), strays);
        rows.sort_by(|a, b| a.1.cmp(&b.1));
        wanted_rows.sort_by(|a, b| a.1.cmp(&b.1));
        prop_assert_eq!(rows, wanted_rows);
    }
}
