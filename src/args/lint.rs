//! `bpctl lint`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::detail::Detail;
use super::selection::Selecting;
use super::value::positive;

/// The mildest severity that fails
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnLint {
    /// Any finding
    Warning,
    /// An error
    Error,
}

/// Find policies that are probably not as intended
///
/// Findings have stable codes. `--explain CODE` says what a code means and what to do, without any request. --filter
/// chooses the rows to print; --fail-on judges all findings.
///
/// JSON fields: code, severity (warning or error), policy, target, message, hint; location (file, line, column) with -f.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Formats: also sarif (SARIF 2.1.0, for code scanning)

Examples:
  bpctl lint --fail-on error
  bpctl lint --explain W012
  bpctl lint -f policies.toml -o sarif > lint.sarif")]
pub struct Lint {
    /// Allow N policies per minute (W013)
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = 5)]
    pub max_per_minute: i64,
    /// Exit with 10 at SEVERITY or above: warning or error
    #[arg(long, value_enum, value_name = "SEVERITY", hide_possible_values = true)]
    pub fail_on: Option<FailOnLint>,
    /// Policy file: report the line of each finding
    ///
    /// SARIF has the line and the column. A finding about something that the file does not contain has only the file name.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["explain", "list_codes"])]
    pub file: Option<PathBuf>,
    /// Selection
    #[command(flatten)]
    pub selecting: Selecting,
    /// Explain a code, or all of them with `all`
    #[arg(long, value_name = "CODE", conflicts_with_all = ["list_codes", "fail_on"])]
    pub explain: Option<String>,
    /// List the codes
    #[arg(long, conflicts_with = "fail_on")]
    pub list_codes: bool,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
