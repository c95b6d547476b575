//! Laws of policies as a file, over random organizations and random files: what is exported plans to nothing, what
//! is applied plans to nothing, and applying again changes nothing.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, bare, katapult};
use crate::world::{DISK, World, policy, vm};

/// An organization as odd as the API may answer.
fn organization(random: &mut Rng) -> World {
    let names = ["web-1", "WEB-1", "db \"1\"", "a\nb", "…", "vm_0", "disk"];
    let machines: Vec<Value> = (0..random.usize(0..6))
        .map(|number| {
            let name = names[random.usize(..names.len())];
            let fqdn = [format!("{name}.acme.net").to_lowercase(), format!("m{number}.acme.net"), String::new()];
            let mut machine = vm(&format!("vm_{number}"), name, &fqdn[random.usize(..3)]);
            match random.u8(0..6) {
                0 => machine["fqdn"] = Value::Null,
                1 => machine["name"] = Value::Null,
                _ => {}
            }
            machine
        })
        .collect();
    let policies = (0..random.usize(0..12)).map(|number| odd_policy(random, number)).collect();
    World::new().vms(machines).policies(policies)
}

fn odd_policy(random: &mut Rng, number: usize) -> Value {
    let intervals = ["hourly", "daily", "weekly", "monthly", "fortnightly"];
    let (kind, owner) = match random.u8(0..4) {
        0 => ("Disk", DISK.to_owned()),
        1 => ("VirtualMachine", "vm_trashed".to_owned()),
        _ => ("VirtualMachine", format!("vm_{}", random.usize(0..6))),
    };
    let interval = intervals[random.usize(..intervals.len())];
    let mut policy = policy(&format!("dbp_{number}"), kind, &owner, "name\n[[rule]]", interval, random.u32(0..40));
    for field in ["frequency", "time", "minute"] {
        policy["schedule"][field] = match random.u8(0..5) {
            0 => Value::Null,
            1 => json!(-1),
            2 => json!(4_000_000_000_u64),
            _ => json!(random.u8(0..4)),
        };
    }
    match random.u8(0..8) {
        0 => policy["target"] = Value::Null,
        1 => policy["retention"] = Value::Null,
        2 => policy["auto_move_to_trash_at"] = json!(4_086_590_400_i64),
        3 => policy["schedule"]["interval"] = Value::Null,
        _ => {}
    }
    policy
}

#[test]
fn what_is_exported_plans_to_nothing() {
    // `src/policyfile/laws.rs` has thousands of these: here a few go all the way through the program.
    for seed in 0..10 {
        let world = organization(&mut Rng::with_seed(seed));
        let server = world.serve();
        let file = katapult(&server, &["export"]).run().ok().stdout;
        let plan = katapult(&server, &["plan", "-f", "-", "--prune", "--detailed-exitcode"]).stdin(&file).run();
        assert_eq!(plan.code, 0, "seed {seed}: {}\n{file}", plan.report());
        assert!(!plan.stdout.contains('!'), "every policy is in the file: seed {seed}: {}\n{file}", plan.report());
    }
}

fn sandbox(home: &Home, args: &[&str]) -> Bpctl {
    bare(args).arg("--sandbox").home(home)
}

#[test]
fn a_grown_organization_plans_to_nothing() {
    let home = Home::new();
    bare(&["sandbox", "reset", "--yes", "--machines", "40", "--policies", "150"]).home(&home).run().ok();
    let file = sandbox(&home, &["export"]).run().ok().stdout;
    sandbox(&home, &["plan", "-f", "-", "--prune", "--detailed-exitcode"]).stdin(&file).run().ok();
}

/// A file of some machines, some intervals and a rule or two.
fn file(random: &mut Rng) -> String {
    let mut text = "version = 1\n".to_owned();
    let fields = |random: &mut Rng| {
        let mut fields = format!("retention = {}\n", random.u8(1..40));
        for (name, most) in [("frequency", 4), ("time", 24), ("minute", 60)] {
            if random.bool() {
                fields += &format!("{name} = {}\n", random.u8(u8::from(name == "frequency")..most));
            }
        }
        fields
    };
    for machine in ["web-1", "web-2", "db-1", "build-1", "mail-1"] {
        for interval in ["hourly", "daily", "weekly"] {
            if random.u8(0..3) == 0 {
                let fields = fields(random);
                text += &format!("[[policy]]\nvm = \"{machine}\"\ninterval = \"{interval}\"\n{fields}");
            }
        }
    }
    for selector in ["match = \"*-1\"", "tag = \"production\"", "match = \"*\""] {
        if random.u8(0..3) == 0 {
            let interval = ["daily", "monthly"][random.usize(..2)];
            text += &format!("[[rule]]\n{selector}\ninterval = \"{interval}\"\n{}", fields(random));
        }
    }
    text
}

#[test]
fn what_is_applied_plans_to_nothing_and_applies_to_nothing() {
    for seed in 0..8 {
        let (home, mut random) = (Home::new(), Rng::with_seed(seed));
        // The second file meets what the first one made.
        for _ in 0..2 {
            let file = file(&mut random);
            let prune: &[&str] = if random.bool() { &["--prune", "--max-deletions", "99"] } else { &[] };
            let apply = || sandbox(&home, &["apply", "-f", "-", "--yes", "-o", "json"]).args(prune).stdin(&file).run();
            apply().ok();
            let plan = sandbox(&home, &["plan", "-f", "-", "--detailed-exitcode"]).args(prune).stdin(&file).run();
            assert_eq!(plan.code, 0, "seed {seed}: {}\n{file}", plan.report());
            let written = history(&home);
            assert_eq!(apply().ok().json(), json!([]), "seed {seed}\n{file}");
            assert_eq!(history(&home), written, "seed {seed}: the second time changes nothing");
        }
        assert!(history(&home) > 0, "seed {seed}: a law over nothing proves nothing");
    }
}

fn history(home: &Home) -> usize {
    sandbox(home, &["history", "-o", "json"]).run().ok().json().as_array().map_or(0, Vec::len)
}
