//! The hint of a look-up that found nothing: the name may be that of another kind of object.
//!
//! Asked only after an error, and for nothing but a hint: what cannot be read says nothing.

use std::collections::HashMap;

use super::pick::known_targets;
use crate::context::{Context, SANDBOX_API};
use crate::error::{Error, Exit, Result};
use crate::http::Flow;
use crate::katapult::{Katapult, Lookup};
use crate::model::{Disk, Machine, Object, Organization, TrashObject};
use crate::onapp::OnApp;
use crate::text::shell_word;

/// What was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Machine,
    Disk,
    Policy,
}

/// Names that a hint lists, at the most.
const MAX_NAMES: usize = 12;
/// Rows of a list that are looked through, at the most.
const MAX_ROWS: usize = 1000;

/// Adds to the error that nothing has this name what it names instead.
pub async fn explain(cx: &Context, api: &Katapult, name: &str, wanted: Wanted, error: Error) -> Error {
    if error.exit != Exit::NotFound {
        return error;
    }
    let hint = match wanted {
        Wanted::Machine if is_disk(cx, api, name).await => Some(disk_hint(name)),
        Wanted::Disk if is_machine(cx, api, name).await => Some(machine_hint(name)),
        Wanted::Machine | Wanted::Disk if api.policy(name).await.is_ok() => Some(policy_hint(name)),
        _ => None,
    };
    let hint = match hint {
        None if is_organization(api, name).await => Some(organization_hint(name, wanted)),
        None => in_trash(cx, api, name, wanted).await,
        found => found,
    };
    let hint = match wanted {
        Wanted::Machine if hint.is_none() && cx.api_name().is_ok_and(|api| api == SANDBOX_API) => {
            sandbox_hint(cx, api).await
        }
        _ => hint,
    };
    first(hint, error)
}

/// The same on OnApp, where the API's own words do not name what was not found.
pub async fn explain_onapp(api: &OnApp, name: &str, wanted: Wanted, mut error: Error) -> Error {
    if error.exit != Exit::NotFound {
        return error;
    }
    // A list of what belongs to a VM that does not exist.
    if wanted == Wanted::Machine && error.status == Some(404) && error.hints.is_empty() {
        error.message = format!("no VM `{name}`: {}", error.message);
        error = error.hint("`bpctl vm list` shows the VMs");
    }
    let hint = match wanted {
        Wanted::Machine if api.disk(None, name).await.is_ok() => Some(disk_hint(name)),
        Wanted::Disk if api.find_machine(name).await.is_ok() => Some(machine_hint(name)),
        _ => None,
    };
    first(hint, error)
}

fn first(hint: Option<String>, mut error: Error) -> Error {
    if let Some(hint) = hint {
        error.hints.insert(0, hint);
    }
    error
}

fn machine_hint(name: &str) -> String {
    let word = shell_word(name);
    format!("`{name}` is a VM: `bpctl vm show {word}`, `bpctl policies list --vm {word}`")
}

pub(super) fn disk_hint(name: &str) -> String {
    let word = shell_word(name);
    format!("`{name}` is a disk: `bpctl disk show {word}`, `bpctl policies list --disk {word}`")
}

fn policy_hint(name: &str) -> String {
    format!("`{name}` is a policy: `bpctl policy show {}`", shell_word(name))
}

fn organization_hint(name: &str, wanted: Wanted) -> String {
    let list = match wanted {
        Wanted::Machine => "vm list",
        Wanted::Disk => "disk list",
        Wanted::Policy => "policies list",
    };
    format!("`{name}` is an organization: `bpctl {list} --org {}`", shell_word(name))
}

/// The sandbox has two clouds, and a name of one says nothing in the other.
async fn sandbox_hint(cx: &Context, api: &Katapult) -> Option<String> {
    let organization = organization(cx, api).await?;
    let machines = api.all_machines(&organization).await.ok()?.rows;
    let names: Vec<String> = machines.into_iter().filter_map(|machine| machine.model.name).take(MAX_NAMES).collect();
    let names = names.join(", ");
    Some(format!("this sandbox has the VMs {names}; OnApp's: `bpctl vm list --profile sandbox-onapp`"))
}

async fn is_disk(cx: &Context, api: &Katapult, name: &str) -> bool {
    let is_called = |disk: &Disk| [&disk.id, &disk.name].into_iter().any(|key| key.as_deref() == Some(name));
    let Some(organization) = organization(cx, api).await else { return false };
    let (mut found, mut seen) = (false, 0);
    let mut each = |page: Vec<Object<Disk>>| look(page, &mut found, &mut seen, is_called);
    api.disks(&organization, &mut each).await.is_ok() && found
}

async fn is_machine(cx: &Context, api: &Katapult, name: &str) -> bool {
    let is_called = |machine: &Machine| machine.is_called(name) || machine.id.as_deref() == Some(name);
    let Some(organization) = organization(cx, api).await else { return false };
    let (mut found, mut seen) = (false, 0);
    let mut each = |page: Vec<Object<Machine>>| look(page, &mut found, &mut seen, is_called);
    api.machines(&organization, &mut each).await.is_ok() && found
}

async fn is_organization(api: &Katapult, name: &str) -> bool {
    let is_called = |one: &Organization| one.is_called(name) || one.name.as_deref() == Some(name);
    api.organizations().await.is_ok_and(|listed| listed.iter().any(|one| is_called(&one.model)))
}

/// Looks in the trash for what has this id or name, or, where a policy is wanted, for one that backed it up.
async fn in_trash(cx: &Context, api: &Katapult, name: &str, wanted: Wanted) -> Option<String> {
    let organization = organization(cx, api).await?;
    let targets = if wanted == Wanted::Policy { known_targets(cx) } else { HashMap::new() };
    let is_called = |entry: &TrashObject| {
        let target = entry.object_id.as_ref().and_then(|id| targets.get(id));
        [&entry.id, &entry.object_id, &entry.name].into_iter().flatten().chain(target).any(|key| key == name)
    };
    let (mut found, mut seen) = (None, 0);
    let mut each = |page: Vec<Object<TrashObject>>| {
        seen += page.len();
        found = found.take().or_else(|| page.into_iter().map(|row| row.model).find(is_called));
        Ok(if found.is_some() || seen >= MAX_ROWS { Flow::Enough } else { Flow::More })
    };
    api.trash_objects(&organization, &mut each).await.ok()?;
    found.map(|entry| trash_hint(name, &entry))
}

fn trash_hint(name: &str, entry: &TrashObject) -> String {
    let id = entry.object_id.as_deref().or(entry.id.as_deref()).unwrap_or(name);
    let word = shell_word(id);
    match entry.other_kind() {
        None => format!("its policy {id} is in the trash: `bpctl policy restore {word}`"),
        Some(kind) => format!("`{name}` is in the trash, as a {kind}: `bpctl trash show {word}`"),
    }
}

async fn organization(cx: &Context, api: &Katapult) -> Option<Lookup> {
    api.find_organization(cx.organization().ok()?).await.ok()
}

fn look<T>(page: Vec<Object<T>>, found: &mut bool, seen: &mut usize, is_called: impl Fn(&T) -> bool) -> Result<Flow> {
    *seen += page.len();
    *found |= page.iter().any(|row| is_called(&row.model));
    Ok(if *found || *seen >= MAX_ROWS { Flow::Enough } else { Flow::More })
}
