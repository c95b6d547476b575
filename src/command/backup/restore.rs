//! `bpctl backups restore`

use std::time::Duration;

use super::{carry_out, point, snapshot};
use crate::args::BackupRestore;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Backup;
use crate::onapp::BackupTarget;
use crate::ops::onapp_change::{NewBackup, OnAppChange, OnAppWrite, backup_ids};
use crate::ops::pick_onapp;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::sequence::FailurePolicy;

/// How long `--backup-first` waits for the backup where `--wait` says nothing.
const FIRST: Duration = Duration::from_secs(2 * 60 * 60);

/// Restores a VM or a disk from a backup.
pub async fn run(cx: &Context, args: BackupRestore) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if let Some(vm) = args.point.machine() {
        let first = args.backup_first.then(|| args.wait.wait.unwrap_or(FIRST));
        let id = pick_onapp::point(cx, vm, args.backup).await?;
        return point::restore(cx, vm, &id, args.wait.wait, first).await;
    }
    let id = pick_onapp::backup(cx, args.backup).await?;
    let lock = Lock::take(cx).await?;
    let backup = snapshot(api, &id).await?;
    let typed = Some(backup.machine_name.clone().unwrap_or_else(|| backup.id.clone()));
    if backup.before.model.built == Some(false) {
        return Err(Error::usage(format!("backup {} is not finished", backup.id)).hint("nothing was sent"));
    }
    let question = format!("Restore {} from backup {}?", backup.label, backup.id);
    let mut writes = Vec::new();
    if args.backup_first {
        let Some(machine) = backup.machine.clone() else {
            return Err(Error::usage("the VM of this backup cannot be read, so no backup can be taken first"));
        };
        let target = match (backup.before.model.target_type.as_deref(), &backup.before.model.target_id) {
            (Some("VirtualMachine"), _) => BackupTarget::Machine(machine.clone()),
            (_, Some(disk)) => BackupTarget::Disk(disk.clone()),
            _ => return Err(Error::usage("what this backup is of cannot be read, so no backup can be taken first")),
        };
        let existing = backup_ids(api, &machine).await?;
        let label = backup.label.clone();
        let note = Some(format!("before restoring {}", backup.id));
        let new = NewBackup { target, label, machine, note, is_windows_forced: false, existing };
        writes.push(OnAppWrite { wait: args.wait.wait.or(Some(FIRST)), ..OnAppChange::CreateBackup(new).into() });
    }
    writes.push(OnAppWrite { wait: args.wait.wait, ..OnAppChange::RestoreBackup(backup).into() });
    // A backup that failed leaves what it was for.
    let failure_policy = FailurePolicy::of(false);
    carry_out(cx, writes, Options { failure_policy, typed, ..Options::new(question, lock) }).await
}
