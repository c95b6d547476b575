//! `bpctl undo`

use clap::Args;

/// Reverse a change made with bpctl
///
/// An update is reversed by an update to the old values, a delete by a restore, a restore or a create by a delete. A
/// scheduled deletion cannot be undone: the API offers no way. A policy that has changed since is left alone.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl undo --dry-run
  bpctl undo 12")]
pub struct Undo {
    /// Number of the change in `bpctl history` [default: the last]
    #[arg(value_name = "N")]
    pub number: Option<u64>,
    /// Reverse all changes of the command whose first change has this number
    #[arg(long, value_name = "N", conflicts_with = "number")]
    pub command: Option<u64>,
}
