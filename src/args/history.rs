//! `bpctl history`

use clap::Args;

use super::value::count;

/// List the changes made with bpctl, newest first
///
/// bpctl records every write in a file of your data directory, with the values before and after.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl history
  bpctl history 12")]
pub struct History {
    /// Show this change in full
    #[arg(value_name = "N", value_parser = count::<u64>)]
    pub number: Option<u64>,
    /// Print the path of the journal
    #[arg(long, conflicts_with = "number")]
    pub path: bool,
}
