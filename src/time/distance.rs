//! Distances and lengths of time in words.

use std::fmt::Write;

use jiff::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The mean of the Gregorian calendar.
const YEAR: u64 = 31_556_952;
const MONTH: u64 = YEAR / 12;
const TWO_DAYS: u64 = 2 * DAY;
const TWO_MONTHS: u64 = 2 * MONTH;
const TWO_YEARS: u64 = 2 * YEAR;

/// Says the distance between two instants in its largest unit: `in 3 h`, `2 days ago`, `now`.
pub fn relative(instant: Timestamp, now: Timestamp) -> String {
    let mut words = String::new();
    write_relative(instant, now, &mut words);
    words
}

pub(super) fn write_relative(instant: Timestamp, now: Timestamp, out: &mut String) {
    let seconds = instant.as_second() - now.as_second();
    match seconds {
        0 => out.push_str("now"),
        1.. => {
            out.push_str("in ");
            write_length(seconds.unsigned_abs(), out);
        }
        _ => {
            write_length(seconds.unsigned_abs(), out);
            out.push_str(" ago");
        }
    }
}

/// Says a length in its largest unit: `45 s`, `3 h`, `2 days`.
pub fn length(seconds: u64) -> String {
    let mut words = String::new();
    write_length(seconds, &mut words);
    words
}

fn write_length(seconds: u64, out: &mut String) {
    // Days, months and years from two on: one day would hide up to a day.
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "s"),
        MINUTE..HOUR => (seconds / MINUTE, "min"),
        HOUR..TWO_DAYS => (seconds / HOUR, "h"),
        TWO_DAYS..TWO_MONTHS => (seconds / DAY, "days"),
        TWO_MONTHS..TWO_YEARS => (seconds / MONTH, "months"),
        _ => (seconds / YEAR, "years"),
    };
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{count} {unit}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_time_never_reads_as_a_shorter_one() {
        let units = ["s", "min", "h", "days", "months", "years"];
        let rank = |seconds: u64| {
            let words = length(seconds);
            let (count, unit) = words.split_once(' ').unwrap();
            (units.iter().position(|one| *one == unit).unwrap(), count.parse::<u64>().unwrap())
        };
        let mut last = rank(0);
        for hours in 0..3 * 365 * 24 {
            for seconds in [hours * HOUR, hours * HOUR + MINUTE, hours * HOUR + HOUR - 1] {
                let next = rank(seconds);
                assert!(next >= last, "{seconds} s: {next:?} after {last:?}");
                assert!(next.0 < 3 || next.1 >= 2, "{seconds} s: {next:?}");
                last = next;
            }
        }
    }
}
