//! Times as people type and read them. Pure: the clock and the zone are handed in.

mod distance;

use std::fmt::Write;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

use distance::write_relative;
pub use distance::{length, relative};

/// The forms that `--at` takes, for help and errors.
pub const FORMS: &str = "`2026-12-01T02:00:00Z`, `2026-12-01 02:00`, `2026-12-01`, `+7d`, `in 36h`, `2 weeks`, \
                         `tomorrow 02:00`, `friday 22:00`, `end of month`, `end of week` or `@1767225600`";

/// Resolves a point in time as typed, in `zone` where it names none.
///
/// # Errors
/// A sentence: the form is not one of [`FORMS`], or a clock change skips or doubles the local time.
pub fn resolve(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let here = now.to_zoned(zone.clone());
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).ok_or_else(|| unknown(text));
    }
    // An offset comes first: the civil parser would silently drop it.
    if let Ok(instant) = text.parse::<Timestamp>() {
        return if has_real_offset(text) { Ok(instant) } else { Err(unknown(text)) };
    }
    if let Some(local) = local_time(&text.to_lowercase(), &here) {
        return match local {
            Local::Exactly(at) => exactly(at, zone),
            Local::NextAfterNow(at) => next_after(at, now, zone),
        };
    }
    distance(text)
        .and_then(|span| here.checked_add(span).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| unknown(text))
}

/// Whether a time counts from now, as `+7d`, `tomorrow 02:00` and `friday` do.
pub fn counts_from_now(text: &str, now: Timestamp, zone: &TimeZone) -> bool {
    // Another day of the week, of the month and of the year.
    const ELSEWHEN: SignedDuration = SignedDuration::from_hours(24 * 401);
    let later = now.saturating_add(ELSEWHEN).unwrap_or(now);
    resolve(text, now, zone) != resolve(text, later, zone)
}

/// No place is more than 14 hours from UTC: a larger offset is a slip of the pen.
fn has_real_offset(text: &str) -> bool {
    let offset = text.rfind(['+', '-']).filter(|place| *place > text.find(['T', 't', ' ']).unwrap_or(usize::MAX));
    let hours = offset.and_then(|place| text.get(place + 1..place + 3)?.parse::<u8>().ok());
    hours.is_none_or(|hours| hours <= 14)
}

/// A local time: one that was named, or the first such weekday and time that is still to come.
enum Local {
    Exactly(DateTime),
    NextAfterNow(DateTime),
}

fn unknown(text: &str) -> String {
    format!("invalid time `{text}`; expected {FORMS}")
}

fn local_time(text: &str, here: &Zoned) -> Option<Local> {
    // jiff reads `20261201` and `2026-W01-1` as well; an all-digit word is more likely a forgotten `@`.
    let has_dashes = text.bytes().filter(|byte| *byte == b'-').count() >= 2;
    if has_dashes {
        let (date, time) = match text.split_once(['t', ' ']) {
            Some((date, time)) => (date, clock_time(time)?),
            None => (text, Time::midnight()),
        };
        return Some(Local::Exactly(date.parse::<Date>().ok()?.to_datetime(time)));
    }
    if let Some(rest) = text.strip_prefix("end of ") {
        return end_of(rest, here.date());
    }
    let (day, time) = match text.split_once(char::is_whitespace) {
        Some((day, rest)) => (day, clock_time(rest)?),
        None => (text, Time::midnight()),
    };
    let today = here.date();
    match day {
        "today" if text != "today" => Some(Local::Exactly(today.to_datetime(time))),
        "tomorrow" => Some(Local::Exactly(today.tomorrow().ok()?.to_datetime(time))),
        _ => {
            let weekday = weekday(day)?;
            let date = if today.weekday() == weekday { today } else { today.nth_weekday(1, weekday).ok()? };
            Some(Local::NextAfterNow(date.to_datetime(time)))
        }
    }
}

