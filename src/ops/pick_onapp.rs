//! The same as `pick` on an OnApp cloud, whose objects have numbers.

use super::find::with_server;
use super::onapp_fleet::{self, Each};
use super::onapp_policies;
use super::pick::{PolicyTarget, answer, chosen, disk_row, must_be_askable, policy_of};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::{Flow, Walk};
use crate::model::{Backup, Disk, Machine, Object, Policy};
use crate::onapp::{Kind, OnApp};
use crate::text::shell_word;
use crate::view::backup_choice;

const NO_POLICIES: &str = "no policies on this cloud";

/// Returns the machine that was named, or the number of one chosen from those of the cloud.
pub async fn machine(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(machine) = named {
        return Ok(machine);
    }
    must_be_askable(cx, "<VM>", "vm list")?;
    let rows = cx.onapp()?.all_machines().await?.models().into_iter().filter_map(|machine| {
        let host = machine.hostname.clone().unwrap_or_default();
        let label = machine.name.clone().unwrap_or_else(|| machine.label().to_owned());
        machine.id.map(|id| (id.clone(), vec![label, host, id]))
    });
    answer(cx, "VM", "no VMs on this cloud", rows.collect())
}

/// Returns the disk that was named, or the number of one chosen from those of the cloud.
pub async fn disk(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(disk) = named {
        return Ok(disk);
    }
    must_be_askable(cx, "<DISK>", "disk list")?;
    let rows = disks(cx).await?.into_iter().filter_map(disk_row);
    answer(cx, "Disk", "no disks on this cloud", rows.collect())
}

/// Returns the policies that were named, or the number of one chosen from those of the cloud.
pub async fn policies(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named);
    }
    must_be_askable(cx, "<POLICY>", "policies list")?;
    let (_, rows, _) = onapp_policies::of_cloud(cx, cx.onapp()?).await?;
    let chosen = policy_of(cx, rows.into_iter().map(|row| row.model).collect(), NO_POLICIES)?;
    cx.answered(&[&chosen]);
    Ok(vec![chosen])
}

/// Lets the user choose one of several policies.
pub fn one_of_policies(cx: &Context, mut policies: Vec<Object<Policy>>) -> Result<Object<Policy>> {
    let chosen = policy_of(cx, policies.iter().map(|policy| policy.model.clone()).collect(), NO_POLICIES)?;
    let at = policies.iter().position(|policy| policy.model.id.as_ref() == Some(&chosen));
    at.map(|at| policies.swap_remove(at)).ok_or_else(|| Error::new(Exit::NotFound, "not_found", NO_POLICIES))
}

/// Lets the user choose what a new policy is for: a VM with incremental backups, or a disk that holds data.
pub async fn policy_target(cx: &Context) -> Result<PolicyTarget> {
    let machines = cx.onapp()?.all_machines().await?.models();
    let label = |id: Option<&str>| machines.iter().find(|one| one.id.as_deref() == id).map_or("-", Machine::label);
    let disks = disks(cx).await?.into_iter().filter(|disk| disk.is_swap != Some(true)).filter_map(|disk| {
        let name = format!("{} {}", label(disk.machine_id.as_deref()), disk.label());
        let id = disk.id?;
        Some((PolicyTarget::Disk(id.clone()), vec![name, "disk".to_owned(), id]))
    });
    let is_whole = |one: &&Machine| one.has_incremental_backups != Some(false) && !one.is_windows();
    let whole = machines.iter().filter(is_whole).filter_map(|one| {
        let id = one.id.clone()?;
        Some((PolicyTarget::Machine(id.clone()), vec![one.label().to_owned(), "VM".to_owned(), id]))
    });
    let target = chosen(cx, "Back up", "no VMs or disks on this cloud", whole.chain(disks).collect())?;
    match &target {
        PolicyTarget::Machine(id) => cx.answered(&["--vm", id]),
        PolicyTarget::Disk(id) => cx.answered(&["--disk", id]),
    }
    Ok(target)
}

/// Returns the backup that was named, or the number of one chosen from those of the cloud.
pub async fn backup(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(backup) = named {
        return Ok(backup);
    }
    must_be_askable(cx, "<BACKUP>", "backups list")?;
    let backups = read_all(cx, async |api, each| onapp_fleet::backups(cx, api, Kind::All, each).await).await?;
    one_of_backups(cx, "Backup", "no backups on this cloud", backups)
}

/// Returns the backups that were named, or the number of one chosen from those of the cloud.
pub async fn backups(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if named.is_empty() { Ok(vec![backup(cx, None).await?]) } else { Ok(named) }
}

/// Returns the recovery point that was named, or the number of one chosen from those of a VM.
pub async fn point(cx: &Context, vm: &str, named: Option<String>) -> Result<String> {
    if let Some(point) = named {
        return Ok(point);
    }
    must_be_askable(cx, "<BACKUP>", &format!("backups list --vm {} --kind points", shell_word(vm)))?;
    let api = cx.onapp()?;
    let listed = with_server(api, vm, async |machine| api.all_backups(&machine, Kind::Points).await).await?;
    let mut points = listed.models();
    points.iter_mut().for_each(|point| point.machine = Some(vm.to_owned()));
    one_of_backups(cx, "Recovery point", &format!("no recovery points of `{vm}`"), points)
}

/// Lets the user choose one of several backups, the newest first; returns its number.
fn one_of_backups(cx: &Context, question: &str, none: &str, mut backups: Vec<Backup>) -> Result<String> {
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.created_at));
    let rows = backups.into_iter().filter_map(|backup| {
        let row = backup_choice(&backup, &cx.output.times);
        Some((backup.id?, row))
    });
    answer(cx, question, none, rows.collect())
}

async fn disks(cx: &Context) -> Result<Vec<Disk>> {
    read_all(cx, async |api, each| onapp_fleet::disks(cx, api, each).await).await
}

/// Reads a list of the cloud to its end. What cannot be read is a warning: the rest can be chosen from.
async fn read_all<T>(
    cx: &Context,
    list: impl AsyncFnOnce(&OnApp, Each<'_, T>) -> Result<(Walk, Option<Error>)>,
) -> Result<Vec<T>> {
    let mut models = Vec::new();
    let mut each = |page: Vec<Object<T>>| {
        models.extend(page.into_iter().map(|row| row.model));
        Ok(Flow::More)
    };
    let (_, failed) = list(cx.onapp()?, &mut each).await?;
    failed.iter().for_each(|error| cx.ui.warn(&error.message));
    Ok(models)
}
