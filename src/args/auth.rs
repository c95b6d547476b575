//! `bpctl auth …`

use clap::Subcommand;

/// Verbs of credentials
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum AuthCommand {
    /// Show which profile, credentials and organization are in use
    Status,
}
