//! Options of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::value::duration;
use crate::config::Provider;

/// How results look
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For people, with more columns
    Wide,
    /// What the API said: one array for a list, one object otherwise
    Json,
    /// One object a line, written as pages arrive
    Jsonl,
    /// What the API said, as YAML
    Yaml,
    /// The wide columns, RFC 4180
    Csv,
    /// One id a line
    Id,
    /// SARIF 2.1.0 (lint only)
    #[value(hide = true)]
    Sarif,
    /// A policy file (export only, and its default)
    #[value(hide = true)]
    Toml,
}

impl Format {
    /// Gives its name, as `--output` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Id => "id",
            Self::Sarif => "sarif",
            Self::Toml => "toml",
        }
    }
}

/// When to use colours
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Options of every command
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Output format [env: BPCTL_OUTPUT] [default: table]
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        help_heading = "Output",
        hide_possible_values = false
    )]
    pub output: Option<Format>,
    /// Show these columns, in this order (table, wide, csv)
    #[arg(long, global = true, value_name = "COL,…", value_delimiter = ',', help_heading = "Output")]
    pub columns: Option<Vec<String>>,
    /// Sort a list by a column; `:desc` turns it around
    #[arg(long, global = true, value_name = "COL[:desc]", help_heading = "Output")]
    pub sort: Option<String>,
    /// Leave out the header row (table, wide, csv)
    #[arg(long, global = true, help_heading = "Output")]
    pub no_header: bool,
    /// Stop a list after N rows
    #[arg(long, global = true, value_name = "N", value_parser = super::value::count, allow_negative_numbers = true, help_heading = "Output")]
    pub limit: Option<usize>,
    /// Use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", help_heading = "Output")]
    pub color: Option<Color>,
    /// Read and show times in UTC instead of the local zone
    #[arg(long, global = true, help_heading = "Output")]
    pub utc: bool,
    /// Print passwords that the API's answers hold
    #[arg(long, global = true, help_heading = "Output")]
    pub show_secrets: bool,
    /// Say more; -vv shows requests and responses, secrets redacted
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,

    /// Profile of the config file; `sandbox` and `sandbox-onapp` are built in [env: BPCTL_PROFILE]
    ///
    /// Several, as in `--profile work,home`, are listed in one view: a PROFILE column comes first, and JSON rows are
    /// {"profile": NAME, "object": …}. A profile that fails is reported, and the exit code is 9.
    #[arg(long, global = true, value_name = "NAME[,NAME]", help_heading = "Connection")]
    pub profile: Option<String>,
    /// List the rows of every profile of the config file in one view
    #[arg(long, global = true, conflicts_with_all = ["profile", "sandbox"], help_heading = "Connection")]
    pub all_profiles: bool,
    /// Config file [env: BPCTL_CONFIG]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub config: Option<PathBuf>,
    /// The cloud's API: katapult or onapp [env: BPCTL_PROVIDER]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub provider: Option<Provider>,
    /// Base URL that paths are appended to [env: BPCTL_API_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection", conflicts_with = "sandbox")]
    pub api_url: Option<String>,
    /// Organization: id or sub-domain [env: BPCTL_ORG, then KATAPULT_ORGANIZATION]
    #[arg(long, global = true, value_name = "ORG", help_heading = "Connection")]
    pub org: Option<String>,
    /// Use the built-in API simulator
    #[arg(long, global = true, help_heading = "Connection")]
    pub sandbox: bool,
    /// Time for one request [default: 30s]
    #[arg(long, global = true, value_name = "DUR", value_parser = duration, help_heading = "Connection")]
    pub timeout: Option<Duration>,
    /// Time for the whole command [default: 2m]
    #[arg(long, global = true, value_name = "DUR", value_parser = duration, help_heading = "Connection")]
    pub max_wait: Option<Duration>,
    /// Further attempts after a failed one [default: 3]
    #[arg(long, global = true, value_name = "N", value_parser = super::value::retries, allow_negative_numbers = true, help_heading = "Connection")]
    pub retries: Option<u32>,
    /// Requests in flight [default: 6]
    #[arg(long, global = true, value_name = "N", value_parser = super::value::concurrency, allow_negative_numbers = true, help_heading = "Connection")]
    pub concurrency: Option<usize>,

    /// Send no write; print what would be sent
    #[arg(long, global = true, help_heading = "Safety")]
    pub dry_run: bool,
    /// Answer every confirmation with yes
    #[arg(short, long, global = true, help_heading = "Safety")]
    pub yes: bool,
    /// Never ask anything
    #[arg(long, global = true, help_heading = "Safety")]
    pub no_input: bool,
}
