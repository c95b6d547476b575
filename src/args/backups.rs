//! `bpctl backups …`

use clap::{Args, Subcommand, ValueEnum};

use super::value::not_empty;

/// Verbs of a backup
#[derive(Debug, Subcommand)]
pub enum BackupsCommand {
    /// List the backups of a virtual server (OnApp)
    List(BackupsList),
}

/// Which backups to list
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackupKind {
    /// Normal backups, of disks
    #[default]
    Images,
    /// Incremental backups, of the whole server
    Files,
    /// Both
    All,
}

/// List the backups of a virtual server (OnApp)
#[derive(Clone, Debug, Args)]
pub struct BackupsList {
    /// Virtual server: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: String,
    /// images: normal; files: incremental; all: both
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    pub kind: BackupKind,
}
