//! `bpctl apply`

use std::path::PathBuf;

use clap::Args;

use super::plan::Prune;

/// Make the live policies as a file says
///
/// Plans, shows the plan, asks where it matters, and carries it out step by step: new policies first, then changes,
/// then deletions. A plan that `bpctl plan -o json` wrote is carried out exactly as it is; when something has
/// changed since, nothing is sent.
#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// A plan, as `bpctl plan -o json` wrote it; `-` reads standard input
    #[arg(value_name = "PLAN", required_unless_present = "file", conflicts_with_all = ["file", "prune", "prune_at"])]
    pub plan: Option<PathBuf>,
    /// Policy file; `-` reads standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Schedule the deletion of live policies that the file does not name
    #[command(flatten)]
    pub prune: Prune,
    /// Go on after a step that failed
    #[arg(long)]
    pub keep_going: bool,
}
