//! `bpctl completions`

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
///
/// Completes commands, options, and values from the API: policies, VMs, disks, organizations. Names and ids are cached
/// for a minute; a `token_command` is never run for completion.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl completions bash > ~/.local/share/bash-completion/completions/bpctl
  bpctl completions zsh > _bpctl          (move it to a directory of $fpath)
  bpctl completions fish > ~/.config/fish/completions/bpctl.fish")]
pub struct Completions {
    /// bash, zsh or fish
    #[arg(value_enum, value_name = "SHELL", hide_possible_values = true)]
    pub shell: Shell,
}
