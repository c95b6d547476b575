//! `bpctl config …`

use clap::{Args, Subcommand};

/// Verbs of the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the path of the config file
    Path,
    /// List the settings in force
    List(ConfigList),
    /// Print the value of one setting
    Get(ConfigGet),
    /// Change a setting in the config file
    Set(ConfigSet),
    /// Make a profile the one that is used when none is named
    Use(ConfigUse),
}

/// Arguments of `config list`
#[derive(Debug, Args)]
pub struct ConfigList {
    /// Show where each value came from
    #[arg(long)]
    pub origin: bool,
}

/// Arguments of `config get`
#[derive(Debug, Args)]
pub struct ConfigGet {
    /// `default_profile`, `profiles.NAME.KEY` for what the file says, or `KEY` for what is in force
    pub key: String,
}

/// Arguments of `config set`
#[derive(Debug, Args)]
pub struct ConfigSet {
    /// `default_profile`, `profiles.NAME.KEY`, or `KEY` of the profile in use (`default` where there is none yet)
    pub key: String,
    /// The new value
    #[arg(allow_hyphen_values = true)]
    pub value: String,
}

/// Arguments of `config use`
#[derive(Debug, Args)]
pub struct ConfigUse {
    /// The profile; `sandbox` and `sandbox-onapp` are built in
    pub profile: String,
}
