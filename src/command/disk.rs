//! `bpctl disk …`

use crate::args::{DiskCommand, DiskList, DiskShow};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Exit, Result};
use crate::katapult::Lookup;
use crate::model::{Disk, Object};
use crate::ops::find::{with_disk, with_machine, with_server};
use crate::ops::other_kind::{Wanted, explain_onapp};
use crate::ops::rows::Rows;
use crate::ops::{onapp_fleet, pick, pick_onapp};

/// Carries out a verb.
pub async fn run(cx: &Context, verb: DiskCommand) -> Result<()> {
    match (verb, cx.provider()?) {
        (DiskCommand::List(args), Provider::Katapult) => list(cx, args).await,
        (DiskCommand::List(args), Provider::OnApp) => list_onapp(cx, args).await,
        (DiskCommand::Show(args), Provider::Katapult) => show(cx, args).await,
        (DiskCommand::Show(args), Provider::OnApp) => show_onapp(cx, args).await,
    }
}

async fn list(cx: &Context, args: DiskList) -> Result<()> {
    // The machine was named: a column that repeats it says nothing.
    let repeated: &[&str] = if args.vm.is_some() { &["vm"] } else { &[] };
    let mut rows = Rows::begin(cx)?.without(repeated);
    let api = cx.katapult()?;
    let Some(name) = args.vm else {
        let organization = api.find_organization(cx.organization()?).await?;
        let walk = api.disks(&organization, &mut |page| rows.page(page)).await?;
        return rows.end(walk, "in this organization");
    };
    let walk = with_machine(cx, api, &name, async |machine| {
        let mut each = |mut page: Vec<Object<Disk>>| {
            page.iter_mut().for_each(|disk| belongs_to(&mut disk.model, &machine));
            rows.page(page)
        };
        api.machine_disks(&machine, &mut each).await
    });
    let walk = walk.await?;
    rows.end(walk, &format!("of VM `{name}`"))
}

/// A machine's own list does not name the machine (recorded).
fn belongs_to(disk: &mut Disk, machine: &Lookup) {
    match machine.key {
        "fqdn" => disk.machine_fqdn = Some(machine.value.clone()),
        _ => disk.machine_id = Some(machine.value.clone()),
    }
}

async fn show(cx: &Context, args: DiskShow) -> Result<()> {
    let name = pick::disk(cx, args.disk).await?;
    let api = cx.katapult()?;
    cx.show(with_disk(cx, api, &name, args.vm.as_deref(), async |id| api.disk(&id).await).await?)
}

async fn list_onapp(cx: &Context, args: DiskList) -> Result<()> {
    let repeated: &[&str] = if args.vm.is_some() { &["vm"] } else { &[] };
    let mut rows = Rows::begin(cx)?.without(repeated);
    let api = cx.onapp()?;
    let Some(name) = args.vm else {
        let (walk, failed) = onapp_fleet::disks(cx, api, &mut |page| rows.page(page)).await?;
        rows.end(walk, "on this cloud")?;
        return failed.map_or(Ok(()), Err);
    };
    let walk =
        with_server(api, &name, async |server| api.machine_disks(&server, &mut |page| rows.page(page)).await).await?;
    rows.end(walk, &format!("of VM `{name}`"))
}

/// A disk by its number: on OnApp names of disks say nothing, most have the same.
async fn show_onapp(cx: &Context, args: DiskShow) -> Result<()> {
    let disk = pick_onapp::disk(cx, args.disk).await?;
    let api = cx.onapp()?;
    let shown = match &args.vm {
        Some(name) => with_server(api, name, async |server| api.disk(Some(&server), &disk).await).await,
        None => match api.disk(None, &disk).await {
            Err(error) => Err(explain_onapp(api, &disk, Wanted::Disk, error).await),
            read => read,
        },
    };
    cx.show(shown.map_err(|error| match error.exit {
        Exit::Auth if args.vm.is_none() => {
            error.hint("add the disk's VM with `--vm`, which needs no administrator permissions")
        }
        _ => error,
    })?)
}
