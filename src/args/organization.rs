//! `bpctl org …`

use clap::Subcommand;

/// Verbs of an organization
#[derive(Debug, Subcommand)]
pub enum OrganizationCommand {
    /// List the organizations that the token sees
    List,
}
