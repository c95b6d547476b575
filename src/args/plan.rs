//! `bpctl plan`

use std::path::PathBuf;

use clap::Args;

/// Show what would make the live policies as a file says
///
/// A policy is known by its `id` where the file gives one, else by its target and interval. Live policies that the
/// file does not name are left alone, unless --prune schedules their deletion. `-o json` prints the plan as a
/// document for `bpctl apply`.
#[derive(Clone, Debug, Args)]
pub struct Plan {
    /// Policy file; `-` reads standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// Schedule the deletion of live policies that the file does not name
    #[command(flatten)]
    pub prune: Prune,
    /// Exit with 10 when something would change
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// What happens to policies that a file does not name
#[derive(Clone, Debug, Args)]
pub struct Prune {
    /// Schedule the deletion of live policies that the file does not name
    #[arg(long)]
    pub prune: bool,
    /// With --prune: when they are deleted, at least 5 minutes ahead [default: +7d]
    #[arg(long, value_name = "WHEN", requires = "prune", allow_hyphen_values = true)]
    pub prune_at: Option<String>,
}
