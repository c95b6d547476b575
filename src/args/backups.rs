//! `bpctl backups …`

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::value::{day, duration, not_empty};

/// Verbs of `backups`
#[derive(Debug, Subcommand)]
pub enum BackupsCommand {
    List(BackupsList),
    Show(BackupShow),
    Usage(BackupsUsage),
    Limits(BackupsLimits),
    Costs(BackupsCosts),
    Create(BackupCreate),
    Restore(BackupRestore),
    Delete(BackupDelete),
    Note(BackupNote),
    Convert(BackupConvert),
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
/// Without a VM or a disk, lists the backups of every VM of the cloud: one request per VM.
///
/// The lists of a VM are documented by OnApp, those of a disk are known from recordings and the code of clients; bpctl
/// has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups list
  bpctl backups list --vm 488 --kind files
  bpctl backups list --vm web1 --kind all --sort created:desc")]
pub struct BackupsList {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: number; with --vm, a disk of that VM
    ///
    /// Without --vm the list is one of the cloud's settings, which only an administrator may read.
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// images, files (incremental), all or points
    ///
    /// The default is images with --vm, else all.
    /// `points` lists recovery points, which plugins make and which no other list has.
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "disk", hide_possible_values = true)]
    pub kind: Option<BackupKind>,
}

/// Show a backup (OnApp)
///
/// The request is taken from the code of three clients, that for a recovery point from OnApp's documents; neither has been
/// tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups show 6149
  bpctl backups show 13 --point --vm files1")]
pub struct BackupShow {
    /// Backup: number
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backup: Option<String>,
    /// Recovery point
    #[command(flatten)]
    pub point: Point,
}

/// Whether the number is that of a recovery point
#[derive(Clone, Debug, Default, Args)]
pub struct Point {
    /// The number is that of a recovery point of --vm
    #[arg(long, requires = "vm")]
    pub point: bool,
    /// VM of the recovery point: number, identifier or label
    #[arg(long, value_name = "VM", value_parser = not_empty, requires = "point")]
    pub vm: Option<String>,
}

impl Point {
    /// The VM, where it is a recovery point.
    pub fn machine(&self) -> Option<&str> {
        self.vm.as_deref().filter(|_| self.point)
    }
}

/// Sum up the sizes of backups, by VM and kind (OnApp)
///
/// Counts recovery points, too. A backup that is being taken has no size yet, and is counted as one of unknown size.
/// What is read is documented by OnApp; it has not been tested on a live cloud.
///
/// JSON fields: vm_id, vm, type, backups, size_bytes, unknown_sizes, oldest, newest.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups usage --sort size:desc
  bpctl backups usage --vm web1")]
pub struct BackupsUsage {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
}

/// Show how many backups an account may have, and what they cost (OnApp)
///
/// One row for each place where the cloud keeps backups: the limits of the account's bucket and, where they may be read,
/// its prices, each in the cloud's currency for every period. `unlimited` means that the cloud reports no limit, `-` that
/// it reports nothing. Reading a bucket may need permissions that only administrators have.
///
/// The requests are taken from the code of clients; they have not been tested on a live cloud, and clouds before OnApp 6
/// do not have them.
///
/// JSON fields: access_control, rate_card; each as the cloud answers it, or null.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups limits
  bpctl backups limits --user 337 -o json")]
pub struct BackupsLimits {
    /// User: number [default: the one whose credentials are used]
    #[arg(long, value_name = "ID", value_parser = not_empty)]
    pub user: Option<String>,
}

/// Show what the backups of an account cost (OnApp)
///
/// The sums are the cloud's own. `backup_count_cost` and `backup_disk_size_cost` are those of backups on backup servers,
/// `backup_cost` of backups elsewhere; `total_cost` is all that the account has, VMs included. Without --since, the
/// cloud decides which period they cover.
///
/// The requests are taken from the code of two clients, and have not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups costs --since 2026-11-01
  bpctl backups costs --since 2026-10-01 --until 2026-11-01 --user 337")]
