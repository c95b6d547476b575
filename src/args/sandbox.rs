//! `bpctl sandbox …`

use clap::{Args, Subcommand, ValueEnum};

use super::value::{count, duration};
use std::time::Duration;

/// Verbs of `sandbox`
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    Serve(SandboxServe),
    Reset(SandboxReset),
    /// Print the path of the simulator's state file
    Path,
}

/// Serve the simulator on a loopback port
///
/// For curl and other programs. Ctrl-C stops it.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl sandbox serve --port 8080
  bpctl sandbox serve --ephemeral --fail 503:2,PATCH/lost:1
  bpctl sandbox serve --onapp superb --fail take_backup:failed")]
pub struct SandboxServe {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Fail on purpose, as in 503:2 or PATCH/lost:1
    ///
    /// Repeatable, or separated by commas. Faults: 503, 429, 500, html502, html200, empty500, redirect, reset, cut,
    /// slow, hang; lost, null500 and runtime400 fail after the work is done; busy refuses writes on OnApp. A number
    /// after it is a count (503:2 fails twice), and `*` means always; a method before it (PATCH/lost:1) limits it to
    /// that method. OnApp's transactions: failed, stuck, vanished, with an action before it (take_backup:failed).
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    pub fail: Vec<String>,
    /// Delay before each response
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Requests allowed per minute
    #[arg(long, value_name = "N", value_parser = count::<u32>, default_value_t = 1000)]
    pub rate_limit: u32,
    /// Keep the state in memory only
    #[arg(long)]
    pub ephemeral: bool,
    /// Serve an organization of N VMs, in memory
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub machines: Option<usize>,
    /// With --machines: the number of policies
    ///
    /// One of them is in the trash.
    #[arg(long, value_name = "N", value_parser = count::<usize>, requires = "machines")]
    pub policies: Option<usize>,
    /// Omit the totals of lists longer than N
    ///
    /// The API does that for large sets.
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub large_set_over: Option<usize>,
    /// How the OnApp cloud differs, as in superb
    ///
    /// Repeatable, or separated by commas: normal-only (no incremental backups), superb (below /flexapi, without
    /// schedules), no-settings (refuses /settings and the list of all transactions, as to users who are not
    /// administrators), parent-replies and empty-replies (the body of a 201 for a schedule, a recovery point or a
    /// restore: the owner, or nothing), old-replies (200 and {} instead of 204, and no path for notes).
    #[arg(long, value_enum, value_name = "MODE", value_delimiter = ',', hide_possible_values = true)]
    pub onapp: Vec<OnAppMode>,
}

/// How an OnApp cloud differs from most
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnAppMode {
    /// No incremental backups
    NormalOnly,
    /// As Superb's Flex Cloud: below /flexapi, without schedules
    Superb,
    /// Refuses /settings and the list of all transactions, as to users who are not administrators
    NoSettings,
    /// Answers a new schedule, recovery point or restore with the VM or disk that owns it
    ParentReplies,
    /// Answers them with nothing
    EmptyReplies,
    /// Answers changes as old clouds do: 200 and {} instead of 204, and no path for notes
    OldReplies,
}

/// Reset the simulator to its initial state
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl sandbox reset")]
pub struct SandboxReset {
    /// Create an organization of N VMs
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub machines: Option<usize>,
    /// With --machines: the number of policies
    ///
    /// One of them is in the trash.
    #[arg(long, value_name = "N", value_parser = count::<usize>, requires = "machines")]
    pub policies: Option<usize>,
}
