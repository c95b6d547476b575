//! `bpctl backups …`

use clap::{Args, Subcommand, ValueEnum};

use super::value::not_empty;

/// Verbs of `backups`
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a verb stands at its arguments: here it would hide the longer text")]
pub enum BackupsCommand {
    List(BackupsList),
    Show(BackupShow),
}

/// Which backups to list
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackupKind {
    /// Normal backups, of disks
    Images,
    /// Incremental backups, of the whole VM
    Files,
    /// Both
    All,
    /// Recovery points, which plugins make
    Points,
}

/// List backups (OnApp)
///
/// Without a VM or a disk, lists the backups of every VM of the cloud: one request a VM.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups list
  bpctl backups list --vm 488 --kind files
  bpctl backups list --vm web1 --kind all --sort created_at:desc")]
pub struct BackupsList {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: number; with --vm, a disk of that VM
    ///
    /// Without --vm the list is one of the cloud's settings, which takes an administrator.
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// images, files (incremental), all or points [default: images with --vm, else all]
    ///
    /// `points` lists recovery points, which plugins make and which no other list has.
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "disk", hide_possible_values = true)]
    pub kind: Option<BackupKind>,
}

/// Show a backup (OnApp)
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups show 6149")]
pub struct BackupShow {
    /// Backup: number
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backup: String,
}
