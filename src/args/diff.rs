//! `bpctl diff`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::detail::Detail;

/// The differences that fail
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnDiff {
    /// Cover that was lost, or a policy that protects less
    Weaker,
}

/// Show what differs between two snapshots, or between a snapshot and now
///
/// One row for each VM or disk whose cover changed, and for each policy that was added, changed or removed. Both sides are
/// judged by what OLD required. Whatever still exists and lost protection is marked as weaker and comes first.
///
/// Changes: `lost`, `weaker`, `unknown` (a snapshot with gaps does not list it), `removed`, `changed`, `added`, `stronger`,
/// `gained`. If something could not be read, the exit code is 9.
///
/// JSON fields: type (vm, disk or policy), id, name, target, change, weaker, fields (field, before, after), losses.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl diff monday.json
  bpctl diff monday.json friday.json -o json
  bpctl diff monday.json --fail-on weaker")]
pub struct Diff {
    /// Older snapshot; `-` is standard input
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// Newer snapshot [default: what exists now]
    #[arg(value_name = "NEW")]
    pub new: Option<PathBuf>,
    /// Exit with 10 if protection is weaker (value: weaker)
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    pub fail_on: Option<FailOnDiff>,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
