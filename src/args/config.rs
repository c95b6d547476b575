//! `bpctl config …`

use clap::Subcommand;

/// Verbs of the configuration
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum ConfigCommand {
    /// Print the path of the config file
    Path,
    /// List the settings in force
    List,
}
