//! `bpctl coverage`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::detail::Detail;
use super::value::{at_least_one, interval};
use crate::model::Interval;

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
