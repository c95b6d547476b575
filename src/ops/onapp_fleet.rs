//! Everything of an OnApp cloud, read VM by VM where no list has it all. What cannot be read of one VM is named, and the
//! rest is shown.

use futures_util::stream::{self, StreamExt};
use serde_json::json;

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Walk};
use crate::model::{Backup, Disk, Machine, Object};
use crate::onapp::{Kind, Listed, OnApp, is_gone};

/// What takes the rows of each VM.
pub type Each<'a, T> = &'a mut dyn FnMut(Vec<Object<T>>) -> Result<Flow>;

/// Lists the backups of every VM. The second value is the error of a list that lacks VMs.
pub async fn backups(cx: &Context, api: &OnApp, kind: Kind, each: Each<'_, Backup>) -> Result<(Walk, Option<Error>)> {
    each_machine(cx, api, "reading backups", each, async |machine: &Machine| {
        let mut listed = api.all_backups(machine.id.as_deref().unwrap_or_default(), kind).await?;
        listed.rows.iter_mut().for_each(|backup| backup.model.machine = Some(machine.label().to_owned()));
        Ok(listed)
    })
    .await
}

/// Lists the disks of the cloud: as an administrator at once, else VM by VM.
pub async fn disks(cx: &Context, api: &OnApp, each: Each<'_, Disk>) -> Result<(Walk, Option<Error>)> {
    match api.disks(each).await {
        Err(error) if is_closed(&error) => {}
        listed => return listed.map(|walk| (walk, None)),
    }
    let read = async |machine: &Machine| api.all_disks(machine.id.as_deref().unwrap_or_default()).await;
    each_machine(cx, api, "reading disks", each, read).await
}

/// Whether a path is closed to this user, or unknown to this cloud.
pub fn is_closed(error: &Error) -> bool {
    matches!(error.status, Some(403 | 404))
}

/// Reads something of each VM, side by side, and passes it on in order.
pub async fn each_machine<T>(
    cx: &Context,
    api: &OnApp,
    what: &'static str,
    each: Each<'_, T>,
    read: impl AsyncFn(&Machine) -> Result<Listed<T>>,
) -> Result<(Walk, Option<Error>)> {
    let Listed { rows: machines, mut walk } = api.all_machines().await?;
    let bar = cx.ui.progress(what);
    bar.length(machines.len());
    let one = async |machine: Object<Machine>| {
        let machine = machine.model;
        let found = read(&machine).await;
        bar.step(1);
        (machine, found)
    };
    let mut reading = stream::iter(machines).map(one).buffered(api.http().concurrency());
    let (mut failed, mut done) = (Vec::new(), 0_usize);
    while let Some((machine, found)) = reading.next().await {
        match found {
            Ok(listed) => {
                done += 1;
                walk.gap = walk.gap.or(listed.walk.gap);
                if each(listed.rows)? == Flow::Enough {
                    return Ok((Walk { has_more: true, ..walk }, None));
                }
            }
            // Deleted since the VMs were listed: it has nothing any more.
            Err(error) if is_gone(&error) && is_deleted(api, machine.id.as_deref().unwrap_or_default()).await => {}
            Err(error) if error.exit == Exit::Auth && error.status == Some(401) => return Err(error),
            Err(error) => failed.push((machine, error)),
        }
    }
    if done == 0 && !failed.is_empty() {
        return Err(failed.remove(0).1);
    }
    Ok((walk, incomplete(&failed)))
}

fn incomplete(failed: &[(Machine, Error)]) -> Option<Error> {
    if failed.is_empty() {
        return None;
    }
    let words: Vec<String> =
        failed.iter().map(|(vm, error)| format!("{}: {} ({})", vm.label(), error.message, error.code)).collect();
    let details: Vec<_> =
        failed.iter().map(|(vm, error)| json!({"vm": vm.id, "error": error.to_json()["error"]})).collect();
    let message = format!("the list is incomplete, {} VMs could not be read: {}", failed.len(), words.join("; "));
    Some(Error::new(Exit::Partly, code::PARTLY_DONE, message).detail(json!({"failed": details})))
}

/// Whether a VM was deleted since it was listed.
pub async fn is_deleted(api: &OnApp, machine: &str) -> bool {
    api.machine(machine).await.is_err_and(|error| is_gone(&error))
}
