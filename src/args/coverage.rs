//! `bpctl coverage`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::detail::Detail;
use super::selection::Selecting;
use super::value::{interval, positive};
use crate::model::Interval;

/// The mildest verdict that fails
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnCoverage {
    /// A VM without any policy
    None,
    /// Also a VM with a disk that no policy covers
    Partial,
    /// Everything that is not ok
    Weak,
}

/// Show which VMs and disks are backed up, and how well
///
/// One row for each VM, worst first, and one for each disk that belongs to no VM. A VM's policy covers all its disks; a
/// disk's policy covers that disk only.
///
/// Verdicts: `none` (no disk is covered), `partial` (some are), `weak` (all are, but at least one by no policy that meets
/// both --require and --min-retention), `ok`. --filter chooses the rows to print; --fail-on judges all that are selected.
///
/// JSON fields: type (vm or disk), id, name, disks, covered, policies, interval, frequency, kept, next_run (Unix seconds),
/// verdict, reason, uncovered (disk ids), deletions (policy, at). Only the table has totals, as its footer.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl coverage --require daily --min-retention 14
  bpctl coverage --report coverage.html
  bpctl coverage --fail-on partial -o json")]
pub struct Coverage {
    /// At least hourly, daily, weekly, monthly or yearly
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub require: Option<Interval>,
    /// Expect at least N backups to be kept
    #[arg(long, value_name = "N", value_parser = positive)]
    pub min_retention: Option<i64>,
    /// Exit with 10 at LEVEL or worse: none, partial, weak
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub fail_on: Option<FailOnCoverage>,
    /// Selection
    #[command(flatten)]
    pub selecting: Selecting,
    /// Also write an HTML report; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
