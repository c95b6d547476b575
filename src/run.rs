//! From the command line to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::{Either, FutureExt, select};
use jiff::tz::TimeZone;

use crate::args::{CheckFormat, Cli, Color, Command, Format, Global, SandboxCommand};
use crate::command::{self, Monitoring};
use crate::complete;
use crate::config::env;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Report, Result};
use crate::help;
use crate::system::{System, hang_up_is_ignored};
use crate::time;
use crate::ui::{Ui, UiOptions};
use crate::view::{JqFilter, OutputOptions, TimeFormat};

/// The least time that an expression of `--jq` gets, whatever the command took.
const LEFT_FOR_JQ: Duration = Duration::from_secs(1);

/// Runs the program with the given arguments, the program's name first.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(crate::panic_hook::report));
    crate::panic_hook::leave_no_core_dump();
    if complete::answer(&arguments) {
        return ExitCode::SUCCESS;
    }
    let system = System::real(&env::SECRETS);
    let wants_everything = arguments.iter().any(|argument| argument == "--help");
    let mut cli = match Cli::read(&arguments, || help::command(wants_everything)) {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error, &arguments, system),
    };
    // Nothing is written by a command whose requests are printed.
    cli.global.dry_run |= cli.global.print_request.is_some();
    let format = format(&cli, &system);
    let usable = *format.as_ref().unwrap_or(&Format::Table);
    let ui = Ui::new(ui_options(&cli.global, &system, usable));
    let prepared = format.and_then(|_| filter(&ui, &cli.global, &system));
    let output = output_options(&cli.global, &system, usable);
    let monitoring = Monitoring::of(&cli.command);
    let mut cx = Context::new(system, cli.global, ui, output);
    env::unknown(&cx.system).iter().for_each(|warning| cx.ui.warn(warning));
    let result = prepared.and_then(|()| env::check(&cx.system)).and_then(|()| match cli.command {
        // They wait for nothing: a runtime would take longer than they do.
        command @ (Command::Completions(_) | Command::Man(_) | Command::Help(_) | Command::Schema(_))
            if cx.global.jq.is_none() =>
        {
            command::run(&cx, command).now_or_never().expect("a command that waits for nothing")
        }
        command => {
            // A command that changes the config file must not read it before it knows that it is one.
            let has_profile = !matches!(command, Command::Config(_) | Command::Auth(_));
            cx.output.times.zone = zone(&cx, has_profile)?;
            run_to_its_end(&cx, command)
        }
    });
    monitoring.end(&cx, &result).unwrap_or_else(|| ended(&cx.ui, result))
}

/// Takes the filter of `--jq`.
fn filter(ui: &Ui, global: &Global, system: &System) -> Result<()> {
    let Some(expression) = &global.jq else {
        return Ok(());
    };
    JqFilter::parse(expression)
        .map_err(|why| Error::usage(format!("invalid value '{expression}' for '--jq': {why}")))?;
    ui.filter_by(expression, system.stdout_is_terminal);
    Ok(())
}

/// Runs a command on a runtime of one thread.
fn run_to_its_end(cx: &Context, command: Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::io("the runtime", &error))?;
    let is_server = matches!(command, Command::Sandbox(SandboxCommand::Serve(_)));
    let ended = runtime.block_on(async {
        outlive_file_size_limit();
        let interrupted = std::pin::pin!(interrupted());
        let running = std::pin::pin!(with_progress(cx, is_server, run_and_filter(cx, command)));
        match select(interrupted, running).await {
            Either::Right((result, _)) => result,
            Either::Left((Err(error), _)) => Err(Error::io("the signals", &error)),
            // That is how a server is meant to end.
            Either::Left(_) if is_server => Ok(()),
            Either::Left(_) => Err(interruption(cx)),
        }
    });
    // A name that is still being resolved would be waited for. Nothing else is left on this runtime that must end: the
    // simulator has its own.
    runtime.shutdown_background();
    ended
}

/// Runs a command; where there is an expression of `--jq`, it is applied to what was printed, also before an error.
async fn run_and_filter(cx: &Context, command: Command) -> Result<()> {
    let began = tokio::time::Instant::now();
    let result = command::run(cx, command).await;
    let limit = cx.limits().max_wait.saturating_sub(began.elapsed()).max(LEFT_FOR_JQ);
    let Err(unprinted) = cx.ui.print_filtered(limit).await else {
        return result;
    };
    match result {
        Err(error) if unprinted.report == Report::Success => Err(error),
        Err(error) => Err(error.hint(unprinted.message)),
        Ok(()) if cx.tally.has_accepted() && unprinted.report == Report::Error => {
            let message = format!("the change was made, but printing the result failed: {}", unprinted.message);
            Err(Error { message, ..unprinted }.changed(Changed::Yes))
        }
        Ok(()) => Err(unprinted),
    }
}

