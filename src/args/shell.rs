//! `bpctl completions` and `bpctl man`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Shells with completion
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// Print a shell completion script
#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Print the manual page, or write all of them
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// Write one page a command into this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
