//! Which VMs, disks and policies a command is about: by name and by tag.
//!
//! The options mean the same in every command. Tags belong to VMs and are read one by one, so they are known for some VMs
//! only: whether they are is the caller's to say, and a VM with unknown tags is never taken for one without.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::{Disk, Fleet, Glob, Machine, Policy, TargetKind};

/// What is left out: a name pattern, or `tag:` and a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// VMs and disks by name.
    Names(Glob),
    /// VMs by tag.
    Tag(String),
}

/// What the command line selects; empty lists select everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// VMs by id, identifier or name (`check` alone).
    pub vms: Vec<String>,
    /// Name patterns: one must match.
    pub patterns: Vec<Glob>,
    /// Tags: a VM must have all of them.
    pub tags: Vec<String>,
    /// What is left out.
    pub excluded: Vec<Exclusion>,
}

/// The VMs that are selected by their names.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// The VMs, in the list's order.
    pub machines: Vec<Machine>,
    /// Names of `--vm` that match nothing.
    pub missing: Vec<String>,
    /// Names of `--vm` that match several, with their ids.
    pub ambiguous: Vec<(String, Vec<String>)>,
}

/// Whether something is selected by tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is.
    Selected,
    /// It is not.
    LeftOut,
    /// Its tags are needed and could not be read.
    Unknown,
}

/// The VM that each policy is about, by its target: a VM itself, or the one that a disk is assigned to. A VM and a disk of an
/// OnApp cloud may have the same number.
pub struct Owners<'a> {
    machines: HashMap<&'a str, &'a Machine>,
    disks: HashMap<&'a str, &'a Disk>,
}

impl FromStr for Exclusion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("tag:") {
            Some("") => Err("expected a tag after `tag:`".to_owned()),
            Some(tag) => Ok(Self::Tag(tag.to_owned())),
            None => text.parse().map(Self::Names),
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Names(glob) => glob.fmt(f),
            Self::Tag(tag) => write!(f, "tag:{tag}"),
        }
    }
}

impl Exclusion {
    fn tag(&self) -> Option<&String> {
        match self {
            Self::Names(_) => None,
            Self::Tag(tag) => Some(tag),
        }
    }
}

impl<'a> Owners<'a> {
    /// Works out what belongs to which VM.
    pub fn of(fleet: &'a Fleet) -> Self {
        let machines = fleet.machines.iter().filter_map(|machine| Some((machine.id.as_deref()?, machine)));
        let disks = fleet.disks.iter().filter_map(|disk| Some((disk.id.as_deref()?, disk)));
        Self { machines: machines.collect(), disks: disks.collect() }
    }

    /// The VM that a policy is about.
    pub fn machine_of(&self, policy: &Policy) -> Option<&'a Machine> {
        self.target_of(policy).or_else(|| self.machines.get(self.disk_of(policy)?.machine_id.as_deref()?).copied())
    }

    /// The VM that is a policy's target.
    fn target_of(&self, policy: &Policy) -> Option<&'a Machine> {
        let id = policy.target.id.as_deref().filter(|_| policy.target.kind != TargetKind::Disk)?;
        self.machines.get(id).copied()
    }

    /// The disk that is a policy's target.
    fn disk_of(&self, policy: &Policy) -> Option<&'a Disk> {
        let id = policy.target.id.as_deref().filter(|_| policy.target.kind != TargetKind::VirtualMachine)?;
        self.disks.get(id).copied()
    }

    /// The FQDN of the VM of a policy's disk, where the disk alone is listed.
    fn fqdn_of_unlisted(&self, policy: &Policy) -> Option<&'a str> {
        self.disk_of(policy).filter(|_| self.machine_of(policy).is_none())?.machine_fqdn.as_deref()
    }

    /// Whether a policy's target is a disk that belongs to no VM.
    fn is_loose(&self, policy: &Policy) -> bool {
        self.disk_of(policy).is_some_and(|disk| disk.machine_id.is_none())
    }
}

