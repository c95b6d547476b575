//! The policies of an OnApp cloud that a command names: by their numbers, or as the policies of a VM.

use futures_util::stream::{self, StreamExt};
use tokio::sync::OnceCell;

use super::onapp_fleet::is_closed;
use super::onapp_policies::of_cloud;
use super::other_kind::disk_hint;
use super::pick_onapp::one_of_policies;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Disk, Fleet, Object, Policy, TargetKind};
use crate::onapp::OnApp;

/// What a name means.
pub enum Found {
    One(Box<Object<Policy>>),
    /// Several: a terminal offers the choice.
    Several(Vec<Object<Policy>>),
}

/// Reads the policy that `wanted` names: by its number, or as the only one of a VM. Of several, a terminal offers the
/// choice.
///
/// # Errors
/// The API's; `ambiguous_name`, with the numbers.
pub async fn find(cx: &Context, api: &OnApp, wanted: String) -> Result<Object<Policy>> {
    let mut found = find_all(cx, api, vec![wanted]).await;
    match found.swap_remove(0).1? {
        Found::One(policy) => Ok(*policy),
        Found::Several(policies) => one_of_policies(cx, policies),
    }
}

/// Reads the policies that each of `names` means; the cloud is listed once at the most. The question about several of one
/// name is left to the caller: no lock may be held while it is open.
pub async fn find_all(cx: &Context, api: &OnApp, names: Vec<String>) -> Vec<(String, Result<Found>)> {
    let read = stream::iter(names).map(async |name| (by_number(api, &name).await, name));
    let read: Vec<_> = read.buffered(api.http().concurrency()).collect().await;
    let cloud = OnceCell::new();
    let mut all = Vec::new();
    for (read, name) in read {
        let found = match read {
            Ok(Some(policy)) => Ok(Found::One(Box::new(policy))),
            Err(error) => Err(error),
            Ok(None) => match cloud.get_or_init(|| whole_cloud(cx, api)).await {
                Ok((fleet, rows)) => in_cloud(cx, fleet, rows, &name),
                Err(error) => Err(error.clone()),
            },
        };
        all.push((name, found));
    }
    all
}

async fn whole_cloud(cx: &Context, api: &OnApp) -> Result<(Fleet, Vec<Object<Policy>>)> {
    let (fleet, rows, walk) = of_cloud(cx, api).await?;
    // A name must mean one thing: in a list with gaps it may mean another, too.
    walk.refuse_gap("policies")?;
    Ok((fleet, rows))
}

/// Reads a policy by its number; none where it is not a number, or the number is not to be read by itself.
async fn by_number(api: &OnApp, wanted: &str) -> Result<Option<Object<Policy>>> {
    if !wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match api.schedule(wanted).await {
        Err(error) if is_closed(&error) => Ok(None),
        read => {
            let mut policy = read?;
            policy.model.target.name = target_name(api, &policy.model).await;
            Ok(Some(policy))
        }
    }
}

fn in_cloud(cx: &Context, fleet: &Fleet, rows: &[Object<Policy>], wanted: &str) -> Result<Found> {
    let named: Vec<&str> =
        fleet.machines.iter().filter(|vm| vm.is_called(wanted)).filter_map(|vm| vm.id.as_deref()).collect();
    let belongs = |policy: &Policy| {
        let target = policy.target.id.as_deref().unwrap_or_default();
        let is_disk = |disk: &&Disk| disk.id.as_deref() == Some(target);
        let machine = match policy.target.kind {
            TargetKind::VirtualMachine => Some(target),
            TargetKind::Disk => fleet.disks.iter().find(is_disk).and_then(|disk| disk.machine_id.as_deref()),
            // Its number may be that of a VM by chance.
            TargetKind::Other | TargetKind::Unknown => None,
        };
        machine.is_some_and(|machine| named.contains(&machine))
    };
    let is_meant = |row: &&Object<Policy>| row.model.id.as_deref() == Some(wanted) || belongs(&row.model);
    let mut found: Vec<Object<Policy>> = rows.iter().filter(is_meant).cloned().collect();
    let is_number = found.iter().any(|row| row.model.id.as_deref() == Some(wanted));
    let is_one_vm = is_number || named.len() < 2;
    if !is_one_vm && !cx.ui.can_ask() {
        let message = format!("`{wanted}` names {} VMs: {}", named.len(), named.join(", "));
        return Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("name the policy by its number"));
    }
    match found.len() {
        0 => Err(none(wanted, fleet, !named.is_empty())),
        1 if is_one_vm => Ok(Found::One(Box::new(found.swap_remove(0)))),
        _ if cx.ui.can_ask() => Ok(Found::Several(found)),
        count => {
            let one = |policy: &Policy| {
                format!("{} ({} of {})", policy.id_text(), policy.schedule.words(), policy.target.label())
            };
            let numbers: Vec<String> = found.iter().map(|policy| one(&policy.model)).collect();
            let message = format!("`{wanted}` has {count} policies: {}", numbers.join(", "));
            Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("name the policy by its number"))
        }
    }
}

fn none(wanted: &str, fleet: &Fleet, is_machine: bool) -> Error {
    let message = if is_machine {
        format!("VM `{wanted}` has no policy")
    } else {
        format!("no policy has the number or VM `{wanted}`")
    };
    let error = Error::new(Exit::NotFound, "not_found", message);
    let is_disk = fleet.disks.iter().any(|disk| disk.id.as_deref() == Some(wanted));
    let error = if is_disk { error.hint(disk_hint(wanted)) } else { error };
    error.hint("`bpctl policies list` shows the policies")
}

/// Names the target of a policy that was read alone, as far as this user may read it.
async fn target_name(api: &OnApp, policy: &Policy) -> Option<String> {
    let id = policy.target.id.as_deref()?;
    let label = async |machine: &str| Some(api.machine(machine).await.ok()?.model.label().to_owned());
    match policy.target.kind {
        TargetKind::VirtualMachine => label(id).await,
        TargetKind::Disk => {
            let machine = api.disk(None, id).await.ok()?.model.machine_id?;
            Some(format!("{} disk {id}", label(&machine).await?))
        }
        TargetKind::Other | TargetKind::Unknown => None,
    }
}
