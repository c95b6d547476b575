//! `bpctl coverage`

use std::path::Path;

use super::gather::{self, Gathered};
use crate::args::{Coverage as Args, FailOnCoverage, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Selection;
use crate::model::coverage::{Coverage, Requirements, Row, Verdict, coverage, totals};
use crate::ops::inventory::{self, DETAIL_UP_TO, Reading};
use crate::ops::report_file::{self, Written};
use crate::ops::rows::{Rows, print_list};
use crate::ops::selection::narrow;
use crate::text::escape;
use crate::view::{Facts, PagePart, page, totals_lines};

/// What was found in one organization, and how that ended.
struct Found {
    part: PagePart,
    result: Result<()>,
}

/// Shows which machines and disks are backed up.
pub async fn run(cx: &Context, args: Args) -> Result<()> {
    let rows = Rows::<Row>::begin(cx)?;
    let Found { part, result } = read(cx, &args).await?;
    let parts = [part];
    if write(cx, &args, &parts, Vec::new()).await? == Some(Written::ToOutput) {
        return result;
    }
    let [PagePart { coverage, .. }] = parts;
    let has_footer = cx.output.filters.is_empty()
        && matches!(cx.output.format, Format::Table | Format::Wide)
        && !coverage.rows.is_empty();
    print_list(rows, coverage.rows, "in this organization")?;
    if has_footer {
        cx.ui.print_words(|out| {
            writeln!(out)?;
            totals_lines(&coverage.totals).iter().try_for_each(|line| writeln!(out, "{}", escape(line)))
        })?;
    }
    result
}

/// The same of several profiles: one list, one report, and totals of all.
pub async fn run_on(cx: &Context, names: &[String], args: &Args) -> Result<()> {
    let listing = gather::begin::<Row>(cx)?;
    let (mut parts, mut gathered, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, found) in gather::read_each(cx, names, async |own| read(own, args).await).await {
        let (rows, result) = match found {
            Ok(Found { part, result }) => {
                let rows = gather::rows(&listing, part.coverage.rows.clone())?;
                parts.push(PagePart { profile: Some(name.clone()), ..part });
                (rows, result)
            }
            Err(error) => {
                missing.push(format!("{name} could not be read: {} ({})", error.message, error.code));
                (Vec::new(), Err(error))
            }
        };
        gathered.push(Gathered { name, rows, is_cut: false, result });
    }
    if !parts.is_empty() && write(cx, args, &parts, missing).await? == Some(Written::ToOutput) {
        return gather::conclude(gathered);
    }
    let rows: Vec<Row> = parts.into_iter().flat_map(|part| part.coverage.rows).collect();
    gather::print(cx, listing, gathered, totals_lines(&totals(&rows)))
}

async fn read(cx: &Context, args: &Args) -> Result<Found> {
    let selection = args.selecting.selection();
    let mut reading = inventory::read(cx, args.detail.detail).await?;
    narrow(cx, &mut reading, &selection).await?;
    let requirements = requirements(args);
    let coverage = coverage(&reading.inventory.fleet, &requirements, cx.now());
    for (policy, target) in &coverage.strays {
        cx.ui.note(&format!("policy {policy} belongs to {target}, which is not a listed VM or disk"));
    }
    if cx.gathering.is_some() {
        gather::note_empty::<Row>(cx, coverage.rows.len(), "in this organization");
    }
    let verdict = args
        .fail_on
        .and_then(|level| failure(&coverage, level, &requirements).or_else(|| reading.inventory.incomplete_error()));
    let result = verdict.or_else(|| reading.inventory.unread_error()).map_or(Ok(()), Err);
    let organization = match args.report {
        Some(_) => name_of(cx, &reading).await?,
        None => String::new(),
    };
    let notes = notes(&reading, &selection, &coverage);
    Ok(Found { part: PagePart { profile: None, organization, coverage, notes }, result })
}

fn requirements(args: &Args) -> Requirements {
    Requirements { interval: args.require.clone(), retention: args.min_retention }
}

/// What a reader of the report must know.
fn notes(reading: &Reading, selection: &Selection, coverage: &Coverage) -> Vec<String> {
    let mut notes = reading.inventory.gaps().to_vec();
    if !reading.is_detailed {
        notes.push(format!(
            "More than {DETAIL_UP_TO} policies: they were not read one by one, so frequencies are taken as 1 and \
             pending deletions are not seen."
        ));
    }
    let unread = reading.inventory.unread().iter();
    notes.extend(
        unread.map(|(id, error)| format!("Policy {id} could not be read: {} ({}).", error.message, error.code)),
    );
    if !selection.is_everything() {
        notes.push(format!("Only a part of the VMs and disks, selected by: {}", selection.words()));
    }
    let strays = coverage.strays.iter();
    notes.extend(strays.map(|(policy, target)| format!("Policy {policy} belongs to {target}, which is not listed.")));
    notes
}

/// Writes the report, where one is wanted. `missing` says which profiles are not in it.
async fn write(cx: &Context, args: &Args, parts: &[PagePart], missing: Vec<String>) -> Result<Option<Written>> {
    let Some(path) = &args.report else {
        return Ok(None);
    };
    let facts = Facts { requirements: requirements(args).words(), missing };
    let written = write_page(cx, path, parts, &facts).await?;
    Ok(Some(written))
}

async fn write_page(cx: &Context, path: &Path, parts: &[PagePart], facts: &Facts) -> Result<Written> {
    let written = report_file::write(cx, path, page(parts, facts, &cx.output.times)).await?;
    if written == Written::ToFile {
        cx.ui.note(&format!("report written to {}", path.display()));
    }
    Ok(written)
}

/// Names the organization for people. A token that may not list organizations still gets its report.
async fn name_of(cx: &Context, reading: &Reading) -> Result<String> {
    let wanted = reading.inventory.organization.value.as_str();
    if reading.is_of_onapp() {
        return Ok(wanted.to_owned());
    }
    let Ok(organizations) = cx.katapult()?.organizations().await else {
        return Ok(wanted.to_owned());
    };
    let found = organizations.into_iter().find(|one| one.model.is_called(wanted));
    Ok(found.and_then(|one| one.model.name).map_or_else(|| wanted.to_owned(), |name| format!("{name} ({wanted})")))
}

/// A disk that is assigned to no machine counts as a machine does.
fn failure(coverage: &Coverage, level: FailOnCoverage, requirements: &Requirements) -> Option<Error> {
    let worst_allowed = match level {
        FailOnCoverage::None => Verdict::Partial,
        FailOnCoverage::Partial => Verdict::Weak,
        FailOnCoverage::Weak => Verdict::Ok,
    };
    let bad: Vec<&Row> = coverage.rows.iter().filter(|row| row.verdict < worst_allowed).collect();
    let names: Vec<String> = bad.iter().take(5).map(|row| format!("{} ({})", row.name, row.verdict.word())).collect();
    let more = bad.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!bad.is_empty()).then(|| {
        let (count, all) = (bad.len(), coverage.rows.len());
        let message = format!("not covered as required: {count} of {all}: {}{more}", names.join(", "));
        Error::found(message).hint(format!("`bpctl coverage{}` shows the reason of each", flags(requirements)))
    })
}

/// Spells requirements as they were given: without them the reasons are others.
fn flags(requirements: &Requirements) -> String {
    let require = requirements.interval.as_ref().map(|interval| format!(" --require {interval}"));
    let retention = requirements.retention.map(|retention| format!(" --min-retention {retention}"));
    require.into_iter().chain(retention).collect()
}
