//! `bpctl org …`

use clap::Subcommand;

/// Verbs of an organization
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// List the organizations that the token sees
    List,
}
