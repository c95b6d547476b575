//! `bpctl man`

use std::path::PathBuf;

use clap::Args;

/// Print the manual page, or write all of them
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// Write one page a command into this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
