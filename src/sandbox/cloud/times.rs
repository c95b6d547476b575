//! Writes and reads OnApp's times, in all spellings that were seen.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil::DateTime};

/// The offsets with which times are written; all three were seen, even within a list (recorded).
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) enum Zone {
    /// `Z`
    Z,
    /// `+00:00`
    Zero,
    /// `+03:00`
    Three,
}

pub(in crate::sandbox) fn timestamp(at: i64, zone: Zone) -> String {
    let hours = match zone {
        Zone::Z | Zone::Zero => 0,
        Zone::Three => 3,
    };
    let moment = Timestamp::from_second(at).unwrap_or_default();
    let local = moment.to_zoned(Offset::constant(hours).to_time_zone());
    match zone {
        Zone::Z => local.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Zone::Zero | Zone::Three => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

/// Reads a time as Rails does: with an offset, or else in UTC.
pub(in crate::sandbox) fn parse(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(" UTC");
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Adds one period of a schedule to a time; months and years follow the calendar.
pub(in crate::sandbox) fn after(at: i64, days: i64, months: i64) -> i64 {
    let moment = Timestamp::from_second(at).unwrap_or_default().to_zoned(TimeZone::UTC);
    let span = jiff::Span::new().try_days(days).and_then(|span| span.try_months(months));
    let later = span.and_then(|span| moment.checked_add(span));
    // Beyond the calendar's end nothing runs any more.
    later.map_or(i64::MAX, |later| later.timestamp().as_second())
}
