//! `bpctl trash …`

use clap::Subcommand;

use super::value::not_empty;

/// Verbs of the trash
#[derive(Debug, Subcommand)]
pub enum TrashCommand {
    /// List what is in the organization's trash, of every type
    List,
    /// Show an entry of the trash
    Show {
        /// Id of the entry, or of what was deleted
        #[arg(value_name = "ID", value_parser = not_empty)]
        id: String,
    },
}
