//! A record of one organization at one moment: its machines, disks, policies and verdicts, and what could not be read.
//!
//! Its JSON has a version, and this module is the one description of that format. Fields may be added within a
//! version, so fields that are unknown are ignored. It holds names, ids and settings, and no field for a secret.

use serde::{Deserialize, Serialize};

use super::coverage::{Requirements, Row};
use super::{Disk, Fleet, Interval, Machine, Policy, Schedule, Target, TargetKind};

/// The version that is written, and the newest that is read.
pub const SNAPSHOT_VERSION: u64 = 1;

/// What was read of an organization, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The format's version.
    pub version: u64,
    /// When it was taken, RFC 3339 in UTC.
    pub time: String,
    /// The version of bpctl that took it.
    pub program_version: String,
    /// The profile in use.
    pub profile: Option<String>,
    /// The API's base URL, or `sandbox`.
    pub api: String,
    pub organization: OrganizationRecord,
    pub query: Query,
    /// Whether everything that the query asks for was read.
    pub complete: bool,
    /// Whether frequencies, times of day and pending deletions were read.
    pub detailed: bool,
    /// What the lists do not have, one sentence each.
    pub gaps: Vec<String>,
    /// Policies that exist and could not be read in full.
    pub unread: Vec<Unread>,
    pub machines: Vec<MachineRecord>,
    pub disks: Vec<DiskRecord>,
    pub policies: Vec<PolicyRecord>,
    /// Policies that make no backups (OnApp): paused, failed, or of a whole VM that runs Windows. Snapshots of earlier
    /// versions do not say.
    #[serde(default)]
    pub idle: Option<Vec<PolicyRecord>>,
    /// The rows of `bpctl coverage`.
    pub verdicts: Vec<Row>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// `--require`
    pub require: Option<Interval>,
    /// `--min-retention`
    pub min_retention: Option<i64>,
    /// `--detail`
    pub detail: bool,
}

/// An organization; a token that may not list organizations knows only what it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRecord {
    pub id: Option<String>,
    pub sub_domain: Option<String>,
    pub name: Option<String>,
}

