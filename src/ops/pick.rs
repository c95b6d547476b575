//! What the command line does not name is chosen from a list on a terminal. Elsewhere it is a usage error that names
//! the argument, before anything is sent.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::journal::Entry;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Disk, Machine, Policy, TrashObject};
use crate::time::relative;
use crate::view::{choice, size_words};

/// What a new policy is for.
pub enum PolicyTarget {
    /// A machine: FQDN or id.
    Machine(String),
    /// A disk's id.
    Disk(String),
}

/// Refuses where `argument` cannot be asked for. `list` is the command that shows the values.
///
/// # Errors
/// `usage`, naming the argument.
pub fn must_be_askable(cx: &Context, argument: &str, list: &str) -> Result<()> {
    if cx.ui.can_ask() {
        return Ok(());
    }
    Err(Error::usage(format!("{argument} is missing")).hint(format!("`bpctl {list}` shows the values")))
}

/// Returns the policies that were named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and this is not a terminal, there is none, or Ctrl-C.
pub async fn policies(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named);
    }
    must_be_askable(cx, "<POLICY>", "policies list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let listed = api.all_policies(&Owner::Organization(organization)).await?.rows;
    let chosen = one_of_policies(cx, listed.into_iter().map(|policy| policy.model).collect())?;
    cx.answered(&[&chosen]);
    Ok(vec![chosen])
}

/// Lets the user choose one of several policies; returns its id.
pub fn one_of_policies(cx: &Context, policies: Vec<Policy>) -> Result<String> {
    policy_of(cx, policies, "no policies in this organization")
}

/// The same; `none` is the error of an empty list.
pub(super) fn policy_of(cx: &Context, policies: Vec<Policy>, none: &str) -> Result<String> {
    let rows = policies.into_iter().filter_map(|policy| {
        let row = choice(&policy, &cx.output.times);
        Some((policy.id?, row))
    });
    chosen(cx, "Policy", none, rows.collect())
}

/// Returns the policies that were named, or one chosen from those in the trash.
///
/// # Errors
/// None is named and this is not a terminal, none is in the trash, the token may not read it, or Ctrl-C.
pub async fn trashed_policies(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named);
    }
    must_be_askable(cx, "<POLICY>", "trash list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let targets = known_targets(cx);
    let row = |entry: TrashObject| {
        if entry.other_kind().is_some() {
            return None;
        }
        let id = entry.object_id?;
        let until = entry.keep_until.and_then(|at| Timestamp::from_second(at).ok());
        let until = until.map_or_else(String::new, |at| format!("expires {}", relative(at, cx.now())));
        let target = entry.name.or_else(|| targets.get(&id).cloned()).unwrap_or_else(|| "-".to_owned());
        Some((id.clone(), vec![target, until, id]))
    };
    let listed = api.all_trash_objects(&organization).await?.rows;
    let rows = listed.into_iter().filter_map(|entry| row(entry.model)).collect();
    Ok(vec![answer(cx, "Policy in the trash", "no policies in the trash of this organization", rows)?])
}

