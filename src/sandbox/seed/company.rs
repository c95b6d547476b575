//! Acme Hosting: eight VMs, their disks, and policies of every kind.

use super::Seed;
use crate::sandbox::identifiers::{identifier, password, wide_name};
use crate::sandbox::schedule::{Interval, Schedule};
use crate::sandbox::state::{
    Annotation, Attachment, Disk, Installation, Machine, Organization, Policy, Target, TargetKind, World,
};

/// The company's VMs.
pub(in crate::sandbox) const MACHINES: usize = 8;

/// The company's policies, the one in the trash included.
pub(in crate::sandbox) const POLICIES: usize = 10;

const DAY: i64 = 86_400;

/// Names the policy that is in the trash.
const TRASHED: &str = "web-1 before the move to daily";

/// Names the disk that is in the trash.
const TRASHED_DISK: &str = "Mailboxes before the resize";

struct Host {
    name: &'static str,
    hostname: &'static str,
    description: Option<&'static str>,
    state: &'static str,
    cores: u32,
    memory: u32,
    age: i64,
    tags: &'static [&'static str],
    template: &'static str,
    system: u32,
    data: Option<(&'static str, u32)>,
}

const HOSTS: [Host; MACHINES] = [
    Host {
        name: "web-1",
        hostname: "web-1",
        description: Some("Public web site, first of two"),
        state: "started",
        cores: 2,
        memory: 6,
        age: 812,
        tags: &["production", "web"],
        template: "Ubuntu 24.04 LTS",
        system: 40,
        data: None,
    },
    Host {
        name: "web-2",
        hostname: "web-2",
        description: Some("Public web site, second of two"),
        state: "started",
        cores: 2,
        memory: 6,
        age: 811,
        tags: &["production", "web"],
        template: "Ubuntu 24.04 LTS",
        system: 40,
        data: None,
    },
    Host {
        name: "db-1",
        hostname: "db-1",
        description: Some("PostgreSQL, primary"),
        state: "started",
        cores: 4,
        memory: 12,
        age: 810,
        tags: &["production", "database"],
        template: "Debian 12",
        system: 25,
        data: Some(("PostgreSQL data", 200)),
    },
    Host {
        name: "mail-1",
        hostname: "mail-1",
        description: None,
        state: "started",
        cores: 2,
        memory: 3,
        age: 640,
        tags: &["production"],
        template: "Debian 12",
        system: 25,
        data: Some(("Mailboxes", 120)),
    },
    Host {
        name: "files-1",
        hostname: "files-1",
        description: Some("Customer uploads; being replaced by object storage"),
        state: "started",
        cores: 1,
        memory: 3,
        age: 733,
        tags: &["production"],
        template: "Rocky 9",
        system: 25,
        data: Some(("Uploads", 500)),
    },
    Host {
        name: "build-1",
        hostname: "build-1",
        description: Some("CI runner, rebuilt at will"),
        state: "stopped",
        cores: 8,
        memory: 12,
        age: 95,
        tags: &[],
        template: "Ubuntu 24.04 LTS",
        system: 80,
        data: None,
    },
    Host {
        name: "app-1",
        hostname: "app-1",
        description: None,
        state: "started",
        cores: 4,
        memory: 6,
        age: 401,
        tags: &["production"],
        template: "Ubuntu 24.04 LTS",
        system: 40,
        data: None,
    },
    Host {
        // A name with a space and capitals; the host name is lower case, as every recorded one is.
        name: "Staging DB",
        hostname: "staging-db",
        description: Some("Copy of db-1, refreshed every Monday"),
        state: "started",
        cores: 2,
        memory: 6,
        age: 220,
        tags: &["staging", "database"],
        template: "Debian 12",
        system: 25,
        data: Some(("Staging data", 100)),
    },
];

/// Fills the world with the company, all policies outside the trash.
pub(super) fn fill(world: &mut World, now: i64) {
    let organization = Organization {
        id: "org_AcmeHostingLtd01".to_owned(),
        name: "Acme Hosting Ltd".to_owned(),
        sub_domain: "acme".to_owned(),
        created_at: now - 1_204 * DAY,
    };
    for (at, host) in HOSTS.iter().enumerate() {
        world.machines.push(machine(host, at, &organization, now));
        world.disks.extend(disks(host, &organization, now));
    }
    world.disks.push(archive(&organization, now));
    world.disks.push(disk(TRASHED_DISK, "unassigned", 60, &organization.id, now - 640 * DAY));
    world.policies = policies(&organization.id, now);
    world.organizations.push(organization);
}

/// Removes the last objects where `seed` wants fewer than the company has.
pub(super) fn shrink(world: &mut World, seed: &Seed) {
    world.machines.truncate(seed.machines);
    let kept: Vec<String> = world.machines.iter().map(|machine| machine.id.clone()).collect();
    world.disks.retain(|disk| match &disk.attachment {
        Some(attachment) => kept.contains(&attachment.machine),
        None => true,
    });
    let disks: Vec<String> = world.disks.iter().map(|disk| disk.id.clone()).collect();
    world.policies.retain(|policy| kept.contains(&policy.target.id) || disks.contains(&policy.target.id));
    world.policies.truncate(seed.policies);
}

