//! What the command line does not name is chosen from a list, where somebody can be asked; elsewhere it is a usage
//! error that names the argument, before anything is sent.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Flow;
use crate::journal::Entry;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Disk, Machine, Object, Policy};
use crate::time::relative;
use crate::view::choice;

/// Types of the trash that are no policies (recorded). A policy's own type is only inferred, so it is not asked for.
const OTHER_TYPES: [&str; 4] = ["VirtualMachine", "Disk", "FileStorageVolume", "ObjectStorageAccount"];

/// What a new policy may be for.
pub enum Place {
    /// A machine: FQDN or id.
    Machine(String),
    /// A disk's id.
    Disk(String),
}

/// Refuses where nobody can be asked for `argument`. `list` is the command that shows what there is.
///
/// # Errors
/// `usage`, naming the argument.
pub fn must_be_askable(cx: &Context, argument: &str, list: &str) -> Result<()> {
    match cx.ui.can_ask() {
        true => Ok(()),
        false => {
            Err(Error::usage(format!("{argument} is missing")).hint(format!("`bpctl {list}` shows what there is")))
        }
    }
}

/// Gives the policies that were named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and nobody can be asked, there is none, or Ctrl-C.
pub async fn policies(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named);
    }
    must_be_askable(cx, "<POLICY>", "policies list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut keep = |page: Vec<Object<Policy>>| {
        let rows = page.into_iter().map(|policy| (policy.model.id.clone(), choice(&policy.model, &cx.output.times)));
        found.extend(rows.filter_map(|(id, row)| Some((id?, row))));
        Ok(Flow::More)
    };
    api.policies(&Owner::Organization(organization), &mut keep).await?;
    chosen(cx, "Policy", "no policies in this organization", found).map(|id| vec![id])
}

/// Gives the policies that were named, or one chosen from those in the trash.
///
/// # Errors
/// None is named and nobody can be asked, none is in the trash, the token may not read it, or Ctrl-C.
pub async fn trashed_policies(cx: &Context, named: Vec<String>) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named);
    }
    must_be_askable(cx, "<POLICY>", "trash list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    let targets = known_targets(cx);
    let mut found = Vec::new();
    api.trash_objects(&organization, &mut |page| {
        for entry in page {
            let is_other = entry.model.object_type.is_some_and(|kind| OTHER_TYPES.contains(&kind.as_str()));
            let Some(id) = entry.model.object_id.filter(|_| !is_other) else {
                continue;
            };
            let until = entry.model.keep_until.and_then(|at| jiff::Timestamp::from_second(at).ok());
            let until = until.map_or_else(String::new, |at| format!("is gone {}", relative(at, cx.now())));
            let target = targets.get(&id).cloned().unwrap_or_else(|| "-".to_owned());
            found.push((id.clone(), vec![target, until, id]));
        }
        Ok(Flow::More)
    })
    .await?;
    chosen(cx, "Policy in the trash", "no policies in the trash of this organization", found).map(|id| vec![id])
}

/// Returns the targets of policies that bpctl changed: the trash does not name them. A journal that cannot be read
/// names none.
fn known_targets(cx: &Context) -> HashMap<String, String> {
    let mut targets = HashMap::new();
    let recent = cx.journal().ok().and_then(|journal| journal.recent().ok());
    for recorded in recent.into_iter().flatten().map_while(std::io::Result::ok) {
        if let Some(Entry { policy: Some(policy), target: Some(target), .. }) = recorded.entry() {
            targets.entry(policy).or_insert(target);
        }
    }
    targets
}

/// Gives the disk that was named, or one chosen from those of the organization.
///
/// # Errors
/// None is named and nobody can be asked, there is none, or Ctrl-C.
pub async fn disk(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(disk) = named {
        return Ok(disk);
    }
    must_be_askable(cx, "<DISK>", "disk list")?;
    let (api, organization) = cx.katapult_in_org().await?;
    chosen(cx, "Disk", "no disks in this organization", disks(api, &organization).await?)
}

/// Lets the user choose a machine or a disk. Disks are left out where the token may not list them.
///
/// # Errors
/// There is none, or Ctrl-C.
pub async fn place(cx: &Context, api: &Katapult) -> Result<Place> {
    let organization = api.find_organization(cx.organization()?).await?;
    let mut machines: Vec<Object<Machine>> = Vec::new();
    let mut keep = |page: Vec<Object<Machine>>| {
        machines.extend(page);
        Ok(Flow::More)
    };
    api.machines(&organization, &mut keep).await?;
    let mut found: Vec<(Place, Vec<String>)> = Vec::new();
    for machine in machines.into_iter().map(|machine| machine.model) {
        let name = machine.name.clone().unwrap_or_else(|| machine.label().to_owned());
        let fqdn = machine.fqdn.clone().unwrap_or_default();
        if let Some(id) = machine.id {
            let named = if fqdn.is_empty() { id.clone() } else { fqdn.clone() };
            found.push((Place::Machine(named), vec![name, "machine".to_owned(), fqdn, id]));
        }
    }
    let disks = match disks(api, &organization).await {
        Err(error) if error.exit == Exit::Auth => Vec::new(),
        listed => listed?,
    };
    for (id, mut row) in disks {
        row.insert(1, "disk".to_owned());
        row.remove(2);
        found.push((Place::Disk(id), row));
    }
    chosen(cx, "Back up", "no machines or disks in this organization", found)
}

/// Lists the disks of an organization: name, size, machine, id.
async fn disks(api: &Katapult, organization: &Lookup) -> Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    let mut keep = |page: Vec<Object<Disk>>| {
        for disk in page.into_iter().map(|disk| disk.model) {
            let size = disk.size_in_gb.map_or_else(String::new, |size| format!("{size} GB"));
            let machine = disk.machine_fqdn.or(disk.machine_id).unwrap_or_else(|| "not assigned".to_owned());
            let name = disk.name.unwrap_or_else(|| "-".to_owned());
            found.extend(disk.id.map(|id| (id.clone(), vec![name, size, machine, id])));
        }
        Ok(Flow::More)
    };
    api.disks(organization, &mut keep).await?;
    Ok(found)
}

/// Asks which one, and keeps a chosen argument for the command line.
fn chosen<T: Word>(cx: &Context, question: &str, none: &str, found: Vec<(T, Vec<String>)>) -> Result<T> {
    if found.is_empty() {
        return Err(Error::new(Exit::NotFound, "not_found", none));
    }
    let (mut values, rows): (Vec<T>, Vec<Vec<String>>) = found.into_iter().unzip();
    let index = cx.ask(|ui| ui.select(question, &rows, 0))?;
    let value = values.swap_remove(index);
    cx.answered(&value.words());
    Ok(value)
}

/// What stands for a choice on the command line.
trait Word {
    fn words(&self) -> Vec<&str>;
}

impl Word for String {
    fn words(&self) -> Vec<&str> {
        vec![self]
    }
}

impl Word for Place {
    fn words(&self) -> Vec<&str> {
        match self {
            Self::Machine(name) => vec!["--vm", name],
            Self::Disk(id) => vec!["--disk", id],
        }
    }
}
