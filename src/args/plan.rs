//! `bpctl export`, `bpctl plan` and `bpctl apply`

use std::path::PathBuf;

use clap::Args;

/// Print the live policies as a file
///
/// Writes a TOML document that `bpctl plan` and `bpctl apply` read. `-o json` and `-o yaml` print the same for other
/// programs: `plan` and `apply` read policies as TOML only. Each policy is read by itself: lists leave out most of its
/// schedule. The file holds no secrets.
#[derive(Clone, Debug, Args)]
pub struct Export {}

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