/// A policy that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The policy's id.
    pub policy: String,
    /// The error's code.
    pub code: String,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MachineRecord {
    pub id: Option<String>,
    pub name: Option<String>,
    pub fqdn: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DiskRecord {
    pub id: Option<String>,
    pub name: Option<String>,
    pub size_in_gb: Option<i64>,
    /// The id of the machine that it is assigned to.
    pub machine: Option<String>,
    pub machine_fqdn: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyRecord {
    pub id: Option<String>,
    pub target: TargetRecord,
    pub retention: Option<i64>,
    pub schedule: ScheduleRecord,
    pub total_size: Option<f64>,
    /// When it will be moved to the trash, in Unix seconds.
    pub auto_move_to_trash_at: Option<i64>,
    /// `enabled`, `disabled`, `failed`, … (OnApp).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetRecord {
    /// `vm`, `disk` or `-`.
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<String>,
    pub name: Option<String>,
}

/// A schedule, by the API's names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScheduleRecord {
    pub interval: Option<Interval>,
    pub frequency: Option<i64>,
    pub minute: Option<i64>,
    pub time: Option<i64>,
    pub next_invocation_at: Option<i64>,
}

impl Snapshot {
    /// The machines, disks and policies that it was made from, as far as it holds them.
    pub fn fleet(&self) -> Fleet {
        Fleet {
            machines: self.machines.iter().map(Into::into).collect(),
            disks: self.disks.iter().map(Into::into).collect(),
            policies: self.policies.iter().map(Into::into).collect(),
        }
    }

    /// What it does not have, one sentence each; empty where it is complete.
    pub fn missing(&self) -> Vec<String> {
        let unread = |unread: &Unread| format!("policy {}: {} ({})", unread.policy, unread.message, unread.code);
        self.gaps.iter().cloned().chain(self.unread.iter().map(unread)).collect()
    }

    /// Whether a policy's frequency, time of day and pending deletion were read.
    pub fn has_details_of(&self, policy: &str) -> bool {
        self.detailed && self.unread.iter().all(|unread| unread.policy != policy)
    }
}

impl Query {
    pub fn requirements(&self) -> Requirements {
        Requirements { interval: self.require.clone(), retention: self.min_retention }
    }
}

impl OrganizationRecord {
    /// Names it for people: `ACME (org_1)`.
    pub fn label(&self) -> String {
        let key = self.id.as_deref().or(self.sub_domain.as_deref()).unwrap_or("-");
        self.name.as_ref().map_or_else(|| key.to_owned(), |name| format!("{name} ({key})"))
    }

    /// Whether both are the same organization; `None` where they have no key in common.
    pub fn is_same(&self, other: &Self) -> Option<bool> {
        let same = |a: &Option<String>, b: &Option<String>| Some(a.as_ref()? == b.as_ref()?);
        same(&self.id, &other.id).or_else(|| same(&self.sub_domain, &other.sub_domain))
    }
}

impl From<&Machine> for MachineRecord {
    fn from(machine: &Machine) -> Self {
        Self { id: machine.id.clone(), name: machine.name.clone(), fqdn: machine.fqdn.clone() }
    }
}

impl From<&MachineRecord> for Machine {
    fn from(record: &MachineRecord) -> Self {
        Self { id: record.id.clone(), name: record.name.clone(), fqdn: record.fqdn.clone(), ..Self::default() }
    }
}

impl From<&Disk> for DiskRecord {
    fn from(disk: &Disk) -> Self {
        Self {
            id: disk.id.clone(),
            name: disk.name.clone(),
            size_in_gb: disk.size_in_gb,
            machine: disk.machine_id.clone(),
            machine_fqdn: disk.machine_fqdn.clone(),
        }
    }
}

impl From<&DiskRecord> for Disk {
    fn from(record: &DiskRecord) -> Self {
        Self {
            id: record.id.clone(),
            name: record.name.clone(),
            size_in_gb: record.size_in_gb,
            machine_id: record.machine.clone(),
            machine_fqdn: record.machine_fqdn.clone(),
            ..Self::default()
        }
    }
}

impl From<&Policy> for PolicyRecord {
    fn from(policy: &Policy) -> Self {
        let (target, schedule) = (&policy.target, &policy.schedule);
        Self {
            id: policy.id.clone(),
            target: TargetRecord {
                kind: target.kind.noun().to_owned(),
                id: target.id.clone(),
                name: target.name.clone(),
            },
            retention: policy.retention,
            schedule: ScheduleRecord {
                interval: schedule.interval.clone(),
                frequency: schedule.frequency,
                minute: schedule.minute,
                time: schedule.time,
                next_invocation_at: schedule.next_invocation_at,
            },
            total_size: policy.total_size,
            auto_move_to_trash_at: policy.auto_move_to_trash_at,
            status: policy.status.clone(),
        }
    }
}

impl From<&PolicyRecord> for Policy {
    fn from(record: &PolicyRecord) -> Self {
        let (target, schedule) = (&record.target, &record.schedule);
        let kinds = [TargetKind::VirtualMachine, TargetKind::Disk];
        Self {
            id: record.id.clone(),
            retention: record.retention,
            total_size: record.total_size,
            target: Target {
                kind: kinds.into_iter().find(|kind| kind.noun() == target.kind).unwrap_or_default(),
                id: target.id.clone(),
                name: target.name.clone(),
            },
            schedule: Schedule {
                interval: schedule.interval.clone(),
                frequency: schedule.frequency,
                minute: schedule.minute,
                time: schedule.time,
                is_utc: false,
                next_invocation_at: schedule.next_invocation_at,
            },
            auto_move_to_trash_at: record.auto_move_to_trash_at,
            status: record.status.clone(),
            ..Self::default()
        }
    }
}