/// Deletes the policy and the disk that are in the trash from the start.
pub(super) fn fill_trash(world: &mut World, now: i64) {
    world.put_in_trash(&identifier("dbp", TRASHED), now - 10 * 3_600);
    world.put_in_trash(&disk_id("unassigned", TRASHED_DISK), now - 20 * 3_600);
}

fn machine(host: &Host, at: usize, organization: &Organization, now: i64) -> Machine {
    Machine {
        id: machine_id(host.name),
        organization: organization.id.clone(),
        name: host.name.to_owned(),
        hostname: host.hostname.to_owned(),
        fqdn: format!("{}.{}", host.hostname, organization.domain()),
        description: host.description.map(str::to_owned),
        created_at: now - host.age * DAY,
        initial_root_password: password(host.name),
        state: host.state.to_owned(),
        cpu_cores: host.cores,
        memory_in_gb: host.memory,
        address: format!("192.0.2.{}", 10 + at),
        tags: host.tags.iter().map(|&tag| tag.to_owned()).collect(),
        annotations: Vec::new(),
    }
}

fn disks(host: &Host, organization: &Organization, now: i64) -> Vec<Disk> {
    // The boot disk of a VM that is off is assigned but detached (recorded).
    let state = if host.state == "started" { "attached" } else { "detached" };
    let attachment =
        |boot| Attachment { machine: machine_id(host.name), attach_on_boot: true, boot, state: state.to_owned() };
    let made = now - host.age * DAY;
    let mut system = disk("System Disk", host.name, host.system, &organization.id, made);
    system.attachment = Some(attachment(true));
    system.installation = Some(Installation {
        id: identifier("dinst", host.name),
        template: host.template.to_owned(),
        version: 3,
        hostname: host.hostname.to_owned(),
        root_password: password(host.name),
    });
    let Some((name, size)) = host.data else {
        return vec![system];
    };
    let mut data = disk(name, host.name, size, &organization.id, made + 3_600);
    data.attachment = Some(attachment(false));
    if host.name == "files-1" {
        data.annotations = vec![annotation("cost-centre", "4410"), annotation("owner", "support@acme.example")];
    }
    vec![system, data]
}

/// Makes the one disk that stays unassigned.
fn archive(organization: &Organization, now: i64) -> Disk {
    let mut disk = disk("Archive 2024", "unassigned", 250, &organization.id, now - 510 * DAY);
    disk.storage_speed = "ssd".to_owned();
    disk.bus_type = "virtio".to_owned();
    disk
}

/// Makes a disk that is not assigned to any VM.
pub(super) fn disk(name: &str, of: &str, size: u32, organization: &str, created_at: i64) -> Disk {
    let id = disk_id(of, name);
    Disk {
        wwn: wide_name(&id),
        id,
        organization: organization.to_owned(),
        name: name.to_owned(),
        size_in_gb: size,
        state: "built".to_owned(),
        created_at,
        storage_speed: "nvme".to_owned(),
        bus_type: "scsi".to_owned(),
        attachment: None,
        installation: None,
        annotations: Vec::new(),
    }
}

fn annotation(key: &str, value: &str) -> Annotation {
    Annotation { key: key.to_owned(), value: Some(value.to_owned()) }
}

pub(super) fn machine_id(name: &str) -> String {
    identifier("vm", name)
}

pub(super) fn disk_id(of: &str, name: &str) -> String {
    identifier("disk", &format!("{of}/{name}"))
}

fn policies(organization: &str, now: i64) -> Vec<Policy> {
    use Interval::{Daily, Hourly, Monthly, Weekly};
    let vm = |name: &str| (TargetKind::VirtualMachine, machine_id(name));
    let disk = |of: &str, name: &str| (TargetKind::Disk, disk_id(of, name));
    let make = |name: &str, target: (TargetKind, String), retention, size, when: (i64, Interval, i64, i64)| Policy {
        id: identifier("dbp", name),
        organization: organization.to_owned(),
        retention: Some(retention),
        total_size: size,
        target: Target { kind: target.0, id: target.1 },
        schedule: Schedule {
            frequency: Some(when.0),
            interval: Some(when.1),
            time: Some(when.2),
            minute: Some(when.3),
        },
        auto_move_to_trash_at: None,
    };
    let mut files = make("files-1", vm("files-1"), 30, 412.75, (1, Daily, 1, 0));
    files.auto_move_to_trash_at = Some(now + 6 * DAY);
    let policies: [Policy; POLICIES] = [
        make("web-1", vm("web-1"), 7, 86.5, (1, Daily, 2, 30)),
        make("web-2", vm("web-2"), 4, 51.25, (1, Weekly, 3, 15)),
        make("db-1", vm("db-1"), 24, 604.0, (1, Hourly, 0, 15)),
        make("db-1 data", disk("db-1", "PostgreSQL data"), 14, 1312.5, (1, Daily, 0, 45)),
        make("mail-1", vm("mail-1"), 12, 338.0, (1, Monthly, 4, 0)),
        files,
        make("app-1", vm("app-1"), 6, 97.5, (2, Weekly, 22, 10)),
        make("Staging DB", vm("Staging DB"), 3, 45.0, (2, Daily, 5, 0)),
        make("archive", disk("unassigned", "Archive 2024"), 6, 733.25, (3, Monthly, 12, 0)),
        make(TRASHED, vm("web-1"), 48, 22.0, (6, Hourly, 0, 5)),
    ];
    policies.into()
}
