//! What a selection leaves of an organization. Tags are read here, once in a run, for the VMs that need them; a VM whose tags
//! cannot be read is never taken for one without.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

use super::guard::is_unreadable;
use super::inventory::Reading;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Lookup};
use crate::model::{Machine, Owners, Selection};

/// VMs whose tags could not be read, by id.
pub type UnreadTags = HashMap<String, Error>;

/// Refuses tags where VMs have none.
///
/// # Errors
/// The selection names a tag, and the provider has none.
pub fn check_tags(cx: &Context, selection: &Selection) -> Result<()> {
    if !selection.needs_tags() {
        return Ok(());
    }
    let provider = cx.provider()?;
    if provider.capabilities().has_tags {
        return Ok(());
    }
    Err(Error::usage(format!("VMs of provider {provider} have no tags")).hint("use `--match` and `--exclude GLOB`"))
}

/// Reads the tags of the VMs for which `is_needed`, one by one: lists leave them out. VMs that are gone by now are removed.
///
/// # Errors
/// The API's, unless it is about one VM alone.
pub async fn read_tags(
    cx: &Context,
    api: &Katapult,
    machines: &mut Vec<Machine>,
    is_needed: impl Fn(&Machine) -> bool,
) -> Result<UnreadTags> {
    let ids: Vec<String> =
        machines.iter().filter(|machine| is_needed(machine)).filter_map(|machine| machine.id.clone()).collect();
    let bar = cx.ui.progress("reading the tags of VMs");
    bar.length(ids.len());
    let one = async |id: String| {
        let read = api.machine(&Lookup::id(id.as_str())).await;
        bar.step(1);
        match read {
            Err(error) if is_gone_vm(&error) || is_unreadable(&error) => Ok((id, Err(error))),
            read => read.map(|machine| (id, Ok(machine.model.tags))),
        }
    };
    let width = api.http().concurrency();
    let mut read: HashMap<String, Result<Vec<String>>> =
        stream::iter(ids).map(one).buffered(width).try_collect().await?;
    let mut unread = UnreadTags::new();
    machines.retain_mut(|machine| match machine.id.as_ref().and_then(|id| read.remove_entry(id)) {
        None => true,
        Some((_, Ok(tags))) => {
            machine.tags = tags;
            true
        }
        Some((_, Err(error))) if is_gone_vm(&error) => {
            cx.ui.note(&format!("{} was deleted meanwhile", machine.label()));
            false
        }
        Some((id, Err(error))) => {
            cx.ui.warn(&format!("the tags of {} cannot be read: {} ({})", machine.label(), error.message, error.code));
            unread.insert(id, error);
            true
        }
    });
    Ok(unread)
}

/// Whether an error says that a VM does not exist any more.
fn is_gone_vm(error: &Error) -> bool {
    matches!(error.code.as_ref(), "virtual_machine_not_found" | "object_in_trash")
}

/// Reads the tags of all VMs, for a plan: it is based on everything, or not made.
///
/// # Errors
/// The API's; `changed` where a VM is gone by now.
pub async fn read_all_tags(cx: &Context, api: &Katapult, machines: &mut Vec<Machine>) -> Result<()> {
    let listed = machines.len();
    let unread = read_tags(cx, api, machines, |_| true).await?;
    if let Some(error) = unread.into_values().next() {
        return Err(error);
    }
    if machines.len() < listed {
        let message = "a VM was deleted while its tags were read";
        return Err(Error::new(Exit::Refused, code::CHANGED, message).hint("nothing was sent; try again"));
    }
    Ok(())
}

/// Leaves of a reading what is selected. A VM whose tags cannot be read stays, and is reported with the result.
///
/// # Errors
/// Nothing is selected; the API's.
pub async fn narrow(cx: &Context, reading: &mut Reading, selection: &Selection) -> Result<()> {
    if selection.is_everything() {
        return Ok(());
    }
    check_tags(cx, selection)?;
    let Reading { inventory, onapp_idle, .. } = reading;
    let mut machines = selection.by_name(inventory.fleet.machines.clone()).machines;
    let mut unread = UnreadTags::new();
    if selection.needs_tags() {
        unread = read_tags(cx, cx.katapult()?, &mut machines, |_| true).await?;
        let is_unread = |machine: &Machine| machine.id.as_ref().is_some_and(|id| unread.contains_key(id));
        machines.retain(|machine| is_unread(machine) || selection.selects_tags_of(machine));
    }
    let ids: HashSet<&str> = machines.iter().filter_map(|machine| machine.id.as_deref()).collect();
    let owners = Owners::of(&inventory.fleet);
    onapp_idle.iter_mut().for_each(|idle| {
        idle.retain(|policy| match owners.machine_of(policy).and_then(|machine| machine.id.as_deref()) {
            Some(id) => ids.contains(id),
            None => !selection.is_positive(),
        })
    });
    let fleet = std::mem::take(&mut inventory.fleet);
    let fleet = selection.narrow(fleet, |machine| machine.id.as_deref().is_some_and(|id| ids.contains(id)));
    if fleet.machines.is_empty() && fleet.disks.is_empty() {
        let error = nothing(selection);
        if cx.gathering.is_some() {
            cx.ui.note(&error.message);
        }
        return Err(error);
    }
    for machine in &fleet.machines {
        if let Some(error) = machine.id.as_ref().and_then(|id| unread.remove(id)) {
            inventory.add_unread_tags(machine.label(), error);
        }
    }
    inventory.fleet = fleet;
    Ok(())
}

fn nothing(selection: &Selection) -> Error {
    let message = format!("no VM or disk is selected by `{}`", selection.words());
    Error::new(Exit::NotFound, "not_found", message)
        .hint("`bpctl vm list` shows the VMs")
        .detail(json!({SELECTION: selection.words()}))
}

/// Whether an error says that nothing is selected: of several profiles, another may have it.
pub fn is_nothing_selected(error: &Error) -> bool {
    error.exit == Exit::NotFound && error.detail[SELECTION].is_string()
}

/// Where an error's detail has the selection.
const SELECTION: &str = "selection";
