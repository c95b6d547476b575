//! `bpctl sandbox …`

use clap::{Args, Subcommand};

use super::value::duration;
use std::time::Duration;

/// Verbs of the simulator
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the simulator on a loopback port, for curl and other tools
    Serve(SandboxServe),
    /// Start over with the small company
    Reset(SandboxReset),
    /// Print the path of the simulator's state
    Path,
}

/// Serve the simulator on a loopback port, for curl and other tools
#[derive(Clone, Debug, Args)]
pub struct SandboxServe {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Fail on purpose: 503:2, 429:1, PATCH/lost:1, cut:1, slow:1, hang:1, html502:*, … (repeatable, comma-separated)
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    pub fail: Vec<String>,
    /// Wait this long before each answer
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Requests a minute
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rate_limit: u32,
    /// Keep the state in memory only
    #[arg(long)]
    pub ephemeral: bool,
    /// Serve a bigger company, in memory: this many virtual machines
    #[arg(long, value_name = "N")]
    pub machines: Option<usize>,
    /// With --machines: this many policies
    #[arg(long, value_name = "N", requires = "machines")]
    pub policies: Option<usize>,
    /// Leave totals out of lists with more rows than this, as the API does for large sets
    #[arg(long, value_name = "N")]
    pub large_set_over: Option<usize>,
}

/// Start over with the small company
#[derive(Clone, Debug, Args)]
pub struct SandboxReset {
    /// Make a bigger company: this many virtual machines
    #[arg(long, value_name = "N")]
    pub machines: Option<usize>,
    /// Make a bigger company: this many policies
    #[arg(long, value_name = "N", requires = "machines")]
    pub policies: Option<usize>,
}
