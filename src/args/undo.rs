//! `bpctl undo`

use clap::Args;

use super::value::count;

/// Reverse a change made with bpctl
///
/// An update is reversed by an update to the old values, a delete by a restore, a restore or a create by a delete. A
/// date of deletion that replaced another is put back; a first one cannot be undone, since the API cannot cancel it. A
/// policy that has changed since is left alone.
///
/// On OnApp clouds a deleted policy is created again, with a new id, and the note of a backup is put back. Backups that were
/// taken, restored, deleted or converted have no way back.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl undo --dry-run
  bpctl undo 12")]
pub struct Undo {
    /// Number of the change in `bpctl history` [default: the last]
    #[arg(value_name = "N", value_parser = count::<u64>)]
    pub number: Option<u64>,
    /// Reverse all changes of the command that began with N
    ///
    /// `bpctl history` shows the number of a command's first change as its group.
    #[arg(long, value_name = "N", value_parser = count::<u64>, conflicts_with = "number")]
    pub command: Option<u64>,
}
