//! `bpctl backups create --resource`, and `show` and `restore` with `--point`: what plugins such as Veeam make.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::model::{Backup, Object};
use crate::onapp::OnApp;
use crate::ops::batch::print_result;
use crate::ops::find::with_server;
use crate::ops::onapp_point::{PointChange, PointWrite, point_ids};
use crate::ops::pipeline::{self, Lock, Options};
use crate::ops::rows::Rows;
use crate::ops::sequence::{FailurePolicy, Outcome, sum_up};
use crate::progress_tally::names;

/// Shows a recovery point.
pub async fn show(cx: &Context, vm: &str, point: &str) -> Result<()> {
    let api = cx.onapp()?;
    cx.show(with_server(api, vm, async |machine| api.point(&machine, point).await).await?)
}

/// Takes a recovery point.
pub async fn create(cx: &Context, vm: &str, resource: String, wait: Option<Duration>) -> Result<()> {
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let (machine, label) = owner(api, vm).await?;
    let existing = point_ids(api, &machine).await?;
    let write = PointWrite { machine, label, change: PointChange::Create { resource, existing }, wait };
    run(cx, vec![write], Options::new("Take the recovery point?", lock)).await
}

/// Restores a VM from a recovery point; `first` takes another one before, and waits so long for it.
pub async fn restore(
    cx: &Context,
    vm: &str,
    point: &str,
    wait: Option<Duration>,
    first: Option<Duration>,
) -> Result<()> {
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let (machine, label) = owner(api, vm).await?;
    let point = api.point(&machine, point).await?;
    let id = point.model.id.clone().unwrap_or_default();
    if point.model.built == Some(false) {
        return Err(Error::usage(format!("recovery point {id} is not finished")).hint("nothing was sent"));
    }
    let question = format!("Restore {label} from recovery point {id}?");
    let typed = Some(label.clone());
    let new = |change, wait| PointWrite { machine: machine.clone(), label: label.clone(), change, wait };
    let mut writes = Vec::new();
    if let Some(limit) = first {
        let Some(resource) = point.model.backup_server_id.clone() else {
            return Err(Error::usage("the resource of this recovery point is not known, so none can be taken first"));
        };
        let existing = point_ids(api, &machine).await?;
        writes.push(new(PointChange::Create { resource, existing }, Some(limit)));
    }
    writes.push(new(PointChange::Restore(Box::new(point)), wait));
    // A recovery point that failed leaves what it was for.
    let failure_policy = FailurePolicy::of(false);
    run(cx, writes, Options { failure_policy, typed, ..Options::new(question, lock) }).await
}

async fn owner(api: &OnApp, vm: &str) -> Result<(String, String)> {
    let machine = with_server(api, vm, async |id| api.machine(&id).await).await?.model;
    let label = machine.label().to_owned();
    let id = machine.id.ok_or_else(|| Error::invalid_response(format!("the VM `{vm}` has no number")))?;
    Ok((id, label))
}

async fn run(cx: &Context, writes: Vec<PointWrite>, options: Options) -> Result<()> {
    let is_single = writes.len() == 1;
    let Some(sequence) = pipeline::run(cx, writes, options).await? else {
        return Ok(());
    };
    let (mut done, mut ids, mut failed, mut not_tried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (label, outcome) in sequence.results {
        match outcome {
            Outcome::Done(point) => {
                ids.push(point.model.id.clone().unwrap_or(label));
                done.push(point);
            }
            Outcome::Failed(error) => failed.push((label, error)),
            Outcome::NotTried => not_tried.push(label),
        }
    }
    let printed = print_result(cx, &format!("done: {}", names(&ids)), || print(cx, is_single, done));
    sum_up("recovery points", &ids, failed, &not_tried, !ids.is_empty())?;
    printed
}

fn print(cx: &Context, is_single: bool, mut done: Vec<Object<Backup>>) -> Result<()> {
    if is_single {
        return done.pop().map_or(Ok(()), |point| cx.show(point));
    }
    if done.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::begin(cx)?;
    rows.page(done)?;
    rows.end(Walk::default(), "")
}
