//! Options that select VMs and policies: the same, in the same words, for every command that has them.

use clap::Args;

use super::value::{count, not_empty};
use crate::model::{Exclusion, Glob, Selection};

/// VMs, disks and policies by name and tag
#[derive(Clone, Debug, Default, Args)]
pub struct Selecting {
    /// Select by the name of a VM or disk; repeatable
    ///
    /// The name or the FQDN counts. `*` matches any text, `?` one character. Of several patterns one must match. A policy
    /// is selected by the name of its own target.
    #[arg(long = "match", value_name = "GLOB")]
    pub patterns: Vec<Glob>,
    /// Select by a tag of the VM (Katapult); repeatable
    ///
    /// The VM must have every tag that is given; its disks go with it. This is slow: lists leave out tags, so reading them
    /// takes one request for each VM that the other options select. A VM whose tags cannot be read is reported.
    #[arg(long = "tag", value_name = "TAG", value_parser = not_empty)]
    pub tags: Vec<String>,
    /// Leave out by name, or by `tag:TAG`; repeatable
    ///
    /// A VM is left out with its disks. Tags, as in `--exclude tag:test`, are read as for --tag.
    #[arg(long = "exclude", alias = "ignore", value_name = "GLOB")]
    pub excluded: Vec<Exclusion>,
}

/// Many policies, instead of some by their ids
#[derive(Clone, Debug, Args)]
pub struct Bulk {
    /// Selection
    #[command(flatten)]
    pub selecting: Selecting,
    /// With a selection: refuse to change more than N
    ///
    /// Nothing is sent then. A dry run still shows everything.
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub max_changes: Option<usize>,
    /// With a selection: change N first [default: 1]
    ///
    /// Each is verified before the next. A failure among them always stops the command.
    #[arg(long, value_name = "N", value_parser = count::<usize>, hide_short_help = true)]
    pub canary: Option<usize>,
    /// With a selection: continue after a failure
    #[arg(long, hide_short_help = true)]
    pub keep_going: bool,
}

impl Selecting {
    /// Returns what is selected.
    pub fn selection(&self) -> Selection {
        Selection {
            vms: Vec::new(),
            patterns: self.patterns.clone(),
            tags: self.tags.clone(),
            excluded: self.excluded.clone(),
        }
    }
}
