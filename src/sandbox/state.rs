//! The simulated world: all objects of both APIs, and the indexes that keep requests fast.
//!
//! It does not know HTTP or files. What happens with time (a policy that moves to the
//! trash, trash that is emptied) follows from the clock alone, so every process that shares a state file
//! sees the same state without writing it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::cloud::Cloud;
use super::identifiers::identifier;
use super::schedule::Schedule;

/// How long the trash keeps an object: exactly 48 hours (recorded).
pub(super) const KEPT_IN_TRASH: i64 = 172_800;

/// How long a purge takes; the object stays readable for 5 to 15 seconds (recorded).
pub(super) const PURGE_TAKES: i64 = 10;

/// The version of the state file. Version 1 had an OnApp cloud with backups only.
pub(super) const VERSION: u32 = 2;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) version: u32,
    /// Counts the objects made since the world was seeded.
    pub(super) serial: u64,
    pub(super) organizations: Vec<Organization>,
    pub(super) machines: Vec<Machine>,
    pub(super) disks: Vec<Disk>,
    pub(super) policies: Vec<Policy>,
    pub(super) trash: Vec<Trashed>,
    pub(super) tasks: Vec<Task>,
    pub(super) onapp: Cloud,
    #[serde(skip)]
    index: Index,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sub_domain: String,
    pub(super) created_at: i64,
}

