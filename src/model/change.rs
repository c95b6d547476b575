//! A change of a policy: the fields that are wanted, what the policy becomes, and the protection that is lost.

use super::{Interval, Policy, PolicyPatch, Schedule};
use crate::time::length;

/// A change, worked out against the policy as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new retention, where it changes.
    pub retention: Option<i64>,
    /// The whole new schedule, where any part of it changes.
    pub schedule: Option<Schedule>,
    /// Whether it is paused or resumed, where that changes.
    pub enabled: Option<bool>,
    /// The fields that differ: name, before, after.
    pub differences: Vec<(&'static str, Option<String>, String)>,
}

/// A way in which a change weakens protection, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss(pub String);

impl PolicyPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The change that it makes of `policy`.
    pub fn against(&self, policy: &Policy) -> Change {
        let now = Self::of(policy);
        let differences: Vec<_> = now
            .values()
            .into_iter()
            .zip(self.values())
            .filter_map(|((name, before), (_, after))| Some((name, before, after?)))
            .filter(|(_, before, after)| before.as_ref() != Some(after))
            .collect();
        let has = |name: &str| differences.iter().any(|difference| difference.0 == name);
        Change {
            retention: self.retention.filter(|_| has("retention")),
            schedule: differences.iter().any(|(name, ..)| !matches!(*name, "retention" | "enabled")).then(|| {
                let interval = self.interval.clone().or(now.interval);
                Schedule {
                    interval,
                    frequency: self.frequency.or(now.frequency),
                    minute: self.minute.or(now.minute),
                    time: self.time.or(now.time),
                    is_utc: policy.schedule.is_utc,
                    next_invocation_at: None,
                }
            }),
            enabled: self.enabled.filter(|_| has("enabled")),
            differences,
        }
    }
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// The policy as it should be afterwards.
    pub fn applied_to(&self, policy: &Policy) -> Policy {
        let mut after = policy.clone();
        after.retention = self.retention.or(policy.retention);
        if let Some(schedule) = &self.schedule {
            after.schedule = Schedule { next_invocation_at: policy.schedule.next_invocation_at, ..schedule.clone() };
        }
        let status = PolicyPatch { enabled: self.enabled, ..PolicyPatch::default() }.status();
        after.status = status.or(after.status);
        after
    }

    /// The protection that the change takes away. What cannot be compared counts as lost.
    pub fn losses(&self, before: &Policy) -> Vec<Loss> {
        let after = self.applied_to(before);
        let losses = [
            retention_loss(before, &after),
            interval_loss(&before.schedule, &after.schedule),
            reach_loss(before, &after),
            pause_loss(before, &after),
        ];
        losses.into_iter().flatten().collect()
    }

    /// Whether a field changes.
    pub fn has(&self, name: &str) -> bool {
        self.differences.iter().any(|difference| difference.0 == name)
    }
}

fn pause_loss(before: &Policy, after: &Policy) -> Option<Loss> {
    let (id, target) = (before.id_text(), before.target.label());
    // One whose status says neither may still run.
    (before.switch() != Some(false) && after.switch() == Some(false))
        .then(|| Loss(format!("policy {id} of {target} makes no more backups until it is resumed")))
}

/// A shorter reach back in time: as many backups, but closer together, so that the oldest is younger.
fn reach_loss(before: &Policy, after: &Policy) -> Option<Loss> {
    let (old, new) = (before.schedule.period_seconds()?, after.schedule.period_seconds()?);
    let (Some(kept), Some(to_keep)) = (count_kept(before), count_kept(after)) else {
        let is_unchanged = before.retention == after.retention;
        return (is_unchanged && new < old).then(|| {
            Loss(
                "backups are made closer together, and how many are kept is not known: they may reach back less far"
                    .to_owned(),
            )
        });
    };
    let (old, new) = (old.saturating_mul(kept), new.saturating_mul(to_keep));
    (new < old && to_keep >= kept).then(|| {
        Loss(format!(
            "{to_keep} backups will reach back about {}, not {}: raise `--retention` to keep the older ones",
            length(new),
            length(old),
        ))
    })
}

/// How many backups a policy keeps, where its retention is a count.
fn count_kept(policy: &Policy) -> Option<u64> {
    u64::try_from(policy.retention?).ok().filter(|count| *count > 0)
}

fn retention_loss(before: &Policy, after: &Policy) -> Option<Loss> {
    let target = before.target.label();
    let new = after.retention.filter(|new| before.retention != Some(*new))?;
    let Some(old) = before.retention.filter(|_| count_kept(before).is_some()) else {
        return Some(Loss(format!("retention → {new}: the present value is not known, so backups may be dropped")));
    };
    let dropped = match old.abs_diff(new) {
        1 => "the oldest backup".to_owned(),
        count => format!("up to {count} older backups"),
    };
    (new < old).then(|| Loss(format!("retention {old} → {new}: {dropped} of {target} may be dropped")))
}

