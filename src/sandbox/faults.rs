//! Failures that the simulator acts out on request.
//!
//! Parses and counts them; the server acts them out.

use std::fmt;
use std::str::FromStr;

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// One failure, as `--fail` names it: `[METHOD/]KIND[:COUNT]`, for instance `503:2` or `PATCH/lost:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    method: Option<&'static str>,
    kind: FaultKind,
    /// How many more requests fail; `None` is all.
    left: Option<u32>,
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
    const ALL: [(&'static str, Self); 14] = [
        ("503", Self::Unavailable),
        ("429", Self::RateLimited),
        ("500", Self::Unhandled),
        ("null500", Self::NullValue),
        ("runtime400", Self::RuntimeError),
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
        let (method, rest) = match text.split_once('/') {
            Some((method, rest)) => (Some(known_method(method, text)?), rest),
            None => (None, text),
        };
        let (name, count) = rest.split_once(':').unwrap_or((rest, "1"));
        let kind = FaultKind::named(name).ok_or_else(|| unknown_kind(name, text))?;
        Ok(Self { method, kind, left: count_of(count, text)? })
    }
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
    FaultError(format!("unknown failure {name:?} in {text:?}: expected one of {}, as in 503:2", known.join(", ")))
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
        if let Some(method) = self.method {
            write!(formatter, "{method}/")?;
        }
        write!(formatter, "{}:", self.kind.name())?;
        match self.left {
            Some(count) => write!(formatter, "{count}"),
            None => formatter.write_str("*"),
        }
    }
}

/// Takes the failure that the next request with this method meets, in the order of the command line.
pub(super) fn take(faults: &mut [Fault], method: &str) -> Option<FaultKind> {
    let fault =
        faults.iter_mut().find(|fault| fault.left != Some(0) && fault.method.is_none_or(|wanted| wanted == method))?;
    fault.left = fault.left.map(|left| left - 1);
    Some(fault.kind)
}
