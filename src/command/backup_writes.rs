//! `bpctl backups create|restore|delete|note|convert`

use std::time::Duration;

use super::recovery_points;
use crate::args::{BackupConvert, BackupCreate, BackupDelete, BackupNote, BackupRestore};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{Backup, Disk, Machine};
use crate::onapp::{BackupTarget, Kind, OnApp};
use crate::ops::batch::finish;
use crate::ops::find::with_server;
use crate::ops::onapp_change::{BackupSnapshot, NewBackup, OnAppChange, OnAppWrite, backup_ids};
use crate::ops::pick_onapp;
use crate::ops::pipeline::{self, Lock, Options};
use crate::ops::sequence::FailurePolicy;
use crate::ops::write::Written;

/// How long `--backup-first` waits for the backup where `--wait` says nothing.
const FIRST: Duration = Duration::from_secs(2 * 60 * 60);

pub async fn create(cx: &Context, args: BackupCreate) -> Result<()> {
    cx.check_columns::<Backup>()?;
    if let (Some(vm), Some(resource)) = (&args.vm, &args.resource) {
        return recovery_points::create(cx, vm, resource.clone(), args.wait.wait).await;
    }
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let mut writes = Vec::new();
    for new in new_backups(api, &args).await? {
        writes.push(OnAppWrite { wait: args.wait.wait, ..OnAppChange::CreateBackup(new).into() });
    }
    run(cx, writes, Options::new("Take the backup?", lock)).await
}

async fn new_backups(api: &OnApp, args: &BackupCreate) -> Result<Vec<NewBackup>> {
    let new = |target: BackupTarget, label: String, machine: &str, existing: &[String]| NewBackup {
        target,
        label,
        machine: machine.to_owned(),
        note: args.note.clone(),
        is_windows_forced: args.force_windows,
        existing: existing.to_vec(),
    };
    let mut disks_wanted = Vec::new();
    for disk in &args.disks {
        if !disks_wanted.contains(disk) {
            disks_wanted.push(disk.clone());
        }
    }
    let of_disk = |id: &str, label: &str| (BackupTarget::Disk(id.to_owned()), format!("{label} disk {id}"));
    let Some(name) = &args.vm else {
        let mut all = Vec::new();
        for disk in &disks_wanted {
            let (id, label) = owner_of(api, disk).await?;
            let (target, label) = of_disk(disk, &label);
            all.push(new(target, label, &id, &backup_ids(api, &id).await?));
        }
        return Ok(all);
    };
    let (machine, raw) = with_server(api, name, async |id| {
        let read = api.machine(&id).await?;
        Ok((read.model, read.raw))
    })
    .await?;
    let id = machine.id.clone().ok_or_else(|| Error::invalid_response(format!("the VM `{name}` has no number")))?;
    let existing = backup_ids(api, &id).await?;
    let disks: Vec<Disk> = api.all_disks(&id).await?.models();
    if !args.disks.is_empty() {
        let is_own = |wanted: &&String| !disks.iter().any(|disk| disk.id.as_ref() == Some(*wanted));
        if let Some(foreign) = args.disks.iter().find(is_own) {
            return Err(Error::usage(format!("disk `{foreign}` is not a disk of {}", machine.label()))
                .hint(format!("`bpctl disk list --vm {id}` shows its disks")));
        }
        let all = disks_wanted.iter().map(|disk| of_disk(disk, machine.label()));
        return Ok(all.map(|(target, label)| new(target, label, &id, &existing)).collect());
    }
    let is_windows = raw["operating_system"].as_str().is_some_and(|system| system.eq_ignore_ascii_case("windows"));
    // What a cloud without incremental backups does with such a request is not known: it is never sent there.
    if raw["support_incremental_backups"] == true && !is_windows {
        return Ok(vec![new(BackupTarget::Machine(id.clone()), machine.label().to_owned(), &id, &existing)]);
    }
    let data = disks.iter().filter(|disk| disk.is_swap != Some(true)).filter_map(|disk| disk.id.as_deref());
    let all = data.map(|disk| of_disk(disk, machine.label()));
    Ok(all.map(|(target, label)| new(target, label, &id, &existing)).collect())
}

/// Finds the VM of a disk: its number and its label.
async fn owner_of(api: &OnApp, disk: &str) -> Result<(String, String)> {
    let needs_vm = |error: Error| error.hint(format!("name the VM, as in `--vm VM --disk {disk}`"));
    let machine = api.disk(None, disk).await.map_err(needs_vm)?.model.machine_id;
    let machine = machine.ok_or_else(|| needs_vm(Error::usage(format!("disk {disk} belongs to no VM"))))?;
    let label = api.machine(&machine).await.map(|read| read.model.label().to_owned());
    Ok((machine.clone(), label.unwrap_or_else(|_| format!("VM {machine}"))))
}

pub async fn restore(cx: &Context, args: BackupRestore) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if let Some(vm) = args.point.machine() {
        let first = args.backup_first.then(|| args.wait.wait.unwrap_or(FIRST));
        let point = pick_onapp::point(cx, vm, args.backup).await?;
        return recovery_points::restore(cx, vm, &point, args.wait.wait, first).await;
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
    let failure_policy = FailurePolicy { keep_going: false, canary: 0 };
    run(cx, writes, Options { failure_policy, typed, ..Options::new(question, lock) }).await
}

