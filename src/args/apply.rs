//! `bpctl apply`

use std::path::PathBuf;

use clap::Args;

use super::plan::Prune;

/// Apply a policy file, or a plan
///
/// Shows the changes, asks, and carries them out one by one: new policies first, then updates, then deletions. On a
/// terminal it always asks; in a script, what weakens protection needs --yes. A plan that `bpctl plan -o json` wrote is carried out exactly as it is; if
/// anything has changed since, nothing is sent.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl apply -f policies.toml
  bpctl plan -f policies.toml -o json > plan.json && bpctl apply plan.json")]
#[group(id = "source", required = true, multiple = false, args = ["file", "plan"])]
pub struct Apply {
    /// Plan that `bpctl plan -o json` wrote; `-` is standard input
    #[arg(value_name = "PLAN", conflicts_with_all = ["file", "prune", "prune_at"])]
    pub plan: Option<PathBuf>,
    /// Policy file; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Schedule the deletion of policies that the file does not name
    #[command(flatten)]
    pub prune: Prune,
    /// Continue after a step that failed
    #[arg(long)]
    pub keep_going: bool,
}
