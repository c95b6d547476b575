//! All machines, disks and policies of an organization, and how they belong together.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Disk, Machine, Policy};

/// What an organization has.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub machines: Vec<Machine>,
    /// Its disks, assigned or not.
    pub disks: Vec<Disk>,
    pub policies: Vec<Policy>,
}

/// A policy's pending deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The policy's id.
    pub policy: String,
    /// When it moves to the trash, in Unix seconds.
    pub at: i64,
}

/// How things belong together, by id. Ids are opaque, and nothing else distinguishes things: the type that an answer gives for a
/// policy's target does not matter here.
pub struct Index<'a> {
    machines: HashSet<&'a str>,
    disks_of: HashMap<&'a str, Vec<&'a Disk>>,
    policies_of: HashMap<&'a str, Vec<&'a Policy>>,
    disk_ids: HashSet<&'a str>,
}

impl Fleet {
    /// Works out how things belong together.
    pub fn index(&self) -> Index<'_> {
        let mut index = Index {
            machines: self.machines.iter().filter_map(|machine| machine.id.as_deref()).collect(),
            disks_of: HashMap::new(),
            policies_of: HashMap::new(),
            disk_ids: self.disks.iter().filter_map(|disk| disk.id.as_deref()).collect(),
        };
        for disk in &self.disks {
            if let Some(machine) = disk.machine_id.as_deref() {
                index.disks_of.entry(machine).or_default().push(disk);
            }
        }
        for policy in &self.policies {
            if let Some(target) = policy.target.id.as_deref() {
                index.policies_of.entry(target).or_default().push(policy);
            }
        }
        index
    }
}

impl<'a> Index<'a> {
    /// Returns the disks that are assigned to a machine.
    pub fn disks_of(&self, machine: &Machine) -> &[&'a Disk] {
        let disks = machine.id.as_deref().and_then(|id| self.disks_of.get(id));
        disks.map_or(&[], Vec::as_slice)
    }

    /// Returns the policies of a machine or a disk itself.
    pub fn policies_of(&self, id: Option<&str>) -> &[&'a Policy] {
        id.and_then(|id| self.policies_of.get(id)).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a disk is assigned to a machine that is known.
    pub fn has_machine_of(&self, disk: &Disk) -> bool {
        disk.machine_id.as_deref().is_some_and(|id| self.machines.contains(id))
    }

    /// Returns whether a policy's target is a machine or disk that is known.
    pub fn has_target_of(&self, policy: &Policy) -> bool {
        policy.target.id.as_deref().is_some_and(|id| self.machines.contains(id) || self.disk_ids.contains(id))
    }
}
