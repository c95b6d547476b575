//! Generated organizations, VMs and policies beyond the company, for large worlds.

use super::company::{disk, machine_id};
use super::{COMPANY_MACHINES, COMPANY_POLICIES, Seed};
use crate::sandbox::identifiers::{identifier, password};
use crate::sandbox::schedule::{Interval, Schedule};
use crate::sandbox::state::{Attachment, Machine, Organization, Policy, Target, TargetKind, World};

const DAY: i64 = 86_400;

/// Adds objects until there are as many as `seed` wants.
pub(super) fn fill(world: &mut World, seed: &Seed, now: i64) {
    for number in 2..=seed.organizations {
        world.organizations.push(organization(number, now));
    }
    for number in COMPANY_MACHINES + 1..=seed.machines {
        let owner = world.organizations[number % world.organizations.len()].clone();
        add_machine(world, number, &owner, now);
    }
    let targets: Vec<(String, String)> = world
        .machines
        .iter()
        .skip(COMPANY_MACHINES)
        .map(|machine| (machine.id.clone(), machine.organization.clone()))
        .collect();
    add_policies(world, seed, targets);
}

fn organization(number: usize, now: i64) -> Organization {
    Organization {
        id: identifier("org", &format!("tenant {number}")),
        name: format!("Tenant {number}"),
        sub_domain: format!("tenant-{number}"),
        created_at: now - 300 * DAY,
    }
}

fn add_machine(world: &mut World, number: usize, owner: &Organization, now: i64) {
    let name = format!("node-{number:05}");
    let created_at = now - 200 * DAY + i64::try_from(number).unwrap_or_default();
    let mut system = disk("System Disk", &name, 25, &owner.id, created_at);
    system.attachment =
        Some(Attachment { machine: machine_id(&name), attach_on_boot: true, boot: true, state: "attached".to_owned() });
    world.disks.push(system);
    world.machines.push(Machine {
        id: machine_id(&name),
        organization: owner.id.clone(),
        fqdn: format!("{name}.{}", owner.domain()),
        hostname: name.clone(),
        description: None,
        created_at,
        initial_root_password: password(&name),
        state: "started".to_owned(),
        cpu_cores: 1,
        memory_in_gb: 3,
        address: format!("198.18.{}.{}", number / 250 % 256, number % 250 + 1),
        tags: Vec::new(),
        annotations: Vec::new(),
        name,
    });
}

/// Distributes policies over the generated VMs, or over the company's where there are no others.
fn add_policies(world: &mut World, seed: &Seed, mut targets: Vec<(String, String)>) {
    if targets.is_empty() {
        let machines = world.machines.iter();
        targets = machines.map(|machine| (machine.id.clone(), machine.organization.clone())).collect();
    }
    if targets.is_empty() {
        return;
    }
    for number in COMPANY_POLICIES + 1..=seed.policies {
        let (machine, organization) = &targets[number % targets.len()];
        world.policies.push(policy(number, machine, organization));
    }
}

fn policy(number: usize, machine: &str, organization: &str) -> Policy {
    let step = i64::try_from(number).unwrap_or_default();
    let interval = match number % 10 {
        0 => Interval::Hourly,
        1..=5 => Interval::Daily,
        6..=8 => Interval::Weekly,
        _ => Interval::Monthly,
    };
    Policy {
        id: identifier("dbp", &format!("generated {number}")),
        organization: organization.to_owned(),
        retention: Some(1 + step % 30),
        // Quarters have an exact decimal form.
        total_size: f64::from(u32::try_from(number % 4_000).unwrap_or_default()) / 4.0,
        target: Target { kind: TargetKind::VirtualMachine, id: machine.to_owned() },
        schedule: Schedule {
            frequency: Some(1),
            interval: Some(interval),
            time: Some(step % 24),
            minute: Some(step * 7 % 60),
        },
        auto_move_to_trash_at: None,
    }
}
