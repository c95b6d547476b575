//! The lines of the journal: one JSON object each, with an `event`.
//!
//! `begin` stands for a change that is about to be sent, `known` for the id of a new object, `end` for an outcome and
//! `reset` for a sandbox that starts over. Everything else was written by a newer bpctl, or is damaged.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::entry::{Ended, Entry, Json, MAX_LEVELS, Newer, Outcome, levels};

/// The version of the format that this bpctl writes; lines without one are older.
pub(super) const VERSION: u64 = 1;
/// Longest line that is written, and read.
pub(super) const MAX_LINE: usize = 1024 * 1024;
/// Longest part of a line that is left of a policy where the whole would make the line too long.
const MAX_SHORTENED: usize = 64 * 1024;
/// Longest command line that is kept: with thousands of ids in it, each of thousands of entries would hold them all.
const MAX_COMMAND: usize = 4096;

/// A line, to be written.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum NewLine<'a> {
    Begin {
        version: u64,
        #[serde(flatten)]
        entry: &'a Entry,
    },
    Known {
        number: u64,
        policy: &'a str,
    },
    End {
        number: u64,
        outcome: Outcome,
        policy: Option<&'a str>,
        after: &'a Json,
        #[serde(skip_serializing_if = "Json::is_null")]
        trash_object: &'a Json,
    },
    Reset {
        api: &'a str,
    },
}

/// A line that was read.
pub(super) enum Line {
    Begin(Box<Entry>),
    Known(Known),
    End(End),
    Reset(Reset),
    /// A beginning that this bpctl cannot read.
    NewerBegin(Newer),
    /// An event that it does not know.
    NewerEvent(Newer),
    /// How a change ended, or another of its known events, in a form that this bpctl cannot read.
    NewerEnd(u64),
}

#[derive(Deserialize)]
pub(super) struct Known {
    pub(super) number: u64,
    pub(super) policy: String,
}

#[derive(Deserialize)]
pub(super) struct End {
    pub(super) number: u64,
    pub(super) outcome: Outcome,
    pub(super) policy: Option<String>,
    #[serde(default)]
    pub(super) after: Json,
    #[serde(default)]
    pub(super) trash_object: Json,
}

#[derive(Deserialize)]
pub(super) struct Reset {
    pub(super) api: String,
}

/// What every line has, whatever wrote it.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    number: Option<&'a RawValue>,
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
}

impl<'a> Head<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        // A list would be read as the fields in their order.
        line.trim_ascii_start().starts_with(b"{").then_some(())?;
        serde_json::from_slice(line).ok()
    }

    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<u64> {
        serde_json::from_str(self.number?.get()).ok()
    }

    fn event(&self) -> Option<String> {
        serde_json::from_str(self.event?.get()).ok()
    }

    fn is_newer(&self) -> bool {
        let is_known =
            |version: &RawValue| serde_json::from_str(version.get()).is_ok_and(|number: u64| number <= VERSION);
        self.version.is_some_and(|version| !is_known(version))
    }

    /// Returns whether the line begins a change.
    pub(super) fn is_begin(&self) -> bool {
        self.event().as_deref() == Some("begin")
    }

    /// Returns whether the line begins a change and has a number above all numbers before it, those of newer versions
    /// included: bpctl before version 1 of the format passed those over.
    pub(super) fn is_numbered_in_order(&self) -> bool {
        self.is_begin() && self.version.is_some_and(|version| version.get() == VERSION.to_string())
    }
}

/// Reads a line; none where it is damaged.
pub(super) fn read(line: &[u8]) -> Option<Line> {
    let head = Head::read(line)?;
    let event = head.event();
    let known = match event.as_deref() {
        _ if head.is_newer() => None,
        Some("begin") => parse(line).map(Line::Begin),
        Some("known") => parse(line).map(Line::Known),
        Some("end") => parse(line).map(Line::End),
        Some("reset") => parse(line).map(Line::Reset),
        _ => None,
    };
    if known.is_some() {
        return known;
    }
    let number = head.number();
    let newer = || {
        let line = std::str::from_utf8(line).ok().filter(|line| levels(line.as_bytes()) <= MAX_LEVELS)?;
        Some(Newer { number, line: Json::from_line(line)? })
    };
    match event.as_deref() {
        Some("known" | "end") => number.map(Line::NewerEnd),
        Some("begin") => newer().map(Line::NewerBegin),
        _ => head.event.and_then(|_| newer()).map(Line::NewerEvent),
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

/// Writes a line, short enough to be read again.
pub(super) fn write(line: &NewLine<'_>) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

/// Writes the line that begins a change. What makes it too long is shortened: to undo a change, the numbers of the
/// policy are enough.
pub(super) fn begin(entry: &mut Entry) -> serde_json::Result<Vec<u8>> {
    if let Some((end, _)) = entry.command.char_indices().nth(MAX_COMMAND) {
        entry.command.truncate(end);
        entry.command.push('…');
    }
    let text = write(&NewLine::Begin { version: VERSION, entry })?;
    if text.len() <= MAX_LINE {
        return Ok(text);
    }
    entry.before = entry.before.shortened(MAX_SHORTENED);
    entry.wanted = entry.wanted.shortened(MAX_SHORTENED);
    write(&NewLine::Begin { version: VERSION, entry })
}

/// Writes the line that ends a change.
pub(super) fn end(number: u64, ended: &Ended) -> serde_json::Result<Vec<u8>> {
    let line = |after: &Json, trash_object: &Json| {
        let (outcome, policy) = (ended.outcome, ended.policy.as_deref());
        write(&NewLine::End { number, outcome, policy, after, trash_object })
    };
    let text = line(&ended.after, &ended.trash_object)?;
    if text.len() <= MAX_LINE {
        return Ok(text);
    }
    line(&ended.after.shortened(MAX_SHORTENED), &ended.trash_object.shortened(MAX_SHORTENED))
}
