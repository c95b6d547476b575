//! `bpctl backups usage`

use crate::args::{BackupsUsage, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::model::{Backup, BackupUsage, Machine};
use crate::onapp::{Kind, Listed, OnApp};
use crate::ops::find::with_server;
use crate::ops::onapp_fleet::{self, is_closed};
use crate::ops::rows::{Rows, to_object};

/// Sums up the sizes of backups, by VM and kind.
pub async fn run(cx: &Context, args: BackupsUsage) -> Result<()> {
    let mut rows = Rows::<BackupUsage>::begin(cx)?;
    let api = cx.onapp()?;
    let (mut total, mut failed) = (BackupUsage::default(), None);
    let mut add = |row: &BackupUsage| {
        total.backups += row.backups;
        total.size_bytes = total.size_bytes.saturating_add(row.size_bytes);
        total.unknown_sizes += row.unknown_sizes;
    };
    let walk = match &args.vm {
        Some(name) => {
            let listed = with_server(api, name, async |id| {
                let machine = api.machine(&id).await?.model;
                of_machine(api, &machine).await
            })
            .await?;
            listed.rows.iter().for_each(|row| add(&row.model));
            rows.page(listed.rows)?;
            listed.walk
        }
        None => {
            let mut each = |page: Vec<_>| {
                page.iter().for_each(|row: &crate::model::Object<BackupUsage>| add(&row.model));
                rows.page(page)
            };
            let read = async |machine: &Machine| of_machine(api, machine).await;
            let (walk, error) = onapp_fleet::each_machine(cx, api, "reading backups", &mut each, read).await?;
            failed = error;
            walk
        }
    };
    rows.end(walk, "on this cloud")?;
    let is_people = matches!(cx.output.format, Format::Table | Format::Wide);
    let is_whole = cx.output.filters.is_empty() && cx.output.limit.is_none() && cx.gathering.is_none();
    if is_people && is_whole {
        cx.ui.flush()?;
        cx.ui.note(&sum(&total));
    }
    failed.map_or(Ok(()), Err)
}

fn sum(total: &BackupUsage) -> String {
    let unknown = match total.unknown_sizes {
        0 => String::new(),
        count => format!(", and {count} of unknown size"),
    };
    let known = total.backups - total.unknown_sizes;
    format!("total: {:.1} GiB in {known} backups{unknown}", total.size_gib())
}

/// Reads the backups of a VM and its recovery points, which clouds without plugins do not have.
async fn of_machine(api: &OnApp, machine: &Machine) -> Result<Listed<BackupUsage>> {
    let id = machine.id.as_deref().ok_or_else(|| Error::invalid_response("a VM has no number"))?;
    let listed = api.all_backups(id, Kind::All).await?;
    let mut walk: Walk = listed.walk;
    let mut backups: Vec<Backup> = listed.models();
    match api.all_backups(id, Kind::Points).await {
        Ok(points) => {
            walk.gap = walk.gap.or(points.walk.gap);
            backups.extend(points.models());
        }
        Err(error) if is_closed(&error) => {}
        Err(error) => return Err(error),
    }
    let rows = BackupUsage::of(machine, &backups).into_iter().map(to_object).collect::<Result<_>>()?;
    Ok(Listed { rows, walk })
}