/// Reads what follows `end of `: `month` or `week`, and a time; the last minute of its last day where none is given. A
/// week ends with Sunday.
fn end_of(text: &str, today: Date) -> Option<Local> {
    let (period, time) = match text.split_once(char::is_whitespace) {
        Some((period, rest)) => (period, clock_time(rest)?),
        None => (text, Time::new(23, 59, 0, 0).ok()?),
    };
    let day = match period {
        "month" => today.last_of_month(),
        "week" => today.checked_add(Span::new().days(6 - today.weekday().to_monday_zero_offset())).ok()?,
        _ => return None,
    };
    Some(Local::Exactly(day.to_datetime(time)))
}

/// Reads `02:00`, `2:00`, `02:00:30`, with an optional leading `at`.
fn clock_time(text: &str) -> Option<Time> {
    let text = text.trim();
    let text = text.strip_prefix("at ").unwrap_or(text).trim();
    let mut parts = text.split(':');
    let mut number = |most: usize| -> Option<i8> {
        let part = parts.next()?;
        let fits = (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| fits)
    };
    let (hour, minute) = (number(2)?, number(2)?);
    let second = match text.matches(':').count() {
        1 => 0,
        2 => number(2)?,
        _ => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Reads `+7d`, `in 36h`, `2 weeks`, `1h30m`.
fn distance(text: &str) -> Option<Span> {
    let text = text.strip_prefix('+').or_else(|| text.strip_prefix("in ")).unwrap_or(text).trim();
    let starts_with_digit = text.starts_with(|first: char| first.is_ascii_digit());
    text.parse::<Span>().ok().filter(|_| starts_with_digit)
}

fn next_after(at: DateTime, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    // A time of today that the clocks skip or double is next week's as well, once both of its readings are over.
    if zone.to_ambiguous_zoned(at).later().is_ok_and(|last| last.timestamp() > now) {
        return exactly(at, zone);
    }
    let week_later = at.checked_add(Span::new().days(7)).map_err(|_| "that is too far ahead".to_owned())?;
    exactly(week_later, zone)
}

/// Refuses a local time that a clock change skips or doubles, and names both readings.
fn exactly(at: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let (before, after, what) = match zone.to_ambiguous_zoned(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            return offset.to_timestamp(at).map_err(|_| format!("{at} is out of range"));
        }
        AmbiguousOffset::Gap { before, after } => (before, after, "is skipped"),
        AmbiguousOffset::Fold { before, after } => (before, after, "happens twice"),
    };
    let reading = |offset: Offset| match offset.to_timestamp(at) {
        Ok(instant) => rfc3339(instant, zone),
        Err(_) => format!("{at}{offset}"),
    };
    Err(format!(
        "{} {what} when the clocks change: it could be {} or {}; write the one that you mean",
        at.strftime("%Y-%m-%d %H:%M"),
        reading(before),
        reading(after),
    ))
}

/// Reads a length of time for a flag: `30s`, `2m`, `1m30s`, `500ms`, `1d`; a bare number is seconds.
///
/// # Errors
/// A sentence that says what would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    const DAY: u64 = 86_400;
    let number = |text: &str| text.parse::<u32>().map(u64::from).ok();
    let other = || Duration::try_from(text.parse::<SignedDuration>().ok()?).ok();
    let days = || number(text.strip_suffix('d')?).map(|days| Duration::from_secs(days * DAY));
    let length = number(text).map(Duration::from_secs).or_else(days).or_else(other);
    length
        .filter(|length| !length.is_zero() && *length <= Duration::from_secs(30 * DAY))
        .ok_or_else(|| "expected a duration such as `30s`, `2m` or `500ms`, more than 0 and at most 30 days".to_owned())
}

/// Writes a Unix time in UTC; one beyond all calendars as the number that it is.
pub fn utc(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| rfc3339(at, &TimeZone::UTC))
}

