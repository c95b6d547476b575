//! `bpctl lint`

use clap::{Args, ValueEnum};

use super::detail::Detail;
use super::value::at_least_one;

/// The least severity that fails
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnLint {
    /// Any finding
    Warning,
    /// An error
    Error,
}

/// Find policies that are probably not as intended
///
/// Findings have stable codes: --explain CODE says what a code means and what to do; nothing is asked of the API
/// for that.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
JSON fields: code, severity (warning or error), policy, target, message, hint. `-o sarif` gives SARIF 2.1.0.

EXAMPLES:
  bpctl lint
  bpctl lint --fail-on error
  bpctl lint --explain W012
  bpctl lint -o sarif > lint.sarif")]
pub struct Lint {
    /// Report more than N policies in the same minute (W013)
    #[arg(long, value_name = "N", value_parser = at_least_one, default_value_t = 5)]
    pub max_per_minute: i64,
    /// Exit with 10 when there is a finding this severe
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOnLint>,
    /// Explain a code, or `all`, and do nothing else
    #[arg(long, value_name = "CODE", conflicts_with_all = ["list_codes", "fail_on"])]
    pub explain: Option<String>,
    /// List the codes, and do nothing else
    #[arg(long, conflicts_with = "fail_on")]
    pub list_codes: bool,
    /// How much is asked of the API
    #[command(flatten)]
    pub detail: Detail,
}
