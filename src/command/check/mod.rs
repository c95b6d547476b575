//! `bpctl check`

mod monitoring;
mod notify;
mod onapp;
mod output;
mod read;
mod source;

use futures_util::future::join;

pub use self::monitoring::Monitoring;
use self::notify::Notifier;
use self::source::Source;
use crate::args::{Check, CheckFormat};
use crate::context::Context;
use crate::error::{Error, Exit, Report as Reporting, Result, code};
use crate::model::Selection;
use crate::model::check::{Limits, Report, Status};

/// The time that a run may be late by where nothing else is said, in seconds.
const GRACE: u64 = 15 * 60;

/// Checks the VMs of one profile, or of those that are named. Whatever cannot be read becomes a part of the result: a
/// monitoring system must learn of it.
pub async fn run(cx: &Context, names: Result<Option<Vec<String>>>, args: Check) -> Result<()> {
    output::check_options(cx, &args)?;
    let limits = limits(&args)?;
    let selection = Selection { vms: args.vms.clone(), ..args.selecting.selection() };
    let (mut sources, notifier) = read_sources(cx, names, &args, &selection, &limits).await;
    let missing = read::refuse_missing(&mut sources, &selection);
    let errors: Vec<Error> = sources.iter().filter_map(|source| source.error.clone()).collect();
    let is_all_unread = errors.len() == sources.len();
    let report = to_report(cx, sources, limits, args.allow_empty);
    let format = args.format.unwrap_or(CheckFormat::Table);
    let failed = missing.or_else(|| errors.into_iter().next().filter(|_| is_all_unread));
    let written = output::write(cx, &args, format, &report, is_all_unread).await;
    let reported = send_result(cx, notifier, &report, failed.as_ref().or(written.as_ref().err())).await;
    written?;
    if format == CheckFormat::Nagios {
        return plugin(report.status());
    }
    if let Some(error) = failed {
        return Err(error);
    }
    conclude(verdict(&report), reported)
}

fn limits(args: &Check) -> Result<Limits> {
    if let (Some(warn), Some(max)) = (args.warn_age, args.max_age)
        && warn >= max
    {
        return Err(Error::usage("`--warn-age` must be shorter than `--max-age`"));
    }
    Ok(Limits {
        max_age: args.max_age,
        warn_age: args.warn_age,
        is_per_policy: args.per_policy,
        grace: args.grace.unwrap_or(GRACE),
    })
}

/// Reads the profiles, and reports meanwhile that the check has begun. Bad names of profiles, or a bad URL to report to,
/// become a source that could not be read.
async fn read_sources<'a>(
    cx: &'a Context,
    names: Result<Option<Vec<String>>>,
    args: &Check,
    selection: &Selection,
    limits: &Limits,
) -> (Vec<Source>, Option<Notifier<'a>>) {
    let notifier = Notifier::open(cx, names.as_ref().ok().and_then(Option::as_deref), args);
    match (names, notifier) {
        (Ok(names), Ok(notifier)) => {
            let ((), sources) = join(notifier.start(), read::all(cx, names, selection, limits)).await;
            (sources, Some(notifier))
        }
        (Err(error), notifier) => (vec![Source::failed(None, error)], notifier.ok()),
        (Ok(_), Err(error)) => (vec![Source::failed(None, error)], None),
    }
}

/// Reports the result where that is wanted. The error says what could not be reported.
async fn send_result(
    cx: &Context,
    notifier: Option<Notifier<'_>>,
    report: &Report,
    failure: Option<&Error>,
) -> std::result::Result<(), String> {
    let Some(notifier) = notifier else {
        return Ok(());
    };
    let reported = notifier.result(report, failure).await;
    if let Err(what) = &reported {
        cx.ui.warn(&format!("the result was not reported: {what}"));
    }
    reported
}

/// A result that was not reported is an error, also where all is ok.
fn conclude(verdict: Option<Error>, reported: std::result::Result<(), String>) -> Result<()> {
    match (verdict, reported) {
        (None, Ok(())) => Ok(()),
        (Some(error), Ok(())) => Err(error),
        (verdict, Err(what)) => {
            let found = verdict.map_or_else(String::new, |error| format!("{}; ", error.message));
            let message = format!("{found}the result was not reported: {what}");
            Err(Error::new(Exit::Partly, code::PARTLY_DONE, message))
        }
    }
}

fn to_report(cx: &Context, sources: Vec<Source>, limits: Limits, is_empty_allowed: bool) -> Report {
    let (mut machines, mut problems) = (Vec::new(), Vec::new());
    // Where there is one alone, the whole report is empty.
    let is_empty_allowed_in_one = is_empty_allowed || sources.len() == 1;
    for source in sources {
        problems.extend(source.problems(is_empty_allowed_in_one));
        machines.extend(source.machines);
    }
    Report::new(cx.now(), limits, machines, problems, is_empty_allowed)
}

/// Exits as monitoring plugins do.
fn plugin(status: Status) -> Result<()> {
    match status {
        Status::Ok => Ok(()),
        status => Err(Error { report: Reporting::Plugin(status.plugin_code()), ..Error::found(status.name()) }),
    }
}

/// The error of a check that did not find everything ok.
fn verdict(report: &Report) -> Option<Error> {
    let message = crate::view::summary_line(report);
    let message = message.split_once(" - ").map_or(message.as_str(), |(_, rest)| rest);
    match report.status() {
        Status::Ok => None,
        Status::Unknown if report.is_empty() && report.problems.is_empty() => {
            let error = Error::new(Exit::Partly, code::PARTLY_DONE, "no VM to check");
            Some(error.hint("`--allow-empty` reports a check without VMs as ok"))
        }
        Status::Unknown => Some(Error::new(Exit::Partly, code::PARTLY_DONE, message)),
        Status::Warning | Status::Critical => Some(Error::found(message)),
    }
}
