//! `bpctl org …`

use clap::Subcommand;

/// Verbs of `org`
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// List the organizations that the token has access to
    #[command(after_help = "\
Examples:
  bpctl org list")]
    List,
}
