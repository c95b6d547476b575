//! `bpctl check`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::selection::Selecting;
use super::value::{age, not_empty};

/// The formats of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// One row for each VM, worst first
    Table,
    /// One object: summary, VMs and what could not be read
    Json,
    /// A monitoring plugin for Nagios and Icinga: one line, performance data, exit code 0, 1, 2 or 3
    Nagios,
    /// Metrics for the textfile collector of Prometheus' node exporter
    Prometheus,
    /// A JUnit report for CI systems
    Junit,
}

/// The shapes of what a webhook gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WebhookFormat {
    /// The result as `--format json` has it
    Generic,
    /// A message, as Slack and Mattermost take it
    Slack,
}

/// Check that VMs are backed up recently enough, for monitoring
///
/// On OnApp, the age of the newest finished backup or recovery point counts (`basis: backups`); where disks are backed up,
/// that of the worst disk that holds data. Katapult has no list of backups, so the policies count (`basis: schedule`): a
/// VM without a policy, a next run in the past, or an interval longer than --max-age is critical.
///
/// What cannot be read is unknown, never ok, and so is a check without VMs. Exit codes: 0 all is ok, 10 something is stale
/// or not covered, 9 something could not be read, otherwise as for every command. With --format nagios: 0 ok, 1 warning, 2 critical,
/// 3 unknown.
///
/// --match, --tag and --exclude (also --ignore) select the VMs. --filter chooses the rows to print, and the result is still
/// that of all that are selected.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl check --max-age 26h
  bpctl check --match 'db-*' --max-age 2h --format nagios
  bpctl check --all-profiles --format prometheus --output-file bpctl.prom")]
pub struct Check {
    /// VM: id, name or FQDN; repeatable
    #[arg(long = "vm", value_name = "VM", value_parser = not_empty, conflicts_with = "patterns")]
    pub vms: Vec<String>,
    /// Selection
    #[command(flatten)]
    pub selecting: Selecting,
    /// Oldest backup that is ok [OnApp: 26h]
    ///
    /// On Katapult, the longest interval that is ok; it has no default there.
    #[arg(long, value_name = "DUR", value_parser = age)]
    pub max_age: Option<u64>,
    /// Warn from this age on
    #[arg(long, value_name = "DUR", value_parser = age)]
    pub warn_age: Option<u64>,
    /// Judge by each policy's own interval
    ///
    /// On OnApp a backup may be as old as the interval of the most frequent enabled policy, and --grace more; a VM or a disk
    /// without one is critical. On Katapult the next run must not be overdue.
    ///
    #[arg(long, conflicts_with_all = ["max_age", "warn_age"])]
    pub per_policy: bool,
    /// How late a run may be [default: 15m]
    #[arg(long, value_name = "DUR", value_parser = age)]
    pub grace: Option<u64>,
    /// Report ok if there are no VMs to check
    #[arg(long)]
    pub allow_empty: bool,
    /// table, json, nagios, prometheus or junit
    ///
    /// `-o` has the formats of every list.
    ///
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<CheckFormat>,
    /// Write the result to a file
    ///
    /// The file is replaced as a whole, or not at all.
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Report to BPCTL_PING_URL or `ping_url`
    ///
    /// For a dead man's switch such as healthchecks.io: `/start`, then the URL itself where all is ok, else `/fail`, with
    /// the summary as body. A report that cannot be sent is a warning, and the exit code is 9.
    #[arg(long)]
    pub ping: bool,
    /// Report to BPCTL_WEBHOOK_URL or `webhook_url`
    #[arg(long)]
    pub webhook: bool,
    /// generic or slack [default: by the host]
    #[arg(long, value_enum, value_name = "SHAPE", hide_possible_values = true, requires = "webhook")]
    pub webhook_format: Option<WebhookFormat>,
}
