//! `bpctl vm …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of a virtual machine
#[derive(Debug, Subcommand)]
pub enum VmCommand {
    /// List the virtual machines of the organization
    List,
    /// Show a virtual machine
    Show(VmShow),
}

/// Show a virtual machine
#[derive(Clone, Debug, Args)]
pub struct VmShow {
    /// Virtual machine: id, FQDN or name
    #[arg(value_name = "VM", value_parser = not_empty)]
    pub vm: String,
}
