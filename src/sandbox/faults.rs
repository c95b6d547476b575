//! Failures that the simulator produces on request.
//!
//! This module parses and counts them; the server produces them.

use std::fmt;
use std::str::FromStr;

use super::cloud::Fate;

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// The transactions of an OnApp cloud that can fail.
const ACTIONS: [&str; 9] = [
    "take_backup",
    "take_incremental_backup",
    "restore_backup",
    "restore_incremental_backup",
    "convert_backup",
    "destroy_backup",
    "take_recovery_point",
    "restore_recovery_point",
    "restore_files",
];

/// How they can end.
const FATES: [(&str, Fate); 3] = [("failed", Fate::Failed), ("stuck", Fate::Stuck), ("vanished", Fate::Vanished)];

/// One failure, as `--fail` names it: `[METHOD/]KIND[:COUNT]`, for instance `503:2` or `PATCH/lost:1`; or
/// `[ACTION:]FATE[:COUNT]` for the transactions of an OnApp cloud, for instance `take_backup:failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: Kind,
    /// How many more times it happens; `None` is always.
    left: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Request { method: Option<&'static str>, kind: FaultKind },
    Transaction { action: Option<&'static str>, fate: Fate },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Unavailable,
    RateLimited,
    Unhandled,
    /// The work is done, then serialising it fails with 500.
    NullValue,
    /// The work is done, then serialising it fails with 400.
    RuntimeError,
    /// OnApp refuses a write as long as the VM is busy.
    Busy,
    HtmlBadGateway,
    HtmlOk,
    EmptyError,
    Reset,
    Cut,
    Lost,
    Slow,
    Hang,
    Redirect,
}

impl FaultKind {
    const ALL: [(&'static str, Self); 15] = [
        ("503", Self::Unavailable),
        ("429", Self::RateLimited),
        ("500", Self::Unhandled),
        ("null500", Self::NullValue),
        ("runtime400", Self::RuntimeError),
        ("busy", Self::Busy),
        ("html502", Self::HtmlBadGateway),
        ("html200", Self::HtmlOk),
        ("empty500", Self::EmptyError),
        ("reset", Self::Reset),
        ("cut", Self::Cut),
        ("lost", Self::Lost),
        ("slow", Self::Slow),
        ("hang", Self::Hang),
        ("redirect", Self::Redirect),
    ];

    fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|&(_, kind)| kind)
    }

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|&&(_, kind)| kind == self);
        found.map_or("", |&(name, _)| name)
    }
}

/// Why the description of a failure is invalid, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let action = ACTIONS.into_iter().find(|action| text.starts_with(&format!("{action}:")));
        let rest = action.map_or(text, |action| &text[action.len() + 1..]);
        let (name, count) = rest.split_once(':').unwrap_or((rest, "1"));
        if let Some(&(_, fate)) = FATES.iter().find(|(known, _)| *known == name) {
            return Ok(Self { kind: Kind::Transaction { action, fate }, left: count_of(count, text)? });
        }
        if action.is_some() {
            return Err(unknown_fate(name, text));
        }
        let (method, name) = match name.split_once('/') {
            Some((method, name)) => (Some(known_method(method, text)?), name),
            None => (None, name),
        };
        let kind = FaultKind::named(name).ok_or_else(|| unknown_kind(name, text))?;
        Ok(Self { kind: Kind::Request { method, kind }, left: count_of(count, text)? })
    }
}

fn unknown_fate(name: &str, text: &str) -> FaultError {
    let known: Vec<&str> = FATES.iter().map(|&(name, _)| name).collect();
    FaultError(format!(
        "unknown end {name:?} in {text:?}: expected one of {}, as in take_backup:failed",
        known.join(", ")
    ))
}

fn known_method(method: &str, text: &str) -> Result<&'static str, FaultError> {
    let upper = method.to_ascii_uppercase();
    let known = METHODS.into_iter().find(|known| *known == upper);
    known.ok_or_else(|| {
        FaultError(format!(
            "unknown method {method:?} in {text:?}: expected one of {}, as in PATCH/503:2",
            METHODS.join(", ")
        ))
    })
}

fn unknown_kind(name: &str, text: &str) -> FaultError {
    let known: Vec<&str> = FaultKind::ALL.iter().map(|&(name, _)| name).collect();
    let fates: Vec<&str> = FATES.iter().map(|&(name, _)| name).collect();
    FaultError(format!(
        "unknown failure {name:?} in {text:?}: expected one of {}, as in 503:2; or of an OnApp cloud's transactions {}, as in \
         take_backup:failed",
        known.join(", "),
        fates.join(", ")
    ))
}

fn count_of(count: &str, text: &str) -> Result<Option<u32>, FaultError> {
    if count == "*" {
        return Ok(None);
    }
    match count.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(FaultError(format!(
            "invalid count {count:?} in {text:?}: expected a number from 1, or * for always, as in 503:2"
        ))),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Request { method: Some(method), kind } => write!(formatter, "{method}/{}:", kind.name())?,
            Kind::Request { method: None, kind } => write!(formatter, "{}:", kind.name())?,
            Kind::Transaction { action, fate } => {
                if let Some(action) = action {
                    write!(formatter, "{action}:")?;
                }
                let name = FATES.iter().find(|(_, known)| known == fate).map_or("", |&(name, _)| name);
                write!(formatter, "{name}:")?;
            }
        }
        match self.left {
            Some(count) => write!(formatter, "{count}"),
            None => formatter.write_str("*"),
        }
    }
}

/// Takes the failure that the next request meets, in the order of the command line.
pub(super) fn take(faults: &mut [Fault], method: &str, is_onapp: bool) -> Option<FaultKind> {
    let fault = faults.iter_mut().find(|fault| match &fault.kind {
        Kind::Request { kind: FaultKind::Busy, .. } if !is_onapp || method == "GET" => false,
        Kind::Request { method: wanted, .. } => fault.left != Some(0) && wanted.is_none_or(|wanted| wanted == method),
        Kind::Transaction { .. } => false,
    })?;
    fault.left = fault.left.map(|left| left - 1);
    match fault.kind {
        Kind::Request { kind, .. } => Some(kind),
        Kind::Transaction { .. } => None,
    }
}

/// Takes the fate of the next transaction with this action.
pub(super) fn take_fate(faults: &mut [Fault], action: &str) -> Fate {
    for fault in faults.iter_mut().filter(|fault| fault.left != Some(0)) {
        if let Kind::Transaction { action: wanted, fate } = fault.kind
            && wanted.is_none_or(|wanted| wanted == action)
        {
            fault.left = fault.left.map(|left| left - 1);
            return fate;
        }
    }
    Fate::Complete
}
