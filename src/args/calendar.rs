//! `bpctl calendar`

use std::path::PathBuf;

use clap::Args;

use super::detail::Detail;
use super::value::ahead;

/// Show when backups run
///
/// A bar an hour up to two days ahead, a row a day beyond; other formats (and --columns, --sort, --limit) list the
/// runs. Only the next run of a policy is the API's word: the runs after it are worked out from the interval.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
JSON fields: policy, target, target_type, interval, at (Unix seconds).

EXAMPLES:
  bpctl calendar
  bpctl calendar --next 7d --ics backups.ics
  bpctl calendar -o csv")]
pub struct Calendar {
    /// How far to look ahead: 24h, 7d, 2w; at most 92 days
    #[arg(long, value_name = "TIME", value_parser = ahead, default_value = "24h")]
    pub next: i64,
    /// Write an RFC 5545 calendar (- for standard output, and nothing else there)
    #[arg(long, value_name = "FILE")]
    pub ics: Option<PathBuf>,
    /// Draw with ASCII only, as is done where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
    /// How much is asked of the API
    #[command(flatten)]
    pub detail: Detail,
}
