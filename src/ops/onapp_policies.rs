//! Policies of an OnApp cloud: the schedules of its VMs and of their disks. A cloud without schedules is never taken for
//! one without policies.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::onapp_fleet::{is_closed, is_deleted};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Walk;
use crate::model::{Disk, Fleet, Machine, Object, Policy, TargetKind};
use crate::onapp::{Listed, OnApp, ScheduleOwner, is_gone};

/// Reads the policies of a VM and of its disks.
pub async fn of_machine(api: &OnApp, id: &str) -> Result<Listed<Policy>> {
    let machine = api.machine(id).await?.model;
    let id = machine.id.clone().unwrap_or_else(|| id.to_owned());
    let disks = api.all_disks(&id).await?;
    let mut listed = schedules_of(api, &id, disks.rows.iter().map(|disk| &disk.model)).await?;
    listed.walk.gap = listed.walk.gap.or(disks.walk.gap);
    let disks: Vec<Disk> = disks.models();
    listed.rows.iter_mut().for_each(|policy| name(&mut policy.model, std::slice::from_ref(&machine), &disks));
    Ok(listed)
}

/// Reads the policies of a disk itself.
pub async fn of_disk(api: &OnApp, machine: Option<&str>, disk: &str) -> Result<Listed<Policy>> {
    match api.schedules(ScheduleOwner::Disk(machine, disk)).await {
        Err(error) if is_closed(&error) => {
            // A disk that does not exist is not a cloud without schedules.
            api.disk(machine, disk).await?;
            Err(not_offered(&error))
        }
        listed => listed,
    }
}

/// Reads the policies of a VM or a disk itself, before another one is made there.
pub async fn of_owner(api: &OnApp, owner: ScheduleOwner<'_>) -> Result<Listed<Policy>> {
    match owner {
        ScheduleOwner::Disk(machine, disk) => of_disk(api, machine, disk).await,
        owner => api.schedules(owner).await.map_err(closed),
    }
}

/// Reads all of a cloud: VMs, disks and policies.
pub async fn of_cloud(cx: &Context, api: &OnApp) -> Result<(Fleet, Vec<Object<Policy>>, Walk)> {
    let _bar = cx.ui.progress("reading VMs, disks and schedules");
    let machines = api.all_machines().await?;
    let mut walk = machines.walk;
    let one = async |machine: Machine| {
        let id = machine.id.clone().unwrap_or_default();
        match api.all_disks(&id).await {
            // Deleted since the VMs were listed: it has nothing any more.
            Err(error) if is_gone(&error) && is_deleted(api, &id).await => Ok(None),
            listed => Ok::<_, Error>(Some((machine, listed?))),
        }
    };
    let width = api.http().concurrency();
    let read: Vec<Option<(Machine, Listed<Disk>)>> =
        stream::iter(machines.models()).map(one).buffered(width).try_collect().await?;
    let (machines, disks): (Vec<Machine>, Vec<Listed<Disk>>) = read.into_iter().flatten().unzip();
    walk.gap = walk.gap.or(disks.iter().find_map(|listed| listed.walk.gap));
    let disks: Vec<Vec<Object<Disk>>> = disks.into_iter().map(|listed| listed.rows).collect();
    let listed = match api.schedules(ScheduleOwner::Cloud).await {
        Ok(listed) => listed,
        Err(error) if is_closed(&error) => walk_machines(api, &machines, &disks).await?,
        Err(error) => return Err(error),
    };
    walk.gap = walk.gap.or(listed.walk.gap);
    let mut rows = each_once(listed.rows);
    let disks: Vec<Disk> = disks.into_iter().flatten().map(|disk| disk.model).collect();
    rows.iter_mut().for_each(|policy| name(&mut policy.model, &machines, &disks));
    let policies = rows.iter().map(|policy| policy.model.clone()).collect();
    Ok((Fleet { machines, disks, policies }, rows, walk))
}

