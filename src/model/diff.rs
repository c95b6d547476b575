//! What differs between two snapshots of an organization: cover that was lost or gained, and policies that changed.
//!
//! A snapshot with gaps proves no absence: what it does not list is `unknown`, not removed and not added.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::coverage::{Kind, Row, Verdict, coverage};
use super::fleet::is_number;
use super::snapshot::Snapshot;
use super::{Disk, Fleet, Machine, Policy, PolicyPatch, TargetKind};
use crate::time::utc;

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    Vm,
    Disk,
    Policy,
}

/// The kinds of a difference, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was covered and is not any more.
    Lost,
    /// It is covered less well, or a policy protects less.
    Weaker,
    /// One of the snapshots is incomplete and does not list it.
    Unknown,
    Removed,
    Changed,
    Added,
    Stronger,
    /// It was not covered and now is.
    Gained,
}

/// A value before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    pub field: &'static str,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A VM, disk or policy that differs. Its fields are those of `bpctl diff -o json`.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    #[serde(rename = "type")]
    pub subject: Subject,
    pub id: String,
    /// The name; of a policy that of its target.
    pub name: String,
    /// Of a policy: its target's id.
    pub target: Option<String>,
    pub change: ChangeKind,
    /// Whether protection was taken from something that still exists.
    pub weaker: bool,
    pub fields: Vec<Field>,
    /// The protection that is lost, in words.
    pub losses: Vec<String>,
}

impl ChangeKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Weaker => "weaker",
            Self::Unknown => "unknown",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Stronger => "stronger",
            Self::Gained => "gained",
        }
    }
}

impl Subject {
    pub fn word(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::Disk => "disk",
            Self::Policy => "policy",
        }
    }
}

impl Difference {
    fn new(subject: Subject, id: &str, name: &str, change: ChangeKind) -> Self {
        Self {
            subject,
            id: id.to_owned(),
            name: name.to_owned(),
            target: None,
            change,
            weaker: matches!(change, ChangeKind::Lost | ChangeKind::Weaker),
            fields: Vec::new(),
            losses: Vec::new(),
        }
    }

    /// Adds a field whose values differ.
    fn compare(&mut self, field: &'static str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.fields.push(Field { field, before, after });
        }
    }

    /// Says how it differs: `retention 14 → 7; interval daily → weekly`. A field that a loss begins with is not repeated.
    pub fn words(&self) -> String {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let fields = self.fields.iter();
        let fields = fields.map(|field| format!("{} {} → {}", field.field, value(&field.before), value(&field.after)));
        let is_in_loss = |field: &String| {
            self.losses.iter().any(|loss| loss.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with(':')))
        };
        let fields = fields.filter(|field| !is_in_loss(field));
        fields.chain(self.losses.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// Compares two snapshots of one organization. Both are judged by this bpctl and by the requirements of the older one, so
/// that another version or other requirements do not look like a change. `now` is the moment of the newer one.
pub fn diff(old: &Snapshot, new: &Snapshot, now: Timestamp) -> Vec<Difference> {
    let wanted = old.query.requirements();
    let side = |snapshot| Side::new(snapshot, |fleet| coverage(fleet, &wanted, now).rows);
    let (before, after) = (side(old), side(new));
    let mut all = machines(&before, &after);
    all.extend(disks(&before, &after));
    all.extend(policies(&before, &after));
    let rank = |one: &Difference| (!one.weaker, one.change, one.subject);
    all.sort_by(|a, b| (rank(a), &a.name, &a.id).cmp(&(rank(b), &b.name, &b.id)));
    all
}

/// One of the snapshots, to look things up in.
struct Side<'a> {
    snapshot: &'a Snapshot,
    fleet: Fleet,
    /// Policies that make no backups.
    idle: Vec<Policy>,
    rows: HashMap<(Kind, String), Row>,
    uncovered: HashSet<String>,
    /// VMs and disks by id: a VM and a disk of an OnApp cloud can have the same number.
    listed: HashSet<(Kind, String)>,
}

impl<'a> Side<'a> {
    fn new(snapshot: &'a Snapshot, judge: impl Fn(&Fleet) -> Vec<Row>) -> Self {
        let fleet = snapshot.fleet();
        let rows = judge(&fleet);
        let uncovered = rows.iter().flat_map(|row| row.uncovered.iter().cloned()).collect();
        let machines = fleet.machines.iter().filter_map(|machine| Some((Kind::Vm, machine.id.clone()?)));
        let disks = fleet.disks.iter().filter_map(|disk| Some((Kind::Disk, disk.id.clone()?)));
        let listed = machines.chain(disks).collect();
        let rows = rows.into_iter().filter_map(|row| Some(((row.kind, row.id.clone()?), row))).collect();
        let idle = snapshot.idle.iter().flatten().map(Into::into).collect();
        Self { snapshot, fleet, idle, rows, uncovered, listed }
    }

