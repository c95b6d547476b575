//! `bpctl help`

use clap::Args;

/// Show help for a command or a topic
///
/// Topics: exit-codes, environment, formatting, times, files, options.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl help policies update
  bpctl help exit-codes")]
pub struct Help {
    /// Command, or a topic such as exit-codes
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}
