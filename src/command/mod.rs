//! What to do: one file a verb. A command gets a [`Context`] and its own arguments, and knows no HTTP.

mod apply;
mod auth;
mod autobackup;
mod backup;
mod calendar;
mod check;
mod completions;
pub mod config;
mod coverage;
mod diff;
mod disk;
mod doctor;
mod export;
mod gather;
mod help;
pub mod history;
mod lint;
mod man;
mod org;
mod plan;
pub mod policy;
mod profiles;
mod report;
pub mod sandbox;
mod schema;
mod snapshot;
mod transactions;
mod trash;
mod undo;
mod vm;

use crate::args::{Command, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ops::curl;

pub use check::Monitoring;

/// Carries out a command.
pub async fn run(cx: &Context, command: Command) -> Result<()> {
    if cx.global.print_request.is_none() {
        return carry_out(cx, command).await;
    }
    if !has_requests_to_print(&command) {
        return Err(Error::usage("`--print-request` cannot be used with this command").hint(
            "it works with commands that change policies or backups, and with lists, `show`, `coverage` and `lint`",
        ));
    }
    if profiles::named(cx, &command)?.is_some() {
        return Err(Error::usage("`--print-request` cannot be used with several profiles"));
    }
    carry_out(cx, command).await?;
    curl::print_reads(cx)
}

/// Whether a command does nothing but requests to an API.
fn has_requests_to_print(command: &Command) -> bool {
    match command {
        Command::Coverage(args) => args.report.is_none(),
        Command::Policies(_)
        | Command::Disk(_)
        | Command::Vm(_)
        | Command::Trash(_)
        | Command::Undo(_)
        | Command::Org(_)
        | Command::Backups(_)
        | Command::Autobackup(_)
        | Command::Transactions(_)
        | Command::Lint(_)
        | Command::Apply(_) => true,
        _ => false,
    }
}

async fn carry_out(cx: &Context, command: Command) -> Result<()> {
    if cx.output.format == Format::Sarif && !matches!(command, Command::Lint(_)) {
        return Err(Error::usage("only `bpctl lint` writes SARIF")
            .hint("use table, wide, json, jsonl, yaml, csv, tsv or id here, and `bpctl lint -o sarif` for SARIF"));
    }
    if cx.output.format == Format::Toml && !matches!(command, Command::Export(_)) {
        return Err(Error::usage("only `bpctl export` writes TOML")
            .hint("use table, wide, json, jsonl, yaml, csv, tsv or id here, and `bpctl export` for TOML"));
    }
    let mut names = profiles::named(cx, &command);
    // A check reports whatever fails, bad profiles as well.
    if !matches!(command, Command::Check(_))
        && let Some(names) = std::mem::replace(&mut names, Ok(None))?
    {
        return profiles::run(cx, &names, command).await;
    }
    match command {
        Command::Check(args) => check::run(cx, names, *args).await,
        Command::Policies(verb) => policy::run(cx, verb).await,
        Command::Disk(verb) => disk::run(cx, verb).await,
        Command::Vm(verb) => vm::run(cx, verb).await,
        Command::Trash(verb) => trash::run(cx, verb).await,
        Command::History(args) => history::run(cx, &args),
        Command::Undo(args) => undo::run(cx, &args).await,
        Command::Org(verb) => org::run(cx, verb).await,
        Command::Backups(verb) => backup::run(cx, verb).await,
        Command::Autobackup(verb) => autobackup::run(cx, verb).await,
        Command::Transactions(verb) => transactions::run(cx, verb).await,
        Command::Coverage(args) => coverage::run(cx, args).await,
        Command::Calendar(args) => calendar::run(cx, args).await,
        Command::Lint(args) => lint::run(cx, args).await,
        Command::Snapshot(args) => snapshot::run(cx, args).await,
        Command::Diff(args) => diff::run(cx, args).await,
        Command::Report(args) => report::run(cx, args).await,
        Command::Export(_) => export::run(cx).await,
        Command::Plan(args) => plan::run(cx, args).await,
        Command::Apply(args) => apply::run(cx, args).await,
        Command::Auth(verb) => auth::run(cx, verb).await,
        Command::Config(verb) => config::run(cx, verb).await,
        Command::Doctor => doctor::run(cx).await,
        Command::Sandbox(verb) => sandbox::run(cx, verb).await,
        Command::Schema(args) => schema::run(cx, &args),
        Command::Completions(args) => completions::run(cx, args),
        Command::Man(args) => man::run(cx, args),
        Command::Help(args) => help::run(cx, args),
    }
}
