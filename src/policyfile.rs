//! Policies as a file: one TOML document says which policies an organization should have.
//!
//! [`read()`] takes what was written, strictly; [`write()`] spells what is live; [`resolve()`] finds out which live
//! policy each line means. Pure: no request is made here. `docs/policy-files.md` explains the rules.

#[cfg(test)]
mod laws;
mod read;
mod resolve;
mod write;

use std::fmt;

use crate::model::{Glob, PolicyPatch};

pub use read::read;
pub use resolve::{Matching, Surroundings, Wanted, places, resolve};
pub use write::{Row, document_json, rows, write};

/// The version of the format that this bpctl writes and reads.
pub const VERSION: i64 = 1;

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Id or sub-domain of the organization that it is for.
    pub organization: Option<String>,
    pub entries: Vec<Entry>,
    /// Policies for every machine that matches, in the file's order.
    pub rules: Vec<Rule>,
}

/// A place in a file, printed as its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it begins.
    pub place: Place,
    /// What it backs up; `None` only with an id.
    pub target: Option<Name>,
    /// The policy's id, where target and interval are not enough.
    pub id: Option<String>,
    /// What it should be.
    pub fields: PolicyPatch,
}

/// How a file names what is backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A machine: FQDN, id or name.
    Vm(String),
    /// A disk: id.
    Disk(String),
    /// The id of something that is not listed as a machine or a disk.
    Target(String),
}

/// A policy for every machine that matches.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where it begins.
    pub place: Place,
    pub selector: Selector,
    /// What each one's policy should be; interval and retention are always there.
    pub fields: PolicyPatch,
}

/// Which machines a rule is for.
#[derive(Clone, Debug)]
pub enum Selector {
    /// By name or FQDN.
    Match(Glob),
    /// By tag, to the letter.
    Tag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

impl Document {
    /// Returns whether machines must be read one by one: lists leave out their tags (recorded).
    pub fn needs_tags(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.selector, Selector::Tag(_)))
    }
}

impl Name {
    /// Returns the key that the file spells it with, and its value.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Vm(name) => ("vm", name),
            Self::Disk(id) => ("disk", id),
            Self::Target(id) => ("target", id),
        }
    }
}
