//! `bpctl sandbox …`

use clap::{Args, Subcommand};

use super::value::duration;
use std::time::Duration;

/// Verbs of `sandbox`
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a verb stands at its arguments: here it would hide the longer text")]
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
  bpctl sandbox serve --ephemeral --fail 503:2,PATCH/lost:1")]
pub struct SandboxServe {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Fail on purpose, as in 503:2 or PATCH/lost:1
    ///
    /// Repeatable, or separated by commas. Faults: an HTTP status (503:2 fails twice, 429:1), lost, cut, slow, hang,
    /// html502; `*` as a count means always; a method before it (PATCH/lost:1) limits it to that method.
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    pub fail: Vec<String>,
    /// Delay before each response
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Requests allowed per minute
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rate_limit: u32,
    /// Keep the state in memory only
    #[arg(long)]
    pub ephemeral: bool,
    /// Serve an organization of N VMs, in memory
    #[arg(long, value_name = "N")]
    pub machines: Option<usize>,
    /// With --machines: the number of policies
    #[arg(long, value_name = "N", requires = "machines")]
    pub policies: Option<usize>,
    /// Omit the totals of lists longer than N
    ///
    /// The API does that for large sets.
    #[arg(long, value_name = "N")]
    pub large_set_over: Option<usize>,
}

/// Reset the simulator to its initial state
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl sandbox reset")]
pub struct SandboxReset {
    /// Create an organization of N VMs
    #[arg(long, value_name = "N")]
    pub machines: Option<usize>,
    /// With --machines: the number of policies
    #[arg(long, value_name = "N", requires = "machines")]
    pub policies: Option<usize>,
}
