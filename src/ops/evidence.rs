//! Snapshots: taking one of an organization, and reading one from a file. `snapshot`, `diff` and `report` are made of them.

use std::path::Path;

use serde::Deserialize;

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::Fleet;
use crate::model::coverage::coverage;
use crate::model::snapshot::{
    DiskRecord, MachineRecord, OrganizationRecord, PolicyRecord, Query, SNAPSHOT_VERSION, Snapshot, Unread,
};
use crate::ops::inventory::{self, Inventory};
use crate::ops::planner::read_text;
use crate::time::utc;

/// Reads an organization, and judges it.
///
/// # Errors
/// The API's. What could not be read of the lists, or of single policies, stands in the snapshot.
pub async fn take(cx: &Context, query: Query) -> Result<Snapshot> {
    let mut reading = inventory::read(cx, query.detail).await?;
    let inventory = &mut reading.inventory;
    let verdicts = coverage(&inventory.fleet, &query.requirements(), cx.now()).rows;
    let gaps = inventory.gaps().to_vec();
    let unread = inventory.unread().iter().map(|(id, error)| Unread {
        policy: id.clone(),
        code: error.code.to_string(),
        message: error.message.clone(),
    });
    let unread: Vec<Unread> = unread.collect();
    let profile = cx.connection(None)?.profile.as_ref().map(|profile| profile.value.clone());
    let organization = organization(cx, inventory).await?;
    let idle = reading.onapp_idle.take().unwrap_or_default();
    // What was read is given up as it is recorded: an organization can be large.
    let Fleet { machines, disks, policies } = std::mem::take(&mut inventory.fleet);
    Ok(Snapshot {
        version: SNAPSHOT_VERSION,
        time: utc(cx.now().as_second()),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        profile,
        api: cx.api_name()?,
        organization,
        query,
        complete: gaps.is_empty() && unread.is_empty(),
        detailed: reading.is_detailed,
        gaps,
        unread,
        machines: machines.into_iter().map(|machine| MachineRecord::from(&machine)).collect(),
        disks: disks.into_iter().map(|disk| DiskRecord::from(&disk)).collect(),
        policies: policies.into_iter().map(|policy| PolicyRecord::from(&policy)).collect(),
        idle: Some(idle.into_iter().map(|policy| PolicyRecord::from(&policy)).collect()),
        verdicts,
    })
}

/// Identifies the organization. A token that may not list organizations knows the one that it was given. OnApp has none:
/// what an account of a cloud sees takes its place.
async fn organization(cx: &Context, inventory: &Inventory) -> Result<OrganizationRecord> {
    let lookup = &inventory.organization;
    if !cx.provider()?.capabilities().has_organizations {
        let account = cx.connection(None)?.user.as_ref().map_or("", |user| user.value.as_str());
        let id = Some(format!("{account}@{}", lookup.value));
        return Ok(OrganizationRecord { id, ..OrganizationRecord::default() });
    }
    let wanted = Some(lookup.value.clone());
    let given = if lookup.key == "id" {
        OrganizationRecord { id: wanted.clone(), ..OrganizationRecord::default() }
    } else {
        OrganizationRecord { sub_domain: wanted.clone(), ..OrganizationRecord::default() }
    };
    let Ok(organizations) = cx.katapult()?.organizations().await else {
        return Ok(given);
    };
    let mut models = organizations.into_iter().map(|one| one.model);
    let found = models.find(|one| one.is_called(&lookup.value));
    Ok(found.map_or(given, |one| OrganizationRecord { id: one.id, sub_domain: one.sub_domain, name: one.name }))
}

/// The error of something that was made of snapshots which are incomplete; none where they are complete. `what` names it.
pub fn incomplete_error<'a>(what: &str, snapshots: impl IntoIterator<Item = &'a Snapshot>) -> Option<Error> {
    let missing: Vec<String> = snapshots.into_iter().flat_map(Snapshot::missing).collect();
    (!missing.is_empty()).then(|| {
        Error::new(Exit::Partly, code::PARTLY_DONE, format!("the {what} is incomplete: {}", missing.join("; ")))
    })
}

/// Reads a snapshot from a file, or from standard input for `-`.
pub async fn read(cx: &Context, path: &Path) -> Result<Snapshot> {
    #[derive(Deserialize)]
    struct Head {
        version: u64,
    }
    let (name, text) = read_text(cx, path).await?;
    let text = text.trim_start_matches('\u{feff}');
    let wrong = |error: &serde_json::Error| {
        Error::usage(format!("{name}: not a snapshot: {error}")).hint("`bpctl snapshot > FILE` writes one")
    };
    let head: Head = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let version = head.version;
    if version == 0 || version > SNAPSHOT_VERSION {
        return Err(Error::usage(format!("{name}: snapshot version {version}: this bpctl reads {SNAPSHOT_VERSION}"))
            .hint("read it with the version of bpctl that wrote it, or a newer one"));
    }
    serde_json::from_str(text).map_err(|error| wrong(&error))
}
