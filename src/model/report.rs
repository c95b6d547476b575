//! A report for an auditor: what was required, what was found in one or several profiles, which exceptions apply, and what
//! could not be read.

use std::collections::HashMap;

use jiff::Timestamp;

use super::coverage::{Kind, Row, Totals, Verdict, totals};
use super::exceptions::Exception;
use super::snapshot::{Query, Snapshot};

/// Everything that a report says.
#[derive(Clone, Debug)]
pub struct Report {
    pub query: Query,
    pub sources: Vec<Source>,
    /// Profiles that could not be read.
    pub failed: Vec<Failed>,
    /// Rows of all sources; only what was read.
    pub totals: Totals,
    pub exceptions: Vec<Applied>,
}

/// An organization that was read.
#[derive(Clone, Debug)]
pub struct Source {
    pub snapshot: Snapshot,
    pub lines: Vec<Line>,
    pub totals: Totals,
}

/// A profile that could not be read, and why.
#[derive(Clone, Debug)]
pub struct Failed {
    pub profile: String,
    pub code: String,
    pub message: String,
}

/// A VM, or a disk that belongs to none.
#[derive(Clone, Debug)]
pub struct Line {
    pub row: Row,
    /// Ids of all its disks.
    pub disks: Vec<String>,
    pub status: Status,
    /// The exception that applies: an index of [`Report::exceptions`].
    pub exception: Option<usize>,
}

/// What a row amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    Finding,
    /// It does not meet the requirements, and need not.
    Excepted,
}

/// An exception, and what became of it.
#[derive(Clone, Debug)]
pub struct Applied {
    pub exception: Exception,
    pub state: State,
    /// Ids of the rows that it names.
    pub ids: Vec<String>,
}

/// The states of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    InUse,
    /// Its target meets the requirements.
    NotNeeded,
    Expired,
    /// Nothing that was read has this name.
    Unmatched,
    /// Several have this name: it applies to none of them.
    Ambiguous,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Finding => "finding",
            Self::Excepted => "excepted",
        }
    }
}

impl State {
    pub fn words(self) -> &'static str {
        match self {
            Self::InUse => "in use",
            Self::NotNeeded => "not needed: the target meets the requirements",
            Self::Expired => "expired",
            Self::Unmatched => "matches nothing that was read",
            Self::Ambiguous => "matches several targets: use an id",
        }
    }

    /// Whether the exception itself is a finding.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::Expired | Self::Unmatched | Self::Ambiguous)
    }
}

impl Report {
    pub fn lines(&self) -> impl Iterator<Item = (&Source, &Line)> {
        self.sources.iter().flat_map(|source| source.lines.iter().map(move |line| (source, line)))
    }

    pub fn count(&self, status: Status) -> usize {
        self.lines().filter(|(_, line)| line.status == status).count()
    }

    /// Whether everything was read.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.sources.iter().all(|source| source.snapshot.complete)
    }
}

/// Puts a report together.
pub fn report(
    query: Query,
    snapshots: Vec<Snapshot>,
    failed: Vec<Failed>,
    exceptions: Vec<Exception>,
    now: Timestamp,
) -> Report {
    let rows: Vec<Row> = snapshots.iter().flat_map(|snapshot| snapshot.verdicts.iter().cloned()).collect();
    let mut sources: Vec<Source> = snapshots.into_iter().map(source).collect();
    let names: Vec<_> = sources.iter().map(|source| names_of(&source.snapshot)).collect();
    let mut applied = Vec::new();
    for (number, exception) in exceptions.into_iter().enumerate() {
        let mut named: Vec<&mut Line> = Vec::new();
        for (source, names) in sources.iter_mut().zip(&names) {
            if exception.profile.is_none() || exception.profile == source.snapshot.profile {
                named.extend(source.lines.iter_mut().filter(|line| is_named(line, &exception.target, names)));
            }
        }
        let ids = named.iter().filter_map(|line| line.row.id.clone()).collect();
        let state = match named.as_mut_slice() {
            [] => State::Unmatched,
            [_] if exception.is_expired(now) => State::Expired,
            [line] if line.status == Status::Ok => State::NotNeeded,
            [line] => {
                (line.status, line.exception) = (Status::Excepted, Some(number));
                State::InUse
            }
            _ => State::Ambiguous,
        };
        applied.push(Applied { exception, state, ids });
    }
    Report { query, failed, totals: totals(&rows), exceptions: applied, sources }
}

fn source(snapshot: Snapshot) -> Source {
    let mut disks_of: HashMap<&String, Vec<String>> = HashMap::new();
    for disk in &snapshot.disks {
        if let (Some(id), Some(machine)) = (&disk.id, &disk.machine) {
            disks_of.entry(machine).or_default().push(id.clone());
        }
    }
    let line = |row: &Row| {
        let disks = match (&row.id, row.kind) {
            (Some(id), Kind::Vm) => disks_of.get(id).cloned().unwrap_or_default(),
            (id, _) => id.iter().cloned().collect(),
        };
        let status = if row.verdict == Verdict::Ok { Status::Ok } else { Status::Finding };
        Line { row: row.clone(), disks, status, exception: None }
    };
    let lines = snapshot.verdicts.iter().map(line).collect();
    Source { totals: totals(&snapshot.verdicts), lines, snapshot }
}

/// Names in lower case of VMs and disks, by id.
type Names = HashMap<(Kind, String), Vec<String>>;

fn names_of(snapshot: &Snapshot) -> Names {
    let machines = snapshot.machines.iter().map(|one| (Kind::Vm, &one.id, [one.name.as_ref(), one.fqdn.as_ref()]));
    let disks = snapshot.disks.iter().map(|one| (Kind::Disk, &one.id, [one.name.as_ref(), None]));
    let lower = |names: [Option<&String>; 2]| names.into_iter().flatten().map(|name| name.to_lowercase()).collect();
    machines.chain(disks).filter_map(|(kind, id, names)| Some(((kind, id.clone()?), lower(names)))).collect()
}

fn is_named(line: &Line, target: &str, names: &Names) -> bool {
    let Some(id) = &line.row.id else { return false };
    let is_called = |names: &Vec<String>| names.contains(&target.to_lowercase());
    id == target || names.get(&(line.row.kind, id.clone())).is_some_and(is_called)
}
