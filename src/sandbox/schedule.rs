//! Works out when a policy runs next from its stored schedule and the time of day.
//!
//! Meanings are inferred from member names and fixtures: `frequency` = every N intervals, `time` = hour UTC,
//! `minute` = minute of the hour. No member chooses the weekday or the day of the month, so weekly and
//! monthly policies keep a day that follows from the policy's identifier.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::identifiers::digest;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Keeps the arithmetic below in range whatever frequency was stored.
const MAX_FREQUENCY: i64 = 1_200;

/// The unit of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Interval {
    Hourly,
    Daily,
    Weekly,
    Monthly,
}

impl Interval {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "hourly" => Some(Self::Hourly),
            "daily" => Some(Self::Daily),
            "weekly" => Some(Self::Weekly),
            "monthly" => Some(Self::Monthly),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// When a policy runs. Its members can be null, although no reply can hold that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Schedule {
    pub(super) frequency: Option<i64>,
    pub(super) interval: Option<Interval>,
    pub(super) minute: Option<i64>,
    pub(super) time: Option<i64>,
}

impl Schedule {
    /// Returns the first run after `now` of the policy `id`.
    pub(super) fn next_run(&self, id: &str, now: i64) -> i64 {
        let anchor = (digest(id) % 5_040) as i64;
        let every = self.frequency.unwrap_or(1).clamp(1, MAX_FREQUENCY);
        let minute = self.minute.unwrap_or_default();
        let of_day = self.time.unwrap_or_default() * HOUR + minute * 60;
        match self.interval.unwrap_or(Interval::Daily) {
            Interval::Hourly => next_step(now, every * HOUR, minute * 60),
            Interval::Daily => next_step(now, every * DAY, (anchor % every) * DAY + of_day),
            Interval::Weekly => next_step(now, every * 7 * DAY, (anchor % (7 * every)) * DAY + of_day),
            Interval::Monthly => next_month(now, every, anchor, of_day),
        }
    }
}

/// Returns the first moment after `now` that lies `offset` seconds behind a multiple of `period`.
fn next_step(now: i64, period: i64, offset: i64) -> i64 {
    let steps = (now - offset).div_euclid(period) + 1;
    steps * period + offset
}

fn next_month(now: i64, every: i64, anchor: i64, of_day: i64) -> i64 {
    let today = Timestamp::from_second(now).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let this_month = i64::from(today.year()) * 12 + i64::from(today.month()) - 1;
    let day_of_month = 1 + anchor % 28;
    (this_month..=this_month + every)
        .filter(|month| (month - anchor).rem_euclid(every) == 0)
        .filter_map(|month| start_of(month, day_of_month))
        .map(|start| start + of_day)
        .find(|&run| run > now)
        .unwrap_or(now + every * 30 * DAY)
}

fn start_of(month: i64, day: i64) -> Option<i64> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let date = Date::new(year, month, i8::try_from(day).ok()?).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}
