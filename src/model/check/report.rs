//! The result of a whole check.

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Limits, MachineCheck, Status};

/// Something that could not be read, apart from a single VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub profile: Option<String>,
    pub code: String,
    pub message: String,
}

/// What a check found, of one or several profiles.
#[derive(Clone, Debug)]
pub struct Report {
    pub checked_at: Timestamp,
    pub limits: Limits,
    /// Worst first, then by profile and name.
    pub machines: Vec<MachineCheck>,
    pub problems: Vec<Problem>,
    /// Whether a check of no VM is ok.
    pub is_empty_allowed: bool,
}

/// How many VMs there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub total: usize,
    pub ok: usize,
    pub warning: usize,
    pub critical: usize,
    pub unknown: usize,
    /// Without any backup or policy, or with a disk that no policy covers.
    pub uncovered: usize,
}

impl Report {
    /// Puts it together; the worst VMs come first.
    pub fn new(
        checked_at: Timestamp,
        limits: Limits,
        mut machines: Vec<MachineCheck>,
        problems: Vec<Problem>,
        is_empty_allowed: bool,
    ) -> Self {
        machines.sort_by(|a, b| {
            b.status.cmp(&a.status).then_with(|| (&a.profile, &a.name, &a.id).cmp(&(&b.profile, &b.name, &b.id)))
        });
        Self { checked_at, limits, machines, problems, is_empty_allowed }
    }

    /// The worst of all.
    pub fn status(&self) -> Status {
        let machines = self.machines.iter().map(|machine| machine.status).max();
        let missing = (!self.problems.is_empty() || self.is_empty()).then_some(Status::Unknown);
        machines.max(missing).unwrap_or(Status::Ok)
    }

    /// Whether there was nothing to check, although there should have been.
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty() && !self.is_empty_allowed
    }

    /// Whether everything was read and judged.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && !self.is_empty() && self.summary().unknown == 0
    }

    pub fn summary(&self) -> Summary {
        let mut summary = Summary { total: self.machines.len(), ..Summary::default() };
        for machine in &self.machines {
            match machine.status {
                Status::Ok => summary.ok += 1,
                Status::Warning => summary.warning += 1,
                Status::Critical => summary.critical += 1,
                Status::Unknown => summary.unknown += 1,
            }
            summary.uncovered += usize::from(machine.is_covered == Some(false));
        }
        summary
    }

    /// The oldest of the backups that decide.
    pub fn oldest_age(&self) -> Option<u64> {
        self.machines.iter().filter_map(|machine| machine.age_seconds).max()
    }

    /// What was found, in a few words: `2 critical, 1 unknown of 36 VMs; 1 source not read in full`.
    pub fn sentence(&self) -> String {
        let summary = self.summary();
        let total = summary.total;
        let noun = if total == 1 { "VM" } else { "VMs" };
        let parts = [(summary.critical, "critical"), (summary.warning, "warning"), (summary.unknown, "unknown")];
        let words: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let machines = if !words.is_empty() {
            format!("{} of {total} {noun}", words.join(", "))
        } else if self.machines.is_empty() {
            "no VM to check".to_owned()
        } else {
            format!("{total} of {total} {noun} ok")
        };
        match self.problems.len() {
            0 => machines,
            1 => format!("{machines}; 1 source not read in full"),
            count => format!("{machines}; {count} sources not read in full"),
        }
    }
}

/// Written VM by VM: there may be thousands.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Report", 8)?;
        fields.serialize_field("checked_at", &self.checked_at.to_string())?;
        fields.serialize_field("status", self.status().name())?;
        fields.serialize_field("max_age_seconds", &self.limits.max_age)?;
        fields.serialize_field("warn_age_seconds", &self.limits.warn_age)?;
        fields.serialize_field("per_policy", &self.limits.is_per_policy)?;
        fields.serialize_field("summary", &self.summary())?;
        fields.serialize_field("machines", &Machines(&self.machines))?;
        fields.serialize_field("problems", &self.problems)?;
        fields.end()
    }
}

struct Machines<'r>(&'r [MachineCheck]);

impl Serialize for Machines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(MachineCheck::to_json))
    }
}
