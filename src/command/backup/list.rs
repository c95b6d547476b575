//! `bpctl backups list`

use crate::args::{BackupKind, BackupsList};
use crate::context::Context;
use crate::error::{Exit, Result};
use crate::http::Flow;
use crate::model::{Backup, Object};
use crate::onapp::{Kind, OnApp};
use crate::ops::find::with_server;
use crate::ops::onapp_fleet;
use crate::ops::rows::Rows;

/// The columns that the table shows besides its own, and those that it leaves out.
pub fn columns(args: &BackupsList) -> (&'static [&'static str], &'static [&'static str]) {
    if args.vm.is_none() && args.disk.is_none() { (&["vm"], &["initiated"]) } else { (&[], &["vm"]) }
}

/// Lists the backups of a VM, of a disk or of the whole cloud.
pub async fn run(cx: &Context, args: BackupsList) -> Result<()> {
    let (added, left_out) = columns(&args);
    let mut rows = Rows::begin(cx)?.with_columns(added, left_out);
    let api = cx.onapp()?;
    let kind = args.kind.map(|kind| match kind {
        BackupKind::Images => Kind::Images,
        BackupKind::Files => Kind::Files,
        BackupKind::All => Kind::All,
        BackupKind::Points => Kind::Points,
    });
    match (&args.vm, &args.disk) {
        (vm, Some(disk)) => list_disk(cx, api, vm.as_deref(), disk, rows).await,
        (Some(vm), None) => list_machine(cx, api, vm, kind.unwrap_or_default(), rows).await,
        (None, None) => {
            let (walk, failed) =
                onapp_fleet::backups(cx, api, kind.unwrap_or(Kind::All), &mut |page| rows.page(page)).await?;
            rows.end(walk, "on this cloud")?;
            failed.map_or(Ok(()), Err)
        }
    }
}

async fn list_disk(cx: &Context, api: &OnApp, vm: Option<&str>, disk: &str, mut rows: Rows<'_, Backup>) -> Result<()> {
    let walk = match vm {
        Some(name) => {
            with_server(api, name, async |server| {
                api.disk_backups(Some(&server), disk, &mut |page| rows.page(page)).await
            })
            .await?
        }
        None => {
            let listed = api.disk_backups(None, disk, &mut |page| rows.page(page)).await;
            listed.map_err(|error| match error.exit {
                Exit::Auth => error.hint(format!("add the VM of disk {disk}, as in `--vm VM --disk {disk}`")),
                _ => error,
            })?
        }
    };
    cx.ui.flush()?;
    rows.end(walk, &format!("of disk `{disk}`"))
}

async fn list_machine(cx: &Context, api: &OnApp, vm: &str, kind: Kind, mut rows: Rows<'_, Backup>) -> Result<()> {
    let mut count = 0;
    let mut server = String::new();
    let walk = with_server(api, vm, async |found| {
        let mut each = |page: Vec<_>| {
            count += page.len();
            rows.page(page)
        };
        server = found;
        api.backups(&server, kind, &mut each).await
    })
    .await?;
    // A cloud with incremental backups has no normal ones (documented), and plugins make recovery points instead: an empty
    // list may only look unprotected.
    if count == 0
        && let Some(note) = other_kinds(api, (vm, &server), kind).await
    {
        cx.ui.note(&note);
        return rows.end_noted(walk);
    }
    rows.end(walk, &format!("of `{vm}`"))
}

/// Says which backups there are besides the kind that is empty. `server` is the VM's id, `vm` what it was called.
async fn other_kinds(api: &OnApp, (vm, server): (&str, &str), kind: Kind) -> Option<String> {
    let points = || recovery_points(api, server);
    match kind {
        Kind::Points => None,
        Kind::All => points().await.map(|points| format!("no backups of `{vm}`; {points}")),
        Kind::Images | Kind::Files => {
            let empty = if kind == Kind::Images { "normal" } else { "incremental" };
            let rest = match (other_backups(api, server, kind).await, points().await) {
                (None, None) => "`--kind all` and `--kind points` list none either".to_owned(),
                (backups, points) => backups.into_iter().chain(points).collect::<Vec<_>>().join("; "),
            };
            Some(format!("no {empty} backups of `{vm}`; {rest}"))
        }
    }
}

/// Counts the backups of another kind than the one that is empty; none where there are none.
async fn other_backups(api: &OnApp, server: &str, kind: Kind) -> Option<String> {
    let (other, flag) = if kind == Kind::Images { ("incremental", "files") } else { ("normal", "images") };
    let (mut others, mut all) = (0, 0);
    let mut each = |page: Vec<Object<Backup>>| {
        all += page.len();
        others += page.iter().filter(|backup| backup.model.is_incremental() == (kind == Kind::Images)).count();
        Ok(Flow::More)
    };
    let read = api.backups(server, Kind::All, &mut each).await;
    match (read, others) {
        (Err(_), _) => Some("the VM may have others: `--kind all`".to_owned()),
        (Ok(_), 0) if all == 0 => None,
        (Ok(_), 0) => Some(format!("{all} of other kinds: `--kind all`")),
        (Ok(_), count) => Some(format!("{count} {other}: `--kind {flag}`")),
    }
}

/// Counts the recovery points; none where there are none, or where the cloud has no such list.
async fn recovery_points(api: &OnApp, server: &str) -> Option<String> {
    match api.all_backups(server, Kind::Points).await {
        Err(error) if error.status == Some(404) => None,
        Err(_) => Some("the VM may have recovery points: `--kind points`".to_owned()),
        Ok(listed) => match listed.rows.len() {
            0 => None,
            1 => Some("1 recovery point: `--kind points`".to_owned()),
            count => Some(format!("{count} recovery points: `--kind points`")),
        },
    }
}
