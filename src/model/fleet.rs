//! All machines, disks and policies of an organization, and how they belong together.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Disk, Machine, Policy, TargetKind};

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

/// How things belong together, by id. Katapult's ids are opaque and distinguish everything: the type that an answer gives
/// for a policy's target does not matter. OnApp numbers VMs and disks each for themselves: the type decides, also where only
/// one of the two is listed, unless an answer gives none.
pub struct Index<'a> {
    machines: HashSet<&'a str>,
    disks_of: HashMap<&'a str, Vec<&'a Disk>>,
    of_machines: HashMap<&'a str, Vec<&'a Policy>>,
    of_disks: HashMap<&'a str, Vec<&'a Policy>>,
    disk_ids: HashSet<&'a str>,
}

impl Fleet {
    /// Works out how things belong together.
    pub fn index(&self) -> Index<'_> {
        let mut index = Index {
            machines: self.machines.iter().filter_map(|machine| machine.id.as_deref()).collect(),
            disks_of: HashMap::new(),
            of_machines: HashMap::new(),
            of_disks: HashMap::new(),
            disk_ids: self.disks.iter().filter_map(|disk| disk.id.as_deref()).collect(),
        };
        for disk in &self.disks {
            if let Some(machine) = disk.machine_id.as_deref() {
                index.disks_of.entry(machine).or_default().push(disk);
            }
        }
        for policy in &self.policies {
            let Some(target) = policy.target.id.as_deref() else { continue };
            if index.may_belong_to(policy, TargetKind::VirtualMachine) {
                index.of_machines.entry(target).or_default().push(policy);
            }
            if index.may_belong_to(policy, TargetKind::Disk) {
                index.of_disks.entry(target).or_default().push(policy);
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

    /// Returns the policies of a machine itself, without those of its disks.
    pub fn of_machine(&self, machine: &Machine) -> &[&'a Policy] {
        machine.id.as_deref().and_then(|id| self.of_machines.get(id)).map_or(&[], Vec::as_slice)
    }

    /// Returns the policies of a disk itself, without those of its machine.
    pub fn of_disk(&self, disk: &Disk) -> &[&'a Policy] {
        disk.id.as_deref().and_then(|id| self.of_disks.get(id)).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a disk is assigned to a machine that is known.
    pub fn has_machine_of(&self, disk: &Disk) -> bool {
        disk.machine_id.as_deref().is_some_and(|id| self.machines.contains(id))
    }

    /// Returns whether a policy's target is a machine or disk that is known.
    pub fn has_target_of(&self, policy: &Policy) -> bool {
        [TargetKind::VirtualMachine, TargetKind::Disk].into_iter().any(|kind| self.may_belong_to(policy, kind))
    }

    /// Whether a policy's target is a listed VM, or a listed disk.
    pub fn may_belong_to(&self, policy: &Policy, kind: TargetKind) -> bool {
        let Some(id) = policy.target.id.as_deref() else { return false };
        let (is_machine, is_disk) = (self.machines.contains(id), self.disk_ids.contains(id));
        let is_listed = if kind == TargetKind::VirtualMachine { is_machine } else { is_disk };
        let are_apart = is_machine && is_disk || is_number(id) && policy.target.kind != TargetKind::Unknown;
        is_listed && (!are_apart || policy.target.kind == kind)
    }
}

/// Whether an id is a number, as those of OnApp are.
pub fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn the_type_of_a_target_counts_where_a_vm_and_a_disk_have_the_same_number() {
        let machine = |id: &str| Machine { id: Some(id.to_owned()), ..Machine::default() };
        let disk = |id: &str| Disk { id: Some(id.to_owned()), ..Disk::default() };
        let policy = |kind, id: &str| Policy {
            target: Target { kind, id: Some(id.to_owned()), name: None },
            ..Policy::default()
        };
        let kinds = [TargetKind::VirtualMachine, TargetKind::Disk, TargetKind::Unknown];
        let fleet = Fleet {
            machines: vec![machine("5"), machine("vm")],
            disks: vec![disk("5"), disk("d")],
            policies: ["5", "vm", "d"].iter().flat_map(|id| kinds.map(|kind| policy(kind, id))).collect(),
        };
        let index = fleet.index();
        let count = |machine: usize, disk: usize| {
            (index.of_machine(&fleet.machines[machine]).len(), index.of_disk(&fleet.disks[disk]).len())
        };
        assert_eq!(count(0, 0), (1, 1));
        assert_eq!(count(1, 1), (3, 3), "the type does not matter where the id is clear");
        assert_eq!(fleet.policies.iter().filter(|policy| index.has_target_of(policy)).count(), 8);
    }
}
