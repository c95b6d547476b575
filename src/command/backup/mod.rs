//! `bpctl backups …`, one file a verb. What plugins make (`--point`, `--resource`) is in `point`.

mod convert;
mod costs;
mod create;
mod delete;
mod limits;
pub mod list;
mod note;
mod point;
mod restore;
mod usage;

use crate::args::{BackupShow, BackupsCommand};
use crate::context::Context;
use crate::error::Result;
use crate::model::Machine;
use crate::onapp::{Kind, OnApp};
use crate::ops::batch::finish;
use crate::ops::onapp_change::{BackupSnapshot, OnAppWrite};
use crate::ops::pick_onapp;
use crate::ops::pipeline::{self, Options};
use crate::ops::write::Written;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: BackupsCommand) -> Result<()> {
    match verb {
        BackupsCommand::List(args) => list::run(cx, args).await,
        BackupsCommand::Show(args) => show(cx, args).await,
        BackupsCommand::Usage(args) => usage::run(cx, args).await,
        BackupsCommand::Limits(args) => limits::run(cx, args).await,
        BackupsCommand::Costs(args) => costs::run(cx, args).await,
        BackupsCommand::Create(args) => create::run(cx, args).await,
        BackupsCommand::Restore(args) => restore::run(cx, args).await,
        BackupsCommand::Delete(args) => delete::run(cx, args).await,
        BackupsCommand::Note(args) => note::run(cx, args).await,
        BackupsCommand::Convert(args) => convert::run(cx, args).await,
    }
}

async fn show(cx: &Context, args: BackupShow) -> Result<()> {
    let api = cx.onapp()?;
    match args.point.machine() {
        Some(vm) => point::show(cx, vm, &pick_onapp::point(cx, vm, args.backup).await?).await,
        None => cx.show(api.backup(&pick_onapp::backup(cx, args.backup).await?).await?),
    }
}

/// Carries out writes of backups, and prints what became of them.
async fn carry_out(cx: &Context, writes: Vec<OnAppWrite>, options: Options) -> Result<()> {
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
    let siblings =
        siblings.map(|listed| listed.models().into_iter().filter(|other| backup.is_sibling(other)).collect());
    let id = backup.id.clone().unwrap_or_else(|| id.to_owned());
    Ok(BackupSnapshot { id, before, label, machine, machine_name, siblings, going: Vec::new() })
}
