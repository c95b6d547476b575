//! Runs as an iCalendar (RFC 5545): CRLF, lines folded at 75 octets, one event a run, identifiers that stay the same.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::calendar::Run;
use crate::text::escape;

/// The longest line in octets, without its line break.
const FOLD_AT: usize = 75;

/// Writes one calendar of the runs of each profile, as of `now`. Policies of different clouds can have the same number, so
/// the name of the profile, where there is one, is a part of what identifies a run.
pub fn ics(calendars: &[(Option<&str>, &[Run])], now: Timestamp) -> String {
    let mut calendar = String::new();
    let mut line = |text: &str| fold(text, &mut calendar);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line(concat!("PRODID:-//bpctl//bpctl ", env!("CARGO_PKG_VERSION"), "//EN"));
    line("CALSCALE:GREGORIAN");
    line("METHOD:PUBLISH");
    for (profile, run) in calendars.iter().flat_map(|(profile, runs)| runs.iter().map(move |run| (*profile, run))) {
        event(profile, run, now, &mut line);
    }
    line("END:VCALENDAR");
    calendar
}

fn event(profile: Option<&str>, run: &Run, now: Timestamp, line: &mut impl FnMut(&str)) {
    let Ok(at) = Timestamp::from_second(run.at) else { return };
    let policy = &run.policy;
    let interval = policy.schedule.interval.as_ref().map_or("unknown", |interval| interval.as_str());
    let target = format!("{} {}", policy.target.kind.noun(), policy.target.label());
    let (of, source) = match profile {
        Some(profile) => (format!("{}-", identifier(profile)), format!("\nProfile {profile}")),
        None => Default::default(),
    };
    line("BEGIN:VEVENT");
    line(&format!("UID:{of}{}-{}@bpctl", identifier(policy.id_text()), run.at));
    line(&format!("DTSTAMP:{}", utc(now)));
    line(&format!("DTSTART:{}", utc(at)));
    line(&format!("SUMMARY:{}", text(&format!("Backup of {} ({interval})", run.target().unwrap_or("-")))));
    line(&format!("DESCRIPTION:{}", text(&format!("Policy {}\n{target}{source}", policy.id_text()))));
    line("TRANSP:TRANSPARENT");
    line("END:VEVENT");
}

fn utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Writes an id with letters, digits, `_` and `-` alone; whatever else becomes its code, so that ids stay different.
fn identifier(id: &str) -> String {
    let plain = |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '_' | '-');
    id.chars()
        .map(|symbol| if plain(symbol) { symbol.to_string() } else { format!(".{:x}.", u32::from(symbol)) })
        .collect()
}

/// Escapes a TEXT value; control characters are made visible first, a line feed stays one.
fn text(value: &str) -> String {
    let lines: Vec<String> = value.split('\n').map(|line| escape(line).into_owned()).collect();
    let escaped = lines.iter().map(|line| line.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,"));
    escaped.collect::<Vec<_>>().join("\\n")
}

/// Adds a content line, folded between characters; a continuation's leading space counts.
fn fold(text: &str, out: &mut String) {
    let mut room = FOLD_AT;
    for symbol in text.chars() {
        if symbol.len_utf8() > room {
            out.push_str("\r\n ");
            room = FOLD_AT - 1;
        }
        room -= symbol.len_utf8();
        out.push(symbol);
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters() {
        let long = format!("SUMMARY:{}", "漢".repeat(100));
        let mut folded = String::new();
        fold(&long, &mut folded);
        assert!(folded.split("\r\n").all(|line| line.len() <= FOLD_AT));
        assert_eq!(folded.replace("\r\n ", ""), format!("{long}\r\n"));
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(text("a,b;c\\d\ne\r\x07"), "a\\,b\\;c\\\\d\\ne\\\\r\\\\x07");
        assert_eq!(identifier("dbp_a/é"), "dbp_a.2f..e9.");
    }
}
