//! What a monitoring system expects of a check, however it ends: also where it failed before it had a result, or its
//! command line could not be read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;

use super::output::write_failed;
use crate::args::{CheckFormat, Command};
use crate::context::Context;
use crate::error::{Error, Report, Result};
use crate::view::unknown_line;

/// The exit code of a monitoring plugin that could not check.
const PLUGIN_UNKNOWN: u8 = 3;

/// The least likeness, from 0 to 1, of a misspelt format to what it means.
const MIN_LIKENESS: f64 = 0.8;

/// How long a pipe that has no reader is waited for.
const MAX_METRICS_WAIT: Duration = Duration::from_secs(2);

/// What a monitoring system expects of a command; nothing of one that is not a check.
pub struct Monitoring {
    /// The line and the exit code of a plugin.
    is_plugin: bool,
    /// The file of metrics: an old one must not look fresh.
    metrics: Option<PathBuf>,
}

impl Monitoring {
    pub fn of(command: &Command) -> Self {
        let Command::Check(args) = command else {
            return Self { is_plugin: false, metrics: None };
        };
        let is_metrics = args.format == Some(CheckFormat::Prometheus);
        Self {
            is_plugin: args.format == Some(CheckFormat::Nagios),
            metrics: args.output_file.clone().filter(|_| is_metrics),
        }
    }

    /// The same of a command line that could not be read.
    pub fn of_arguments(arguments: &[OsString]) -> Self {
        let is_check = arguments.iter().any(|word| word == "check");
        let formats: Vec<&str> = values(arguments, "--format").filter(|_| is_check).collect();
        let file = values(arguments, "--output-file").filter(|path| *path == "-" || !path.starts_with('-')).last();
        let metrics = file.filter(|path| formats.iter().any(|format| means_metrics(format, path)));
        Self { is_plugin: formats.contains(&"nagios"), metrics: metrics.map(PathBuf::from) }
    }

    /// Writes what is expected. Returns the exit code of a plugin; none where it is that of any command.
    pub fn end(self, cx: &Context, result: &Result<()>) -> Option<ExitCode> {
        if let (Some(path), Err(error)) = (&self.metrics, result)
            && !matches!(error.report, Report::Success)
            && !cx.has_report.get()
        {
            leave_metrics(cx, path, error);
        }
        self.is_plugin.then(|| end_plugin(cx, result))
    }
}

/// Ends a check that runs as a monitoring plugin: codes other than 0 to 3 have no meaning there, and 1 and 2 have another.
fn end_plugin(cx: &Context, result: &Result<()>) -> ExitCode {
    let code = match result {
        Ok(()) => 0,
        Err(Error { report: Report::Plugin(code), .. }) => *code,
        Err(error) => {
            // The line is all that can be said: an exit code of 3 says the same.
            let _ = cx.ui.print(|out| writeln!(out, "{}", unknown_line(&error.message)));
            PLUGIN_UNKNOWN
        }
    };
    ExitCode::from(if cx.ui.finish().is_ok() { code } else { PLUGIN_UNKNOWN })
}

/// Writes the metrics of a check that failed before it had a result.
fn leave_metrics(cx: &Context, path: &Path, error: &Error) {
    let written = tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| {
        let write = write_failed(cx, path, error);
        let written = runtime.block_on(async { tokio::time::timeout(MAX_METRICS_WAIT, write).await });
        runtime.shutdown_background();
        written
    });
    if let Ok(Ok(Err(error))) = written {
        cx.ui.warn(&format!("the metrics were not written: {}", error.message));
    }
}

/// Whether a format is that of metrics, or a misspelt one that can mean nothing else: it is like their name, or the file is
/// named as the node exporter wants it.
fn means_metrics(format: &str, path: &str) -> bool {
    match CheckFormat::from_str(format, false) {
        Ok(format) => format == CheckFormat::Prometheus,
        Err(_) => path.ends_with(".prom") || strsim::jaro_winkler(&format.to_lowercase(), "prometheus") >= MIN_LIKENESS,
    }
}

/// Finds the values of an option in a command line that could not be read.
fn values<'a>(arguments: &'a [OsString], option: &'a str) -> impl Iterator<Item = &'a str> {
    let words = || arguments.iter().filter_map(|word| word.to_str());
    let separate = words().zip(words().skip(1)).filter(move |(word, _)| *word == option).map(|(_, value)| value);
    let joined = words().filter_map(move |word| word.strip_prefix(option)?.strip_prefix('='));
    separate.chain(joined)
}
