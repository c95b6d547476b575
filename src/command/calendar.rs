//! `bpctl calendar`

use jiff::Timestamp;

use super::gather::{self, Gathered};
use crate::args::{Calendar, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::calendar::{Run, Runs, runs};
use crate::ops::inventory;
use crate::ops::report_file::{self, Written};
use crate::ops::rows::{Rows, print_list};
use crate::view::{Drawing, bars, ics};

/// The runs of one organization, and how reading them ended.
struct Found {
    runs: Vec<Run>,
    result: Result<()>,
}

/// Shows when backups run.
pub async fn run(cx: &Context, args: Calendar) -> Result<()> {
    let rows = Rows::<Run>::begin(cx)?;
    let span = span(cx, &args)?;
    let Found { runs, result } = read(cx, &args, span).await?;
    if write(cx, &args, &[(None, &runs)]).await? == Some(Written::ToOutput) {
        return result;
    }
    let output = &cx.output;
    let is_list =
        output.columns.is_some() || output.sort.is_some() || output.limit.is_some() || !output.filters.is_empty();
    if output.format != Format::Table || is_list {
        print_list(rows, runs, "in this time")?;
    } else if runs.is_empty() {
        cx.ui.note("no runs in this time");
    } else {
        cx.ui.print(|out| bars(&runs, span, &output.times, (drawing(cx, args.ascii), output.room()), out))?;
    }
    result
}

/// The same of several profiles, as a list: their bars would need one scale.
pub async fn run_on(cx: &Context, names: &[String], args: &Calendar) -> Result<()> {
    let listing = gather::begin::<Run>(cx)?;
    let span = span(cx, args)?;
    let (mut parts, mut gathered) = (Vec::new(), Vec::new());
    for (name, found) in gather::read_each(cx, names, async |own| read(own, args, span).await).await {
        let (rows, result) = match found {
            Ok(Found { runs, result }) => {
                let rows = gather::rows(&listing, runs.clone())?;
                parts.push((name.clone(), runs));
                (rows, result)
            }
            Err(error) => (Vec::new(), Err(error)),
        };
        gathered.push(Gathered { name, rows, is_cut: false, result });
    }
    let calendars: Vec<(Option<&str>, &[Run])> =
        parts.iter().map(|(name, runs)| (Some(name.as_str()), runs.as_slice())).collect();
    if !parts.is_empty() && write(cx, args, &calendars).await? == Some(Written::ToOutput) {
        return gather::conclude(gathered);
    }
    gather::print(cx, listing, gathered, vec![totals(&calendars)])
}

/// The time that is shown.
fn span(cx: &Context, args: &Calendar) -> Result<(Timestamp, Timestamp)> {
    let from = cx.now();
    let until = Timestamp::from_second(from.as_second().saturating_add(args.next));
    Ok((from, until.map_err(|_| Error::usage("that is too far ahead"))?))
}

async fn read(cx: &Context, args: &Calendar, (from, until): (Timestamp, Timestamp)) -> Result<Found> {
    let reading = inventory::read_policies(cx, args.detail.detail).await?;
    let all = runs(&reading.inventory.fleet.policies, from.as_second(), until.as_second());
    assumptions(cx, &all);
    if cx.gathering.is_some() {
        gather::note_empty::<Run>(cx, all.runs.len(), "in this time");
    }
    Ok(Found { runs: all.runs, result: reading.inventory.unread_error().map_or(Ok(()), Err) })
}

/// Writes the calendar file, where one is wanted.
async fn write(cx: &Context, args: &Calendar, calendars: &[(Option<&str>, &[Run])]) -> Result<Option<Written>> {
    let Some(path) = &args.ics else {
        return Ok(None);
    };
    let written = report_file::write(cx, path, ics(calendars, cx.now())).await?;
    if written == Written::ToFile {
        let count: usize = calendars.iter().map(|(_, runs)| runs.len()).sum();
        cx.ui.note(&format!("{count} runs written to {}", path.display()));
    }
    Ok(Some(written))
}

fn totals(calendars: &[(Option<&str>, &[Run])]) -> String {
    let count: usize = calendars.iter().map(|(_, runs)| runs.len()).sum();
    let each: Vec<String> =
        calendars.iter().map(|(name, runs)| format!("{} {}", name.unwrap_or("-"), runs.len())).collect();
    format!("{count} runs: {}", each.join(", "))
}

/// Bars are ASCII where the locale does not say that it is UTF-8.
fn drawing(cx: &Context, wants_ascii: bool) -> Drawing {
    let is_ascii = wants_ascii || cx.output.is_ascii || !cx.system.has_locale();
    if is_ascii { Drawing::Ascii } else { Drawing::Unicode }
}

/// What is not the API's word: the help says it, and `-v`.
fn assumptions(cx: &Context, all: &Runs) {
    if all.has_assumed && cx.ui.verbosity() > 0 {
        cx.ui.note(
            "assumed: after its next run a policy runs every N intervals (frequency), hours and days of fixed length, \
             months on the same day in UTC; the API documents none of it",
        );
    }
    let notes = [
        (all.without_interval, "policies of an unknown interval: only their next run is shown"),
        (all.without_next, "policies left out because they have no next run"),
        (all.overdue, "overdue policies, whose later runs are computed from the missed run"),
    ];
    for (count, words) in notes.into_iter().filter(|(count, _)| *count > 0) {
        cx.ui.note(&format!("{words}: {count}"));
    }
}
