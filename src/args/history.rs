//! `bpctl history`

use clap::Args;

/// List the changes that were made with bpctl
///
/// Every write is recorded in a file of the user's data directory, with what was before and after.
#[derive(Clone, Debug, Args)]
pub struct History {
    /// Show this change in full
    #[arg(value_name = "N")]
    pub number: Option<u64>,
    /// Print the path of the journal
    #[arg(long, conflicts_with = "number")]
    pub path: bool,
}
