//! `bpctl calendar`

use jiff::Timestamp;

use crate::args::{Calendar, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::calendar::{Run, Runs, runs};
use crate::ops::inventory::{self, Reading};
use crate::ops::report_file::{self, Written};
use crate::ops::rows::{Rows, print_list};
use crate::view::{Drawing, bars, ics};

/// Shows when backups run.
pub async fn run(cx: &Context, args: Calendar) -> Result<()> {
    let rows = Rows::<Run>::begin(cx)?;
    let reading = inventory::read_policies(cx, args.detail.detail).await?;
    show(cx, args, rows, &reading).await?;
    reading.inventory.unread_error().map_or(Ok(()), Err)
}

async fn show(cx: &Context, args: Calendar, rows: Rows<'_, Run>, reading: &Reading) -> Result<()> {
    let from = cx.now();
    let until = Timestamp::from_second(from.as_second().saturating_add(args.next))
        .map_err(|_| Error::usage("that is too far ahead"))?;
    let all = runs(&reading.inventory.fleet.policies, from.as_second(), until.as_second());
    assumptions(cx, &all);
    if let Some(path) = &args.ics {
        if report_file::write(cx, path, ics(&all.runs, from)).await? == Written::ToOutput {
            return Ok(());
        }
        cx.ui.note(&format!("{} runs written to {}", all.runs.len(), path.display()));
    }
    let output = &cx.output;
    // The bars of several profiles would need one scale: their runs are listed instead.
    let is_list = cx.gathering.is_some() || output.columns.is_some() || output.sort.is_some() || output.limit.is_some();
    if output.format != Format::Table || is_list {
        return print_list(rows, all.runs, "in this time");
    }
    if all.runs.is_empty() {
        cx.ui.note("no runs in this time");
        return Ok(());
    }
    cx.ui.print(|out| bars(&all.runs, (from, until), &output.times, (drawing(cx, args.ascii), output.room()), out))
}

/// The locale's character set, read as C libraries do.
fn drawing(cx: &Context, wants_ascii: bool) -> Drawing {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| cx.system.variable(name));
    let is_utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    if is_utf8 && !wants_ascii { Drawing::Unicode } else { Drawing::Ascii }
}

fn assumptions(cx: &Context, all: &Runs) {
    if all.has_assumed {
        cx.ui.note(
            "assumed: after its next run a policy runs every N intervals (frequency), hours and days of fixed length, \
             months on the same day in UTC; the API documents none of it",
        );
    }
    let notes = [
        (all.without_interval, "policies of an unknown interval: only their next run is shown"),
        (all.without_next, "policies left out because they have no next run"),
        (all.overdue, "policies that should have run already, and are counted on from that time"),
    ];
    for (count, words) in notes.into_iter().filter(|(count, _)| *count > 0) {
        cx.ui.note(&format!("{words}: {count}"));
    }
}
