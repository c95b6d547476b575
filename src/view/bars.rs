//! Runs as bars: one line an hour for two days, one row a day with a column an hour beyond.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{TimeFormat, shortened_by};
use crate::model::calendar::Run;
use crate::text::escape;

/// What to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Block elements.
    Unicode,
    /// ASCII only.
    Ascii,
}

/// Beyond so many hours a line an hour is too long to read.
const MAX_LINES: i64 = 48;
/// The longest bar.
const LONGEST: usize = 40;
/// Hours that are named with their policies.
const MAX_BUSIEST: usize = 3;
/// Policies named an hour.
const MAX_NAMED: usize = 8;

struct Hour<'a> {
    starts: Zoned,
    runs: Vec<&'a Run>,
}

/// Draws the runs between two points in time, in order.
pub fn bars(
    runs: &[Run],
    (from, until): (Timestamp, Timestamp),
    times: &TimeFormat,
    (drawing, room): (Drawing, Option<usize>),
    out: &mut dyn Write,
) -> io::Result<()> {
    let hours = hours(runs, from, until, times);
    let mut text = String::new();
    if until.as_second() - from.as_second() <= MAX_LINES * 3_600 {
        lines(&hours, drawing, room, &mut text);
    } else {
        grid(&hours, drawing, room, &mut text);
    }
    busiest(&hours, &mut text);
    for line in text.lines() {
        match room {
            Some(room) => {
                writeln!(out, "{}", shortened_by(line, room, if drawing == Drawing::Ascii { "..." } else { "…" }))?
            }
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Deals the runs out to the hours of the local clock.
fn hours<'a>(runs: &'a [Run], from: Timestamp, until: Timestamp, times: &TimeFormat) -> Vec<Hour<'a>> {
    let here = from.to_zoned(times.zone.clone());
    let into_hour = i64::from(here.minute()) * 60 + i64::from(here.second());
    let first = from.as_second() - into_hour;
    let count = (until.as_second() - first + 3_599) / 3_600;
    let start = |number: i64| {
        let at = Timestamp::from_second(first).and_then(|first| first.checked_add(SignedDuration::from_hours(number)));
        Some(at.ok()?.to_zoned(times.zone.clone()))
    };
    let mut hours: Vec<Hour<'a>> =
        (0..count).filter_map(start).map(|starts| Hour { starts, runs: Vec::new() }).collect();
    for run in runs {
        let number = usize::try_from((run.at - first) / 3_600).unwrap_or(usize::MAX);
        if let Some(hour) = hours.get_mut(number) {
            hour.runs.push(run);
        }
    }
    hours
}

// `writeln!` to a `String` cannot fail.
fn lines(hours: &[Hour<'_>], drawing: Drawing, room: Option<usize>, out: &mut String) {
    let most = hours.iter().map(|hour| hour.runs.len()).max().unwrap_or(0);
    let width = most.to_string().len();
    let longest = room.map_or(LONGEST, |room| room.saturating_sub(11 + width).clamp(1, LONGEST));
    let mut day = None;
    for hour in hours {
        // A clock change begins a new part of the day, in another zone.
        let part = (hour.starts.date(), hour.starts.offset());
        if day != Some(part) {
            day = Some(part);
            let _ = writeln!(out, "{}", hour.starts.strftime("%a %Y-%m-%d %Z"));
        }
        let count = hour.runs.len();
        let bar = bar(count, most, longest, drawing);
        let line = format!("  {}  {count:>width$}  {bar}", hour.starts.strftime("%H:%M"));
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// A bar of up to `longest` columns; anything above nothing shows.
fn bar(count: usize, most: usize, longest: usize, drawing: Drawing) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if count == 0 {
        return String::new();
    }
    match drawing {
        Drawing::Ascii => "#".repeat((count * longest / most).max(1)),
        Drawing::Unicode => {
            let eighths = (count * longest * 8 / most).max(1);
            format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
        }
    }
}

fn grid(hours: &[Hour<'_>], drawing: Drawing, room: Option<usize>, out: &mut String) {
    let mut days: BTreeMap<Date, ([Option<usize>; 24], usize)> = BTreeMap::new();
    for hour in hours {
        let column = usize::try_from(hour.starts.hour()).unwrap_or(0).min(23);
        let (cells, runs) = days.entry(hour.starts.date()).or_insert(([None; 24], 0));
        // A clock change makes two hours of one column: the fuller one is shown, since together they would be a peak.
        cells[column] = cells[column].max(Some(hour.runs.len()));
        *runs += hour.runs.len();
    }
    let most = days.values().flat_map(|(cells, _)| cells).flatten().copied().max().unwrap_or(0);
    let zone = zones(hours).join("/");
    // Where a terminal is too narrow, the blank after each hour goes.
    let gap = if room.is_some_and(|room| room < 72) { "" } else { " " };
    let hour_width = 1 + gap.len();
    let ruler: String =
        (0..24).step_by(3).map(|hour| format!("{:<1$}", format!("{hour:02}"), 3 * hour_width)).collect();
    let cells_width = 24 * hour_width;
    let _ = writeln!(out, "{zone:16}{ruler:<cells_width$} {:>6}", "runs");
    for (day, (row, runs)) in &days {
        let cells: String = row.iter().map(|count| format!("{}{gap}", level(*count, most, drawing))).collect();
        let _ = writeln!(out, "{}  {cells} {runs:>6}", day.strftime("%a %Y-%m-%d"));
    }
    let legend = match drawing {
        Drawing::Unicode => "▁ fewest, █ most",
        Drawing::Ascii => "1 fewest, 8 most",
    };
    let _ = writeln!(out, "{:16}{legend} ({most} in an hour), . none", "");
}

fn level(count: Option<usize>, most: usize, drawing: Drawing) -> char {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const DIGITS: [char; 8] = ['1', '2', '3', '4', '5', '6', '7', '8'];
    match count {
        None => ' ',
        Some(0) => '.',
        Some(count) => {
            let step = (count * 8).div_ceil(most.max(1)).clamp(1, 8) - 1;
            if drawing == Drawing::Unicode { BLOCKS[step] } else { DIGITS[step] }
        }
    }
}

/// Names the busiest hours, where some hour has more than one run.
fn busiest(hours: &[Hour<'_>], out: &mut String) {
    let mut busy: Vec<&Hour<'_>> = hours.iter().filter(|hour| !hour.runs.is_empty()).collect();
    busy.sort_by_key(|hour| std::cmp::Reverse(hour.runs.len()));
    if busy.first().is_none_or(|hour| hour.runs.len() < 2) {
        return;
    }
    let (zone, pattern) = match zones(hours).as_slice() {
        [zone] => (format!(" ({zone})"), "%a %Y-%m-%d %H:%M"),
        _ => (String::new(), "%a %Y-%m-%d %H:%M %Z"),
    };
    let _ = writeln!(out, "\nBusiest hours{zone}");
    for hour in busy.iter().take(MAX_BUSIEST) {
        let runs = hour.runs.len();
        let plural = if runs == 1 { "" } else { "s" };
        let _ = writeln!(out, "  {}  {runs} run{plural}: {}", hour.starts.strftime(pattern), named(&hour.runs));
    }
}

/// The zones of the hours, in order: two where the clocks change.
fn zones(hours: &[Hour<'_>]) -> Vec<String> {
    let mut zones: Vec<String> = hours.iter().map(|hour| hour.starts.strftime("%Z").to_string()).collect();
    zones.dedup();
    zones
}

/// Names the policies of an hour by target and id.
fn named(runs: &[&Run]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for run in runs {
        let name = format!("{} ({})", run.target().unwrap_or("-"), run.policy.id_text());
        match counts.iter().position(|(known, _)| *known == name) {
            Some(at) => counts[at].1 += 1,
            None if counts.len() < MAX_NAMED => counts.push((name, 1)),
            None => {}
        }
    }
    let named: usize = counts.iter().map(|(_, count)| count).sum();
    let words = counts.iter().map(|(name, count)| match count {
        1 => escape(name).into_owned(),
        _ => format!("{} × {count}", escape(name)),
    });
    let mut words: Vec<String> = words.collect();
    if named < runs.len() {
        words.push(format!("{} more", runs.len() - named));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn drawn(zone: &str, from: &str, hours: i64, times: &[&str], drawing: Drawing) -> String {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let format = TimeFormat { now: at(from), zone: TimeZone::get(zone).unwrap() };
        let run = |text: &&str| Run { policy: std::rc::Rc::default(), at: at(text).as_second() };
        let runs: Vec<Run> = times.iter().map(run).collect();
        let until = at(from).checked_add(SignedDuration::from_hours(hours)).unwrap();
        let mut out = Vec::new();
        bars(&runs, (at(from), until), &format, (drawing, None), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hours_are_those_of_the_local_clock() {
        let text = drawn(
            "Asia/Kolkata",
            "2026-11-21T09:10:00Z",
            2,
            &["2026-11-21T09:29:59Z", "2026-11-21T09:30:00Z"],
            Drawing::Ascii,
        );
        let wanted = format!("Sat 2026-11-21 IST\n  14:00  1  {0}\n  15:00  1  {0}\n  16:00  0\n", "#".repeat(40));
        assert!(text.starts_with(&wanted), "{text}");
    }

    #[test]
    fn an_hour_that_happens_twice_has_two_lines() {
        let text = drawn("Europe/London", "2026-10-25T00:00:00Z", 3, &["2026-10-25T01:30:00Z"], Drawing::Unicode);
        let hours: Vec<&str> = text.lines().filter(|line| line.starts_with("  01:00")).collect();
        assert_eq!(hours, ["  01:00  0", &format!("  01:00  1  {}", "█".repeat(40))], "{text}");
    }

    #[test]
    fn after_a_clock_change_hours_are_named_by_their_own_zone() {
        let run = "2026-10-25T01:30:00Z";
        let text = drawn("Europe/London", "2026-10-25T00:00:00Z", 3, &[run, run], Drawing::Ascii);
        assert!(text.starts_with("Sun 2026-10-25 BST\n  01:00  0\nSun 2026-10-25 GMT\n  01:00  2  "), "{text}");
        assert!(text.contains("Busiest hours\n  Sun 2026-10-25 01:00 GMT  2 runs"), "{text}");
        let text = drawn("Europe/London", "2026-10-24T00:00:00Z", 7 * 24, &[run, run], Drawing::Ascii);
        assert!(text.starts_with("BST/GMT  ") && text.contains("Sun 2026-10-25 01:00 GMT  2 runs"), "{text}");
    }

    #[test]
    fn an_hour_that_happens_twice_is_not_a_peak_of_its_day() {
        let runs = ["2026-10-25T00:10:00Z", "2026-10-25T01:10:00Z", "2026-10-26T05:10:00Z"];
        let text = drawn("Europe/London", "2026-10-24T00:00:00Z", 7 * 24, &runs, Drawing::Ascii);
        assert!(text.contains("1 fewest, 8 most (1 in an hour)"), "{text}");
        assert!(text.contains("Sun 2026-10-25  . 8 . .") && !text.contains("Busiest"), "{text}");
    }

    #[test]
    fn a_week_is_a_row_a_day() {
        let text = drawn("UTC", "2026-11-21T00:00:00Z", 7 * 24, &["2026-11-22T02:00:00Z"; 3], Drawing::Ascii);
        assert!(text.contains("Sun 2026-11-22  . . 8 . ."), "{text}");
        assert!(text.contains("Sun 2026-11-22 02:00  3 runs: - (-) × 3"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(" . . . . .")).count(), 7, "{text}");
    }
}
