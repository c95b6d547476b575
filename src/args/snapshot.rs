//! `bpctl snapshot`

use clap::Args;

use super::detail::Detail;
use super::value::{interval, positive};
use crate::model::Interval;

/// Print VMs, disks, policies and verdicts of one moment as a document
///
/// One JSON document with a version, for `bpctl diff` and for the record. It says when it was taken, with which profile,
/// organization, program version and query, and what could not be read. It holds no secrets.
///
/// A snapshot that is incomplete says so (`complete` is false, `gaps` and `unread` say what is missing), and the exit code
/// is 9.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Formats: json (the default), jsonl (one line) and yaml

Examples:
  bpctl snapshot > monday.json
  bpctl snapshot --require daily --min-retention 14 --detail > monday.json
  bpctl diff monday.json")]
pub struct Snapshot {
    /// At least hourly, daily, weekly, monthly or yearly
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub require: Option<Interval>,
    /// Expect at least N backups to be kept
    #[arg(long, value_name = "N", value_parser = positive)]
    pub min_retention: Option<i64>,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
