//! `bpctl plan`

use std::path::PathBuf;

use clap::Args;

use super::value::count;

/// Show the changes that `apply` would make
///
/// A policy is identified by its `id` where the file has one, otherwise by its target and interval. Policies that the
/// file does not name are left alone, unless --prune schedules their deletion. `-o json` prints the plan as a document
/// for `bpctl apply`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl plan -f policies.toml
  bpctl plan -f policies.toml --prune --detailed-exitcode")]
pub struct Plan {
    /// Policy file; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// Schedule the deletion of policies that the file does not name
    #[command(flatten)]
    pub prune: Prune,
    /// Exit with 10 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// What happens to policies that a file does not name
#[derive(Clone, Debug, Args)]
pub struct Prune {
    /// Schedule the deletion of policies not in the file
    ///
    /// On OnApp clouds, which have no planned deletion and no trash, they are deleted at once.
    #[arg(long)]
    pub prune: bool,
    /// With --prune: when to delete them [default: +7d]
    ///
    /// More than 5 minutes ahead. `bpctl help times` lists the forms.
    #[arg(long, value_name = "WHEN", requires = "prune", allow_hyphen_values = true)]
    pub prune_at: Option<String>,
    /// With --prune: refuse to delete more than N policies
    ///
    /// The default is a tenth of the policies, at least 1.
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub max_deletions: Option<usize>,
}
