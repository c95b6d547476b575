//! From the command line to the exit code.

mod options;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::{Either, FutureExt, select};

use self::options::{format, format_of_arguments, output_options, ui_options, zone};
use crate::args::{Cli, Command, Format, Global, SandboxCommand};
use crate::command::{self, Monitoring};
use crate::complete;
use crate::config::env;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Report, Result};
use crate::help;
use crate::system::{System, hang_up_is_ignored};
use crate::ui::Ui;
use crate::view::JqFilter;

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
    let whole =
        |has_command| if has_command { help::command(wants_everything) } else { help::program(wants_everything) };
    let mut cli = match Cli::read(&arguments, whole) {
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
    let result = result.map_err(|error| cx.name_connection(error));
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
        Some(write) => Error::interrupted(format!("interrupted while waiting for the response to {write}"))
            .hint("it may or may not have been carried out: `bpctl history` shows what was written, and where")
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
