//! `bpctl auth …`

use clap::{Args, Subcommand};

/// Verbs of credentials
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Check a token and store it in a profile
    ///
    /// The token is asked for without showing it, or read from standard input: one line. The provider is the one of
    /// `--provider`, the environment or the profile, else Katapult. The address and the user of an OnApp cloud are asked
    /// for on a terminal where neither `--api-url` and `--user`, nor the environment, nor the profile say them. The token
    /// is checked with one request before it is stored.
    #[command(after_help = "\
EXAMPLES:
  bpctl auth login                              ask for a Katapult token
  pass show katapult | bpctl auth login --profile work
  bpctl auth login --profile cp --provider onapp --api-url https://cloud.example --user me")]
    Login(AuthLogin),
    /// Show which profile, credentials and organization are in use, and whether they work
    Status,
    /// Remove the token from a profile
    Logout,
}

/// Arguments of `auth login`
#[derive(Debug, Args)]
pub struct AuthLogin {
    /// User of an OnApp cloud: the account's email or id [env: BPCTL_USER]
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}
