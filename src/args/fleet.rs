//! `bpctl coverage`, `bpctl calendar` and `bpctl lint`: questions about all machines at once.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value::{ahead, at_least_one, interval};
use crate::model::Interval;

/// How much is asked of the API
#[derive(Clone, Copy, Debug, Args)]
pub struct Detail {
    /// Read each policy by itself, however many there are
    ///
    /// Lists tell neither the frequency nor a pending deletion of a policy: that takes one request a policy. Up to
    /// 200 policies they are read in any case; `--max-wait` gives more time for many.
    #[arg(long)]
    pub detail: bool,
}

/// The least verdict that fails
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnCoverage {
    /// A machine with no policy at all
    None,
    /// The same, and a machine with a disk that no policy covers
    Partial,
    /// Anything that is not ok
    Weak,
}

/// Show which machines and disks are backed up, and how well
///
/// One row a machine, worst first, and one a disk that is assigned to none. A machine's policy covers all its
/// disks, a disk's policy that disk only. Verdicts: none (nothing is covered), partial (some disks are), weak (all
/// are, but one of them by no single policy that meets both --require and --min-retention), ok.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
JSON fields: type (vm or disk), id, name, disks, covered, policies, interval, frequency, kept, next_run (Unix
seconds), verdict, reason, uncovered (disk ids), deletions (policy, at). The totals are the table's footer only.

EXAMPLES:
  bpctl coverage
  bpctl coverage --require daily --min-retention 14 --report report.html
  bpctl coverage --fail-on partial -o json || notify-somebody")]
pub struct Coverage {
    /// Ask for backups at least this often: hourly, daily, weekly or monthly
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub require: Option<Interval>,
    /// Ask for at least N backups kept
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub min_retention: Option<i64>,
    /// Exit with 10 when a verdict is this bad or worse
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOnCoverage>,
    /// Also write a page for people: one HTML file with everything in it (- for standard output, and nothing else
    /// there)
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How much is asked of the API
    #[command(flatten)]
    pub detail: Detail,
}

/// Show when backups run
///
/// A bar an hour up to two days ahead, a row a day beyond; other formats (and --columns, --sort, --limit) list the
/// runs. Only the next run of a policy is the API's word: the runs after it are worked out from the interval.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
JSON fields: policy, target, target_type, interval, at (Unix seconds).

EXAMPLES:
  bpctl calendar
  bpctl calendar --next 7d --ics backups.ics
  bpctl calendar -o csv")]
pub struct Calendar {
    /// How far to look ahead: 24h, 7d, 2w; at most 92 days
    #[arg(long, value_name = "TIME", value_parser = ahead, default_value = "24h")]
    pub next: i64,
    /// Write an RFC 5545 calendar (- for standard output, and nothing else there)
    #[arg(long, value_name = "FILE")]
    pub ics: Option<PathBuf>,
    /// Draw with ASCII only, as is done where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
    /// How much is asked of the API
    #[command(flatten)]
    pub detail: Detail,
}

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
