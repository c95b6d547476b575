//! `bpctl auth …`

use clap::Subcommand;

/// Verbs of credentials
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Show which profile, credentials and organization are in use
    Status,
}
