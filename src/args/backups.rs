//! `bpctl backups …`

use clap::{Args, Subcommand, ValueEnum};

use super::value::not_empty;

/// Verbs of `backups`
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a verb stands at its arguments: here it would hide the longer text")]
pub enum BackupsCommand {
    List(BackupsList),
}

/// Which backups to list
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackupKind {
    /// Normal backups, of disks
    #[default]
    Images,
    /// Incremental backups, of the whole VM
    Files,
    /// Both
    All,
}

/// List the backups of a VM (OnApp)
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups list --vm 488
  bpctl backups list --vm web1 --kind all --sort created_at:desc")]
pub struct BackupsList {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: String,
    /// images, files (incremental) or all
    #[arg(long, value_enum, value_name = "KIND", default_value_t, hide_possible_values = true)]
    pub kind: BackupKind,
}