impl Selection {
    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        !self.is_positive() && self.excluded.is_empty()
    }

    /// Whether it says what is in, not only what is left out.
    pub fn is_positive(&self) -> bool {
        !(self.vms.is_empty() && self.patterns.is_empty() && self.tags.is_empty())
    }

    /// Whether the tags of VMs must be known.
    pub fn needs_tags(&self) -> bool {
        !self.tags.is_empty() || self.excluded.iter().any(|exclusion| exclusion.tag().is_some())
    }

    /// Spells it as on the command line; nothing where everything is selected.
    pub fn words(&self) -> String {
        let vms = self.vms.iter().map(|name| format!("--vm {name}"));
        let patterns = self.patterns.iter().map(|glob| format!("--match {glob}"));
        let tags = self.tags.iter().map(|tag| format!("--tag {tag}"));
        let excluded = self.excluded.iter().map(|exclusion| format!("--exclude {exclusion}"));
        vms.chain(patterns).chain(tags).chain(excluded).collect::<Vec<_>>().join(" ")
    }

    /// Selects VMs by names and ids.
    pub fn by_name(&self, machines: Vec<Machine>) -> Selected {
        let mut selected = self.named(machines);
        selected.machines.retain(|machine| {
            let is_matched = self.patterns.is_empty() || self.patterns.iter().any(|glob| glob.matches_machine(machine));
            is_matched && !self.leaves_out_machine(machine)
        });
        selected
    }

    /// Whether a VM whose tags are known is selected by them. Every tag that is given must be there.
    pub fn selects_tags_of(&self, machine: &Machine) -> bool {
        let has = |tag: &String| machine.tags.contains(tag);
        self.tags.iter().all(has) && !self.excluded.iter().filter_map(Exclusion::tag).any(has)
    }

    /// Whether a disk that belongs to no VM is selected. It has no tags.
    pub fn selects_disk(&self, disk: &Disk) -> bool {
        let name = disk.name.as_deref().or(disk.id.as_deref()).unwrap_or_default();
        let is_matched = self.patterns.is_empty() || self.patterns.iter().any(|glob| glob.matches(name));
        self.vms.is_empty() && self.tags.is_empty() && is_matched && !self.leaves_out(name)
    }

    /// Whether a policy is selected by names: its own target's, or the FQDN of a VM that is its target. What is left out is
    /// so with all that belongs to it: the policies of its disks, too.
    pub fn selects_target_of(&self, policy: &Policy, owners: &Owners<'_>) -> bool {
        let name = policy.target.name.as_deref().unwrap_or_default();
        let machine = owners.machine_of(policy);
        let own = owners.target_of(policy);
        let is_matched = |glob: &Glob| glob.matches(name) || own.is_some_and(|machine| glob.matches_machine(machine));
        let is_left_out = self.leaves_out(name)
            || machine.is_some_and(|machine| self.leaves_out_machine(machine))
            || owners.fqdn_of_unlisted(policy).is_some_and(|fqdn| self.leaves_out_host(fqdn));
        (self.patterns.is_empty() || self.patterns.iter().any(is_matched)) && !is_left_out
    }

    /// Whether it is not known if a policy is left out by name: what it is about is not listed, so that the name of its VM
    /// is not known.
    pub fn is_name_unknown(&self, policy: &Policy, owners: &Owners<'_>) -> bool {
        let is_by_name = self.excluded.iter().any(|exclusion| matches!(exclusion, Exclusion::Names(_)));
        if !is_by_name || owners.machine_of(policy).is_some() || owners.is_loose(policy) {
            return false;
        }
        let is_named = policy.target.kind == TargetKind::VirtualMachine && policy.target.name.is_some();
        !is_named && owners.fqdn_of_unlisted(policy).is_none()
    }

    /// Whether a policy is selected by the tags of the VM that it is about; `has_unknown_tags` says which VMs could not be
    /// read.
    pub fn by_tags_of(
        &self,
        policy: &Policy,
        owners: &Owners<'_>,
        has_unknown_tags: impl Fn(&Machine) -> bool,
    ) -> Choice {
        let chosen = |is_selected: bool| if is_selected { Choice::Selected } else { Choice::LeftOut };
        match owners.machine_of(policy) {
            _ if !self.needs_tags() => Choice::Selected,
            Some(machine) if has_unknown_tags(machine) => Choice::Unknown,
            Some(machine) => chosen(self.selects_tags_of(machine)),
            None if owners.is_loose(policy) => chosen(self.tags.is_empty()),
            // Its target is not listed: a VM in the trash may have any tag.
            None if self.tags.is_empty() => Choice::Unknown,
            None => Choice::LeftOut,
        }
    }

    /// Leaves of a fleet what is selected: `is_selected` says which VMs are. Disks and policies go with their VM. A policy
    /// whose target is not listed stays, unless it is said what is in.
    pub fn narrow(&self, fleet: Fleet, is_selected: impl Fn(&Machine) -> bool) -> Fleet {
        let index = fleet.index();
        let kept: HashSet<String> = fleet
            .machines
            .iter()
            .filter(|machine| is_selected(machine))
            .filter_map(|machine| machine.id.clone())
            .collect();
        let is_kept = |disk: &Disk| match &disk.machine_id {
            Some(machine) if index.has_machine_of(disk) => kept.contains(machine),
            _ => self.selects_disk(disk),
        };
        let kept_disks: HashSet<String> =
            fleet.disks.iter().filter(|disk| is_kept(disk)).filter_map(|disk| disk.id.clone()).collect();
        let has_kept_target = |policy: &Policy| {
            let is_in = |ids: &HashSet<String>, kind| {
                policy.target.id.as_ref().is_some_and(|id| ids.contains(id)) && index.may_belong_to(policy, kind)
            };
            is_in(&kept, TargetKind::VirtualMachine) || is_in(&kept_disks, TargetKind::Disk)
        };
        let policies = fleet
            .policies
            .iter()
            .filter(|policy| if index.has_target_of(policy) { has_kept_target(policy) } else { !self.is_positive() });
        let policies = policies.cloned().collect();
        let is_in = |ids: &HashSet<String>, id: &Option<String>| id.as_ref().is_some_and(|id| ids.contains(id));
        Fleet {
            machines: fleet.machines.iter().filter(|machine| is_in(&kept, &machine.id)).cloned().collect(),
            disks: fleet.disks.iter().filter(|disk| is_in(&kept_disks, &disk.id)).cloned().collect(),
            policies,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        self.excluded.iter().any(|exclusion| matches!(exclusion, Exclusion::Names(glob) if glob.matches(name)))
    }

    /// Whether a VM is left out whose FQDN alone is known.
    fn leaves_out_host(&self, fqdn: &str) -> bool {
        self.leaves_out(fqdn) || fqdn.split('.').next().is_some_and(|host| self.leaves_out(host))
    }

    fn leaves_out_machine(&self, machine: &Machine) -> bool {
        let is_it =
            |exclusion: &Exclusion| matches!(exclusion, Exclusion::Names(glob) if glob.matches_machine(machine));
        self.excluded.iter().any(is_it)
    }

    fn named(&self, machines: Vec<Machine>) -> Selected {
        if self.vms.is_empty() {
            return Selected { machines, ..Selected::default() };
        }
        let mut selected = Selected::default();
        let mut wanted = vec![false; machines.len()];
        for name in &self.vms {
            let found = found(&machines, name);
            match found.as_slice() {
                [] => selected.missing.push(name.clone()),
                [one] => wanted[*one] = true,
                several => {
                    let ids = several.iter().filter_map(|at| machines[*at].id.clone()).collect();
                    selected.ambiguous.push((name.clone(), ids));
                }
            }
        }
        selected.machines =
            machines.into_iter().zip(wanted).filter(|(_, is_wanted)| *is_wanted).map(|(machine, _)| machine).collect();
        selected
    }
}

