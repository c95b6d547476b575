//! Values of flags, checked before anything else happens. A complaint says what would be right.

use std::time::Duration;

use crate::model::Interval;

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

/// A whole number of at least 1.
pub(super) fn at_least_one(text: &str) -> Result<i64, String> {
    whole(text).filter(|number| *number >= 1).ok_or_else(|| "expected a whole number, at least 1".to_owned())
}

/// A whole number of at least 0. Nothing more is known of the API's `time` and `minute`.
pub(super) fn at_least_zero(text: &str) -> Result<i64, String> {
    whole(text).ok_or_else(|| "expected a whole number, at least 0".to_owned())
}

/// A number of rows.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, at least 0".to_owned())
}

/// Attempts after the first.
pub(super) fn retries(text: &str) -> Result<u32, String> {
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
    match text.trim().is_empty() {
        true => Err("expected something that is not empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn whole(text: &str) -> Option<i64> {
    // 32 bits: more than any policy needs, and no API is known to take more.
    text.parse::<u32>().ok().filter(|number| i32::try_from(*number).is_ok()).map(i64::from)
}
