//! `bpctl coverage`

use std::path::Path;

use crate::args::{Coverage as Args, FailOnCoverage, Format};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::coverage::{Coverage, Requirements, Row, Verdict, coverage};
use crate::ops::inventory::{self, DETAIL_UP_TO, Reading};
use crate::ops::report_file::{self, Written};
use crate::ops::rows::{Rows, print_list};
use crate::text::escape;
use crate::view::{Facts, page, totals_lines};

/// Shows which machines and disks are backed up.
pub async fn run(cx: &Context, args: Args) -> Result<()> {
    let rows = Rows::<Row>::begin(cx)?;
    let reading = inventory::read(cx, args.detail.detail).await?;
    let requirements = Requirements { interval: args.require.clone(), retention: args.min_retention };
    let coverage = coverage(&reading.inventory.fleet, &requirements, cx.now());
    for (policy, target) in &coverage.strays {
        cx.ui.note(&format!("policy {policy} belongs to {target}, which is not a listed VM or disk"));
    }
    let verdict = args
        .fail_on
        .and_then(|level| failure(&coverage, level, &requirements).or_else(|| reading.inventory.incomplete_error()));
    if let Some(path) = &args.report
        && report(cx, path, &reading, &coverage, &requirements).await? == Written::ToOutput
    {
        return verdict.map_or(Ok(()), Err);
    }
    // Of several profiles the totals would not be the list's.
    let has_footer = cx.output.filters.is_empty()
        && cx.gathering.is_none()
        && matches!(cx.output.format, Format::Table | Format::Wide)
        && !coverage.rows.is_empty();
    print_list(rows, coverage.rows, "in this organization")?;
    if has_footer {
        cx.ui.print(|out| {
            writeln!(out)?;
            totals_lines(&coverage.totals).iter().try_for_each(|line| writeln!(out, "{}", escape(line)))
        })?;
    }
    verdict.or_else(|| reading.inventory.unread_error()).map_or(Ok(()), Err)
}

async fn report(
    cx: &Context,
    path: &Path,
    reading: &Reading,
    coverage: &Coverage,
    requirements: &Requirements,
) -> Result<Written> {
    let mut notes = reading.inventory.gaps().to_vec();
    if !reading.is_detailed {
        notes.push(format!(
            "More than {DETAIL_UP_TO} policies: they were not read one by one, so frequencies are taken as 1 and \
             pending deletions are not seen."
        ));
    }
    let strays = coverage.strays.iter();
    notes.extend(strays.map(|(policy, target)| format!("Policy {policy} belongs to {target}, which is not listed.")));
    let facts = Facts { organization: name_of(cx, reading).await?, requirements: requirements.words(), notes };
    let written = report_file::write(cx, path, page(coverage, &facts, &cx.output.times)).await?;
    if written == Written::ToFile {
        cx.ui.note(&format!("report written to {}", path.display()));
    }
    Ok(written)
}

/// Names the organization for people. A token that may not list organizations still gets its report.
async fn name_of(cx: &Context, reading: &Reading) -> Result<String> {
    let wanted = reading.inventory.organization.value.as_str();
    if cx.provider_is(Provider::OnApp)? {
        return Ok(wanted.to_owned());
    }
    let Ok(organizations) = cx.katapult()?.organizations().await else {
        return Ok(wanted.to_owned());
    };
    let is_it = |name: &Option<String>| name.as_deref() == Some(wanted);
    let found = organizations.into_iter().find(|one| is_it(&one.model.id) || is_it(&one.model.sub_domain));
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
