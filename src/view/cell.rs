//! One value of a table: for people, for CSV, and for sorting.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::{for_people, rfc3339};

/// What a value looks like depends on the time and the zone.
#[derive(Clone, Debug)]
pub struct TimeFormat {
    /// The present.
    pub now: Timestamp,
    /// The zone that times are shown in.
    pub zone: TimeZone,
}

/// One value.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// For people.
    pub text: String,
    /// For CSV.
    pub data: String,
    /// For sorting.
    pub key: Key,
}

/// What a value is sorted by; absent values come first.
#[derive(Clone, Debug, Default)]
pub enum Key {
    /// Absent.
    #[default]
    Absent,
    /// By size.
    Number(f64),
    /// By letters, whatever their case.
    Text(String),
}

impl Key {
    /// Compares two keys.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// Writes the key so that a page can sort by it: nothing, `n:` and a number, or `t:` and a text.
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

impl Cell {
    /// An absent value.
    pub fn absent() -> Self {
        Self { text: "-".to_owned(), ..Self::default() }
    }

    /// A text.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        let Some(text) = text.map(Into::into).filter(|text| !text.is_empty()) else {
            return Self::absent();
        };
        Self { key: Key::Text(text.to_lowercase()), data: text.clone(), text }
    }

    /// A whole number.
    pub fn number(number: Option<i64>) -> Self {
        let Some(number) = number else {
            return Self::absent();
        };
        #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
        let key = Key::Number(number as f64);
        Self { text: number.to_string(), data: number.to_string(), key }
    }

    /// A size in GiB: `12.5 GiB`.
    pub fn gib(size: Option<f64>) -> Self {
        let Some(size) = size else {
            return Self::absent();
        };
        let digits = if size != 0.0 && size.abs() < 0.1 { 3 } else { 1 };
        Self { text: format!("{size:.digits$} GiB"), data: plain(size), key: Key::Number(size) }
    }

    /// Yes or no.
    pub fn flag(flag: Option<bool>) -> Self {
        let Some(flag) = flag else {
            return Self::absent();
        };
        let text = if flag { "yes" } else { "no" };
        Self { data: flag.to_string(), ..Self::text(Some(text)) }
    }

    /// A point in time in Unix seconds.
    pub fn unix(seconds: Option<i64>, times: &TimeFormat) -> Self {
        match seconds.map(Timestamp::from_second) {
            Some(Ok(instant)) => Self::instant(Some(instant), times),
            // Out of any calendar's range: shown as it came.
            Some(Err(_)) => Self::number(seconds),
            None => Self::absent(),
        }
    }

    /// A point in time.
    pub fn instant(instant: Option<Timestamp>, times: &TimeFormat) -> Self {
        let Some(instant) = instant else {
            return Self::absent();
        };
        #[expect(clippy::cast_precision_loss, reason = "for sorting only")]
        let key = Key::Number(instant.as_second() as f64);
        Self { text: for_people(instant, times.now, &times.zone), data: rfc3339(instant, &times.zone), key }
    }
}

/// Writes a number without a needless fraction.
fn plain(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
