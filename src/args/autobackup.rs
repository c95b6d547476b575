//! `bpctl autobackup …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `autobackup`
#[derive(Debug, Subcommand)]
pub enum AutobackupCommand {
    On(AutobackupOn),
    Off(AutobackupOff),
    Presets(AutobackupPresets),
}

/// What is switched
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct AutobackupTarget {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: number
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
}

/// Switch all policies of a VM or a disk on (OnApp)
///
/// Where there is no policy, the cloud makes one of each preset (daily, weekly, monthly and yearly on most clouds), and
/// immediately takes a backup for each. Where there are policies, they are enabled: OnApp's documents do not say so, and
/// bpctl reads them back. For one policy of your own see `bpctl policy create`.
///
/// The request is taken from the code of three clients, for disks also from a recording; bpctl has not been tested on a live
/// cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl autobackup on --vm web1 --dry-run
  bpctl autobackup on --disk 1101")]
pub struct AutobackupOn {
    /// Target
    #[command(flatten)]
    pub target: AutobackupTarget,
}

/// Switch all policies of a VM or a disk off (OnApp)
///
/// The policies and their backups stay; no more backups are made until autobackup is on again, so it is confirmed
/// first. For one policy see `bpctl policy pause`.
///
/// The request is taken from the code of three clients, for disks also from a recording; bpctl has not been tested on a live
/// cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl autobackup off --vm web1")]
pub struct AutobackupOff {
    /// Target
    #[command(flatten)]
    pub target: AutobackupTarget,
}

/// List the presets that `autobackup on` uses (OnApp)
///
/// They are settings of the cloud, which only an administrator may read. The request is taken from the code of one client.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl autobackup presets")]
pub struct AutobackupPresets {}
