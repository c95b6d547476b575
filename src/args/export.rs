//! `bpctl export`

use clap::Args;

/// Print the live policies as a file
///
/// Writes a TOML document that `bpctl plan` and `bpctl apply` read. `-o json` and `-o yaml` print the same for other
/// programs: `plan` and `apply` read policies as TOML only. Each policy is read by itself: lists leave out most of its
/// schedule. The file holds no secrets.
#[derive(Clone, Debug, Args)]
pub struct Export {}
