//! When policies run: computed from their next run and their interval.
//!
//! Only `next_invocation_at` comes from the API. What follows is assumed, and stated to the user: hours, days and weeks of fixed
//! length, months on the same day in UTC, `frequency` as "every N intervals" (inferred; nothing is documented).

use std::rc::Rc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Interval, Policy};

/// One run of one policy.
#[derive(Clone, Debug)]
pub struct Run {
    pub policy: Rc<Policy>,
    /// When it runs, in Unix seconds.
    pub at: i64,
}

/// All runs in a span of time, and how they were worked out.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// In order of time, then of the policy's id.
    pub runs: Vec<Run>,
    /// Policies without a next run.
    pub without_next: usize,
    /// Policies whose interval is missing or not known: only their next run counts.
    pub without_interval: usize,
    /// Policies whose next run lies in the past: counted on from there.
    pub overdue: usize,
    /// Whether any run is not the API's word but worked out.
    pub has_assumed: bool,
}

/// The fields of `bpctl calendar -o json`.
impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Run", 5)?;
        fields.serialize_field("policy", &self.policy.id)?;
        fields.serialize_field("target", &self.target())?;
        fields.serialize_field("target_type", self.policy.target.kind.noun())?;
        fields.serialize_field("interval", &self.policy.schedule.interval)?;
        fields.serialize_field("at", &self.at)?;
        fields.end()
    }
}

impl Run {
    /// Names the target: its name, else its id.
    pub fn target(&self) -> Option<&str> {
        self.policy.target.name.as_deref().or(self.policy.target.id.as_deref())
    }
}

/// Works out the runs from `from` up to, and without, `until` (Unix seconds).
pub fn runs(policies: &[Policy], from: i64, until: i64) -> Runs {
    let mut all = Runs::default();
    for policy in policies {
        let Some(next) = policy.schedule.next_invocation_at else {
            all.without_next += 1;
            continue;
        };
        all.overdue += usize::from(next < from);
        // It works as before until it moves to the trash (documented).
        let until = policy.auto_move_to_trash_at.map_or(until, |end| end.min(until));
        let times = match step(policy) {
            None => {
                all.without_interval += 1;
                [next].into_iter().filter(|at| (from..until).contains(at)).collect()
            }
            Some(Step::Seconds(length)) => every(next, length, from, until),
            Some(Step::Months(count)) => monthly(next, count, from, until),
        };
        all.has_assumed |= times.iter().any(|at| *at != next);
        let policy = Rc::new(policy.clone());
        all.runs.extend(times.into_iter().map(|at| Run { policy: Rc::clone(&policy), at }));
    }
    all.runs.sort_by(|a, b| (a.at, &a.policy.id).cmp(&(b.at, &b.policy.id)));
    all
}

enum Step {
    Seconds(i64),
    Months(i64),
}

fn step(policy: &Policy) -> Option<Step> {
    let schedule = &policy.schedule;
    let count = schedule.frequency.unwrap_or(1).max(1);
    match schedule.interval.as_ref()? {
        Interval::Monthly => Some(Step::Months(count)),
        Interval::Yearly => Some(Step::Months(count.checked_mul(12)?)),
        _ => Some(Step::Seconds(i64::try_from(schedule.period_seconds()?).ok()?)),
    }
}

fn every(next: i64, length: i64, from: i64, until: i64) -> Vec<i64> {
    let behind = from.saturating_sub(next).max(0);
    let skipped = behind / length + i64::from(behind % length != 0);
    let first = skipped.checked_mul(length).and_then(|ahead| next.checked_add(ahead));
    std::iter::successors(first, |at| at.checked_add(length)).take_while(|at| *at < until).collect()
}

fn monthly(next: i64, count: i64, from: i64, until: i64) -> Vec<i64> {
    let Ok(first) = Timestamp::from_second(next).map(|next| next.to_zoned(TimeZone::UTC)) else {
        return Vec::new();
    };
    // Always from the first: the 31st stays the 31st after a shorter month.
    let run = |turn: i64| {
        let span = 0.months().try_months(turn.checked_mul(count)?).ok()?;
        Some(first.checked_add(span).ok()?.timestamp().as_second())
    };
    (0..).map_while(run).take_while(|at| *at < until).filter(|at| *at >= from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schedule;

    fn policy(interval: &str, frequency: Option<i64>, next: i64) -> Policy {
        let interval = Some(Interval::from_api(interval));
        Policy {
            id: Some("p".to_owned()),
            schedule: Schedule { interval, frequency, next_invocation_at: Some(next), ..Schedule::default() },
            ..Policy::default()
        }
    }

    fn times(policy: Policy, from: i64, until: i64) -> Vec<i64> {
        runs(&[policy], from, until).runs.iter().map(|run| run.at).collect()
    }

    #[test]
    fn runs_follow_from_the_next_one_in_whole_intervals() {
        assert_eq!(times(policy("hourly", None, 100), 100, 7_301), [100, 3_700, 7_300]);
        assert_eq!(times(policy("hourly", None, 100), 101, 7_300), [3_700]);
        assert_eq!(times(policy("daily", Some(2), 0), 1, 345_601), [172_800, 345_600]);
        assert_eq!(times(policy("weekly", Some(0), 5), 0, 604_806), [5, 604_805]);
    }

    #[test]
    fn a_month_keeps_its_day_where_it_can() {
        let at = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_second).unwrap();
        let found = times(policy("monthly", None, at("2027-01-31T04:00:00Z")), 0, at("2027-04-01T00:00:00Z"));
        let wanted = ["2027-01-31T04:00:00Z", "2027-02-28T04:00:00Z", "2027-03-31T04:00:00Z"].map(at);
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_year_keeps_its_day() {
        let at = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_second).unwrap();
        let found = times(policy("yearly", Some(2), at("2026-11-28T04:00:00Z")), 0, at("2031-01-01T00:00:00Z"));
        let wanted = ["2026-11-28T04:00:00Z", "2028-11-28T04:00:00Z", "2030-11-28T04:00:00Z"].map(at);
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_is_not_known_is_counted_and_what_ends_ends() {
        let mut ending = policy("hourly", None, 0);
        ending.auto_move_to_trash_at = Some(3_600);
        let silent = Policy::default();
        let odd = policy("fortnightly", None, 50);
        let all = runs(&[ending, silent, odd], 0, 100_000);
        assert_eq!(all.runs.iter().map(|run| run.at).collect::<Vec<_>>(), [0, 50]);
        assert_eq!((all.without_next, all.without_interval, all.overdue, all.has_assumed), (1, 1, 0, false));
    }

    #[test]
    fn absurd_numbers_end() {
        for next in [i64::MIN, -1, i64::MAX] {
            for frequency in [i64::MIN, 1, i64::MAX] {
                for interval in ["hourly", "monthly", "yearly"] {
                    let found = times(policy(interval, Some(frequency), next), 0, 10_000_000);
                    assert!(found.iter().all(|at| (0..10_000_000).contains(at)));
                }
            }
        }
    }
}
