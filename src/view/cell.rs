//! One value of a list or of an object: how it reads in a table, what CSV gets, and what it is sorted by.
//!
//! A cell borrows from its row and is rendered into a buffer of the caller, since a long list has a million of them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::{for_people, rfc3339};

/// How an allowance without a limit reads.
pub(super) const UNLIMITED: &str = "unlimited";

/// The present, and the zone that times are shown in.
#[derive(Clone, Debug)]
pub struct TimeFormat {
    pub now: Timestamp,
    pub zone: TimeZone,
}

#[derive(Clone, Debug)]
pub enum Cell<'a> {
    Absent,
    Text(Cow<'a, str>),
    /// Text for tables where CSV has no value: `(not set)`.
    Placeholder(Cow<'a, str>),
    /// Text that is sorted by a number: `1/3`.
    Ranked(Cow<'a, str>, f64),
    Number(i64),
    /// In GiB.
    Size(f64),
    /// In GiB, of something that has no fraction of one: a disk.
    WholeSize(i64),
    /// Text, and the seconds that it stands for.
    Length(Cow<'a, str>, u64),
    Flag(bool),
    Time(Timestamp),
}

/// What a value is sorted by; absent values come first.
#[derive(Clone, Debug, Default)]
pub enum Key {
    #[default]
    Absent,
    Number(f64),
    /// In lower case.
    Text(String),
}

impl Key {
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => natural(a, b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// Writes the key for a page that sorts by it: nothing, `n:` and a number, or `t:` and a text.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Number(number) => format!("n:{number}"),
            Self::Text(text) => format!("t:{text}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

/// Compares texts; whole numbers come first, by size: OnApp's ids are numbers.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    match (digits(a), digits(b)) {
        (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Returns the digits of a whole number without leading zeros.
fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.trim_start_matches('0'))
}

impl<'a> Cell<'a> {
    /// A text; an empty one is absent.
    pub fn text(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map(Into::into).filter(|text| !text.is_empty()).map_or(Self::Absent, Self::Text)
    }

    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }

    /// A size in GiB.
    pub fn gib(size: Option<f64>) -> Self {
        size.map_or(Self::Absent, Self::Size)
    }

    pub fn flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Absent, Self::Flag)
    }

    /// A point in time in Unix seconds. One out of any calendar's range is shown as the number that came.
    pub fn unix(seconds: Option<i64>) -> Self {
        seconds.map_or(Self::Absent, |at| Timestamp::from_second(at).map_or(Self::Number(at), Self::Time))
    }

    pub fn instant(instant: Option<Timestamp>) -> Self {
        instant.map_or(Self::Absent, Self::Time)
    }

    /// Writes it for people.
    pub(super) fn write_text(&self, times: &TimeFormat, out: &mut String) {
        match self {
            Self::Absent => out.push('-'),
            Self::Text(text) | Self::Placeholder(text) | Self::Ranked(text, _) | Self::Length(text, _) => {
                out.push_str(text);
            }
            Self::Number(number) => write_number(*number, out),
            Self::Size(size) => write_size(*size, ".0", out),
            Self::WholeSize(size) => out.push_str(&size_words(*size)),
            Self::Flag(flag) => out.push_str(if *flag { "yes" } else { "no" }),
            Self::Time(at) => for_people(*at, times.now, &times.zone, out),
        }
    }

    /// Returns it for people.
    pub fn display(&self, times: &TimeFormat) -> String {
        let mut text = String::new();
        self.write_text(times, &mut text);
        text
    }

    /// Writes it for CSV: sizes as numbers of GiB, times as RFC 3339.
    pub(super) fn write_data(&self, times: &TimeFormat, out: &mut String) {
        match self {
            Self::Absent | Self::Placeholder(_) => {}
            Self::Text(text) | Self::Ranked(text, _) | Self::Length(text, _) => out.push_str(text),
            Self::Number(number) | Self::WholeSize(number) => write_number(*number, out),
            Self::Size(size) => out.push_str(&plain(*size)),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Time(at) => out.push_str(&rfc3339(*at, &times.zone)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Absent | Self::Placeholder(_) => Key::Absent,
            Self::Text(text) => Key::Text(text.to_lowercase()),
            Self::Ranked(_, rank) => Key::Number(*rank),
            Self::Number(number) | Self::WholeSize(number) => Key::Number(*number as f64),
            Self::Size(size) => Key::Number(*size),
            Self::Length(_, seconds) => Key::Number(*seconds as f64),
            Self::Flag(flag) => Key::Text(if *flag { "yes" } else { "no" }.to_owned()),
            Self::Time(at) => Key::Number(at.as_second() as f64),
        }
    }
}

/// `write!` to a `String` cannot fail.
fn write_number(number: i64, out: &mut String) {
    let _ = write!(out, "{number}");
}

/// Writes a size: `12.5 GiB`, `1.3 TiB` from 1024 GiB on, `<0.1 GiB` for less than that. `no_tenths` stands for `.0`.
#[expect(clippy::cast_possible_truncation, reason = "a cast of this kind saturates")]
fn write_size(gib: f64, no_tenths: &str, out: &mut String) {
    let (value, unit) = if gib.abs() < 1023.95 { (gib, "GiB") } else { (gib / 1024.0, "TiB") };
    let tenths = (value * 10.0).round() as i64;
    let sign = if value < 0.0 { "-" } else { "" };
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    let _ = match (whole, tenth) {
        (0, 0) if value != 0.0 => write!(out, "<0.1 {unit}"),
        (whole, 0) => write!(out, "{sign}{whole}{no_tenths} {unit}"),
        (whole, tenth) => write!(out, "{sign}{whole}.{tenth} {unit}"),
    };
}

/// Says a size of whole GiB.
#[expect(clippy::cast_precision_loss, reason = "disks are far below 2^52 GiB")]
pub fn size_words(gib: i64) -> String {
    let mut words = String::new();
    write_size(gib as f64, "", &mut words);
    words
}

/// Writes a number without a needless fraction.
fn plain(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_unit_and_one_decimal() {
        let size = |gib| {
            let mut text = String::new();
            write_size(gib, ".0", &mut text);
            text
        };
        let cases = [
            (0.0, "0.0 GiB"),
            (0.004, "<0.1 GiB"),
            (0.084, "0.1 GiB"),
            (12.5, "12.5 GiB"),
            (40.0, "40.0 GiB"),
            (1023.9, "1023.9 GiB"),
            (1023.99, "1.0 TiB"),
            (1024.0, "1.0 TiB"),
            (1312.5, "1.3 TiB"),
        ];
        for (gib, text) in cases {
            assert_eq!(size(gib), text, "{gib}");
        }
        assert_eq!([0, 25, 1536, 2048].map(size_words), ["0 GiB", "25 GiB", "1.5 TiB", "2 TiB"]);
    }

    #[test]
    fn whole_numbers_are_sorted_by_size_before_texts() {
        let mut ids = ["10", "vm-2", "9", "100", "2", "a", "09"];
        ids.sort_by(|a, b| natural(a, b));
        assert_eq!(ids, ["2", "09", "9", "10", "100", "a", "vm-2"]);
    }
}
