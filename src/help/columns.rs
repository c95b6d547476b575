//! Which columns the list of a command has.

use crate::model::{
    Backup, BackupCosts, BackupLimit, BackupUsage, ConfigSetting, Disk, DoctorCheck, Machine, Organization, Policy,
    Preset, ProfileSummary, Session, Transaction, TrashObject, calendar, check, coverage, diff, lint,
};
use crate::view::{Change, Resource, StepResult};

/// The commands that print a list, for the topic about formats.
pub(super) const LISTS: [&str; 22] = [
    "policies list",
    "disk list",
    "vm list",
    "trash list",
    "history",
    "org list",
    "backups list",
    "backups usage",
    "backups limits",
    "backups costs",
    "autobackup presets",
    "transactions list",
    "check",
    "coverage",
    "calendar",
    "lint",
    "diff",
    "apply",
    "auth list",
    "auth status",
    "config list",
    "doctor",
];

/// Returns the columns of a command's list, in order: `policies list`, or `policies` for what its verbs print.
pub(crate) fn columns(command: &str) -> Vec<&'static str> {
    match command {
        "policies pause"
        | "policies resume"
        | "policies list"
        | "policies show"
        | "policies create"
        | "policies update"
        | "policies schedule-delete"
        | "autobackup on"
        | "autobackup off" => names::<Policy>(),
        "disk list" | "disk show" => names::<Disk>(),
        "vm list" | "vm show" => names::<Machine>(),
        "trash list" | "trash show" => names::<TrashObject>(),
        "history" => names::<Change>(),
        "org list" => names::<Organization>(),
        "backups list" | "backups show" | "backups create" | "backups restore" | "backups delete" | "backups note"
        | "backups convert" => names::<Backup>(),
        "backups usage" => names::<BackupUsage>(),
        "backups limits" => names::<BackupLimit>(),
        "backups costs" => names::<BackupCosts>(),
        "autobackup presets" => names::<Preset>(),
        "transactions list" | "transactions show" => names::<Transaction>(),
        "check" => names::<check::MachineCheck>(),
        "coverage" => names::<coverage::Row>(),
        "calendar" => names::<calendar::Run>(),
        "lint" => names::<lint::Finding>(),
        "diff" => names::<diff::Difference>(),
        "apply" => names::<StepResult>(),
        "auth status" => names::<Session>(),
        "auth list" => names::<ProfileSummary>(),
        "config list" => names::<ConfigSetting>(),
        "doctor" => names::<DoctorCheck>(),
        _ => Vec::new(),
    }
}

fn names<T: Resource>() -> Vec<&'static str> {
    T::COLUMNS.iter().map(|column| column.name).collect()
}
