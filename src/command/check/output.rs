//! Where the result of a check goes, and in which format.

use std::path::Path;

use crate::args::{Check, CheckFormat, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::check::{Limits, MachineCheck, Problem, Report};
use crate::ops::report_file;
use crate::view::{Listing, OutputOptions, junit, nagios, prometheus, structured};

/// Refuses options that the format has no place for.
pub fn check_options(cx: &Context, args: &Check) -> Result<()> {
    cx.answer_bare_columns::<MachineCheck>()?;
    let output = &cx.output;
    let is_list = is_list(cx, args.format.unwrap_or(CheckFormat::Table));
    if !is_list && (!output.filters.is_empty() || output.sort.is_some() || output.limit.is_some()) {
        return Err(Error::usage("`--filter`, `--sort` and `--limit` cannot be used with this format of `check`")
            .hint("`--match`, `--tag` and `--exclude` select VMs in every format"));
    }
    cx.listing::<MachineCheck>().map(drop)
}

/// Prints the report, or writes it to a file. Formats for monitoring are written even where nothing could be read; the
/// others leave standard output empty then, as with every error.
pub async fn write(
    cx: &Context,
    args: &Check,
    format: CheckFormat,
    report: &Report,
    is_nothing_read: bool,
) -> Result<()> {
    let is_for_people = matches!(format, CheckFormat::Table | CheckFormat::Json);
    if is_nothing_read && is_for_people && args.output_file.is_none() {
        return Ok(());
    }
    let Rendered { text, note } = render(cx, format, report, args.output_file.is_some())?;
    match &args.output_file {
        Some(path) => report_file::write(cx, path, text).await.map(drop)?,
        None => cx.ui.print(|out| out.write_all(text.as_bytes()))?,
    }
    cx.has_report.set(true);
    if let Some(sentence) = note {
        cx.ui.flush()?;
        cx.ui.note(&sentence);
    }
    Ok(())
}

/// Writes the metrics of a check that failed before it had a result: an old file must not look fresh.
pub async fn write_failed(cx: &Context, path: &Path, error: &Error) -> Result<()> {
    let problem = Problem { profile: None, code: error.code.to_string(), message: error.message.clone() };
    let report = Report::new(cx.now(), Limits::default(), Vec::new(), vec![problem], false);
    report_file::write(cx, path, prometheus(&report)).await.map(drop)
}

/// The text of a report, and what a terminal was too narrow for.
struct Rendered {
    text: String,
    note: Option<String>,
}

fn render(cx: &Context, format: CheckFormat, report: &Report, is_for_file: bool) -> Result<Rendered> {
    let failed = |error: std::io::Error| Error::io("the report", &error);
    let text = match format {
        CheckFormat::Nagios => nagios(report),
        CheckFormat::Prometheus => prometheus(report),
        CheckFormat::Junit => junit(report),
        CheckFormat::Table | CheckFormat::Json if is_list(cx, format) => {
            return list(cx, report, is_for_file);
        }
        CheckFormat::Table | CheckFormat::Json => {
            let mut text = Vec::new();
            structured(&cx.output, report, &mut text).map_err(failed)?;
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    Ok(Rendered { text, note: None })
}

/// Whether the result is a list of rows: `json` and `yaml` are one object.
fn is_list(cx: &Context, format: CheckFormat) -> bool {
    format == CheckFormat::Table && !matches!(cx.output.format, Format::Json | Format::Yaml)
}

fn list(cx: &Context, report: &Report, is_for_file: bool) -> Result<Rendered> {
    let failed = |error: std::io::Error| Error::io("the report", &error);
    let mut output = cx.output.clone();
    if is_for_file {
        output = OutputOptions { is_terminal: false, width: None, has_color: false, ..output };
    }
    let mut profiles: Vec<&Option<String>> = report.machines.iter().map(|machine| &machine.profile).collect();
    profiles.dedup();
    let listing = if profiles.len() > 1 { Listing::of_several(&output) } else { Listing::new(&output) };
    let mut listing: Listing<'_, MachineCheck> = listing.map_err(Error::usage)?;
    let mut text = Vec::new();
    for machine in &report.machines {
        if listing.accepts(machine) {
            listing.push_from(machine.profile.as_deref(), machine.clone().object(), &mut text).map_err(failed)?;
        }
    }
    let is_table = matches!(output.format, Format::Table | Format::Wide);
    let is_empty = listing.count() == 0;
    let note = listing.finish(&mut text).map_err(failed)?;
    if is_empty && is_table {
        cx.ui.note(if report.machines.is_empty() { "no VMs to check" } else { "no VM matches the filters" });
    }
    Ok(Rendered { text: String::from_utf8_lossy(&text).into_owned(), note })
}
