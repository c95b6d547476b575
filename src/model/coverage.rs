//! Which machines and disks are backed up, and how well.
//!
//! A machine's policy covers all its disks (documented), a disk's policy that disk only. A disk that is assigned to
//! no known machine is a row of its own. The frequency is read as "every N intervals" (inferred); where it is not
//! known, as every interval.

#[cfg(test)]
mod laws;

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Deletion, Disk, Fleet, Index, Interval, Machine, Policy};
use crate::time::relative;

/// What is asked of each disk; both must be met by one and the same policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// At least this often.
    pub interval: Option<Interval>,
    /// At least so many backups kept.
    pub retention: Option<i64>,
}

/// How well a machine or disk is protected, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No disk is covered.
    None,
    /// Some disks are covered.
    Partial,
    /// All disks are covered, but not all as required.
    Weak,
    /// All disks are covered as required.
    Ok,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A machine with its disks.
    Vm,
    /// A disk that is assigned to no known machine.
    Disk,
}

/// A machine, or a disk that is assigned to none. Its fields are those of `bpctl coverage -o json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: Kind,
    pub id: Option<String>,
    /// The FQDN, else the name.
    pub name: String,
    /// How many disks there are.
    pub disks: usize,
    /// How many of them are covered by any policy.
    pub covered: usize,
    /// The policies that cover any of them: ids, the most frequent first.
    pub policies: Vec<String>,
    /// The unit of the most frequent policy.
    pub interval: Option<Interval>,
    /// Every how many of these units; none when it was not read.
    pub frequency: Option<i64>,
    /// What is kept, in words: retention × interval.
    pub kept: Option<String>,
    /// The farthest reach back in seconds, a month as 30 days.
    #[serde(skip)]
    pub reach: Option<u64>,
    /// The next run of any policy, in Unix seconds.
    pub next_run: Option<i64>,
    /// How well it is protected.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Ids of the disks that no policy covers.
    pub uncovered: Vec<String>,
    /// Pending deletions of its policies, as far as they were read.
    pub deletions: Vec<Deletion>,
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub ok: usize,
    pub weak: usize,
    pub partial: usize,
    pub none: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Machines by verdict.
    pub machines: Count,
    /// Disks of no machine by verdict.
    pub loose_disks: Count,
    /// Disks, assigned or not.
    pub disks: usize,
    /// Those that are covered.
    pub covered: usize,
}

#[derive(Clone, Debug)]
pub struct Coverage {
    /// Rows, worst first, then machines before disks, then by name.
    pub rows: Vec<Row>,
    pub totals: Totals,
    /// Policies (id and target) whose target is not a known machine or disk.
    pub strays: Vec<(String, String)>,
}

pub fn coverage(fleet: &Fleet, requirements: &Requirements, now: Timestamp) -> Coverage {
    let index = fleet.index();
    let machines = fleet.machines.iter().map(|machine| machine_row(machine, &index, requirements, now));
    let loose = fleet.disks.iter().filter(|disk| !index.has_machine_of(disk));
    let disks = loose.map(|disk| disk_row(disk, &index, requirements, now));
    let mut rows: Vec<Row> = machines.chain(disks).collect();
    rows.sort_by(|a, b| (a.verdict, a.kind, &a.name, &a.id).cmp(&(b.verdict, b.kind, &b.name, &b.id)));
    let strays = fleet.policies.iter().filter(|policy| !index.has_target_of(policy));
    let strays = strays.map(|policy| (policy.id_text().to_owned(), policy.target.label().to_owned())).collect();
    Coverage { totals: totals(&rows), rows, strays }
}

impl Count {
    /// Returns how many there are in all.
    pub fn all(&self) -> usize {
        self.ok + self.weak + self.partial + self.none
    }

    /// Returns the verdicts with their numbers, worst first.
    pub fn parts(&self) -> [(Verdict, usize); 4] {
        [
            (Verdict::None, self.none),
            (Verdict::Partial, self.partial),
            (Verdict::Weak, self.weak),
            (Verdict::Ok, self.ok),
        ]
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::None => self.none += 1,
            Verdict::Partial => self.partial += 1,
            Verdict::Weak => self.weak += 1,
            Verdict::Ok => self.ok += 1,
        }
    }
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Weak => "weak",
            Self::Ok => "ok",
        }
    }
}

