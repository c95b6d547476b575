//! `bpctl report`

use std::path::Path;

use crate::args::{FailOnCoverage, Format, Report as Args, ReportFormat};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::coverage::Verdict;
use crate::model::exceptions::{self, Exception};
use crate::model::report::{Failed, Report, Status, report};
use crate::model::snapshot::{Query, Snapshot};
use crate::ops::evidence::take;
use crate::ops::planner::read_text;
use crate::ops::report_file::{self, Written};
use crate::view::{audit_csv, audit_html, audit_markdown};

/// Writes a report on one profile.
pub async fn run(cx: &Context, args: Args) -> Result<()> {
    let exceptions = begin(cx, &args).await?;
    let snapshot = read(cx, &args).await?;
    end(cx, &args, exceptions, vec![snapshot], Vec::new()).await
}

/// Checks the options and reads the exceptions, before anything is requested.
pub async fn begin(cx: &Context, args: &Args) -> Result<Vec<Exception>> {
    if !matches!(cx.output.format, Format::Table | Format::Json | Format::Jsonl) {
        return Err(
            Error::usage("`bpctl report` writes Markdown, CSV or HTML").hint("use `--format md`, `csv` or `html`")
        );
    }
    let Some(path) = &args.exceptions else {
        return Ok(Vec::new());
    };
    let (name, text) = read_text(cx, path).await?;
    let text = text.trim_start_matches('\u{feff}');
    exceptions::parse(text, cx.zone()).map_err(|sentence| Error::config(format!("{name}: {sentence}")))
}

/// Reads what the report is about.
pub async fn read(cx: &Context, args: &Args) -> Result<Snapshot> {
    take(cx, query(args)).await
}

fn query(args: &Args) -> Query {
    Query { require: args.require.clone(), min_retention: args.min_retention, detail: args.detail.detail }
}

/// Writes the report, and says how it ended.
pub async fn end(
    cx: &Context,
    args: &Args,
    exceptions: Vec<Exception>,
    snapshots: Vec<Snapshot>,
    failed: Vec<Failed>,
) -> Result<()> {
    let report = report(query(args), snapshots, failed, exceptions, cx.now());
    let times = &cx.output.times;
    let text = match args.format {
        ReportFormat::Md => audit_markdown(&report, times),
        ReportFormat::Csv => audit_csv(&report, times, cx.output.is_csv_safe),
        ReportFormat::Html => audit_html(&report, times),
    };
    let path = args.output_file.as_deref().unwrap_or(Path::new("-"));
    if report_file::write(cx, path, text).await? == Written::ToFile {
        cx.ui.note(&format!("report written to {}", path.display()));
    }
    let found = args.fail_on.and_then(|level| failure(&report, level));
    match (found, incomplete_error(&report)) {
        // As in lists: a profile that was not read outweighs what was found in the others.
        (Some(found), Some(missing)) if !report.failed.is_empty() => Err(missing.hint(found.message)),
        (Some(error), Some(missing)) => Err(error.hint(missing.message)),
        (found, missing) => found.or(missing).map_or(Ok(()), Err),
    }
}

fn incomplete_error(report: &Report) -> Option<Error> {
    let failed = report.failed.iter().map(|one| format!("{}: {} ({})", one.profile, one.message, one.code));
    let parts = report.sources.iter().flat_map(|source| {
        let profile = source.snapshot.profile.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        source.snapshot.missing().into_iter().map(move |missing| format!("{profile}{missing}"))
    });
    let missing: Vec<String> = failed.chain(parts).collect();
    (!missing.is_empty()).then(|| {
        Error::new(Exit::Partly, code::PARTLY_DONE, format!("the report is incomplete: {}", missing.join("; ")))
    })
}

fn failure(report: &Report, level: FailOnCoverage) -> Option<Error> {
    let worst_allowed = match level {
        FailOnCoverage::None => Verdict::Partial,
        FailOnCoverage::Partial => Verdict::Weak,
        FailOnCoverage::Weak => Verdict::Ok,
    };
    let is_bad = |status, verdict| status == Status::Finding && verdict < worst_allowed;
    let rows = report.lines().filter(|(_, line)| is_bad(line.status, line.row.verdict));
    let rows = rows.map(|(_, line)| format!("{} ({})", line.row.name, line.row.verdict.word()));
    let exceptions = report.exceptions.iter().filter(|applied| applied.state.is_finding());
    let exceptions =
        exceptions.map(|applied| format!("exception for {} ({})", applied.exception.target, applied.state.words()));
    let all: Vec<String> = rows.chain(exceptions).collect();
    let more = all.len().saturating_sub(5);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = all.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let plural = if all.len() == 1 { "" } else { "s" };
    (!all.is_empty()).then(|| Error::found(format!("{} finding{plural}: {names}{more}", all.len())))
}
