//! Which live policy each line of a file means.
//!
//! A policy is known by its id where one is given, else by its target and interval. Single policies come before
//! rules; among rules, the first that matches a machine gives it its policy of an interval. Nothing is guessed:
//! what could mean two policies is a complaint that names both.

use std::collections::{HashMap, HashSet};

use super::{Document, Entry, Name, Place, Rule, Selector};
use crate::error::{Error, Exit, code};
use crate::model::{Capabilities, Disk, Interval, Machine, Policy, PolicyPatch, Target, TargetKind, without_root_dot};

/// Complaints that one error lists.
const MAX_COMPLAINTS: usize = 20;

/// What is live.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The organization's machines, with their tags where a rule needs them.
    pub machines: &'a [Machine],
    pub disks: &'a [Disk],
    /// Its policies, as lists show them.
    pub policies: &'a [Policy],
    /// What its policies can be.
    pub capabilities: &'static Capabilities,
}

/// A policy that the file asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where the file asks for it.
    pub place: Place,
    /// What it backs up.
    pub target: Target,
    /// The live policy that is meant; none for a new one.
    pub policy: Option<String>,
    /// What it should be.
    pub fields: PolicyPatch,
}

/// What a file comes to.
#[derive(Debug, Default)]
pub struct Matching {
    /// The policies that it asks for.
    pub wanted: Vec<Wanted>,
    /// Ids of the live policies that it does not name.
    pub unlisted: Vec<String>,
    /// What is worth knowing, in words.
    pub notes: Vec<String>,
}

/// Finds what the file speaks of among what is live. Lines that mean nothing, or could mean several things, are left out.
pub fn places(document: &Document, live: Surroundings<'_>) -> Vec<Wanted> {
    resolver(document, live).matching.wanted
}

/// Finds out what each line means; `name` is what complaints call the file.
///
/// # Errors
/// Something is not there, or could mean several things: the error lists every such line.
pub fn resolve(name: &str, document: &Document, live: Surroundings<'_>) -> Result<Matching, Error> {
    resolver(document, live).finish(name)
}

fn resolver<'a>(document: &Document, live: Surroundings<'a>) -> Resolver<'a> {
    let mut resolver = Resolver::new(live);
    // Policies that are named by id first, so that target and interval mean what is left.
    document.entries.iter().filter(|entry| entry.id.is_some()).for_each(|entry| resolver.named(entry));
    document.entries.iter().filter(|entry| entry.id.is_none()).for_each(|entry| resolver.single(entry));
    document.rules.iter().for_each(|rule| resolver.rule(rule));
    resolver
}

/// A line that cannot be followed.
struct Complaint {
    place: Place,
    exit: Exit,
    code: &'static str,
    words: String,
}

/// Target and interval: what a policy without a name is known by.
type Key = (String, Interval);

struct Resolver<'a> {
    live: Surroundings<'a>,
    by_id: HashMap<&'a str, &'a Policy>,
    by_key: HashMap<Key, Vec<&'a str>>,
    machine_names: HashMap<String, Vec<&'a Machine>>,
    machine_ids: HashMap<&'a str, &'a Machine>,
    disk_ids: HashMap<&'a str, &'a Disk>,
    /// Live policies that a line means, and that line.
    claimed: HashMap<&'a str, Place>,
    /// Target and interval of the lines without an id.
    lines: HashMap<Key, Place>,
    /// Target and interval that single policies or earlier rules speak of.
    covered: HashSet<Key>,
    matching: Matching,
    complaints: Vec<Complaint>,
}

