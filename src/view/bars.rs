//! Runs as bars: one line an hour for two days, one row a day with a column an hour beyond.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::TimeFormat;
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
const MOST_LINES: i64 = 48;
/// The longest bar.
const LONGEST: usize = 40;
/// Hours that are named with their policies.
const BUSIEST: usize = 3;
/// Policies named an hour.
const NAMED: usize = 8;

struct Hour<'a> {
    starts: Zoned,
    runs: Vec<&'a Run>,
}

/// Draws the runs between two points in time, in order.
///
/// # Errors
/// The stream's.
pub fn bars(
    runs: &[Run],
    (from, until): (Timestamp, Timestamp),
    times: &TimeFormat,
    drawing: Drawing,
    out: &mut dyn Write,
) -> io::Result<()> {
    let hours = hours(runs, from, until, times);
    match until.as_second() - from.as_second() <= MOST_LINES * 3_600 {
        true => lines(&hours, drawing, out)?,
        false => grid(&hours, drawing, out)?,
    }
    busiest(&hours, out)
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

fn lines(hours: &[Hour<'_>], drawing: Drawing, out: &mut dyn Write) -> io::Result<()> {
    let most = hours.iter().map(|hour| hour.runs.len()).max().unwrap_or(0);
    let width = most.to_string().len();
    let mut day = None;
    for hour in hours {
        if day != Some(hour.starts.date()) {
            day = Some(hour.starts.date());
            writeln!(out, "{}", hour.starts.strftime("%a %Y-%m-%d %Z"))?;
        }
        let count = hour.runs.len();
        let line = format!("  {}  {count:>width$}  {}", hour.starts.strftime("%H:%M"), bar(count, most, drawing));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A bar of up to [`LONGEST`] columns; anything above nothing shows.
fn bar(count: usize, most: usize, drawing: Drawing) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if count == 0 {
        return String::new();
    }
    match drawing {
        Drawing::Ascii => "#".repeat((count * LONGEST / most).max(1)),
        Drawing::Unicode => {
            let eighths = (count * LONGEST * 8 / most).max(1);
            format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
        }
    }
}

fn grid(hours: &[Hour<'_>], drawing: Drawing, out: &mut dyn Write) -> io::Result<()> {
    // A clock change makes two hours of one column, or none.
    let mut days: BTreeMap<Date, [Option<usize>; 24]> = BTreeMap::new();
    for hour in hours {
        let column = usize::try_from(hour.starts.hour()).unwrap_or(0).min(23);
        let cell = &mut days.entry(hour.starts.date()).or_insert([None; 24])[column];
        *cell = Some(cell.unwrap_or(0) + hour.runs.len());
    }
    let most = days.values().flatten().flatten().copied().max().unwrap_or(0);
    writeln!(out, "{:16}00    03    06    09    12    15    18    21       runs", "")?;
    for (day, row) in &days {
        let cells: String = row.iter().map(|count| format!("{} ", level(*count, most, drawing))).collect();
        let runs: usize = row.iter().flatten().sum();
        writeln!(out, "{}  {cells} {runs:>6}", day.strftime("%a %Y-%m-%d"))?;
    }
    let legend = match drawing {
        Drawing::Unicode => "▁ fewest, █ most",
        Drawing::Ascii => "1 fewest, 8 most",
    };
    writeln!(out, "{:16}{legend} ({most} in an hour), . none", "")
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

fn busiest(hours: &[Hour<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut busy: Vec<&Hour<'_>> = hours.iter().filter(|hour| !hour.runs.is_empty()).collect();
    busy.sort_by_key(|hour| std::cmp::Reverse(hour.runs.len()));
    if busy.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nBusiest hours")?;
    for hour in busy.iter().take(BUSIEST) {
        let runs = hour.runs.len();
        let plural = if runs == 1 { "" } else { "s" };
        writeln!(out, "  {}  {runs} run{plural}: {}", hour.starts.strftime("%a %Y-%m-%d %H:%M"), named(&hour.runs))?;
    }
    Ok(())
}

/// Names the policies of an hour by target and id.
fn named(runs: &[&Run]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for run in runs {
        let name = format!("{} ({})", run.target().unwrap_or("-"), run.policy.id_text());
        match counts.iter().position(|(known, _)| *known == name) {
            Some(at) => counts[at].1 += 1,
            None if counts.len() < NAMED => counts.push((name, 1)),
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
        bars(&runs, (at(from), until), &format, drawing, &mut out).unwrap();
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
    fn a_week_is_a_row_a_day() {
        let text = drawn("UTC", "2026-11-21T00:00:00Z", 7 * 24, &["2026-11-22T02:00:00Z"; 3], Drawing::Ascii);
        assert!(text.contains("Sun 2026-11-22  . . 8 . ."), "{text}");
        assert!(text.contains("Sun 2026-11-22 02:00  3 runs: - (-) × 3"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(" . . . . .")).count(), 7, "{text}");
    }
}