/// Runs a command and shows its progress. A server has none.
async fn with_progress(cx: &Context, is_server: bool, command: impl Future<Output = Result<()>>) -> Result<()> {
    if is_server {
        return command.await;
    }
    match select(std::pin::pin!(command), std::pin::pin!(cx.ui.animate())).await {
        Either::Left((result, _)) => result,
        Either::Right(((), command)) => command.await,
    }
}

/// Waits for Ctrl-C, for SIGTERM (`kill`, `timeout`, a service manager) or for SIGHUP (the terminal was closed): after
/// each, the program reports what was done and restores the terminal.
#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // `nohup` has it ignored, and a handler would undo that.
    let mut hang_up = if hang_up_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    let hung_up = async {
        match &mut hang_up {
            Some(hang_up) => hang_up.recv().await,
            None => std::future::pending().await,
        }
    };
    let (interrupted, terminated) = (std::pin::pin!(interrupt.recv()), std::pin::pin!(terminate.recv()));
    select(select(interrupted, terminated), std::pin::pin!(hung_up)).await;
    Ok(())
}

#[cfg(not(unix))]
use tokio::signal::ctrl_c as interrupted;

/// Makes a file that may not grow any more (`ulimit -f`) an error like any other. Its signal would end the program
/// without a word, also after a write was sent. With a handler, whatever it does, the system reports the error.
#[cfg(unix)]
fn outlive_file_size_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    // Where it cannot be handled, there is no such signal.
    let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
}

#[cfg(not(unix))]
fn outlive_file_size_limit() {}

/// Describes what an interruption left behind.
fn interruption(cx: &Context) -> Error {
    if let Some(error) = cx.tally.interruption() {
        return error;
    }
    match cx.http_in_use().and_then(crate::http::Http::write_in_flight) {
        // Nothing is sent any more; what was, is done.
        None if cx.tally.has_accepted() => Error::interrupted("interrupted").changed(Changed::Yes),
        None => Error::interrupted("interrupted"),
        Some(write) => Error::interrupted(format!("interrupted while waiting for the answer to {write}"))
            .hint("it may or may not have been carried out: look with `bpctl policies list`")
            .with_outcome_unknown(),
    }
}

/// Prints how it ended, and gives the exit code.
fn ended(ui: &Ui, result: Result<()>) -> ExitCode {
    match result.and_then(|()| ui.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error { report: Report::Success, .. }) => ExitCode::SUCCESS,
        Err(error) => {
            ui.error(&error);
            ExitCode::from(error.exit as u8)
        }
    }
}

/// Ends a run whose command line could not be read: help and version are not errors.
fn unparsed(error: &clap::Error, arguments: &[OsString], system: System) -> ExitCode {
    use clap::error::ErrorKind;
    let format = format_of_arguments(arguments, &system);
    let ui = Ui::new(ui_options(&Global::default(), &system, format));
    let is_json = matches!(format, Format::Json | Format::Jsonl);
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let is_terminal = system.stdout_is_terminal;
            let printed =
                ui.print_words(|out| if is_terminal { write!(out, "{}", text.ansi()) } else { write!(out, "{text}") });
            ended(&ui, printed)
        }
        // Nothing but the program or a command is named: its help says more than an error.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !is_json => {
            let is_styled = system.stderr_is_terminal && system.raw_variable(env::NO_COLOR).is_none();
            ui.raw_error(&if is_styled { text.ansi().to_string() } else { text.to_string() });
            ExitCode::from(Exit::Usage as u8)
        }
        _ => {
            let result = Err(help::usage_error(error, arguments, &help::command(true)));
            let output = output_options(&Global::default(), &system, format);
            let cx = Context::new(system, Global::default(), ui, output);
            Monitoring::of_arguments(arguments).end(&cx, &result).unwrap_or_else(|| ended(&cx.ui, result))
        }
    }
}

/// Finds the format in a command line that could not be read as a whole.
fn format_of_arguments(arguments: &[OsString], system: &System) -> Format {
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let after_flag = words.windows(2).filter(|pair| matches!(pair[0], "-o" | "--output")).map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| {
        word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o=")).or_else(|| word.strip_prefix("-o"))
    });
    let named = after_flag.chain(joined).chain(system.variable(env::OUTPUT));
    named.filter_map(|name| <Format as clap::ValueEnum>::from_str(name, false).ok()).next().unwrap_or_default()
}

/// Resolves the output format: flag, then environment.
fn format(cli: &Cli, system: &System) -> Result<Format> {
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

fn ui_options(global: &Global, system: &System, format: Format) -> UiOptions {
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

fn output_options(global: &Global, system: &System, format: Format) -> OutputOptions {
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
fn zone(cx: &Context, has_profile: bool) -> Result<TimeZone> {
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