impl<'a> Resolver<'a> {
    fn new(live: Surroundings<'a>) -> Self {
        let mut by_key: HashMap<Key, Vec<&str>> = HashMap::new();
        for policy in live.policies {
            if let (Some(id), Some(key)) = (policy.id.as_deref(), key_of(policy, live.capabilities)) {
                by_key.entry(key).or_default().push(id);
            }
        }
        let mut machine_names: HashMap<String, Vec<&Machine>> = HashMap::new();
        for machine in live.machines {
            let names = [&machine.name, &machine.hostname, &machine.fqdn, &machine.identifier].into_iter().flatten();
            let names: HashSet<String> = names.map(|name| name.to_lowercase()).collect();
            names.into_iter().for_each(|name| machine_names.entry(name).or_default().push(machine));
        }
        let by_id = live.policies.iter().filter_map(|policy| Some((policy.id.as_deref()?, policy)));
        let machine_ids = live.machines.iter().filter_map(|machine| Some((machine.id.as_deref()?, machine)));
        let disk_ids = live.disks.iter().filter_map(|disk| Some((disk.id.as_deref()?, disk)));
        Self {
            live,
            by_id: by_id.collect(),
            by_key,
            machine_names,
            machine_ids: machine_ids.collect(),
            disk_ids: disk_ids.collect(),
            claimed: HashMap::new(),
            lines: HashMap::new(),
            covered: HashSet::new(),
            matching: Matching::default(),
            complaints: Vec::new(),
        }
    }

    /// A line with an id.
    fn named(&mut self, entry: &Entry) {
        let id = entry.id.as_deref().unwrap_or_default();
        let Some((id, policy)) = self.by_id.get_key_value(id).map(|(id, policy)| (*id, *policy)) else {
            let words = format!(
                "no live policy of {} is {id}: without `id` the line asks for a new one",
                self.live.capabilities.scope()
            );
            return self.complain(entry.place, Exit::NotFound, "disk_backup_policy_not_found", words);
        };
        if let Some(name) = &entry.target {
            let Some(target) = self.target(entry.place, name) else { return };
            let is_other_kind = self.live.capabilities.shares_ids && target.kind != policy.target.kind;
            if target.id != policy.target.id || is_other_kind {
                let words =
                    format!("policy {id} belongs to {}: a policy's target cannot change", policy.target.label());
                return self.complain(entry.place, Exit::Usage, code::CONFIG, words);
            }
        }
        if let Some(place) = self.claimed.insert(id, entry.place) {
            let words = format!("policy {id} is on line {place} already");
            return self.complain(entry.place, Exit::Usage, code::CONFIG, words);
        }
        let interval = entry.fields.interval.clone().or_else(|| policy.schedule.interval.clone());
        if let (Some(target), Some(interval)) = (key_id(&policy.target, self.live.capabilities), interval) {
            self.covered.insert((target, interval));
        }
        let target = self.described(&policy.target);
        self.want(entry.place, target, Some(id), &entry.fields);
    }

    /// A line with target and interval alone.
    fn single(&mut self, entry: &Entry) {
        let (Some(name), Some(interval)) = (&entry.target, &entry.fields.interval) else { return };
        let Some(target) = self.target(entry.place, name) else { return };
        let key = (key_id(&target, self.live.capabilities).unwrap_or_default(), interval.clone());
        if let Some(place) = self.lines.insert(key.clone(), entry.place) {
            let words = format!("the {interval} policy of {} is on line {place} already", target.label());
            return self.complain(entry.place, Exit::Usage, code::CONFIG, words);
        }
        self.covered.insert(key.clone());
        self.find(entry.place, &key, target, &entry.fields);
    }

    fn rule(&mut self, rule: &Rule) {
        let Some(interval) = &rule.fields.interval else { return };
        if let (Selector::Tag(_), false) = (&rule.selector, self.live.capabilities.has_tags) {
            let words = format!("VMs of {} have no tags: write `match`", self.live.capabilities.provider);
            return self.complain(rule.place, Exit::Usage, code::NOT_OFFERED, words);
        }
        let mut has_matched = false;
        for machine in self.live.machines {
            let is_meant = match &rule.selector {
                Selector::Match(glob) => glob.matches_machine(machine),
                Selector::Tag(tag) => machine.tags.contains(tag),
            };
            let target = machine_target(machine);
            let Some(id) = key_id(&target, self.live.capabilities).filter(|_| is_meant) else { continue };
            has_matched = true;
            let key = (id, interval.clone());
            if self.covered.insert(key.clone()) {
                self.find(rule.place, &key, target, &rule.fields);
            }
        }
        if !has_matched {
            let what = match &rule.selector {
                Selector::Match(glob) => format!("`{glob}` matches no VM"),
                Selector::Tag(tag) => format!("no VM has the tag `{tag}`"),
            };
            self.matching.notes.push(format!("line {}: {what}", rule.place));
        }
    }