pub struct BackupsCosts {
    /// First day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub since: Option<Date>,
    /// Day after the last one [default: until now]
    #[arg(long, value_name = "DATE", value_parser = day, requires = "since")]
    pub until: Option<Date>,
    /// User: number [default: the one whose credentials are used]
    #[arg(long, value_name = "ID", value_parser = not_empty)]
    pub user: Option<String>,
}

/// How long to wait
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Wait {
    /// Wait until the cloud is done [default: 2h]
    ///
    /// Shows the progress of the transaction. Also waits while the cloud is busy with the VM. If the work is not done when
    /// the time runs out, the exit code is 8, and the message names the command that shows its progress.
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, default_missing_value = "2h")]
    #[arg(value_parser = duration)]
    pub wait: Option<Duration>,
}

/// Take backups of a VM or of disks (OnApp)
///
/// A VM with incremental backups gets one of these; any other gets a normal backup of each disk that is not swap. The
/// cloud queues them: --wait waits until they are finished.
///
/// The requests are taken from the code of clients (four for a disk, two for a VM); they have not been tested on a live
/// cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups create --vm web1 --note 'before the upgrade' --wait
  bpctl backups create --disk 1101 --disk 1102")]
#[group(id = "of", required = true, multiple = true, args = ["vm", "disks"])]
pub struct BackupCreate {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: number; repeatable
    #[arg(long = "disk", value_name = "DISK", value_parser = not_empty)]
    pub disks: Vec<String>,
    /// Note to attach to the backup
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Send `force_windows_backup`
    ///
    /// What it forces is not documented.
    #[arg(long)]
    pub force_windows: bool,
    /// Take a recovery point with this resource (number)
    ///
    /// Resources are plugins such as Veeam; `bpctl backups list --kind points --columns id,server` shows which one made a
    /// recovery point. The request is taken from the code of one client.
    #[arg(long, value_name = "RESOURCE", value_parser = not_empty, requires = "vm")]
    #[arg(conflicts_with_all = ["disks", "note", "force_windows"])]
    pub resource: Option<String>,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
}

/// Restore a backup over its VM or disk (OnApp)
///
/// What was written since is lost, so it is confirmed first: on a terminal by typing the name of the VM, in a script by
/// --yes. OnApp offers no choice of the target, and may stop the VM.
///
/// The request is taken from the code of four clients, that for a recovery point from one; neither has been tested on a
/// live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups restore 6149 --backup-first --wait
  bpctl backups restore 13 --point --vm files1 --wait")]
pub struct BackupRestore {
    /// Backup: number
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backup: Option<String>,
    /// Take a backup first, and restore only when it is finished
    #[arg(long)]
    pub backup_first: bool,
    /// Recovery point
    #[command(flatten)]
    pub point: Point,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
}

/// Delete backups (OnApp)
///
/// There is no trash: what is deleted cannot be restored.
///
/// The request is taken from the code of four clients; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups delete 6117 --wait")]
pub struct BackupDelete {
    /// Backups: numbers
    ///
    /// On a terminal, they can be left out and one backup chosen from a list.
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backups: Vec<String>,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
}

/// Change the note of a backup (OnApp)
///
/// The request is taken from the code of one client; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups note 6117 'before the upgrade'")]
pub struct BackupNote {
    /// Backup: number
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backup: Option<String>,
    /// The note; empty removes it
    ///
    /// On a terminal, it can be left out and typed at a question.
    #[arg(value_name = "TEXT")]
    pub note: Option<String>,
}

/// Convert a backup to a template (OnApp)
///
/// OnApp does not document whether the backup is kept, so it is confirmed first.
///
/// The request is taken from the code of three clients; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl backups convert 6117 --label 'web 6.4'")]
pub struct BackupConvert {
    /// Backup: number
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "BACKUP", value_parser = not_empty)]
    pub backup: Option<String>,
    /// Label of the new template
    ///
    /// On a terminal, it can be left out and typed at a question.
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    pub label: Option<String>,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
}