fn interval_loss(before: &Schedule, after: &Schedule) -> Option<Loss> {
    let less_often = |what: String| Some(Loss(format!("{what}: backups are made less often")));
    if before.interval != after.interval {
        let (Some(old), Some(new)) = (&before.interval, &after.interval) else {
            let new = after.interval.as_ref().map_or("unknown", Interval::as_str);
            return Some(Loss(format!("interval → {new}: the present interval is not known")));
        };
        return match (old.seconds(), new.seconds()) {
            (Some(long), Some(longer)) if longer > long => less_often(format!("interval {old} → {new}")),
            (None, _) | (_, None) => Some(Loss(format!("interval {old} → {new}: the two cannot be compared"))),
            _ => period_loss(before, after),
        };
    }
    period_loss(before, after)
}

/// Compares turn lengths. That frequency means "every N intervals" is inferred, so a higher one is asked about.
fn period_loss(before: &Schedule, after: &Schedule) -> Option<Loss> {
    let (Some(old), Some(new)) = (before.period_seconds(), after.period_seconds()) else {
        let (old, new) = (before.frequency.unwrap_or(1), after.frequency.unwrap_or(1));
        return (old != new).then(|| Loss(format!("frequency {old} → {new}: of an interval that is not known here")));
    };
    (new > old).then(|| {
        let words = |schedule: &Schedule| Schedule { time: None, minute: None, ..schedule.clone() }.short_words();
        Loss(format!(
            "{} → {}: backups are made less often (frequency read as \"every N intervals\")",
            words(before),
            words(after)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(retention: i64, interval: Interval, frequency: i64) -> Policy {
        Policy {
            retention: Some(retention),
            schedule: Schedule {
                interval: Some(interval),
                frequency: Some(frequency),
                minute: Some(0),
                time: Some(2),
                ..Schedule::default()
            },
            ..Policy::default()
        }
    }

    fn loss_count(before: &Policy, patch: &PolicyPatch) -> usize {
        patch.against(before).losses(before).len()
    }

    #[test]
    fn the_whole_schedule_changes_when_a_part_does() {
        let before = policy(7, Interval::Daily, 1);
        let change = PolicyPatch { time: Some(3), retention: Some(7), ..PolicyPatch::default() }.against(&before);
        assert_eq!(change.retention, None);
        assert_eq!(change.schedule, Some(Schedule { time: Some(3), ..before.schedule.clone() }));
        assert!(PolicyPatch { time: Some(2), ..PolicyPatch::default() }.against(&before).is_empty());
    }

    #[test]
    fn fewer_or_rarer_backups_are_a_loss_and_more_are_not() {
        let before = policy(7, Interval::Daily, 2);
        assert_eq!(loss_count(&before, &PolicyPatch { retention: Some(6), ..PolicyPatch::default() }), 1);
        assert_eq!(loss_count(&before, &PolicyPatch { retention: Some(8), ..PolicyPatch::default() }), 0);
        assert_eq!(loss_count(&before, &PolicyPatch { interval: Some(Interval::Weekly), ..PolicyPatch::default() }), 1);
        let enough = PolicyPatch { interval: Some(Interval::Hourly), retention: Some(168), ..PolicyPatch::default() };
        assert_eq!(loss_count(&before, &enough), 0);
        assert_eq!(loss_count(&before, &PolicyPatch { frequency: Some(3), ..PolicyPatch::default() }), 1);
        let denser = PolicyPatch { frequency: Some(1), retention: Some(14), ..PolicyPatch::default() };
        assert_eq!(loss_count(&before, &denser), 0);
        assert_eq!(loss_count(&before, &PolicyPatch { time: Some(5), ..PolicyPatch::default() }), 0);
    }

    #[test]
    fn what_is_not_known_counts_as_lost() {
        let patch = PolicyPatch { retention: Some(7), interval: Some(Interval::Hourly), ..PolicyPatch::default() };
        assert_eq!(loss_count(&Policy::default(), &patch), 2);
        let before = policy(7, Interval::Other("fortnightly".to_owned()), 1);
        assert_eq!(loss_count(&before, &PolicyPatch { frequency: Some(9), ..PolicyPatch::default() }), 1);
        assert_eq!(loss_count(&before, &PolicyPatch { time: Some(9), ..PolicyPatch::default() }), 0);
    }

    #[test]
    fn a_shorter_reach_is_a_loss() {
        let before = policy(30, Interval::Daily, 1);
        let hourly = PolicyPatch { interval: Some(Interval::Hourly), ..PolicyPatch::default() };
        assert_eq!(loss_count(&before, &hourly), 1);
        let enough = PolicyPatch { interval: Some(Interval::Hourly), retention: Some(720), ..PolicyPatch::default() };
        assert_eq!(loss_count(&before, &enough), 0);
        let every_fourth = policy(7, Interval::Daily, 4);
        assert_eq!(loss_count(&every_fourth, &PolicyPatch { frequency: Some(1), ..PolicyPatch::default() }), 1);
    }
}
