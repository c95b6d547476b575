//! What things mean, apart from how they travel and how they look. Pure: no I/O, no clock.
//!
//! Every field is optional: the APIs leave out, null and add fields, and a command must not fail for one that it
//! does not need.

mod account;
mod backup;
mod backup_usage;
pub mod calendar;
mod capabilities;
mod change;
pub mod check;
pub mod coverage;
pub mod diff;
mod disk;
mod doctor_check;
pub mod exceptions;
mod expectation;
mod fleet;
mod glob;
mod interval;
pub mod lint;
mod machine;
mod organization;
mod plan;
mod policy;
mod preset;
mod profile;
mod redact;
pub mod report;
mod selection;
mod session;
mod setting;
pub mod snapshot;
mod transaction;
mod trash;

pub use account::{Account, Allowance, BackupCosts, BackupLimit};
pub use backup::Backup;
pub use backup_usage::BackupUsage;
pub use capabilities::Capabilities;
pub use change::{Change, Loss};
pub use disk::{Disk, Installation, Reference, TemplateVersion};
pub use doctor_check::{CheckStatus, DoctorCheck};
pub use expectation::Expectation;
pub use fleet::{Deletion, Fleet, Index};
pub use glob::Glob;
pub use interval::Interval;
pub use machine::{Machine, without_root_dot};
pub use organization::Organization;
pub use plan::{PLAN_VERSION, Plan, Planned, PolicyState, Step, StepAction, StepTarget, Unlisted};
pub use policy::{HOURS, MINUTES, Policy, PolicyPatch, Schedule, Target, TargetKind};
pub use preset::Preset;
pub use profile::ProfileSummary;
pub use redact::redact;
pub use selection::{Choice, Exclusion, Owners, Selected, Selection};
pub use session::Session;
pub use setting::{ConfigSetting, REDACTED};
pub use transaction::Transaction;
pub use trash::{Removal, TrashObject};

/// An object of an API: what bpctl understands of it, and all that was said.
#[derive(Clone, Debug)]
pub struct Object<T> {
    /// What tables, rules and plans use.
    pub model: T,
    /// What `json`, `jsonl` and `yaml` print; secrets are already hidden, unless they were asked for.
    pub raw: serde_json::Value,
}
