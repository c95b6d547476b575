//! What a new world holds, and when its policies run.

use std::time::{Duration, Instant};

use super::*;
use crate::sandbox::schedule::{Interval, Schedule};
use crate::sandbox::seed;

#[test]
fn the_company_is_as_described() {
    let api = api(options());
    let organizations = api.get("/organizations").json();
    assert_eq!(organizations["organizations"].as_array().map(Vec::len), Some(1));
    assert_eq!(organizations["organizations"][0]["sub_domain"], "acme");
    let path = "/organizations/organization/disk_backup_policies?organization[sub_domain]=acme";
    let policies = api.get(path).json();
    assert_eq!(policies["pagination"]["total"], 9);
    let listed = policies["disk_backup_policies"].as_array().expect("a list");
    for interval in ["hourly", "daily", "weekly", "monthly"] {
        assert!(listed.iter().any(|policy| policy["schedule"]["interval"] == interval));
    }
    let trash = api.get("/organizations/_/trash_objects?organization[sub_domain]=acme").json();
    assert_eq!(trash["trash_objects"][0]["keep_until"], NOW + 38 * 3_600);
    let machines = api.get("/organizations/_/virtual_machines?organization[sub_domain]=acme");
    assert_eq!(machines.json()["pagination"]["total"], 8);
}

#[test]
fn worlds_come_in_all_sizes() {
    for (machines, policies, organizations) in [(0, 0, 0), (1, 1, 1), (3, 40, 2), (100, 500, 3)] {
        let seed = Seed { machines, policies, organizations };
        let world = seed::world(&seed, NOW);
        assert_eq!(world.machines.len(), machines);
        assert_eq!(world.organizations.len(), organizations.max(1));
        assert!(world.policies.len() <= policies);
        let again = seed::world(&seed, NOW);
        assert_eq!(serde_json::to_string(&world).expect("JSON"), serde_json::to_string(&again).expect("JSON"));
        for id in world.policies.iter().map(|policy| &policy.id) {
            let (prefix, rest) = id.split_once('_').expect("a prefix");
            assert_eq!((prefix, rest.len()), ("dbp", 16));
        }
    }
}

#[test]
fn a_large_world_stays_fast() {
    let api = api(Options {
        seed: Seed { machines: 2_000, policies: 5_000, organizations: 1 },
        rate_limit: 100_000,
        ..options()
    });
    let before = Instant::now();
    for number in 0..200 {
        let name = format!("node-{:05}", 9 + number);
        assert!(!api.policies(&name).is_empty());
    }
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
}

#[test]
fn runs_follow_the_schedule() {
    let next = |interval, frequency, time, minute| {
        let schedule =
            Schedule { frequency: Some(frequency), interval: Some(interval), minute: Some(minute), time: Some(time) };
        schedule.next_run("dbp_x", NOW) - NOW
    };
    assert_eq!(next(Interval::Hourly, 1, 0, 15), 900);
    assert_eq!(next(Interval::Hourly, 1, 0, 0), 3_600);
    assert_eq!(next(Interval::Daily, 1, 9, 30), 23 * 3_600 + 1_800);
    assert_eq!(next(Interval::Daily, 1, 10, 1), 60);
    for (interval, longest) in [
        (Interval::Hourly, 3_600),
        (Interval::Daily, 86_400),
        (Interval::Weekly, 7 * 86_400),
        (Interval::Monthly, 31 * 86_400),
    ] {
        for frequency in [1, 2, 5, i64::MAX] {
            let wait = next(interval, frequency, 23, 59);
            assert!(wait > 0, "{interval:?} {frequency}");
            assert!(wait <= longest * frequency.min(1_200), "{interval:?} {frequency}");
        }
    }
}

#[test]
fn the_next_run_moves_with_the_clock() {
    let hand = Hand::new();
    let api = api(Options { clock: hand.clock(), ..options() });
    let next = || {
        let policies = api.policies("web-2");
        policies[0]["schedule"]["next_invocation_at"].as_i64().expect("a time")
    };
    let first = next();
    hand.pass(first - NOW);
    assert_eq!(next(), first + 7 * 86_400);
}
