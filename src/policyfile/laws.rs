//! Over random organizations, as odd as the API may answer: an exported file plans no changes, and leaves
//! no policy out.

use fastrand::Rng;

use super::{Surroundings, read, resolve, rows, write};
use crate::model::{Capabilities, Interval, Machine, Policy, Schedule, Target, TargetKind};
use crate::text::escape;

/// Most names are shared by several machines, and some machines have none.
fn machines(random: &mut Rng) -> Vec<Machine> {
    let names = ["web-1", "WEB-1", "db \"1\"", "a\nb", "…", "vm_0", "disk"];
    let count = random.usize(0..6);
    let machine = |number: usize| {
        let name = names[random.usize(..names.len())];
        let fqdn = [format!("{name}.acme.net").to_lowercase(), format!("m{number}.acme.net"), String::new()];
        Machine {
            id: Some(format!("vm_{number}")),
            name: (random.u8(0..6) > 0).then(|| name.to_owned()),
            fqdn: (random.u8(0..6) > 0).then(|| fqdn[random.usize(..3)].clone()),
            ..Machine::default()
        }
    };
    (0..count).map(machine).collect()
}

fn policy(random: &mut Rng, number: usize) -> Policy {
    let (kind, id) = match random.u8(0..4) {
        0 => (TargetKind::Disk, "disk_0".to_owned()),
        1 => (TargetKind::VirtualMachine, "vm_trashed".to_owned()),
        _ => (TargetKind::VirtualMachine, format!("vm_{}", random.usize(0..6))),
    };
    let interval = ["hourly", "daily", "weekly", "monthly", "fortnightly"][random.usize(..5)];
    let mut field = || match random.u8(0..5) {
        0 => None,
        1 => Some(-1),
        2 => Some(4_000_000_000),
        _ => Some(random.i64(0..4)),
    };
    let (frequency, time, minute) = (field(), field(), field());
    Policy {
        id: Some(format!("dbp_{number}")),
        retention: (random.u8(0..8) > 0).then(|| random.i64(0..40)),
        target: Target { kind, id: Some(id), name: Some("name\n[[rule]]".to_owned()) },
        schedule: Schedule {
            interval: (random.u8(0..8) > 0).then(|| Interval::from_api(interval)),
            frequency,
            time,
            minute,
            ..Schedule::default()
        },
        auto_move_to_trash_at: (random.u8(0..8) == 0).then_some(4_086_590_400),
        ..Policy::default()
    }
}

#[test]
fn what_is_exported_asks_for_nothing_new() {
    let mut lines = 0;
    for seed in 0..2_000 {
        let mut random = Rng::with_seed(seed);
        let machines = machines(&mut random);
        let policies: Vec<Policy> = (0..random.usize(0..12)).map(|number| policy(&mut random, number)).collect();
        let live = Surroundings {
            machines: &machines,
            disks: &[],
            policies: &policies,
            capabilities: &Capabilities::KATAPULT,
        };
        let text = write(None, &rows(&policies, live), escape);
        let document = read("a file", &text).unwrap_or_else(|error| panic!("seed {seed}: {}\n{text}", error.message));
        if document.entries.is_empty() {
            assert!(policies.is_empty(), "seed {seed}");
            continue;
        }
        let matching =
            resolve("a file", &document, live).unwrap_or_else(|error| panic!("seed {seed}: {}\n{text}", error.message));
        assert!(matching.unlisted.is_empty(), "seed {seed}: left out: {:?}\n{text}", matching.unlisted);
        assert_eq!(matching.wanted.len(), policies.len(), "seed {seed}\n{text}");
        for wanted in matching.wanted {
            let policy = policies.iter().find(|policy| policy.id == wanted.policy);
            let policy = policy.unwrap_or_else(|| panic!("seed {seed}: a new policy, {wanted:?}\n{text}"));
            assert!(wanted.fields.against(policy).is_empty(), "seed {seed}: {wanted:?}\n{text}");
            lines += 1;
        }
    }
    assert!(lines > 5_000, "only {lines} policies were exported");
}
