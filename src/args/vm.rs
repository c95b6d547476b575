//! `bpctl vm …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `vm`
#[derive(Debug, Subcommand)]
pub enum VmCommand {
    List(VmList),
    Show(VmShow),
}

/// List the VMs of the organization, or of an OnApp cloud
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
Examples:
  bpctl vm list --sort name
  bpctl vm list --search web")]
pub struct VmList {
    /// Only VMs whose name, host name or FQDN contains TEXT
    ///
    /// Without regard to case. For patterns and other columns see --filter.
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    pub search: Option<String>,
}

/// Show a VM
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl vm show web-1")]
pub struct VmShow {
    /// VM: id, FQDN or name
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
}
