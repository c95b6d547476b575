//! `bpctl undo`

use clap::Args;

/// Reverse a change that was made with bpctl
///
/// An update is reversed by an update to the old values, a delete by a restore, a restore and a create by a delete.
/// A scheduled deletion cannot be taken back: the API offers no way. A policy that has changed since is left alone.
#[derive(Clone, Debug, Args)]
pub struct Undo {
    /// Number of the change, as `bpctl history` shows it; without it the last one that was not undone yet
    #[arg(value_name = "N")]
    pub number: Option<u64>,
}
