//! `bpctl disk …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `disk`
#[derive(Debug, Subcommand)]
pub enum DiskCommand {
    List(DiskList),
    Show(DiskShow),
}

/// List the disks of a VM, an organization or an OnApp cloud
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl disk list
  bpctl disk list --vm web-1")]
pub struct DiskList {
    /// VM: id, FQDN or name [default: all VMs of the organization]
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
}

/// Show a disk
///
/// On a terminal, DISK can be left out and chosen from a list.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl disk show disk_Cfz3s9cVwu4fLvXz")]
pub struct DiskShow {
    /// Disk: id or name
    #[arg(value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// Look for the name among the disks of this VM
    #[arg(long, value_name = "VM", requires = "disk", value_parser = not_empty)]
    pub vm: Option<String>,
}
