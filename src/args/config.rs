//! `bpctl config …`

use clap::{Args, Subcommand};

/// Verbs of `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the path of the config file
    Path,
    List(ConfigList),
    Get(ConfigGet),
    Set(ConfigSet),
    Unset(ConfigKey),
    Use(ConfigUse),
}

/// List the settings in use
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl config list --origin")]
pub struct ConfigList {
    /// Show where each value comes from
    #[arg(long)]
    pub origin: bool,
}

/// Print the value of a setting
///
/// `KEY` alone is the value in use, after options and environment; `profiles.NAME.KEY` is the value in the file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl config get organization
  bpctl config get profiles.work.api_url")]
pub struct ConfigGet {
    /// KEY, profiles.NAME.KEY or default_profile
    pub key: String,
}

/// Change a setting in the config file
///
/// `KEY` alone changes the profile in use, which is `default` if there is none yet.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl config set organization acme
  bpctl config set profiles.work.ca_file ~/ca.pem")]
pub struct ConfigSet {
    /// KEY, profiles.NAME.KEY or default_profile
    pub key: String,
    /// New value
    #[arg(allow_hyphen_values = true)]
    pub value: String,
}

/// Remove a setting from the config file
///
/// `KEY` alone is a key of the profile in use.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl config unset organization
  bpctl config unset profiles.work.token_command")]
pub struct ConfigKey {
    /// KEY, profiles.NAME.KEY or default_profile
    pub key: String,
}

/// Set the default profile
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl config use work")]
pub struct ConfigUse {
    /// Profile; `sandbox` and `sandbox-onapp` are built in
    #[arg(value_name = "PROFILE")]
    pub name: String,
}
