//! `bpctl man`

use std::path::PathBuf;

use clap::Args;

/// Print the manual page, or write all pages
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl man | man -l -
  bpctl man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// Write the page of every command into this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
