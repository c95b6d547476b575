//! Findings about policies that are probably not as intended.
//!
//! Codes are stable: a code that is retired is not reused. W00x is about protection, W01x about
//! schedules and retention, W02x about deletion, W03x about OnApp clouds.

mod check;
mod onapp;
mod rules;

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;

use super::{Fleet, Policy};

pub use rules::{RULES, rule};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Warning,
    /// Something is not protected.
    Error,
}

/// What a code means.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why that matters, and how it is found.
    pub explanation: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// One finding. Its fields are those of `bpctl lint -o json`.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The policy's id, where it is about one.
    pub policy: Option<String>,
    /// The machine or disk, where it is about one: its name, else its id.
    pub target: Option<String>,
    pub message: String,
    pub hint: String,
    /// Where a policy file speaks of it, where one is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A place in a policy file; the file alone where it does not speak of what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Its path, as it was given.
    pub file: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

/// What is looked at.
pub struct Evidence<'a> {
    pub fleet: &'a Fleet,
    /// What only OnApp clouds have; none of Katapult.
    pub onapp: Option<OnAppFacts<'a>>,
    /// Ids of what is in the trash; none when it could not be read.
    pub trash: Option<&'a HashSet<String>>,
    /// Policies allowed in one minute.
    pub max_per_minute: usize,
    pub now: Timestamp,
}

/// What is looked at on an OnApp cloud besides its fleet.
pub struct OnAppFacts<'a> {
    /// Policies that make no backups, which are not in the fleet.
    pub idle: &'a [Policy],
    /// Whether deleting a VM deletes its backups; none when the setting could not be read.
    pub removes_backups: Option<bool>,
}

impl Severity {
    /// Returns the word; also SARIF's level.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Finds what there is to find: errors first, then by code, target and policy.
pub fn lint(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut findings = check::all(evidence);
    if let Some(facts) = &evidence.onapp {
        findings.extend(onapp::all(evidence.fleet, facts, evidence.now));
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (std::cmp::Reverse(finding.severity), finding.code);
        key(a).cmp(&key(b)).then_with(|| (&a.target, &a.policy, &a.message).cmp(&(&b.target, &b.policy, &b.message)))
    });
    findings
}
