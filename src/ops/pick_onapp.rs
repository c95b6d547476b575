//! The same as `pick` on an OnApp cloud, whose objects have numbers.

use super::pick::{chosen, disk_row, must_be_askable, policy_of};
use super::{onapp_fleet, onapp_policies};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Flow;
use crate::model::{Object, Policy};

const NO_POLICIES: &str = "no policies on this cloud";

/// Returns the machine that was named, or the number of one chosen from those of the cloud.
pub async fn machine(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(machine) = named {
        return Ok(machine);
    }
    must_be_askable(cx, "<VM>", "vm list")?;
    let listed = cx.onapp()?.all_machines().await?.rows;
    let rows = listed.into_iter().map(|row| row.model).filter_map(|machine| {
        let host = machine.hostname.clone().unwrap_or_default();
        let label = machine.name.clone().unwrap_or_else(|| machine.label().to_owned());
        machine.id.map(|id| (id.clone(), vec![label, host, id]))
    });
    let chosen = chosen(cx, "VM", "no VMs on this cloud", rows.collect())?;
    cx.answered(&[&chosen]);
    Ok(chosen)
}

/// Returns the disk that was named, or the number of one chosen from those of the cloud.
pub async fn disk(cx: &Context, named: Option<String>) -> Result<String> {
    if let Some(disk) = named {
        return Ok(disk);
    }
    must_be_askable(cx, "<DISK>", "disk list")?;
    let mut rows = Vec::new();
    let mut each = |page: Vec<Object<_>>| {
        rows.extend(page.into_iter().filter_map(|disk| disk_row(disk.model)));
        Ok(Flow::More)
    };
    onapp_fleet::disks(cx, cx.onapp()?, &mut each).await?;
    let chosen = chosen(cx, "Disk", "no disks on this cloud", rows)?;
    cx.answered(&[&chosen]);
    Ok(chosen)
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
