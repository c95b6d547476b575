//! `bpctl disk …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of a disk
#[derive(Debug, Subcommand)]
pub enum DiskCommand {
    /// List the disks of a virtual machine or an organization
    List(DiskList),
    /// Show everything that the API tells of a disk
    Show(DiskShow),
}

/// List the disks of a virtual machine or an organization
#[derive(Clone, Debug, Args)]
pub struct DiskList {
    /// Virtual machine: id, FQDN or name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
}

/// Show everything that the API tells of a disk
#[derive(Clone, Debug, Args)]
pub struct DiskShow {
    /// Disk: id; on a terminal it can be left out, and chosen from a list
    #[arg(value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
}
