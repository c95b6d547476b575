//! `bpctl disk …`

use crate::args::{DiskCommand, DiskList, DiskShow};
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Lookup;
use crate::model::{Disk, Object};
use crate::ops::find::{with_disk, with_machine};
use crate::ops::pick;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: DiskCommand) -> Result<()> {
    match verb {
        DiskCommand::List(args) => list(cx, args).await,
        DiskCommand::Show(args) => show(cx, args).await,
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
