//! Exceptions to what a report requires: which target, for what reason, until when. Read from TOML, and strict: what is not
//! understood is an error that names the line.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use toml_edit::{Document, Item, TableLike};

const KEYS: [&str; 4] = ["target", "reason", "until", "profile"];

/// A target that need not meet the requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// An id, an FQDN or a name.
    pub target: String,
    pub reason: String,
    /// The last moment, as written: a date counts to its end.
    pub until: String,
    pub end: Timestamp,
    /// The profile that it is for; all where there is none.
    pub profile: Option<String>,
}

impl Exception {
    /// Whether it no longer counts.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.end
    }
}

/// Reads a file of exceptions. Times without a zone are in `zone`.
///
/// # Errors
/// A sentence that names the line.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Vec<Exception>, String> {
    let line_at = |offset: usize| text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
    let line_of = |item: &Item| line_at(item.span().map_or(0, |span| span.start));
    let document = Document::parse(text).map_err(|error| {
        let line = line_at(error.span().map_or(0, |span| span.start));
        format!("line {line}: not TOML: {}", error.message().lines().next().unwrap_or_default())
    })?;
    let mut exceptions = Vec::new();
    for (key, item) in document.as_table() {
        match (key, item.as_array_of_tables()) {
            ("exception" | "exceptions", Some(tables)) => {
                for table in tables {
                    let line = line_at(table.span().map_or(0, |span| span.start));
                    exceptions.push(exception(table, line, &line_of, zone)?);
                }
            }
            ("exception" | "exceptions", None) => {
                return Err(format!("line {}: expected tables: write `[[exception]]`", line_of(item)));
            }
            ("version", _) if item.as_integer() == Some(1) => {}
            ("version", _) => return Err(format!("line {}: this bpctl reads version 1", line_of(item))),
            _ => return Err(format!("line {}: unknown key `{key}`; expected `[[exception]]`", line_of(item))),
        }
    }
    Ok(exceptions)
}

fn exception(
    table: &dyn TableLike,
    line: usize,
    line_of: &dyn Fn(&Item) -> usize,
    zone: &TimeZone,
) -> Result<Exception, String> {
    if let Some((key, item)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!("line {}: unknown key `{key}`; expected one of {}", line_of(item), KEYS.join(", ")));
    }
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(item) => match item.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
            _ => Err(format!("line {}: `{key}` must be a text that is not empty", line_of(item))),
        },
    };
    let needed = |key: &str| text(key)?.ok_or_else(|| format!("line {line}: the exception has no `{key}`"));
    let (target, reason, profile) = (needed("target")?, needed("reason")?, text("profile")?);
    let item = table.get("until").ok_or_else(|| format!("line {line}: the exception has no `until`"))?;
    let written = item.as_datetime().map(ToString::to_string);
    let until = written.or_else(|| item.as_str().map(|text| text.trim().to_owned()));
    let end = until.as_deref().and_then(|until| end_of(until, zone));
    match (until, end) {
        (Some(until), Some(end)) => Ok(Exception { target, reason, until, end, profile }),
        _ => Err(format!("line {}: `until` must be a date such as 2026-12-31, or a date and time", line_of(item))),
    }
}

/// When an exception ends: with the end of a date, or at a moment.
fn end_of(until: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at = |local: DateTime| local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    if until.len() == "2026-12-31".len() {
        let next = until.parse::<Date>().ok()?.checked_add(1.day()).ok()?;
        return at(next.to_datetime(Time::midnight()));
    }
    until.parse::<Timestamp>().ok().or_else(|| at(until.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[exception]]\ntarget = \"build-1\"\nreason = \"rebuilt by CI\"\n";

    #[test]
    fn a_date_counts_to_its_end_and_a_moment_to_itself() {
        let parsed = |until: &str| parse(&format!("{GOOD}until = {until}\n"), &TimeZone::UTC);
        let end = |until: &str| parsed(until).map(|all| all[0].end.to_string());
        for until in ["2026-12-31", "\"2026-12-31\""] {
            assert_eq!(end(until).as_deref(), Ok("2027-01-01T00:00:00Z"), "{until}");
        }
        for until in ["2026-12-31T12:00:00Z", "\"2026-12-31T13:00:00+01:00\"", "2026-12-31T12:00:00"] {
            assert_eq!(end(until).as_deref(), Ok("2026-12-31T12:00:00Z"), "{until}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        for (text, complaint) in [
            (GOOD.to_owned(), "line 1: the exception has no `until`"),
            (format!("{GOOD}until = \"soon\"\n"), "line 4: `until` must be a date"),
            (format!("{GOOD}until = 2026-12-31\nby = \"me\"\n"), "line 5: unknown key `by`"),
            (GOOD.replace("rebuilt by CI", " "), "line 3: `reason` must be a text"),
            ("[exception]\ntarget = \"x\"\n".to_owned(), "line 1: expected tables"),
            ("version = 2\n".to_owned(), "line 1: this bpctl reads version 1"),
            ("[[exemption]]\n".to_owned(), "line 1: unknown key `exemption`"),
            ("[[exception]\n".to_owned(), "line 1: not TOML"),
        ] {
            let error = parse(&text, &TimeZone::UTC).unwrap_err();
            assert!(error.starts_with(complaint), "{text}: {error}");
        }
    }
}
