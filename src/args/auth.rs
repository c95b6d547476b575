//! `bpctl auth …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `auth`
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    Login(AuthLogin),
    /// List the profiles of the config file
    List,
    /// Check the profile, credentials and organization in use
    Status,
    /// Remove the token from a profile
    Logout,
}

/// Check a token and store it in a profile
///
/// The token is read from a hidden prompt, or from standard input: one line. The provider is the one of `--provider`, the
/// environment or the profile [default: katapult]. On a terminal, the address and the user of an OnApp cloud are asked
/// for where the options, the environment and the profile lack them. The token is checked with one request
/// before it is stored. A token that the profile already has is replaced only after a question, except in a script.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl auth login
  pass show katapult | bpctl auth login --profile work
  bpctl auth login --provider onapp --api-url https://cloud.example --user me")]
pub struct AuthLogin {
    /// OnApp user: email or id [env: BPCTL_USER]
    #[arg(long, value_name = "USER", value_parser = not_empty)]
    pub user: Option<String>,
}
