//! `bpctl policies …` on an OnApp cloud, whose policies are schedules.

mod change;
mod create;
mod delete;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::change::{set_enabled, update};
pub use self::create::create;
pub use self::delete::delete;
use crate::args::{PolicyList, PolicyShow};
use crate::context::Context;
use crate::error::Result;
use crate::model::PolicyPatch;
use crate::ops::deletion_time::server_time;
use crate::ops::find::with_server;
use crate::ops::onapp_find::find;
use crate::ops::onapp_policies::{of_cloud, of_disk, of_machine};
use crate::ops::rows::Rows;
use crate::ops::{batch, onapp_schedule, pick_onapp};

/// The columns that the table shows besides its own, and those that it leaves out: schedules are listed in full.
const COLUMNS: (&[&str], &[&str]) = (&["schedule", "status", "last_run", "failures"], &["interval", "size", "type"]);

/// Lists the policies of a VM and its disks, of a disk, or of the cloud.
pub async fn list(cx: &Context, args: PolicyList) -> Result<()> {
    let mut rows = Rows::begin(cx)?.with_columns(COLUMNS.0, COLUMNS.1);
    let api = cx.onapp()?;
    let vm = args.vm.as_ref().or(args.name.as_ref());
    let (listed, walk, of) = match (vm, &args.disk) {
        (None, None) => {
            let (_, listed, walk) = of_cloud(cx, api).await?;
            (listed, walk, "on this cloud".to_owned())
        }
        (Some(name), None) => {
            let listed = with_server(api, name, async |id| of_machine(api, &id).await).await?;
            (listed.rows, listed.walk, format!("of VM `{name}` and its disks"))
        }
        (vm, Some(disk)) => {
            let listed = match vm {
                Some(name) => with_server(api, name, async |id| of_disk(api, Some(&id), disk).await).await?,
                None => of_disk(api, None, disk).await?,
            };
            (listed.rows, listed.walk, format!("of disk `{disk}`"))
        }
    };
    rows.page(listed)?;
    rows.end(walk, &of)
}

pub async fn show(cx: &Context, args: PolicyShow) -> Result<()> {
    let name = batch::one_named(cx, &pick_onapp::policies(cx, args.policy.into_iter().collect()).await?).await?;
    cx.show(find(cx, cx.onapp()?, name).await?)
}

/// The policies of the command line, of standard input, or chosen from a list: before the lock is taken.
async fn named(cx: &Context, arguments: Vec<String>) -> Result<Vec<String>> {
    batch::named(cx, &pick_onapp::policies(cx, arguments).await?).await
}

/// When the policy runs next, where `patch` names a clock: in the zone of the command. Hour and minute of `patch` become
/// those of UTC.
fn start(cx: &Context, patch: &mut PolicyPatch, next: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if patch.time.is_none() && patch.minute.is_none() {
        return Ok(None);
    }
    let now = server_time(cx, cx.onapp()?.http());
    let at = onapp_schedule::next_at(cx.zone(), (patch.time, patch.minute), next, now)?;
    let clock = at.to_zoned(TimeZone::UTC);
    (patch.time, patch.minute) = (Some(clock.hour().into()), Some(clock.minute().into()));
    Ok(Some(at))
}
