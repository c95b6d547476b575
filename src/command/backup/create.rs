//! `bpctl backups create`

use super::{carry_out, point};
use crate::args::BackupCreate;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{Backup, Disk};
use crate::onapp::{BackupTarget, OnApp};
use crate::ops::find::with_server;
use crate::ops::onapp_change::{NewBackup, OnAppChange, OnAppWrite, backup_ids};
use crate::ops::pipeline::{Lock, Options};
use crate::text::shell_word;

/// Takes backups of a VM, or of disks.
pub async fn run(cx: &Context, args: BackupCreate) -> Result<()> {
    cx.check_columns::<Backup>()?;
    if let (Some(vm), Some(resource)) = (&args.vm, &args.resource) {
        return point::create(cx, vm, resource.clone(), args.wait.wait).await;
    }
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let mut writes = Vec::new();
    for new in new_backups(api, &args).await? {
        writes.push(OnAppWrite { wait: args.wait.wait, ..OnAppChange::CreateBackup(new).into() });
    }
    carry_out(cx, writes, Options::new("Take the backup?", lock)).await
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
                .hint(format!("`bpctl disk list --vm {id}` shows its disks", id = shell_word(&id))));
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