    /// Every policy.
    fn policies(&self) -> Vec<Known<'_>> {
        let working = self.fleet.policies.iter().map(|policy| (policy, true));
        working.chain(self.idle.iter().map(|policy| (policy, false))).collect()
    }

    fn row(&self, kind: Kind, id: &str) -> Option<&Row> {
        self.rows.get(&(kind, id.to_owned()))
    }

    /// The machine that a disk is assigned to, where that is listed.
    fn machine_of<'d>(&self, disk: &'d Disk) -> Option<&'d str> {
        disk.machine_id.as_deref().filter(|id| self.lists(Kind::Vm, id))
    }

    /// The shortest period and the longest reach of the policies of a disk and of its VM, in seconds.
    fn cover_of(&self, id: &str) -> Option<(u64, u64)> {
        let index = self.fleet.index();
        let disk = self.fleet.disks.iter().find(|disk| disk.id.as_deref() == Some(id))?;
        let is_its_vm = |machine: &&Machine| machine.id.is_some() && machine.id == disk.machine_id;
        let of_vm = self.fleet.machines.iter().find(is_its_vm).map(|machine| index.of_machine(machine));
        let policies = index.of_disk(disk).iter().chain(of_vm.into_iter().flatten());
        let covers = policies.map(|policy| {
            let period = policy.schedule.period_seconds()?;
            Some((period, period.saturating_mul(u64::try_from(policy.retention?).ok()?)))
        });
        let covers: Vec<(u64, u64)> = covers.collect::<Option<_>>()?;
        Some((covers.iter().map(|cover| cover.0).min()?, covers.iter().map(|cover| cover.1).max()?))
    }

    fn lists(&self, kind: Kind, id: &str) -> bool {
        self.listed.contains(&(kind, id.to_owned()))
    }

    /// Whether what a policy backs up may still exist: a VM or a disk has that id. Numbers are those of one of the two.
    fn has_target_of(&self, policy: &Policy) -> bool {
        let is_listed = |id: &str, kind, target| {
            self.lists(kind, id) && (!is_number(id) || [target, TargetKind::Unknown].contains(&policy.target.kind))
        };
        policy.target.id.as_deref().is_none_or(|id| {
            is_listed(id, Kind::Vm, TargetKind::VirtualMachine) || is_listed(id, Kind::Disk, TargetKind::Disk)
        })
    }

    /// What it means that this snapshot does not list something: a list with gaps proves nothing.
    fn absence(&self, proven: ChangeKind) -> ChangeKind {
        if self.snapshot.gaps.is_empty() { proven } else { ChangeKind::Unknown }
    }
}

/// Pairs what has the same id, in the order of the older snapshot.
fn pairs<'a, T>(old: &'a [T], new: &'a [T], id: impl Fn(&'a T) -> Option<&'a str>) -> Vec<Pair<'a, T>> {
    let by_id = |things: &'a [T]| -> HashMap<&'a str, &'a T> {
        things.iter().filter_map(|thing| Some((id(thing)?, thing))).collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let known = old.iter().filter_map(|thing| {
        let id = id(thing)?;
        Some((id, Some(thing), after.get(id).copied()))
    });
    let added = new.iter().filter_map(|thing| {
        let id = id(thing)?;
        (!before.contains_key(id)).then_some((id, None, Some(thing)))
    });
    known.chain(added).collect()
}

/// An id, and what has it in the older and in the newer snapshot.
type Pair<'a, T> = (&'a str, Option<&'a T>, Option<&'a T>);

fn machines(old: &Side<'_>, new: &Side<'_>) -> Vec<Difference> {
    let one = |(id, before, after): Pair<'_, Machine>| {
        let name = after.or(before)?.label();
        let rows = (old.row(Kind::Vm, id), new.row(Kind::Vm, id));
        cover_difference(Subject::Vm, (id, name), rows, (old, new))
    };
    pairs(&old.fleet.machines, &new.fleet.machines, |machine| machine.id.as_deref())
        .into_iter()
        .filter_map(one)
        .collect()
}

fn disks(old: &Side<'_>, new: &Side<'_>) -> Vec<Difference> {
    let one = |(id, before, after): Pair<'_, Disk>| {
        let name = after.or(before)?.name.as_deref().unwrap_or(id);
        if let (Some(before), Some(after)) = (before, after) {
            let assigned = (old.machine_of(before), new.machine_of(after));
            match assigned {
                (None, None) => {}
                // The row of its VM says what changed.
                (Some(a), Some(b)) if a == b => return None,
                assigned => return Some(moved_disk((id, name), assigned, (old, new))),
            }
        }
        let rows = (old.row(Kind::Disk, id), new.row(Kind::Disk, id));
        match (before, after) {
            (Some(_), None) => Some(Difference::new(Subject::Disk, id, name, new.absence(ChangeKind::Removed))),
            (None, Some(_)) => Some(Difference::new(Subject::Disk, id, name, old.absence(ChangeKind::Added))),
            _ => cover_difference(Subject::Disk, (id, name), rows, (old, new)),
        }
    };
    pairs(&old.fleet.disks, &new.fleet.disks, |disk| disk.id.as_deref()).into_iter().filter_map(one).collect()
}

