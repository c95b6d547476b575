//! What was typed: the command line's shape and its help. No I/O, no environment, no defaults that a config could override.

mod apply;
mod auth;
mod autobackup;
mod backups;
mod calendar;
mod check;
mod completions;
mod config;
mod coverage;
mod detail;
mod diff;
mod disk;
mod export;
mod global;
mod help;
mod history;
mod lint;
mod man;
mod org;
mod parse;
mod plan;
mod policy;
mod report;
mod sandbox;
mod schema;
mod selection;
mod snapshot;
mod transactions;
mod trash;
mod undo;
mod value;
mod vm;

use clap::{Parser, Subcommand};

pub use apply::*;
pub use auth::*;
pub use autobackup::*;
pub use backups::*;
pub use calendar::*;
pub use check::*;
pub use completions::*;
pub use config::*;
pub use coverage::*;
pub use detail::*;
pub use diff::*;
pub use disk::*;
pub use export::*;
pub use global::*;
pub use help::*;
pub use history::*;
pub use lint::*;
pub use man::*;
pub use org::*;
pub use plan::*;
pub use policy::*;
pub use report::*;
pub use sandbox::*;
pub use schema::*;
pub use selection::*;
pub use snapshot::*;
pub use transactions::*;
pub use trash::*;
pub use undo::*;
pub use vm::*;

/// Administer disk backup policies on Katapult, and backups on OnApp clouds
#[derive(Debug, Parser)]
#[command(name = "bpctl", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command
    #[command(flatten)]
    pub global: Global,
}

/// The commands
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List, show and change disk backup policies
    #[command(subcommand, visible_alias = "policy")]
    Policies(PolicyCommand),
    /// List and show disks
    #[command(subcommand, visible_alias = "disks")]
    Disk(DiskCommand),
    /// List and show VMs
    #[command(subcommand, visible_alias = "vms")]
    Vm(VmCommand),
    /// List and show objects in the trash
    #[command(subcommand)]
    Trash(TrashCommand),
    History(History),
    Undo(Undo),
    /// List organizations
    #[command(subcommand, visible_alias = "orgs")]
    Org(OrgCommand),
    /// List, take, restore and delete backups of an OnApp cloud
    #[command(subcommand, visible_alias = "backup")]
    Backups(BackupsCommand),
    /// Switch the policies of a VM or a disk of an OnApp cloud on or off
    #[command(subcommand)]
    Autobackup(AutobackupCommand),
    Check(Box<Check>),
    /// List and show transactions of an OnApp cloud
    #[command(subcommand, visible_alias = "transaction")]
    Transactions(TransactionsCommand),
    Coverage(Coverage),
    Calendar(Calendar),
    Lint(Lint),
    Snapshot(Snapshot),
    Diff(Diff),
    Report(Report),
    Export(Export),
    Plan(Plan),
    Apply(Apply),
    /// Store, check and remove credentials
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Show and change the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check configuration, connection, token and scopes
    ///
    /// Prints one row for each check, with what to do about a failure. Exits with the code of the first check that failed;
    /// warnings do not change it.
    Doctor,
    /// Run, reset or locate the built-in API simulator
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    Schema(Schema),
    Completions(Completions),
    Man(Man),
    Help(Help),
}