pub async fn delete(cx: &Context, args: BackupDelete) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    let ids = pick_onapp::backups(cx, args.backups).await?;
    let lock = Lock::take(cx).await?;
    let mut backups: Vec<BackupSnapshot> = Vec::new();
    for id in &ids {
        let backup = snapshot(api, id).await?;
        if backups.iter().all(|known| known.id != backup.id) {
            backups.push(backup);
        }
    }
    let going: Vec<String> = backups.iter().map(|backup| backup.id.clone()).collect();
    let mut writes = Vec::new();
    for mut backup in backups {
        // What is deleted by the same command is not left.
        backup.going.extend(going.iter().filter(|id| **id != backup.id).cloned());
        writes.push(OnAppWrite { wait: args.wait.wait, ..OnAppChange::DeleteBackup(backup).into() });
    }
    let question = match writes.len() {
        1 => "Delete it?".to_owned(),
        count => format!("Delete {count} backups?"),
    };
    run(cx, writes, Options::new(question, lock)).await
}

pub async fn note(cx: &Context, args: BackupNote) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if args.note.is_none() && !cx.ui.can_ask() {
        return Err(Error::usage("<TEXT> is missing").hint("as in `bpctl backups note 6117 'before the upgrade'`"));
    }
    let id = pick_onapp::backup(cx, args.backup).await?;
    let note = match args.note {
        Some(note) => note,
        None => {
            let present = api.backup(&id).await?.model.note.unwrap_or_default();
            let note = cx.ask(|ui| ui.input("Note", &present, |text| Ok(text.to_owned())))?;
            cx.answered(&[&note]);
            note
        }
    };
    let lock = Lock::take(cx).await?;
    let backup = snapshot(api, &id).await?;
    run(cx, vec![OnAppChange::NoteBackup { backup, note }.into()], Options::new("Change the note?", lock)).await
}

/// Converts a backup to a template.
pub async fn convert(cx: &Context, args: BackupConvert) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if args.label.is_none() && !cx.ui.can_ask() {
        return Err(Error::usage("--label is missing").hint("as in `bpctl backups convert 6117 --label 'web 6.4'`"));
    }
    let id = pick_onapp::backup(cx, args.backup).await?;
    let label = args.label.map_or_else(|| new_label(cx), Ok)?;
    let lock = Lock::take(cx).await?;
    let change = OnAppChange::ConvertBackup { backup: snapshot(api, &id).await?, label };
    run(cx, vec![OnAppWrite { wait: args.wait.wait, ..change.into() }], Options::new("Convert it?", lock)).await
}

fn new_label(cx: &Context) -> Result<String> {
    let is_label = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let label = cx.ask(|ui| {
        ui.input("Label of the new template", "", |text| is_label(text).ok_or_else(|| "expected a label".to_owned()))
    })?;
    cx.answered(&["--label", &label]);
    Ok(label)
}

async fn run(cx: &Context, writes: Vec<OnAppWrite>, options: Options) -> Result<()> {
    let is_single = writes.len() == 1;
    match pipeline::run(cx, writes, options).await? {
        None => Ok(()),
        Some(sequence) => finish(cx, sequence, Vec::new(), is_single, Written::backup),
    }
}

/// Reads a backup, what it is of, and what else is left of that.
async fn snapshot(api: &OnApp, id: &str) -> Result<BackupSnapshot> {
    let before = api.backup(id).await?;
    let backup = &before.model;
    let target = backup.target_id.clone();
    let is_disk = backup.target_type.as_deref() != Some("VirtualMachine");
    let machine: Option<Machine> = match (&target, is_disk) {
        (None, _) => None,
        (Some(disk), true) => match api.disk(None, disk).await.ok().and_then(|disk| disk.model.machine_id) {
            Some(machine) => api.machine(&machine).await.ok().map(|read| read.model),
            None => None,
        },
        (Some(machine), false) => api.machine(machine).await.ok().map(|read| read.model),
    };
    let name = machine.as_ref().map(|machine| machine.label().to_owned());
    let machine_name = name.clone();
    let label = match (name, &target, is_disk) {
        (Some(name), Some(disk), true) => format!("{name} disk {disk}"),
        (Some(name), ..) => name,
        (None, Some(target), true) => format!("disk {target}"),
        (None, Some(target), false) => format!("VM {target}"),
        (None, None, _) => "an unknown target".to_owned(),
    };
    let machine = machine.and_then(|machine| machine.id);
    let siblings = match &machine {
        None => None,
        Some(machine) => api.all_backups(machine, Kind::All).await.ok().filter(|listed| listed.walk.gap.is_none()),
    };
    let is_sibling = |other: &Backup| other.target_id == target && other.is_incremental() != is_disk;
    let siblings = siblings.map(|listed| listed.models().into_iter().filter(is_sibling).collect());
    let id = backup.id.clone().unwrap_or_else(|| id.to_owned());
    Ok(BackupSnapshot { id, before, label, machine, machine_name, siblings, going: Vec::new() })
}
