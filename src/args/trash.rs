//! `bpctl trash …`

use clap::{Args, Subcommand};

use super::value::not_empty;

/// Verbs of `trash`
#[derive(Debug, Subcommand)]
pub enum TrashCommand {
    /// List the organization's trash: objects of every type
    #[command(after_help = "\
Examples:
  bpctl trash list")]
    List,
    Show(TrashShow),
}

/// Show an object in the trash
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl trash show dbp_1q5lrfq3NnQfQuPL")]
pub struct TrashShow {
    /// Id of the trash object, or of the deleted object
    ///
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "ID", value_parser = not_empty)]
    pub id: Option<String>,
}
