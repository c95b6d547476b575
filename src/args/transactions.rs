//! `bpctl transactions …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `transactions`
#[derive(Debug, Subcommand)]
pub enum TransactionsCommand {
    List(TransactionsList),
    Show(TransactionShow),
}

/// List the newest transactions of a VM or the cloud (OnApp)
///
/// A cloud does its work in transactions: this is what it is doing, and how it ended. Without --vm the list is that of
/// the whole cloud, which needs administrator permissions. Shows the newest 100; --limit shows fewer or more.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl transactions list --vm web1
  bpctl transactions list --vm web1 --filter 'status = failed'")]
pub struct TransactionsList {
    /// VM: number, identifier, label or host name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
}

/// Show a transaction (OnApp)
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl transactions show 90211 --log")]
pub struct TransactionShow {
    /// Transaction: number
    #[arg(value_name = "TRANSACTION", value_parser = not_empty)]
    pub transaction: String,
    /// Also show its log
    #[arg(long)]
    pub log: bool,
}