/// Finds a VM by id or identifier, else by name; the places of all that match.
fn found(machines: &[Machine], name: &str) -> Vec<usize> {
    let places = |is_it: &dyn Fn(&Machine) -> bool| -> Vec<usize> {
        machines.iter().enumerate().filter(|(_, machine)| is_it(machine)).map(|(at, _)| at).collect()
    };
    let has_id =
        |machine: &Machine| [&machine.id, &machine.identifier].into_iter().any(|id| id.as_deref() == Some(name));
    let by_id = places(&has_id);
    if !by_id.is_empty() {
        return by_id;
    }
    let name = name.strip_suffix('.').filter(|rest| rest.contains('.')).unwrap_or(name);
    places(&|machine| machine.is_called(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn machine(id: &str, name: &str, tags: &[&str]) -> Machine {
        Machine {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            tags: tags.iter().map(ToString::to_string).collect(),
            ..Machine::default()
        }
    }

    fn machines() -> Vec<Machine> {
        vec![machine("1", "web-1", &["prod"]), machine("2", "web-2", &[]), machine("3", "web-2", &["prod", "old"])]
    }

    fn disk(id: &str, name: &str, machine: Option<&str>) -> Disk {
        Disk {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            machine_id: machine.map(str::to_owned),
            ..Disk::default()
        }
    }

    /// The policies of VMs 1 and 3, of a disk of each, of a loose disk, and of something that is not listed.
    fn fleet() -> Fleet {
        let policy = |id: &str, target: &str, name: &str| Policy {
            id: Some(id.to_owned()),
            target: Target {
                kind: if target.starts_with('d') { TargetKind::Disk } else { TargetKind::VirtualMachine },
                id: Some(target.to_owned()),
                name: Some(name.to_owned()),
            },
            ..Policy::default()
        };
        Fleet {
            machines: machines(),
            disks: vec![disk("d1", "data-1", Some("1")), disk("d3", "data-3", Some("3")), disk("d0", "spare", None)],
            policies: vec![
                policy("a", "1", "web-1"),
                policy("b", "d1", "data-1"),
                policy("c", "3", "web-2"),
                policy("d", "d3", "data-3"),
                policy("e", "d0", "spare"),
                policy("f", "gone", "gone"),
            ],
        }
    }

    fn selection(patterns: &[&str], tags: &[&str], excluded: &[&str]) -> Selection {
        Selection {
            patterns: patterns.iter().map(|text| text.parse().unwrap()).collect(),
            tags: tags.iter().map(ToString::to_string).collect(),
            excluded: excluded.iter().map(|text| text.parse().unwrap()).collect(),
            ..Selection::default()
        }
    }

    fn ids(machines: &[Machine]) -> String {
        machines.iter().filter_map(|machine| machine.id.as_deref()).collect()
    }

    #[test]
    fn names_ids_patterns_and_tags_select() {
        let by_name = |selection: Selection| selection.by_name(machines());
        let vms =
            |names: &[&str]| Selection { vms: names.iter().map(ToString::to_string).collect(), ..Selection::default() };
        assert_eq!(ids(&by_name(Selection::default()).machines), "123");
        assert_eq!(ids(&by_name(vms(&["web-1", "3"])).machines), "13");
        let wrong = by_name(vms(&["web-2", "db"]));
        assert_eq!(wrong.missing, ["db"]);
        assert_eq!(wrong.ambiguous, [("web-2".to_owned(), vec!["2".to_owned(), "3".to_owned()])]);
        assert_eq!(ids(&by_name(selection(&["web-*"], &[], &["*-2"])).machines), "1");
        let tags = selection(&["*"], &["prod"], &["tag:old"]);
        assert!(tags.needs_tags() && !selection(&["*"], &[], &["x"]).needs_tags());
        assert_eq!(machines().iter().filter(|machine| tags.selects_tags_of(machine)).count(), 1);
        assert!("tag:".parse::<Exclusion>().is_err());
        assert_eq!(tags.words(), "--match * --tag prod --exclude tag:old");
    }

    /// What is selected for a write; what cannot be judged is in capitals.
    fn policies(selection: &Selection, unknown: &str) -> String {
        let fleet = fleet();
        let owners = Owners::of(&fleet);
        let by_name = fleet.policies.iter().filter(|policy| selection.selects_target_of(policy, &owners));
        let is_unknown = |machine: &Machine| machine.id.as_deref() == Some(unknown);
        by_name
            .filter_map(|policy| match selection.by_tags_of(policy, &owners, is_unknown) {
                Choice::Selected => Some(policy.id_text().to_owned()),
                Choice::LeftOut => None,
                Choice::Unknown => Some(policy.id_text().to_uppercase()),
            })
            .collect()
    }

    #[test]
    fn a_policy_is_selected_by_its_own_target_and_left_out_with_its_vm() {
        let of =
            |patterns: &[&str], tags: &[&str], excluded: &[&str]| policies(&selection(patterns, tags, excluded), "");
        assert_eq!(of(&[], &[], &[]), "abcdef");
        assert_eq!(of(&["web-*"], &[], &[]), "ac");
        assert_eq!(of(&["web-*", "data-*"], &[], &["web-1"]), "cd");
        assert_eq!(of(&["*"], &[], &["data-*"]), "acef");
        assert_eq!(of(&[], &["prod"], &[]), "abcd");
        assert_eq!(of(&[], &["prod"], &["tag:old"]), "ab");
        // A VM that is not listed may have the tag that is left out.
        assert_eq!(of(&["*"], &[], &["tag:old"]), "abeF");
        assert_eq!(policies(&selection(&[], &["prod"], &[]), "3"), "abCD");
    }

    #[test]
    fn a_fleet_keeps_what_belongs_to_its_vms() {
        let kept = |selection: &Selection, machines: &str| {
            let fleet = selection.narrow(fleet(), |machine| machines.contains(machine.id.as_deref().unwrap_or("?")));
            let disks: Vec<&str> = fleet.disks.iter().filter_map(|disk| disk.id.as_deref()).collect();
            let policies: String = fleet.policies.iter().map(Policy::id_text).collect();
            format!("{} {} {policies}", ids(&fleet.machines), disks.join(","))
        };
        assert_eq!(kept(&selection(&["web-1"], &[], &[]), "1"), "1 d1 ab");
        assert_eq!(kept(&selection(&["s*"], &[], &[]), ""), " d0 e");
        assert_eq!(kept(&selection(&[], &["prod"], &[]), "13"), "13 d1,d3 abcd");
        assert_eq!(kept(&selection(&[], &[], &["web-1"]), "23"), "23 d3,d0 cdef");
    }
}