    /// Finds the one live policy of a target and interval that no other line means.
    fn find(&mut self, place: Place, key: &Key, target: Target, fields: &PolicyPatch) {
        let candidates = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
        let free: Vec<&'a str> = candidates.iter().copied().filter(|id| !self.claimed.contains_key(id)).collect();
        match free.as_slice() {
            [] => self.want_new(place, target, fields),
            [id] => {
                self.claimed.insert(id, place);
                self.want(place, target, Some(id), fields);
            }
            several => {
                let words = format!(
                    "{} has {} {} policies ({}): give each a line with its `id`",
                    target.label(),
                    several.len(),
                    key.1,
                    several.join(", ")
                );
                self.complain(place, Exit::Usage, code::AMBIGUOUS_NAME, words);
            }
        }
    }

    fn want_new(&mut self, place: Place, target: Target, fields: &PolicyPatch) {
        if matches!(target.kind, TargetKind::Other | TargetKind::Unknown) {
            let words =
                format!("{} has no such policy, and is not a listed VM or disk that could get one", target.label());
            return self.complain(place, Exit::NotFound, "not_found", words);
        }
        if let Some(reason) = self.backed_up_by_disk(&target) {
            let words = format!("{} {reason}: its disks are backed up, each by a policy of its own", target.label());
            return self.complain(place, Exit::Usage, code::NOT_OFFERED, words);
        }
        let is_fixed = target.kind == TargetKind::Disk && self.live.capabilities.disk_retention.is_some();
        if fields.retention.is_none() && !is_fixed {
            let words = format!("{} has no such policy yet, and a new one needs `retention`", target.label());
            return self.complain(place, Exit::Usage, code::CONFIG, words);
        }
        self.want(place, target, None, fields);
    }

    fn want(&mut self, place: Place, target: Target, policy: Option<&str>, fields: &PolicyPatch) {
        if let Some(words) = self.live.capabilities.refusal(target.kind, fields) {
            return self.complain(place, Exit::Usage, code::NOT_OFFERED, words);
        }
        let policy = policy.map(str::to_owned);
        // Where no policy can be paused, each of them makes backups.
        let enabled = fields.enabled.filter(|_| self.live.capabilities.pauses);
        self.matching.wanted.push(Wanted { place, target, policy, fields: PolicyPatch { enabled, ..fields.clone() } });
    }

    /// Finds what a line names as the target.
    fn target(&mut self, place: Place, name: &Name) -> Option<Target> {
        let found = match name {
            Name::Vm(name) => return self.machine(place, name).map(machine_target),
            Name::Disk(id) => self.disk_ids.get(id.as_str()).map(|disk| self.disk_target(disk)),
            Name::Target(id) => Some(self.described(&Target { id: Some(id.clone()), ..Target::default() })),
        };
        if found.is_none() {
            let words = format!("no disk of {} is {}", self.live.capabilities.scope(), name.parts().1);
            self.complain(place, Exit::NotFound, "disk_not_found", words);
        }
        found
    }

