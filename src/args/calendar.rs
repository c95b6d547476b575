//! `bpctl calendar`

use std::path::PathBuf;

use clap::Args;

use super::detail::Detail;
use super::value::ahead;

/// Show when backups run
///
/// Draws one bar per hour for up to two days ahead; beyond that, one row per day with a column per hour. With another output format, --columns,
/// --sort or --limit it lists the runs. Only the next run of a policy comes from the API; later runs are computed from
/// the interval. JSON fields: policy, target, target_type, interval, at (Unix seconds).
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl calendar --next 7d
  bpctl calendar --next 7d --ics backups.ics
  bpctl calendar -o csv")]
pub struct Calendar {
    /// How far to look ahead, as in 7d; at most 92d
    #[arg(long, value_name = "TIME", value_parser = ahead, default_value = "24h")]
    pub next: i64,
    /// Write an iCalendar file (RFC 5545); `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub ics: Option<PathBuf>,
    /// Draw with ASCII characters
    ///
    /// This is the default where the locale is not UTF-8.
    #[arg(long)]
    pub ascii: bool,
    /// Detail
    #[command(flatten)]
    pub detail: Detail,
}