/// A disk that another VM has now, or none: the policies of its VM no longer cover it.
fn moved_disk(
    (id, name): (&str, &str),
    (from, to): (Option<&str>, Option<&str>),
    (old, new): (&Side<'_>, &Side<'_>),
) -> Difference {
    let change = match (old.uncovered.contains(id), new.uncovered.contains(id)) {
        (false, true) => ChangeKind::Lost,
        (true, false) => ChangeKind::Gained,
        (false, false) if is_worse(old.cover_of(id), new.cover_of(id)) => ChangeKind::Weaker,
        _ => ChangeKind::Changed,
    };
    let mut moved = Difference::new(Subject::Disk, id, name, change);
    moved.compare("vm", from.map(str::to_owned), to.map(str::to_owned));
    if change == ChangeKind::Weaker {
        moved.losses.push("its policies run less often, or reach back less far, than those it had".to_owned());
    }
    moved
}

/// Whether a cover is worse than an earlier one: its shortest period in seconds is longer, or its longest reach is shorter.
/// What is not known may be.
fn is_worse(old: Option<(u64, u64)>, new: Option<(u64, u64)>) -> bool {
    let (Some((old_period, old_reach)), Some((period, reach))) = (old, new) else { return true };
    period > old_period || reach < old_reach
}

/// Compares the cover of a VM, or of a disk that belongs to none.
fn cover_difference(
    subject: Subject,
    (id, name): (&str, &str),
    rows: (Option<&Row>, Option<&Row>),
    (old, new): (&Side<'_>, &Side<'_>),
) -> Option<Difference> {
    let change = match rows {
        (Some(before), Some(after)) => cover_change(before, after)?,
        (Some(_), None) => new.absence(ChangeKind::Removed),
        (None, Some(_)) => old.absence(ChangeKind::Added),
        (None, None) => return None,
    };
    let mut difference = Difference::new(subject, id, name, change);
    let (before, after) = rows;
    let verdict = |row: Option<&Row>| row.map(|row| row.verdict.word().to_owned());
    let covered = |row: Option<&Row>| row.map(|row| format!("{}/{}", row.covered, row.disks));
    let uncovered = |row: Option<&Row>| row.map(|row| row.uncovered.join(", ")).filter(|ids| !ids.is_empty());
    difference.compare("verdict", verdict(before), verdict(after));
    difference.compare("disks covered", covered(before), covered(after));
    difference.compare("uncovered", uncovered(before), uncovered(after));
    Some(difference)
}

fn cover_change(before: &Row, after: &Row) -> Option<ChangeKind> {
    match (before.verdict, after.verdict) {
        (Verdict::None, Verdict::None) => None,
        (_, Verdict::None) => Some(ChangeKind::Lost),
        (Verdict::None, _) => Some(ChangeKind::Gained),
        (old, new) if new < old => Some(ChangeKind::Weaker),
        (old, new) if new > old => Some(ChangeKind::Stronger),
        _ if after.uncovered.iter().any(|disk| !before.uncovered.contains(disk)) => Some(ChangeKind::Weaker),
        _ if before.uncovered != after.uncovered => Some(ChangeKind::Stronger),
        _ => None,
    }
}

/// A policy, and whether it makes backups.
type Known<'a> = (&'a Policy, bool);

fn policies(old: &Side<'_>, new: &Side<'_>) -> Vec<Difference> {
    let one = |(id, before, after): Pair<'_, Known<'_>>| {
        let mut difference = match (before, after) {
            (Some(before), Some(after)) => changed_policy(id, (*before, *after), (old, new))?,
            (Some(before), None) => removed_policy(id, *before, new)?,
            // It may have been there before.
            (None, Some((_, false))) if old.snapshot.idle.is_none() => return None,
            (None, Some((after, _))) => {
                Difference::new(Subject::Policy, id, after.target.label(), old.absence(ChangeKind::Added))
            }
            (None, None) => return None,
        };
        let (before, after) = (before.map(|known| known.0), after.map(|known| known.0));
        if before.is_none() || after.is_none() {
            let schedule = |policy: Option<&Policy>| policy.map(|policy| policy.schedule.words());
            difference.compare("schedule", schedule(before), schedule(after));
            let retention = |policy: Option<&Policy>| policy?.retention.map(|retention| retention.to_string());
            difference.compare("retention", retention(before), retention(after));
        }
        difference.target = after.or(before)?.target.id.clone();
        Some(difference)
    };
    let (before, after) = (old.policies(), new.policies());
    pairs(&before, &after, |(policy, _)| policy.id.as_deref()).into_iter().filter_map(one).collect()
}

