//! `bpctl export`

use clap::Args;

/// Print the policies as a policy file
///
/// Prints a TOML document for `bpctl plan` and `bpctl apply`. `-o json` and `-o yaml` print the same content for other
/// programs; `plan` and `apply` read TOML only. Every policy is read in full, because lists leave out most of a schedule.
/// The file holds no secrets.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Formats: toml (default), json, yaml

Examples:
  bpctl export > policies.toml")]
pub struct Export {}