impl Requirements {
    /// Says them in words; nothing when there are none.
    pub fn words(&self) -> Option<String> {
        let interval = self.interval.as_ref().map(often);
        let retention = self.retention.map(|retention| format!("{retention} or more kept"));
        let words: Vec<String> = [interval, retention].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn has_interval(&self, policy: &Policy) -> bool {
        let Some(longest) = self.interval.as_ref().and_then(Interval::seconds) else {
            return true;
        };
        policy.schedule.period_seconds().is_some_and(|period| period <= longest)
    }

    fn has_retention(&self, policy: &Policy) -> bool {
        self.retention.is_none_or(|least| policy.retention.is_some_and(|retention| retention >= least))
    }

    /// Describes what the policies of one disk lack; `None` when one of them meets everything.
    fn shortfall(&self, policies: &[&Policy]) -> Option<String> {
        if policies.iter().any(|policy| self.has_interval(policy) && self.has_retention(policy)) {
            return None;
        }
        let is_frequent = policies.iter().any(|policy| self.has_interval(policy));
        let is_kept = policies.iter().any(|policy| self.has_retention(policy));
        let interval = self.interval.as_ref().map(often).unwrap_or_default();
        let retention = self.retention.unwrap_or_default();
        Some(match (is_frequent, is_kept) {
            (false, false) => format!("no policy runs {interval}, and none keeps {retention} or more"),
            (false, true) => format!("no policy runs {interval}"),
            (true, false) => format!("no policy keeps {retention} or more"),
            (true, true) => format!("no single policy runs {interval} and keeps {retention} or more"),
        })
    }
}

fn often(interval: &Interval) -> String {
    match interval {
        Interval::Hourly => "hourly".to_owned(),
        other => format!("{other} or more often"),
    }
}

fn machine_row(machine: &Machine, index: &Index<'_>, wanted: &Requirements, now: Timestamp) -> Row {
    let own = index.of_machine(machine);
    let disks = index.disks_of(machine);
    let covering = |disk: &Disk| [own, index.of_disk(disk)].concat();
    let uncovered: Vec<&Disk> = disks.iter().copied().filter(|disk| covering(disk).is_empty()).collect();
    let mut policies = own.to_vec();
    policies.extend(disks.iter().flat_map(|disk| index.of_disk(disk)));
    let (verdict, reason) = match () {
        () if policies.is_empty() => (Verdict::None, "no policy".to_owned()),
        () if !uncovered.is_empty() => (Verdict::Partial, format!("not covered: {}", names(&uncovered))),
        () if disks.is_empty() => judged(wanted.shortfall(own), "no disks are listed"),
        () => {
            let weakest = disks.iter().find_map(|disk| Some((disk, wanted.shortfall(&covering(disk))?)));
            let is_alike = disks.iter().all(|disk| index.of_disk(disk).is_empty());
            let words =
                weakest.map(|(disk, words)| if is_alike { words } else { format!("{}: {words}", disk.label()) });
            judged(words, "all disks are covered")
        }
    };
    let covered = disks.len() - uncovered.len();
    let uncovered = uncovered.iter().filter_map(|disk| disk.id.clone()).collect();
    let about = About { kind: Kind::Vm, id: machine.id.clone(), name: machine.label().to_owned() };
    row(about, (disks.len(), covered), policies, (verdict, reason), uncovered, now)
}

fn disk_row(disk: &Disk, index: &Index<'_>, wanted: &Requirements, now: Timestamp) -> Row {
    let policies = index.of_disk(disk);
    let assigned = match disk.machine_fqdn.as_deref().or(disk.machine_id.as_deref()) {
        None => "assigned to no VM".to_owned(),
        Some(machine) => format!("assigned to {machine}, which is not listed"),
    };
    let (verdict, reason) = if policies.is_empty() {
        (Verdict::None, "no policy".to_owned())
    } else {
        judged(wanted.shortfall(policies), "covered")
    };
    let uncovered = disk.id.clone().into_iter().filter(|_| policies.is_empty()).collect();
    let about = About { kind: Kind::Disk, id: disk.id.clone(), name: disk.label().into_owned() };
    let covered = usize::from(!policies.is_empty());
    row(about, (1, covered), policies.to_vec(), (verdict, format!("{reason}; {assigned}")), uncovered, now)
}

fn judged(shortfall: Option<String>, otherwise: &str) -> (Verdict, String) {
    match shortfall {
        Some(words) => (Verdict::Weak, words),
        None => (Verdict::Ok, otherwise.to_owned()),
    }
}

fn names(disks: &[&Disk]) -> String {
    disks.iter().map(|disk| disk.label()).collect::<Vec<_>>().join(", ")
}

struct About {
    kind: Kind,
    id: Option<String>,
    name: String,
}

fn row(
    about: About,
    (disks, covered): (usize, usize),
    mut policies: Vec<&Policy>,
    (verdict, mut reason): (Verdict, String),
    uncovered: Vec<String>,
    now: Timestamp,
) -> Row {
    policies.sort_by_key(|policy| (policy.schedule.period_seconds().unwrap_or(u64::MAX), policy.id.as_deref()));
    let mut deletions = Vec::new();
    for policy in &policies {
        let Some(at) = policy.auto_move_to_trash_at else { continue };
        deletions.push(Deletion { policy: policy.id_text().to_owned(), at });
        let when = Timestamp::from_second(at).map_or_else(|_| "later".to_owned(), |at| relative(at, now));
        reason = format!("{reason}; deletion of {} scheduled {when}", policy.id_text());
    }
    let most_frequent = policies.first().map(|policy| &policy.schedule);
    let mut seen = HashSet::new();
    let kept: Vec<String> =
        policies.iter().filter_map(|policy| kept(policy)).filter(|w| seen.insert(w.clone())).collect();
    Row {
        kind: about.kind,
        id: about.id,
        name: about.name,
        disks,
        covered,
        interval: most_frequent.and_then(|schedule| schedule.interval.clone()),
        frequency: most_frequent.and_then(|schedule| schedule.frequency),
        kept: (!kept.is_empty()).then(|| kept.join("; ")),
        reach: policies.iter().filter_map(|policy| reach(policy)).max(),
        next_run: policies.iter().filter_map(|policy| policy.schedule.next_invocation_at).min(),
        policies: policies.iter().map(|policy| policy.id_text().to_owned()).collect(),
        verdict,
        reason,
        uncovered,
        deletions,
    }
}

/// Describes what a policy keeps: `7 days (7 × daily)`.
fn kept(policy: &Policy) -> Option<String> {
    let (retention, interval) = (policy.retention?, policy.schedule.interval.as_ref()?);
    let every = policy.schedule.frequency.unwrap_or(1).max(1);
    if interval.seconds().is_none() {
        return Some(format!("{retention} × {interval}"));
    }
    let words = match every {
        1 => interval.to_string(),
        count => format!("every {count} {}s", interval.unit()),
    };
    let (mut reach, mut unit) = (retention.saturating_mul(every), interval.unit());
    if *interval == Interval::Hourly && reach >= 48 && reach % 24 == 0 {
        (reach, unit) = (reach / 24, "day");
    }
    let plural = if reach == 1 { "" } else { "s" };
    Some(format!("{reach} {unit}{plural} ({retention} × {words})"))
}

fn reach(policy: &Policy) -> Option<u64> {
    policy.schedule.period_seconds()?.checked_mul(u64::try_from(policy.retention?).ok()?)
}

pub fn totals<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Totals {
    let mut totals = Totals::default();
    for row in rows {
        match row.kind {
            Kind::Vm => totals.machines.add(row.verdict),
            Kind::Disk => totals.loose_disks.add(row.verdict),
        }
        totals.disks += row.disks;
        totals.covered += row.covered;
    }
    totals
}
