//! How a run prints, from the options, the environment and the terminal.

use std::ffi::OsString;

use jiff::tz::TimeZone;

use crate::args::{CheckFormat, Cli, Color, Command, Format, Global, SandboxCommand};
use crate::config::env;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::system::System;
use crate::time;
use crate::ui::UiOptions;
use crate::view::{OutputOptions, TimeFormat};

/// Finds the format in a command line that could not be read as a whole.
pub(super) fn format_of_arguments(arguments: &[OsString], system: &System) -> Format {
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let after_flag = words.windows(2).filter(|pair| matches!(pair[0], "-o" | "--output")).map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| {
        word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o=")).or_else(|| word.strip_prefix("-o"))
    });
    let named = after_flag.chain(joined).chain(system.variable(env::OUTPUT));
    named.filter_map(|name| <Format as clap::ValueEnum>::from_str(name, false).ok()).next().unwrap_or_default()
}

/// Resolves the output format: flag, then environment.
pub(super) fn format(cli: &Cli, system: &System) -> Result<Format> {
    if cli.global.jq.is_some() {
        return json_format(cli);
    }
    if let Command::Check(args) = &cli.command
        && let Some(format) = args.format
    {
        return Ok(if format == CheckFormat::Json { Format::Json } else { Format::Table });
    }
    match (cli.global.output, system.variable(env::OUTPUT)) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Table),
        (None, Some(name)) => <Format as clap::ValueEnum>::from_str(name, false)
            .map(|format| if has_format(&cli.command, format, cli.global.dry_run) { format } else { Format::Table })
            .map_err(|_| {
                Error::usage(format!("invalid value '{name}' for '{}'", env::OUTPUT))
                    .hint("use table, wide, json, jsonl, yaml, csv, tsv or id")
            }),
    }
}

/// The format of what `--jq` filters.
fn json_format(cli: &Cli) -> Result<Format> {
    let (is_to_stdout, has_json) = match &cli.command {
        Command::Check(args) => (args.output_file.is_none(), args.format.is_none_or(|it| it == CheckFormat::Json)),
        Command::Completions(_) | Command::Man(_) | Command::Help(_) | Command::Report(_) => (true, false),
        Command::Sandbox(SandboxCommand::Serve(_)) => (true, false),
        _ => (true, true),
    };
    match cli.global.output {
        _ if !has_json => Err(Error::usage("`--jq` filters JSON, and this command prints none")),
        _ if !is_to_stdout => Err(Error::usage("`--jq` filters what is printed, and `--output-file` prints nothing")),
        None => Ok(Format::Json),
        Some(format @ (Format::Json | Format::Jsonl)) => Ok(format),
        Some(format) => Err(Error::usage(format!("`--jq` filters JSON, not `-o {}`", format.name()))
            .hint("leave `-o` out, or use `-o json` or `-o jsonl`")),
    }
}

/// Whether a format that comes from the environment applies to a command. It is a default for all commands: one that has
/// no such format keeps its own, and `export` writes a file for `plan` and `apply` unless the command line says otherwise.
fn has_format(command: &Command, format: Format, is_dry_run: bool) -> bool {
    match format {
        Format::Sarif => matches!(command, Command::Lint(_)),
        Format::Csv | Format::Tsv | Format::Id => {
            !is_dry_run
                && !matches!(command, Command::Export(_) | Command::Plan(_) | Command::Snapshot(_) | Command::Report(_))
        }
        Format::Wide => !matches!(command, Command::Export(_) | Command::Snapshot(_) | Command::Report(_)),
        _ => !matches!(command, Command::Export(_) | Command::Report(_)),
    }
}

pub(super) fn ui_options(global: &Global, system: &System, format: Format) -> UiOptions {
    UiOptions {
        is_json: matches!(format, Format::Json | Format::Jsonl),
        is_quiet: global.quiet,
        is_result_hidden: global.print_request.is_some(),
        verbosity: global.verbose,
        has_color: has_color(global.color, system, system.stderr_is_terminal),
        is_terminal: system.stderr_is_terminal,
        is_dumb: system.variable(env::TERM) == Some("dumb"),
        is_ascii: system.is_ascii(system.stderr_is_terminal),
        is_output_ascii: system.is_ascii(system.stdout_is_terminal),
        is_output_terminal: system.stdout_is_terminal,
        can_ask: system.stdin_is_terminal && system.stderr_is_terminal && !global.no_input,
    }
}

/// `--color`, then `NO_COLOR`, then `CLICOLOR_FORCE`, then whether it is a terminal.
fn has_color(color: Option<Color>, system: &System, is_terminal: bool) -> bool {
    match color.unwrap_or_default() {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if system.raw_variable(env::NO_COLOR).is_some() => false,
        Color::Auto if system.variable(env::CLICOLOR_FORCE).is_some_and(|value| value != "0") => true,
        Color::Auto => is_terminal && system.variable(env::TERM) != Some("dumb"),
    }
}

pub(super) fn output_options(global: &Global, system: &System, format: Format) -> OutputOptions {
    let width = system.stdout_is_terminal.then(|| dialoguer::console::Term::stdout().size_checked()).flatten();
    OutputOptions {
        columns: global.columns.clone(),
        sort: global.sort.clone(),
        filters: global.filters.clone(),
        limit: global.limit,
        has_header: !global.no_header,
        is_terminal: system.stdout_is_terminal,
        width: width.map(|(_, columns)| columns),
        has_color: has_color(global.color, system, system.stdout_is_terminal),
        is_ascii: system.is_ascii(system.stdout_is_terminal),
        is_csv_safe: global.csv_safe,
        ..OutputOptions::new(format, TimeFormat { now: system.now(), zone: TimeZone::UTC })
    }
}

/// The zone of times: `--utc`, `--tz`, `BPCTL_TZ`, the profile's, then the local one.
pub(super) fn zone(cx: &Context, has_profile: bool) -> Result<TimeZone> {
    if cx.global.utc {
        return Ok(TimeZone::UTC);
    }
    let variable = cx.system.variable(env::TZ).map(|name| (env::TZ, name));
    if let Some((origin, name)) = cx.global.tz.as_deref().map(|name| ("--tz", name)).or(variable) {
        return time::zone(name).map_err(|why| Error::usage(format!("invalid value '{name}' for '{origin}': {why}")));
    }
    if let Some(zone) = has_profile.then(|| cx.profile_zone()).flatten() {
        return Ok(zone);
    }
    cx.system.local_zone().map_err(|sentence| {
        Error::config(sentence).hint("set TZ to a name such as `Europe/Berlin`, unset it, or use `--tz` or `--utc`")
    })
}
