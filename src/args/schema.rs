//! `bpctl schema`

use clap::{Args, ValueEnum};

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Runs of policies
    Calendar,
    /// Verdicts for monitoring
    Check,
    /// VMs and disks, and how well they are backed up
    Coverage,
    /// What differs between two snapshots
    Diff,
    /// What a write would send
    DryRun,
    /// Errors
    Error,
    /// Changes made with bpctl
    History,
    /// Findings
    Lint,
    /// A plan for a policy file
    Plan,
    /// An organization at one moment
    Snapshot,
}

/// Print the JSON Schema of what `-o json` prints
///
/// For documents that other programs read (JSON Schema, draft 2020-12). Without a name, lists what has a schema. Objects
/// of the API are printed as the API gives them. Sends no request.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl schema
  bpctl schema coverage > coverage.schema.json")]
pub struct Schema {
    /// Document to describe, such as coverage or error
    #[arg(value_name = "NOUN", value_enum, hide_possible_values = true)]
    pub noun: Option<SchemaOf>,
}