/// Returns the trash object that was named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and this is not a terminal, the trash is empty, or Ctrl-C.
pub async fn trash_object(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(id) = named {
        return Ok(id);
    }
    must_be_askable(cx, "<ID>", "trash list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let targets = known_targets(cx);
    let row = |entry: TrashObject| {
        let id = entry.id?;
        let object = entry.object_id.unwrap_or_default();
        let target = entry.name.or_else(|| targets.get(&object).cloned()).unwrap_or_else(|| "-".to_owned());
        Some((id.clone(), vec![entry.object_type.unwrap_or_default(), target, object, id]))
    };
    let listed = api.all_trash_objects(&organization).await?.rows;
    let rows = listed.into_iter().filter_map(|entry| row(entry.model)).collect();
    answer(cx, "Trash object", "the trash of this organization is empty", rows)
}

/// Changes that are looked through for the names of targets.
const MAX_CHANGES: usize = 10_000;

/// Returns the targets of policies that bpctl changed lately: the trash does not name them. A journal that cannot be
/// read names none.
pub fn known_targets(cx: &Context) -> HashMap<String, String> {
    let mut targets = HashMap::new();
    let recent = cx.journal().ok().and_then(|journal| journal.recent().ok());
    for recorded in recent.into_iter().flatten().map_while(std::io::Result::ok).take(MAX_CHANGES) {
        if let Some(Entry { policy: Some(policy), target: Some(target), .. }) = recorded.entry() {
            targets.entry(policy).or_insert(target);
        }
    }
    targets
}

/// Returns the disk that was named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and this is not a terminal, there is none, or Ctrl-C.
pub async fn disk(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(disk) = named {
        return Ok(disk);
    }
    must_be_askable(cx, "<DISK>", "disk list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let listed = api.all_disks(&organization).await?.rows;
    let chosen = one_of_disks(cx, listed.into_iter().map(|disk| disk.model).collect())?;
    cx.answered(&[&chosen]);
    Ok(chosen)
}

/// Lets the user choose one of several disks; returns its id.
pub fn one_of_disks(cx: &Context, disks: Vec<Disk>) -> Result<String> {
    chosen(cx, "Disk", "no disks in this organization", disks.into_iter().filter_map(disk_row).collect())
}

/// Returns the machine that was named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and this is not a terminal, there is none, or Ctrl-C.
pub async fn machine(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(machine) = named {
        return Ok(machine);
    }
    must_be_askable(cx, "<VM>", "vm list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let listed = api.all_machines(&organization).await?.rows;
    let rows = listed.into_iter().filter_map(|machine| machine_row(machine.model)).collect();
    answer(cx, "VM", "no VMs in this organization", rows)
}

/// Lets the user choose a machine or a disk. Disks are left out where the token may not list them.
pub async fn policy_target(cx: &Context, api: &Katapult) -> Result<PolicyTarget> {
    let organization = api.find_organization(cx.organization()?).await?;
    let machines = api.all_machines(&organization).await?.rows;
    let mut rows: Vec<(PolicyTarget, Vec<String>)> = Vec::new();
    for (id, mut row) in machines.into_iter().filter_map(|machine| machine_row(machine.model)) {
        row.insert(1, "VM".to_owned());
        rows.push((PolicyTarget::Machine(id), row));
    }
    for (id, mut row) in disks(api, &organization).await? {
        row.insert(1, "disk".to_owned());
        row.remove(2);
        rows.push((PolicyTarget::Disk(id), row));
    }
    let target = chosen(cx, "Back up", "no VMs or disks in this organization", rows)?;
    match &target {
        PolicyTarget::Machine(name) => cx.answered(&["--vm", name]),
        PolicyTarget::Disk(id) => cx.answered(&["--disk", id]),
    }
    Ok(target)
}

async fn disks(api: &Katapult, organization: &Lookup) -> Result<Vec<(String, Vec<String>)>> {
    match api.all_disks(organization).await {
        Err(error) if error.exit == Exit::Auth => Ok(Vec::new()),
        listed => Ok(listed?.rows.into_iter().filter_map(|disk| disk_row(disk.model)).collect()),
    }
}

/// A disk's id, and what a list shows of it: name, size, machine, id.
pub(super) fn disk_row(disk: Disk) -> Option<(String, Vec<String>)> {
    let size = disk.size_in_gb.map_or_else(String::new, size_words);
    let machine = disk.machine_fqdn.or(disk.machine_id).unwrap_or_else(|| "not assigned".to_owned());
    let name = disk.name.unwrap_or_else(|| "-".to_owned());
    let id = disk.id?;
    Some((id.clone(), vec![name, size, machine, id]))
}

/// A machine's FQDN or else its id, and what a list shows of it: name, FQDN, id.
fn machine_row(machine: Machine) -> Option<(String, Vec<String>)> {
    let name = machine.name.clone().unwrap_or_else(|| machine.label().to_owned());
    let fqdn = machine.fqdn.clone().unwrap_or_default();
    let id = machine.id?;
    let key = if fqdn.is_empty() { id.clone() } else { fqdn.clone() };
    Some((key, vec![name, fqdn, id]))
}

/// Lets the user choose one of several rows that takes the place of an argument; returns its value.
pub(super) fn answer(cx: &Context, question: &str, none: &str, found: Vec<(String, Vec<String>)>) -> Result<String> {
    let chosen = chosen(cx, question, none, found)?;
    cx.answered(&[&chosen]);
    Ok(chosen)
}

/// Lets the user choose one of several rows; returns its value.
pub(super) fn chosen<T>(cx: &Context, question: &str, none: &str, found: Vec<(T, Vec<String>)>) -> Result<T> {
    if found.is_empty() {
        return Err(Error::new(Exit::NotFound, "not_found", none));
    }
    let (mut values, rows): (Vec<T>, Vec<Vec<String>>) = found.into_iter().unzip();
    let index = cx.ask(|ui| ui.select(question, &rows, 0))?;
    Ok(values.swap_remove(index))
}