/// Writes an instant with the offset of `zone`: `2026-12-01T02:00:00+00:00`, or `…Z` in UTC.
pub fn rfc3339(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    match local.year() {
        // No RFC 3339: ISO 8601 writes such years with a sign and six digits.
        ..0 => instant.to_string(),
        _ if *zone == TimeZone::UTC => local.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        _ => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

/// Writes an instant for people: `2026-12-01 02:00 GMT (in 3 h)`.
pub fn for_people(instant: Timestamp, now: Timestamp, zone: &TimeZone, out: &mut String) {
    let info = zone.to_offset_info(instant);
    let local = info.offset().to_datetime(instant);
    // A long list has many of them: jiff's own `strftime` reads its pattern anew for each, and `{:02}` takes as long as
    // the rest. `write!` to a `String` cannot fail.
    let _ = write!(out, "{:04}", local.year());
    for (before, number) in [('-', local.month()), ('-', local.day()), (' ', local.hour()), (':', local.minute())] {
        let number = number.unsigned_abs();
        out.extend([before, char::from(b'0' + number / 10), char::from(b'0' + number % 10)]);
    }
    out.push(' ');
    out.push_str(info.abbreviation());
    out.push_str(" (");
    write_relative(instant, now, out);
    out.push(')');
}

/// Finds a time zone: `Europe/Berlin`, `UTC`, or an offset such as `+02:00`.
///
/// # Errors
/// A sentence about an unknown zone.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    let name = name.trim();
    if let Ok(zone) = TimeZoneDatabase::bundled().get(name) {
        return Ok(zone);
    }
    let unknown = || format!("unknown time zone `{name}`; expected a name such as `Europe/Berlin`, or `UTC`");
    let is_offset = name.starts_with(['+', '-']);
    let offset = is_offset.then(|| format!("2000-01-01T00:00:00{name}").parse::<Timestamp>().ok()).flatten();
    let base = Timestamp::from_second(946_684_800).map_err(|_| unknown())?;
    let seconds = offset.map(|at| base.as_second() - at.as_second()).and_then(|seconds| i32::try_from(seconds).ok());
    seconds.and_then(|seconds| Offset::from_seconds(seconds).ok()).map(TimeZone::fixed).ok_or_else(unknown)
}

/// Reads a length of time in seconds: `7d`, `36h`, `2 weeks`; a month is 30 days.
pub fn seconds(text: &str) -> Option<f64> {
    let span = distance(text.trim())?;
    let months = f64::from(span.get_years()) * 365.0 + f64::from(span.get_months()) * 30.0;
    let days = months + f64::from(span.get_weeks()) * 7.0 + f64::from(span.get_days());
    let hours = days * 24.0 + f64::from(span.get_hours());
    #[expect(clippy::cast_precision_loss, reason = "a length that a person types")]
    let minutes = hours * 60.0 + span.get_minutes() as f64;
    #[expect(clippy::cast_precision_loss, reason = "a length that a person types")]
    let seconds = minutes * 60.0 + span.get_seconds() as f64;
    Some(seconds)
}

/// Writes an instant in full for a question: `Tue 2026-12-01 02:00 GMT (in 9 days; 2026-12-01T02:00:00Z)`.
pub fn in_full(instant: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
    format!("{local} ({}; {})", relative(instant, now), rfc3339(instant, &TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Half hours, southern summers, a zone that gave up its clock changes, one with summer time all year but Ramadan.
    const ZONES: [&str; 6] = [
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Tehran",
        "Africa/Casablanca",
    ];

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The instants at which the clocks change from 2020 to 2040.
    fn changes(zone: &TimeZone) -> Vec<Timestamp> {
        let (from, until) = (at("2020-01-01T00:00:00Z"), at("2041-01-01T00:00:00Z"));
        let all = zone.following(from).take_while(|change| change.timestamp() < until);
        // Some entries change the name alone.
        all.map(|change| change.timestamp())
            .filter(|change| zone.to_offset(*change) != zone.to_offset(*change - SignedDuration::from_secs(1)))
            .collect()
    }

    /// Takes the readings out of a refusal: the two instants that it names.
    fn readings(sentence: &str) -> Vec<Timestamp> {
        sentence.split([' ', ';']).filter_map(|word| word.parse().ok()).collect()
    }

    /// Checks the law of a local time: it is an instant that reads the same, or it is refused with both readings.
    fn holds(local: DateTime, zone: &TimeZone, now: Timestamp) -> Result<bool, String> {
        let text = local.strftime("%Y-%m-%d %H:%M").to_string();
        match resolve(&text, now, zone) {
            Ok(instant) => {
                let back = instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
                let other = [-1, 1].map(|side| instant + SignedDuration::from_mins(30 * side));
                let is_only = other.iter().all(|other| other.to_zoned(zone.clone()).datetime() != local);
                if back == text && is_only {
                    Ok(false)
                } else {
                    Err(format!("{text} became {instant}, which reads {back}"))
                }
            }
            Err(sentence) => {
                let readings = readings(&sentence);
                let [first, second] = readings.as_slice() else {
                    return Err(format!("{text}: not two readings: {sentence}"));
                };
                let is_skipped = sentence.contains("is skipped");
                let exists = |at: &Timestamp| at.to_zoned(zone.clone()).datetime() == local;
                let both_parse = [first, second].iter().all(|reading| {
                    let typed = rfc3339(**reading, zone);
                    sentence.contains(&typed) && resolve(&typed, now, zone).as_ref() == Ok(*reading)
                });
                let is_true =
                    if is_skipped { !exists(first) && !exists(second) } else { exists(first) && exists(second) };
                if first != second && both_parse && is_true { Ok(true) } else { Err(format!("{text}: {sentence}")) }
            }
        }
    }

    #[test]
    fn every_clock_change_of_twenty_years_minute_by_minute() {
        let now = at("2019-06-01T12:00:00Z");
        for name in ZONES {
            let zone = zone(name);
            let changes = changes(&zone);
            // Tehran's clocks stand still since 2022; all others go on.
            assert!(changes.len() >= 6, "{name} has {} changes", changes.len());
            for change in changes {
                let after = zone.to_offset(change).seconds();
                let before = zone.to_offset(change - SignedDuration::from_secs(1)).seconds();
                let around = zone.to_offset(change).to_datetime(change);
                let mut refused = 0;
                for minute in -150..=150 {
                    let local = around.checked_add(Span::new().minutes(minute)).unwrap();
                    refused += i32::from(holds(local, &zone, now).unwrap_or_else(|wrong| panic!("{name}: {wrong}")));
                }
                // As many minutes are refused as the clocks are moved by.
                assert_eq!(refused * 60, (after - before).abs(), "{name} at {change}");
            }
        }
    }

    #[test]
    fn a_weekday_whose_skipped_hour_is_over_is_next_weeks() {
        // On Sunday 29 March 2026 London's clocks went from 01:00 to 02:00; it is noon.
        let resolved = resolve("sunday 01:30", at("2026-03-29T11:00:00Z"), &zone("Europe/London"));
        assert_eq!(resolved, Ok(at("2026-04-05T00:30:00Z")));
    }

    #[test]
    fn ends_of_a_month_and_a_week_are_their_last_minute() {
        let (utc, london) = (TimeZone::UTC, zone("Europe/London"));
        // A Saturday.
        let now = at("2026-02-14T12:00:00Z");
        for (text, expected) in [
            ("end of month", "2026-02-28T23:59:00Z"),
            ("End of Month 02:00", "2026-02-28T02:00:00Z"),
            ("end of week", "2026-02-15T23:59:00Z"),
            ("end of week at 22:30", "2026-02-15T22:30:00Z"),
        ] {
            assert_eq!(resolve(text, now, &utc), Ok(at(expected)), "{text}");
        }
        assert_eq!(resolve("end of week", at("2026-02-15T23:00:00Z"), &utc), Ok(at("2026-02-15T23:59:00Z")));
        assert_eq!(resolve("end of month", at("2026-07-31T22:30:00Z"), &london), Ok(at("2026-07-31T22:59:00Z")));
        for text in ["end of year", "end of", "end of month 25:00", "end of month end"] {
            assert!(resolve(text, now, &utc).is_err(), "{text}");
        }
    }

    #[test]
    fn zones_have_names_or_offsets() {
        assert_eq!(super::zone("europe/berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        let now = at("2026-02-14T12:00:00Z");
        for (name, text) in
            [("UTC", "12:00 UTC"), ("+02:00", "14:00 +02"), ("-03:30", "08:30 -03:30"), ("Europe/Berlin", "13:00 CET")]
        {
            let mut shown = String::new();
            for_people(now, now, &super::zone(name).unwrap(), &mut shown);
            assert!(shown.contains(text), "{name}: {shown}");
        }
        for name in ["Europe/Berlinn", "", "CEST!", "+99:00", "+2"] {
            assert!(super::zone(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_local_time_reads_the_same_or_is_refused(
            zone_number in 0..ZONES.len(), minutes in 0..21 * 366 * 24 * 60_i64,
        ) {
            let local = DateTime::constant(2020, 1, 1, 0, 0, 0, 0).checked_add(Span::new().minutes(minutes)).unwrap();
            let held = holds(local, &zone(ZONES[zone_number]), at("2019-06-01T12:00:00Z"));
            prop_assert!(held.is_ok(), "{}", held.unwrap_err());
        }

        #[test]
        fn distances_and_weekdays_lie_ahead(
            zone_number in 0..ZONES.len(), now in 1_577_836_800..2_240_524_800_i64, count in 1..400_u32,
            unit in prop::sample::select(vec!["m", "h", "d", " weeks", " days", " hours"]),
            before in prop::sample::select(vec!["+", "in ", ""]),
            day in prop::sample::select(vec!["monday", "tue", "Wednesday", "thu", "FRIDAY", "sat", "sunday"]),
            hour in 0..24_u32, minute in 0..60_u32,
        ) {
            let (zone, now) = (zone(ZONES[zone_number]), Timestamp::from_second(now).unwrap());
            let text = format!("{before}{count}{unit}");
            let ahead = resolve(&text, now, &zone);
            prop_assert!(ahead.as_ref().is_ok_and(|at| *at > now), "{text} from {now}: {ahead:?}");
            let text = format!("{day} {hour:02}:{minute:02}");
            match resolve(&text, now, &zone) {
                Ok(at) => {
                    prop_assert!(at > now, "{text} from {now}: {at}");
                    let read = at.to_zoned(zone.clone());
                    let same = read.strftime("%A %H:%M").to_string().to_lowercase();
                    let asked = format!("{} {hour:02}:{minute:02}", &day.to_lowercase()[..3]);
                    prop_assert_eq!(format!("{} {}", &same[..3], &same[same.len() - 5..]), asked);
                    // The next one: eight days hold every weekday and time, clock changes included.
                    prop_assert!(at.as_second() - now.as_second() <= 8 * 86_400, "{text} from {now}: {at}");
                }
                Err(sentence) => {
                    let readings = readings(&sentence);
                    prop_assert_eq!(readings.len(), 2, "{}", sentence);
                    prop_assert!(readings.iter().any(|at| *at > now), "over already: {text} from {now}: {sentence}");
                }
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>(), zone_number in 0..ZONES.len(), now in any::<i64>()) {
            let (zone, now) = (zone(ZONES[zone_number]), Timestamp::from_second(now).unwrap_or(Timestamp::MAX));
            let _ = (resolve(&text, now, &zone), duration(&text));
        }

        #[test]
        fn no_text_that_is_almost_a_time_panics(
            text in "[-+@ 0-9:tTzZ./]{0,24}|(in |\\+)?[0-9]{1,20} ?(h|d|weeks|months|years)|(mon|friday|tomorrow|today) [0-9:]{0,9}",
            zone_number in 0..ZONES.len(),
        ) {
            let zone = zone(ZONES[zone_number]);
            for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                if let Ok(at) = resolve(&text, now, &zone) {
                    // Every instant that is accepted can be shown.
                    let _ = (in_full(at, now, &zone), rfc3339(at, &zone));
                    for_people(at, now, &zone, &mut String::new());
                }
            }
            let _ = duration(&text);
        }
    }
}
