//! Options of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::value::{concurrency, count, duration, not_empty};
use crate::config::Provider;

/// How results look
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For people, with more columns
    Wide,
    /// The API's own fields: an array for a list, an object otherwise
    Json,
    /// One object per line, written as pages arrive
    Jsonl,
    /// The same fields as json, written as YAML
    Yaml,
    /// The wide columns, as RFC 4180 has them
    Csv,
    /// The same columns, separated by tabs
    Tsv,
    /// One id per line
    Id,
    /// SARIF 2.1.0 (lint only)
    #[value(hide = true)]
    Sarif,
    /// A policy file (export only, and its default)
    #[value(hide = true)]
    Toml,
}

impl Format {
    /// Returns its name, as `--output` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Id => "id",
            Self::Sarif => "sarif",
            Self::Toml => "toml",
        }
    }
}

/// What a request is printed for
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequestTool {
    /// A command line of curl
    Curl,
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

/// The options of every command. `-h` of a command leaves them out; `bpctl help options` shows them.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Output format: table, wide, json, jsonl, yaml, csv, tsv or id [default: table]
    ///
    /// The environment variable BPCTL_OUTPUT sets it, too. `export` also has toml (its default), `lint` also has sarif.
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    #[arg(hide_possible_values = true, help_heading = "Output")]
    pub output: Option<Format>,
    /// Filter the JSON output with a jq expression, such as '.[].id'
    ///
    /// Implies `-o json`; with `-o jsonl` each row is filtered on its own. Text is printed without quotes, anything else as
    /// JSON on one line. Supports jq's functions as jaq implements them, except `env` and `$ENV`.
    #[cfg_attr(feature = "jq", arg(long, global = true, value_name = "EXPR", allow_hyphen_values = true))]
    #[cfg_attr(feature = "jq", arg(conflicts_with = "print_request", help_heading = "Output"))]
    #[cfg_attr(not(feature = "jq"), arg(skip))]
    pub jq: Option<String>,
    /// Show only these columns, in this order
    ///
    /// For table, wide, csv and tsv. Without a value it lists the columns of the command; `bpctl help formatting` lists
    /// those of each command.
    #[arg(long, global = true, value_name = "COL,…", value_delimiter = ',', num_args = 0..=1)]
    #[arg(help_heading = "Output")]
    pub columns: Option<Vec<String>>,
    /// Print only the rows of a list that match, such as 'size > 1 TiB'
    ///
    /// A column, one of =, !=, <, <=, >, >= and ~ (a pattern such as `web-*`), and a value. Numbers, sizes, lengths and
    /// times are compared as such, text without regard to case; an empty value stands for an absent one. Can be
    /// repeated: every condition must hold.
    #[arg(long = "filter", global = true, value_name = "COL OP VALUE", allow_hyphen_values = true)]
    #[arg(help_heading = "Output")]
    pub filters: Vec<String>,
    /// Sort a list by a column; append `:desc` for descending order
    #[arg(long, global = true, value_name = "COL[:desc]", help_heading = "Output")]
    pub sort: Option<String>,
    /// Leave out the header row of table, wide, csv and tsv
    #[arg(long, global = true, help_heading = "Output")]
    pub no_header: bool,
    /// Print at most N rows of a list
    #[arg(long, global = true, value_name = "N", value_parser = count::<usize>)]
    #[arg(allow_negative_numbers = true, help_heading = "Output")]
    pub limit: Option<usize>,
    /// Mark values that a spreadsheet takes for formulas as text
    ///
    /// For csv and tsv: values that begin with =, +, -, @ or a tab get an apostrophe in front.
    #[arg(long, global = true, help_heading = "Output")]
    pub csv_safe: bool,
    /// Use colors: auto, always or never [default: auto]
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    #[arg(hide_possible_values = true, help_heading = "Output")]
    pub color: Option<Color>,
    /// Read and show times in UTC [default: the local zone]
    #[arg(long, global = true, help_heading = "Output")]
    pub utc: bool,
    /// Read and show times in a zone, such as Europe/Berlin
    ///
    /// The environment variable BPCTL_TZ sets it, too; then `time_zone` of the profile, then the local zone.
    #[arg(long, global = true, value_name = "ZONE", allow_hyphen_values = true, conflicts_with = "utc")]
    #[arg(help_heading = "Output")]
    pub tz: Option<String>,
    /// Print passwords instead of `[REDACTED]`
    #[arg(long, global = true, help_heading = "Output")]
    pub show_secrets: bool,
    /// Print more; -vv shows requests and responses, without secrets
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// Print only results, warnings and errors
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,

    /// Profile of the config file [env: BPCTL_PROFILE]
    ///
    /// The profiles `sandbox` and `sandbox-onapp` are built in. Several profiles, as in `--profile work,home`, are
    /// listed in one table: a PROFILE column comes first, and JSON rows are {"profile": NAME, "object": …}. A profile
    /// that fails is reported, and the exit code is 9.
    #[arg(long, global = true, value_name = "NAME[,NAME]", value_parser = not_empty)]
    #[arg(help_heading = "Connection")]
    pub profile: Option<String>,
    /// List the rows of every profile of the config file
    #[arg(long, global = true, conflicts_with_all = ["profile", "sandbox"])]
    #[arg(help_heading = "Connection")]
    pub all_profiles: bool,
    /// Config file [env: BPCTL_CONFIG]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub config: Option<PathBuf>,
    /// API to use: katapult or onapp [env: BPCTL_PROVIDER]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub provider: Option<Provider>,
    /// Base URL of the API [env: BPCTL_API_URL]
    #[arg(long, global = true, value_name = "URL", value_parser = not_empty)]
    #[arg(conflicts_with = "sandbox", help_heading = "Connection")]
    pub api_url: Option<String>,
    /// Organization: id or sub-domain [env: BPCTL_ORG]
    ///
    /// Without it: the environment (BPCTL_ORG, then KATAPULT_ORGANIZATION), the profile's organization, or the only one
    /// that the token has access to.
    #[arg(long, global = true, value_name = "ORG", value_parser = not_empty)]
    #[arg(help_heading = "Connection")]
    pub org: Option<String>,
    /// Use the built-in API simulator
    #[arg(long, global = true, help_heading = "Connection")]
    pub sandbox: bool,
    /// Time limit of one request, as in 10s or 1m [default: 30s]
    #[arg(long, global = true, value_name = "DUR", value_parser = duration)]
    #[arg(help_heading = "Connection")]
    pub timeout: Option<Duration>,
    /// Time limit of the whole command [default: 2m]
    #[arg(long, global = true, value_name = "DUR", value_parser = duration)]
    #[arg(help_heading = "Connection")]
    pub max_wait: Option<Duration>,
    /// Retries after a failed attempt [default: 3]
    #[arg(long, global = true, value_name = "N", value_parser = count::<u32>)]
    #[arg(allow_negative_numbers = true, help_heading = "Connection")]
    pub retries: Option<u32>,
    /// Maximum parallel requests, 1 to 64 [default: 6]
    #[arg(long, global = true, value_name = "N", value_parser = concurrency)]
    #[arg(allow_negative_numbers = true, help_heading = "Connection")]
    pub concurrency: Option<usize>,

    /// Refuse every request that changes something [env: BPCTL_READ_ONLY]
    #[arg(long, global = true, help_heading = "Safety")]
    pub read_only: bool,
    /// Print the writes that would be sent, and send none
    #[arg(long, global = true, help_heading = "Safety")]
    pub dry_run: bool,
    /// Print requests as command lines of curl; send no write
    ///
    /// A command that writes prints its writes, and sends only the reads that they take, as --dry-run does. A command that
    /// reads sends its reads and prints them in place of the result. The lines hold no token: they take it from
    /// $BPCTL_TOKEN (and the user from $BPCTL_USER). While curl runs, other users of the machine may see its arguments.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true,
        help_heading = "Safety"
    )]
    pub print_request: Option<RequestTool>,
    /// Answer yes to every confirmation
    #[arg(short, long, global = true, help_heading = "Safety")]
    pub yes: bool,
    /// Never ask for input; fail instead
    #[arg(long, global = true, help_heading = "Safety")]
    pub no_input: bool,
}
