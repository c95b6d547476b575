//! `bpctl report`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::coverage::FailOnCoverage;
use super::detail::Detail;
use super::value::{interval, positive};
use crate::model::Interval;

/// What a report is written in
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown
    Md,
    /// One line for each row, finding and gap
    Csv,
    /// A page without external files
    Html,
}

/// Write a report on the coverage, for an auditor
///
/// It says what was required, when, where and by which version of bpctl, what was found, which exceptions apply, and what
/// could not be read. Every number can be traced to ids. Several profiles (`--profile a,b`, `--all-profiles`) go into one
/// report with totals.
///
/// An exception that has expired, or that matches nothing, is a finding. Whatever could not be read is named, and the exit
/// code is 9.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exceptions are TOML:
  [[exception]]
  target = \"build-1.acme.katapult.cloud\"
  reason = \"rebuilt from the repository\"
  until = 2027-01-31

Examples:
  bpctl report --require daily --min-retention 14 > report.md
  bpctl report --all-profiles --format html --output-file report.html
  bpctl report --exceptions exceptions.toml --fail-on weak --format csv")]
pub struct Report {
    /// Format: md, csv or html
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "md", hide_possible_values = true)]
    pub format: ReportFormat,
    /// Write to a file; `-` is standard output [default: -]
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// At least hourly, daily, weekly, monthly or yearly
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub require: Option<Interval>,
    /// Expect at least N backups to be kept
    #[arg(long, value_name = "N", value_parser = positive)]
    pub min_retention: Option<i64>,
    /// File of exceptions: target, reason and until of each
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Exit with 10 at LEVEL or worse: none, partial, weak
    ///
    /// Rows with an exception do not count; an exception that is a finding does.
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub fail_on: Option<FailOnCoverage>,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