/// Takes out what makes no backups, which is the second value: policies that are not enabled, and those of whole VMs
/// that run Windows (documented). Disks of swap need none.
pub fn working(fleet: Fleet) -> (Fleet, Vec<Policy>) {
    let Fleet { machines, disks, policies } = fleet;
    let windows: HashSet<&str> =
        machines.iter().filter(|machine| machine.is_windows()).filter_map(|machine| machine.id.as_deref()).collect();
    let is_of_windows = |policy: &Policy| {
        policy.target.kind == TargetKind::VirtualMachine
            && policy.target.id.as_deref().is_some_and(|id| windows.contains(id))
    };
    let (policies, idle) = policies.into_iter().partition(|policy| policy.is_enabled() && !is_of_windows(policy));
    let disks = disks.into_iter().filter(|disk| disk.is_swap != Some(true)).collect();
    (Fleet { machines, disks, policies }, idle)
}

async fn walk_machines(api: &OnApp, machines: &[Machine], disks: &[Vec<Object<Disk>>]) -> Result<Listed<Policy>> {
    let ids = machines.iter().map(|machine| machine.id.as_deref().unwrap_or_default());
    let one = async |(id, disks): (&str, &Vec<Object<Disk>>)| {
        schedules_of(api, id, disks.iter().map(|disk| &disk.model)).await
    };
    let listed: Vec<Listed<Policy>> =
        stream::iter(ids.zip(disks)).map(one).buffered(api.http().concurrency()).try_collect().await?;
    let mut all = Listed { rows: Vec::new(), walk: Walk::default() };
    for own in listed {
        all.walk.gap = all.walk.gap.or(own.walk.gap);
        all.rows.extend(own.rows);
    }
    Ok(all)
}

/// Reads the schedules of a VM that exists, and of its disks.
pub async fn schedules_of(api: &OnApp, id: &str, disks: impl Iterator<Item = &Disk>) -> Result<Listed<Policy>> {
    let mut all = match api.schedules(ScheduleOwner::Machine(id)).await {
        Err(error) if is_gone(&error) && is_deleted(api, id).await => {
            return Ok(Listed { rows: Vec::new(), walk: Walk::default() });
        }
        listed => listed.map_err(closed)?,
    };
    for disk in disks.filter_map(|disk| disk.id.as_deref()) {
        let own = match api.schedules(ScheduleOwner::Disk(None, disk)).await {
            Err(error) if is_closed(&error) => {
                api.schedules(ScheduleOwner::Disk(Some(id), disk)).await.map_err(closed)?
            }
            listed => listed?,
        };
        all.walk.gap = all.walk.gap.or(own.walk.gap);
        all.rows.extend(own.rows);
    }
    Ok(Listed { rows: each_once(all.rows), ..all })
}

/// The list of a VM may hold the schedules of its disks, too, and that of a disk those of its VM.
fn each_once(mut rows: Vec<Object<Policy>>) -> Vec<Object<Policy>> {
    let mut seen = HashSet::new();
    rows.retain(|row| row.model.id.clone().is_none_or(|id| seen.insert(id)));
    rows
}

fn closed(error: Error) -> Error {
    if is_closed(&error) { not_offered(&error) } else { error }
}

/// The error of a cloud without schedules, or of a user who may not read them.
pub fn not_offered(error: &Error) -> Error {
    let why =
        if error.status == Some(403) { "this user may not read schedules" } else { "this cloud has no schedules" };
    Error { status: error.status, ..Error::new(Exit::Usage, code::NOT_OFFERED, format!("not offered: {why}")) }
        .hint("whether its VMs are backed up by a schedule cannot be read; `bpctl backups list` shows the backups")
}

fn name(policy: &mut Policy, machines: &[Machine], disks: &[Disk]) {
    let id = policy.target.id.as_deref();
    let label = |wanted: Option<&str>| machines.iter().find(|vm| vm.id.as_deref() == wanted).map(Machine::label);
    policy.target.name = match policy.target.kind {
        TargetKind::VirtualMachine => label(id).map(str::to_owned),
        TargetKind::Disk => disks
            .iter()
            .find(|disk| disk.id.as_deref() == id)
            .and_then(|disk| Some(format!("{} disk {}", label(disk.machine_id.as_deref())?, disk.id.as_deref()?))),
        TargetKind::Other | TargetKind::Unknown => None,
    };
}