    fn machine(&mut self, place: Place, name: &str) -> Option<&'a Machine> {
        if let Some(machine) = self.machine_ids.get(name) {
            return Some(machine);
        }
        let name = without_root_dot(name);
        let called = self.machine_names.get(&name.to_lowercase()).map_or(&[][..], Vec::as_slice);
        // An FQDN is as good as an id; a name must be the only one.
        let by_fqdn: Vec<&'a Machine> =
            called.iter().copied().filter(|machine| is_same(machine.fqdn.as_deref(), name)).collect();
        match (by_fqdn.as_slice(), called) {
            ([machine], _) | ([], [machine]) => Some(machine),
            ([], []) => {
                let words = format!("no VM of {} is called `{name}`", self.live.capabilities.scope());
                self.complain(place, Exit::NotFound, "virtual_machine_not_found", words);
                None
            }
            _ => {
                let ids: Vec<&str> = called.iter().filter_map(|machine| machine.id.as_deref()).collect();
                let words = format!("`{name}` names {} VMs ({}): write the id", called.len(), ids.join(", "));
                self.complain(place, Exit::Usage, code::AMBIGUOUS_NAME, words);
                None
            }
        }
    }

    /// Says of a policy's target what the lists say of it.
    fn described(&self, target: &Target) -> Target {
        let id = target.id.as_deref().unwrap_or_default();
        let machine = self.machine_ids.get(id).filter(|_| target.kind != TargetKind::Disk);
        let listed = machine.map(|machine| machine_target(machine));
        let listed = listed.or_else(|| self.disk_ids.get(id).map(|disk| self.disk_target(disk)));
        let known = || self.live.policies.iter().map(|policy| &policy.target).find(|other| other.id == target.id);
        let name = || target.name.clone().or_else(|| known().and_then(|known| known.name.clone()));
        listed.unwrap_or_else(|| Target { kind: TargetKind::Unknown, id: target.id.clone(), name: name() })
    }

    /// Why a VM has no policy of its own on such a cloud; none where it can have one.
    fn backed_up_by_disk(&self, target: &Target) -> Option<&'static str> {
        let machine = self.machine_ids.get(target.id.as_deref()?)?;
        let is_vm = target.kind == TargetKind::VirtualMachine && self.live.capabilities.disk_retention.is_some();
        machine.backed_up_by_disk().filter(|_| is_vm)
    }

    fn disk_target(&self, disk: &Disk) -> Target {
        let machine = || self.machine_ids.get(disk.machine_id.as_deref()?).map(|machine| machine.label());
        let name = match (&disk.name, &disk.machine_fqdn, machine()) {
            (Some(name), Some(fqdn), _) => Some(format!("{name} of {fqdn}")),
            (_, None, Some(machine)) => Some(format!("{machine} disk {}", disk.id.as_deref().unwrap_or("-"))),
            (name, ..) => name.clone(),
        };
        Target { kind: TargetKind::Disk, id: disk.id.clone(), name }
    }

    fn complain(&mut self, place: Place, exit: Exit, code: &'static str, words: String) {
        self.complaints.push(Complaint { place, exit, code, words });
    }

    fn finish(mut self, name: &str) -> Result<Matching, Error> {
        self.complaints.sort_by_key(|complaint| complaint.place);
        let Some(first) = self.complaints.first() else {
            let ids = self.live.policies.iter().filter_map(|policy| policy.id.as_deref());
            self.matching.unlisted = ids.filter(|id| !self.claimed.contains_key(id)).map(str::to_owned).collect();
            return Ok(self.matching);
        };
        let (exit, code) = (first.exit, first.code);
        let listed = self.complaints.iter().take(MAX_COMPLAINTS);
        let mut words: Vec<String> = listed.map(|it| format!("{name} line {}: {}", it.place, it.words)).collect();
        if self.complaints.len() > MAX_COMPLAINTS {
            words.push(format!("and {} more", self.complaints.len() - MAX_COMPLAINTS));
        }
        Err(Error::new(exit, code, words.join("; ")))
    }
}

/// Returns what a live policy is known by; an interval that this version does not know cannot be written.
pub(super) fn key_of(policy: &Policy, capabilities: &Capabilities) -> Option<Key> {
    let interval = policy.schedule.interval.clone().filter(|interval| !matches!(interval, Interval::Other(_)))?;
    Some((key_id(&policy.target, capabilities)?, interval))
}

/// What a target is known by.
fn key_id(target: &Target, capabilities: &Capabilities) -> Option<String> {
    let id = target.id.clone()?;
    Some(if capabilities.shares_ids { format!("{} {id}", target.kind.noun()) } else { id })
}

/// Compares names as machines are called: whatever their case.
fn is_same(name: Option<&str>, other: &str) -> bool {
    name.is_some_and(|name| name.to_lowercase() == other.to_lowercase())
}

fn machine_target(machine: &Machine) -> Target {
    let name = machine.name.clone().or_else(|| machine.fqdn.clone());
    Target { kind: TargetKind::VirtualMachine, id: machine.id.clone(), name }
}
