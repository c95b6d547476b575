//! Parsers of option values. An error says what would be valid.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;

use crate::model::{HOURS, Interval, MINUTES};

/// A length of time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    crate::time::duration(text)
}

/// A time ahead in seconds: `24h`, `7d`, `2w`, at most 92 days.
pub(super) fn ahead(text: &str) -> Result<i64, String> {
    let units = [('h', 3_600), ('d', 86_400), ('w', 7 * 86_400)];
    let number = |unit: char| text.strip_suffix(unit)?.parse::<u32>().ok();
    let read = units.into_iter().find_map(|(unit, seconds)| Some(i64::from(number(unit)?) * seconds));
    read.filter(|seconds| (1..=92 * 86_400).contains(seconds))
        .ok_or_else(|| "expected a time such as `24h`, `7d` or `2w`, at most 92 days".to_owned())
}

/// A day: `2026-11-01`.
pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "expected a date such as `2026-11-01`".to_owned())
}

/// An age or a length in seconds: `90m`, `26h`, `7d`, `2w`, at most two years.
pub(super) fn age(text: &str) -> Result<u64, String> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 7 * 86_400)];
    let number = |unit: char| text.strip_suffix(unit)?.parse::<u32>().ok();
    let read = units.into_iter().find_map(|(unit, seconds)| Some(u64::from(number(unit)?) * seconds));
    read.filter(|seconds| (1..=731 * 86_400).contains(seconds))
        .ok_or_else(|| "expected a duration such as `90m`, `26h` or `7d`, at most 731 days".to_owned())
}

/// A whole number of at least 1, as wide as the API's integers.
pub(super) fn positive(text: &str) -> Result<i64, String> {
    within(text, 1..=i64::from(i32::MAX))
}

/// An hour of the day.
pub(super) fn hour(text: &str) -> Result<i64, String> {
    within(text, HOURS)
}

/// A minute of the hour.
pub(super) fn minute(text: &str) -> Result<i64, String> {
    within(text, MINUTES)
}

/// A number of anything.
pub(super) fn count<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "expected a whole number, at least 0".to_owned())
}

/// Requests in flight.
pub(super) fn concurrency(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=64).contains(count));
    count.ok_or_else(|| "expected a whole number from 1 to 64".to_owned())
}

/// An interval.
pub(super) fn interval(text: &str) -> Result<Interval, String> {
    text.parse()
}

/// An id, or anything else that must not be empty.
pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("the value is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// A whole number of a range. The message names the bound that the number exceeds, and both for what is not a number.
fn within(text: &str, range: RangeInclusive<i64>) -> Result<i64, String> {
    let (least, most) = (range.start(), range.end());
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(match *most {
            // The upper bound of what has none in practice would only confuse here.
            most if most == i64::from(i32::MAX) => format!("expected a whole number, at least {least}"),
            most => format!("expected a whole number from {least} to {most}"),
        });
    }
    // What does not fit into 64 bits is too large or too small all the more.
    let number = text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX });
    match number {
        number if number < *least => Err(format!("too small: the smallest value is {least}")),
        number if number > *most => Err(format!("too large: the largest value is {most}")),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_refused_for_the_reason_that_applies() {
        assert_eq!(positive("7"), Ok(7));
        assert_eq!(positive("2147483647"), Ok(2_147_483_647));
        for (text, reason) in [
            ("3000000000", "too large: the largest value is 2147483647"),
            ("99999999999999999999", "too large: the largest value is 2147483647"),
            ("0", "too small: the smallest value is 1"),
            ("-99999999999999999999", "too small: the smallest value is 1"),
            ("seven", "expected a whole number, at least 1"),
            ("7.5", "expected a whole number, at least 1"),
            ("", "expected a whole number, at least 1"),
            ("-", "expected a whole number, at least 1"),
        ] {
            assert_eq!(positive(text), Err(reason.to_owned()), "{text}");
        }
    }
}