impl Organization {
    pub(super) fn domain(&self) -> String {
        format!("{}.katapult.cloud", self.sub_domain)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Annotation {
    pub(super) key: String,
    pub(super) value: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) hostname: String,
    pub(super) fqdn: String,
    pub(super) description: Option<String>,
    pub(super) created_at: i64,
    pub(super) initial_root_password: String,
    pub(super) state: String,
    pub(super) cpu_cores: u32,
    pub(super) memory_in_gb: u32,
    pub(super) address: String,
    pub(super) tags: Vec<String>,
    pub(super) annotations: Vec<Annotation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Disk {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) size_in_gb: u32,
    pub(super) wwn: String,
    pub(super) state: String,
    pub(super) created_at: i64,
    pub(super) storage_speed: String,
    pub(super) bus_type: String,
    pub(super) attachment: Option<Attachment>,
    pub(super) installation: Option<Installation>,
    pub(super) annotations: Vec<Annotation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attachment {
    pub(super) machine: String,
    pub(super) attach_on_boot: bool,
    pub(super) boot: bool,
    pub(super) state: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Installation {
    pub(super) id: String,
    pub(super) template: String,
    pub(super) version: u32,
    pub(super) hostname: String,
    pub(super) root_password: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TargetKind {
    VirtualMachine,
    Disk,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) kind: TargetKind,
    pub(super) id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) organization: String,
    /// Can be null, although no reply can hold that.
    pub(super) retention: Option<i64>,
    pub(super) total_size: f64,
    pub(super) target: Target,
    pub(super) schedule: Schedule,
    pub(super) auto_move_to_trash_at: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trashed {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) keep_until: i64,
    pub(super) object_id: String,
    pub(super) object_type: String,
    /// When a requested purge ends.
    pub(super) purged_at: Option<i64>,
}

impl Trashed {
    fn gone_at(&self) -> i64 {
        self.purged_at.unwrap_or(self.keep_until).min(self.keep_until)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: i64,
}

#[derive(Clone, Debug, Default)]
struct Index {
    organizations: HashMap<String, usize>,
    machines: HashMap<String, usize>,
    fqdns: HashMap<String, usize>,
    disks: HashMap<String, usize>,
    policies: HashMap<String, usize>,
    trash: HashMap<String, usize>,
    disks_of: HashMap<String, Vec<usize>>,
    policies_of: HashMap<String, Vec<usize>>,
    next_event: Option<i64>,
}

impl World {
    pub(super) fn empty() -> Self {
        Self {
            version: VERSION,
            serial: 0,
            organizations: Vec::new(),
            machines: Vec::new(),
            disks: Vec::new(),
            policies: Vec::new(),
            trash: Vec::new(),
            tasks: Vec::new(),
            onapp: Cloud::default(),
            index: Index::default(),
        }
    }

    /// Rebuilds the indexes; needed after loading and whenever objects come, go or move to the trash.
    pub(super) fn reindex(&mut self) {
        let mut index = Index {
            organizations: positions(&self.organizations, |organization| &organization.id),
            machines: positions(&self.machines, |machine| &machine.id),
            fqdns: positions(&self.machines, |machine| &machine.fqdn),
            disks: positions(&self.disks, |disk| &disk.id),
            policies: positions(&self.policies, |policy| &policy.id),
            trash: positions(&self.trash, |trashed| &trashed.object_id),
            ..Index::default()
        };
        for (at, disk) in self.disks.iter().enumerate() {
            if let Some(attachment) = &disk.attachment {
                index.disks_of.entry(attachment.machine.clone()).or_default().push(at);
            }
        }
        let live = |policy: &Policy| !index.trash.contains_key(&policy.id);
        for (at, policy) in self.policies.iter().enumerate().filter(|(_, policy)| live(policy)) {
            index.policies_of.entry(policy.target.id.clone()).or_default().push(at);
        }
        let moves = self.policies.iter().filter(|policy| live(policy));
        let moves = moves.filter_map(|policy| policy.auto_move_to_trash_at);
        index.next_event = moves.chain(self.trash.iter().map(Trashed::gone_at)).min();
        self.index = index;
    }

    /// Does everything that is due by `now`.
    pub(super) fn settle(&mut self, now: i64) {
        self.onapp.settle(now);
        if self.index.next_event.is_none_or(|event| now < event) {
            return;
        }
        let due: Vec<(String, i64)> = self
            .live_policies()
            .filter_map(|policy| Some((policy.id.clone(), policy.auto_move_to_trash_at?)))
            .filter(|&(_, at)| at <= now)
            .collect();
        for (id, at) in due {
            self.put_in_trash(&id, at);
        }
        let trash = std::mem::take(&mut self.trash);
        let (gone, kept) = trash.into_iter().partition(|trashed| trashed.gone_at() <= now);
        let gone: Vec<Trashed> = gone;
        self.trash = kept;
        let is_kept = |id: &String| !gone.iter().any(|trashed| trashed.object_id == *id);
        self.policies.retain(|policy| is_kept(&policy.id));
        self.disks.retain(|disk| is_kept(&disk.id));
        self.reindex();
    }

    /// Moves a policy or a disk to the trash; the caller rebuilds the indexes.
    pub(super) fn put_in_trash(&mut self, id: &str, at: i64) {
        // Never recorded for a policy; named as the recorded types are (inferred).
        let policy = self.policy(id).map(|policy| (policy.organization.clone(), "DiskBackupPolicy"));
        let disk = || self.disk(id).map(|disk| (disk.organization.clone(), "Disk"));
        let Some((organization, object_type)) = policy.or_else(disk) else {
            return;
        };
        self.trash.push(Trashed {
            id: identifier("trsh", &format!("{id}@{at}")),
            organization,
            keep_until: at + KEPT_IN_TRASH,
            object_id: id.to_owned(),
            object_type: object_type.to_owned(),
            purged_at: None,
        });
    }

    pub(super) fn fresh_identifier(&mut self, prefix: &str, now: i64) -> String {
        self.serial += 1;
        identifier(prefix, &format!("{}@{now}", self.serial))
    }

    pub(super) fn organization(&self, id: &str) -> Option<&Organization> {
        self.index.organizations.get(id).map(|&at| &self.organizations[at])
    }

    pub(super) fn machine(&self, id: &str) -> Option<&Machine> {
        self.index.machines.get(id).map(|&at| &self.machines[at])
    }

    pub(super) fn machine_named(&self, fqdn: &str) -> Option<&Machine> {
        self.index.fqdns.get(fqdn).map(|&at| &self.machines[at])
    }

    pub(super) fn disk(&self, id: &str) -> Option<&Disk> {
        self.index.disks.get(id).map(|&at| &self.disks[at])
    }

    /// Finds a policy by its identifier, in the trash or not.
    pub(super) fn policy(&self, id: &str) -> Option<&Policy> {
        self.index.policies.get(id).map(|&at| &self.policies[at])
    }

    pub(super) fn policy_mut(&mut self, id: &str) -> Option<&mut Policy> {
        self.index.policies.get(id).map(|&at| &mut self.policies[at])
    }

    pub(super) fn trash_of(&self, object_id: &str) -> Option<&Trashed> {
        self.index.trash.get(object_id).map(|&at| &self.trash[at])
    }

    /// Lists the disks assigned to a VM.
    pub(super) fn disks_of(&self, machine: &str) -> impl Iterator<Item = &Disk> {
        let found = self.index.disks_of.get(machine).map_or(&[][..], Vec::as_slice);
        found.iter().map(|&at| &self.disks[at])
    }

    /// Lists the policies of a VM or disk that are not in the trash.
    pub(super) fn policies_of(&self, target: &str) -> impl Iterator<Item = &Policy> {
        let found = self.index.policies_of.get(target).map_or(&[][..], Vec::as_slice);
        found.iter().map(|&at| &self.policies[at])
    }

    pub(super) fn live_policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter(|policy| self.trash_of(&policy.id).is_none())
    }
}

fn positions<T>(items: &[T], key: impl Fn(&T) -> &String) -> HashMap<String, usize> {
    items.iter().enumerate().map(|(at, item)| (key(item).clone(), at)).collect()
}