fn removed_policy(id: &str, (policy, worked): Known<'_>, new: &Side<'_>) -> Option<Difference> {
    // Snapshots of earlier versions leave out policies that make no backups.
    let is_listed = new.snapshot.idle.is_some();
    if !worked && !is_listed {
        return None;
    }
    let mut removed = Difference::new(Subject::Policy, id, policy.target.label(), new.absence(ChangeKind::Removed));
    // With its target gone as well, there is nothing left to protect.
    if worked && removed.change == ChangeKind::Removed && new.has_target_of(policy) {
        removed.weaker = true;
        let how = if is_listed { "was removed" } else { "was removed or is not enabled" };
        removed.losses.push(format!("the policy {how}: it makes no more backups"));
    }
    Some(removed)
}

/// Names of what lists leave out.
const DETAILS: [&str; 3] = ["frequency", "time", "minute"];

fn changed_policy(
    id: &str,
    ((before, worked), (after, works)): (Known<'_>, Known<'_>),
    (old, new): (&Side<'_>, &Side<'_>),
) -> Option<Difference> {
    let has_details = old.snapshot.has_details_of(id) && new.snapshot.has_details_of(id);
    let mut difference = Difference::new(Subject::Policy, id, after.target.label(), ChangeKind::Changed);
    for ((name, old), (_, new)) in before.settings().into_iter().zip(after.settings()) {
        if name != "enabled" && (has_details || !DETAILS.contains(&name)) {
            difference.compare(name, old, new);
        }
    }
    // Snapshots of earlier versions hold no status, and no policy that is not enabled.
    let status = |policy: &Policy| policy.status.clone().or_else(|| Some("enabled".to_owned()));
    difference.compare("status", status(before), status(after));
    if before.is_enabled() == after.is_enabled() {
        difference.compare("makes backups", Some(worked.to_string()), Some(works.to_string()));
    }
    difference.losses = setting_losses(before, after, has_details);
    if worked && !works {
        difference.losses.push(idle_loss(after));
    }
    if after.target.is_another_than(&before.target) {
        difference.compare("target", before.target.id.clone(), after.target.id.clone());
        let kind = |policy: &Policy| Some(policy.target.kind.noun().to_owned());
        difference.compare("target type", kind(before), kind(after));
        difference.losses.push(format!("{} is no longer its target", before.target.label()));
    }
    if has_details {
        let (old, new) = (before.auto_move_to_trash_at, after.auto_move_to_trash_at);
        difference.compare("deletion", old.map(utc), new.map(utc));
        if let Some(at) = new.filter(|at| old.is_none_or(|old| *at < old)) {
            difference.losses.push(format!("its deletion is scheduled for {}", utc(at)));
        }
    }
    if difference.fields.is_empty() {
        return None;
    }
    if !difference.losses.is_empty() {
        (difference.change, difference.weaker) = (ChangeKind::Weaker, true);
    } else if works && !worked || !setting_losses(after, before, has_details).is_empty() {
        difference.change = ChangeKind::Stronger;
    }
    Some(difference)
}

/// Why a policy that makes no backups makes none.
fn idle_loss(policy: &Policy) -> String {
    match policy.status.as_deref() {
        Some("disabled") => "it was paused: it makes no more backups until it is resumed".to_owned(),
        // The whole VM runs Windows.
        Some("enabled") | None => "it makes no more backups: its VM runs Windows".to_owned(),
        Some(status) => format!("its status is {status}: it makes no more backups"),
    }
}

/// The protection that a policy has lost with its settings. A setting that can no longer be read counts as lost.
fn setting_losses(before: &Policy, after: &Policy, has_details: bool) -> Vec<String> {
    let frequency = |policy: &Policy| policy.schedule.frequency.filter(|_| has_details);
    let plain = |policy: &Policy| {
        let mut plain = policy.clone();
        plain.schedule.frequency = frequency(policy);
        plain
    };
    let (before, after) = (plain(before), plain(after));
    let patch = PolicyPatch { time: None, minute: None, enabled: None, ..PolicyPatch::of(&after) };
    let change = patch.against(&before);
    let mut losses: Vec<String> = change.losses(&before).into_iter().map(|loss| loss.0).collect();
    for ((name, old), (_, new)) in before.settings().into_iter().zip(after.settings()) {
        if old.is_some() && new.is_none() && matches!(name, "retention" | "interval" | "frequency") {
            losses.push(format!("{name} can no longer be read"));
        }
    }
    losses
}
