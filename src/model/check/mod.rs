//! Whether VMs are backed up recently enough, for monitoring. It judges what was read; it reads nothing itself.
//!
//! OnApp is judged by fact, the age of the newest finished backup. Katapult has no list of backups and is judged by
//! promise, the schedules of the policies. What cannot be judged is unknown, never ok.

pub mod backups;
mod report;
pub mod schedule;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use report::{Problem, Report, Summary};

use super::Object;

/// The age up to which a backup is recent enough where no limit is given: a day and some time for the backup itself.
pub const DEFAULT_MAX_AGE: u64 = 26 * 3_600;

/// How a VM is doing, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Ok,
    Warning,
    /// It could not be read, or not be judged.
    Unknown,
    Critical,
}

/// What a VM is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Backups,
    /// The schedules of policies.
    Schedule,
}

/// What is allowed, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_age: Option<u64>,
    pub warn_age: Option<u64>,
    /// Whether each policy's own interval is the limit.
    pub is_per_policy: bool,
    /// How late a run may be.
    pub grace: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LastBackup {
    pub id: Option<String>,
    /// `normal` or `incremental`
    pub kind: Option<String>,
    pub built_at: Timestamp,
    /// `vm`, or `disk` and its id.
    pub target: String,
    pub size_bytes: Option<u64>,
}

/// What monitoring needs of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFacts {
    pub id: String,
    pub next_run: Option<i64>,
    pub interval_seconds: Option<u64>,
    pub retention: Option<i64>,
}

/// A VM and the verdict on it.
#[derive(Clone, Debug)]
pub struct MachineCheck {
    /// The profile that it was read with, if one is in use.
    pub profile: Option<String>,
    pub provider: &'static str,
    pub id: Option<String>,
    pub name: String,
    pub basis: Basis,
    pub status: Status,
    pub reason: String,
    /// The backup that decides: of several disks that of the worst.
    pub last: Option<LastBackup>,
    /// The newest backup of each target.
    pub newest: Vec<LastBackup>,
    pub age_seconds: Option<u64>,
    pub limit_seconds: Option<u64>,
    /// Whether any backup (OnApp), or a policy for every disk (Katapult), exists; none where that is not known.
    pub is_covered: Option<bool>,
    pub policies: Vec<PolicyFacts>,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Critical, Self::Unknown, Self::Warning, Self::Ok];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        }
    }

    /// The exit code of a monitoring plugin.
    pub fn plugin_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl Basis {
    pub fn name(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Schedule => "schedule",
        }
    }
}

impl MachineCheck {
    /// Makes a verdict without any facts.
    fn new(basis: Basis, machine: &super::Machine, status: Status, reason: impl Into<String>) -> Self {
        Self {
            profile: None,
            provider: "",
            id: machine.id.clone(),
            name: machine.label().to_owned(),
            basis,
            status,
            reason: reason.into(),
            last: None,
            newest: Vec::new(),
            age_seconds: None,
            limit_seconds: None,
            is_covered: None,
            policies: Vec::new(),
        }
    }

    /// A VM whose backups or policies could not be read.
    pub fn unread(basis: Basis, machine: &super::Machine, reason: impl Into<String>) -> Self {
        Self::new(basis, machine, Status::Unknown, reason)
    }

    /// Gives it with its documented JSON form.
    pub fn object(self) -> Object<Self> {
        Object { raw: self.to_json(), model: self }
    }

    pub fn to_json(&self) -> Value {
        let last = self.last.as_ref().map(|last| {
            json!({
                "id": last.id,
                "kind": last.kind,
                "target": last.target,
                "built_at": last.built_at.to_string(),
                "size_bytes": last.size_bytes,
            })
        });
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|policy| {
                json!({
                    "id": policy.id,
                    "next_run": policy.next_run,
                    "interval_seconds": policy.interval_seconds,
                    "retention": policy.retention,
                })
            })
            .collect();
        json!({
            "profile": self.profile,
            "provider": self.provider,
            "vm": {"id": self.id, "name": self.name},
            "basis": self.basis.name(),
            "last": last,
            "age_seconds": self.age_seconds,
            "limit_seconds": self.limit_seconds,
            "covered": self.is_covered,
            "policies": policies,
            "status": self.status.name(),
            "reason": self.reason,
        })
    }
}

/// Joins sentences; the first few say enough.
fn some_of(sentences: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = sentences.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    match sentences.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
