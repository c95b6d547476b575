//! `bpctl policies list`

use crate::args::PolicyList;
use crate::command::list::Rows;
use crate::command::vm::with_machine;
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Owner;

/// Lists the policies of a machine, a disk or an organization.
pub async fn run(cx: &Context, args: PolicyList) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let api = cx.katapult()?;
    if let Some(name) = &args.vm {
        let walk = with_machine(cx, api, name, async |machine| {
            let owner = Owner::Machine(machine, args.include_disks);
            api.policies(&owner, &mut |page| rows.page(page)).await
        });
        let walk = walk.await?;
        return rows.end(walk, &format!("of virtual machine `{name}`"));
    }
    let (owner, of) = match args.disk {
        Some(disk) => (Owner::Disk(disk.clone()), format!("of disk `{disk}` itself")),
        None => {
            let organization = api.find_organization(cx.organization()?).await?;
            (Owner::Organization(organization), "in this organization".to_owned())
        }
    };
    let walk = api.policies(&owner, &mut |page| rows.page(page)).await?;
    rows.end(walk, &of)
}
