//! Disk backup policies.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Interval;

/// Hours that `time` of a schedule can name. The API documents no range.
pub const HOURS: RangeInclusive<i64> = 0..=23;
/// Minutes that `minute` of a schedule can name. The API documents no range.
pub const MINUTES: RangeInclusive<i64> = 0..=59;

/// A disk backup policy. Lists leave out `frequency`, `minute`, `time` and the pending deletion (documented).
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The id: opaque.
    pub id: Option<String>,
    /// How many backups are kept (the API documents no unit; "backups" is inferred).
    pub retention: Option<i64>,
    /// Size of all backups. The unit is not documented; GiB is inferred.
    pub total_size: Option<f64>,
    /// What is backed up.
    pub target: Target,
    pub schedule: Schedule,
    /// `enabled`, `disabled`, `failed`, … (OnApp); none where policies have no such state.
    pub status: Option<String>,
    /// The last run that is known, in Unix seconds (OnApp).
    pub last_run: Option<i64>,
    /// How that run ended (OnApp).
    pub last_status: Option<String>,
    /// Runs that failed (OnApp).
    pub failures: Option<i64>,
    /// When it will be moved to the trash, in Unix seconds.
    pub auto_move_to_trash_at: Option<i64>,
}

/// What a policy belongs to.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Machine, disk, or unknown.
    pub kind: TargetKind,
    pub id: Option<String>,
    pub name: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// A virtual machine: the policy covers all its disks.
    VirtualMachine,
    Disk,
    /// A type that this version of bpctl does not know.
    Other,
    /// The answer does not say.
    #[default]
    Unknown,
}

/// When a policy runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    pub interval: Option<Interval>,
    /// Read as "every N intervals" (inferred).
    pub frequency: Option<i64>,
    /// Read as the minute of the hour (inferred).
    pub minute: Option<i64>,
    /// Read as the hour of the day (inferred).
    pub time: Option<i64>,
    /// Whether `time` and `minute` are in UTC (OnApp, whose next run names its zone); else they are in the server's zone.
    pub is_utc: bool,
    /// The next run, in Unix seconds: the only trustworthy statement of when it runs.
    pub next_invocation_at: Option<i64>,
}

/// The fields of a policy that an update can set; `None` leaves a value as it is. Policy files and plans hold them, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPatch {
    /// Backups to keep.
    pub retention: Option<i64>,
    /// The unit of the schedule.
    pub interval: Option<Interval>,
    /// Every N intervals.
    pub frequency: Option<i64>,
    /// Hour of the day.
    pub time: Option<i64>,
    /// Minute of the hour.
    pub minute: Option<i64>,
    /// Whether it makes backups, where policies can be paused (OnApp).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Policy {
    /// Takes from a list's row what the policy's own answer leaves out.
    pub fn complete(&mut self, listed: &Self) {
        self.id = self.id.take().or_else(|| listed.id.clone());
        match self.target.id {
            None => self.target = listed.target.clone(),
            Some(_) => self.target.name = self.target.name.take().or_else(|| listed.target.name.clone()),
        }
        self.retention = self.retention.or(listed.retention);
        let schedule = &mut self.schedule;
        schedule.interval = schedule.interval.take().or_else(|| listed.schedule.interval.clone());
        schedule.next_invocation_at = schedule.next_invocation_at.or(listed.schedule.next_invocation_at);
    }

    /// Returns what an update can change, by name and as text.
    pub fn settings(&self) -> [(&'static str, Option<String>); 6] {
        PolicyPatch::of(self).values()
    }

    /// Whether it was changed since it was read as `earlier`. The next run moves on by itself.
    pub fn differs_from(&self, earlier: &Self) -> bool {
        self.settings() != earlier.settings()
            || self.auto_move_to_trash_at != earlier.auto_move_to_trash_at
            || self.target.is_another_than(&earlier.target)
    }

    /// Why it is unknown what this policy backs up and how often; none where it can. Such a policy may be any that
    /// is missing, so it stands in the way of creating and pruning.
    pub fn unreadable(&self) -> Option<String> {
        if self.target.id.as_deref().is_none_or(str::is_empty) {
            return Some("its target cannot be read".to_owned());
        }
        if self.target.kind == TargetKind::Other {
            return Some("its target is not known to be a VM or a disk".to_owned());
        }
        self.unreadable_interval()
    }

    /// Why it is unknown how often it runs.
    pub fn unreadable_interval(&self) -> Option<String> {
        match &self.schedule.interval {
            None => Some("its interval cannot be read".to_owned()),
            Some(Interval::Other(word)) => Some(format!("its interval `{word}` is unknown to this version of bpctl")),
            Some(_) => None,
        }
    }

    /// Whether it makes backups; a status other than `enabled` counts as not.
    pub fn is_enabled(&self) -> bool {
        self.status.as_deref().is_none_or(|status| status == "enabled")
    }

    /// Whether it is switched on or off; none where its status says neither, such as that its last run failed.
    pub fn switch(&self) -> Option<bool> {
        match self.status.as_deref() {
            Some("enabled") => Some(true),
            Some("disabled") => Some(false),
            _ => None,
        }
    }

    /// Returns the id, or a dash.
    pub fn id_text(&self) -> &str {
        self.id.as_deref().unwrap_or("-")
    }
}

impl PolicyPatch {
    /// Takes the values of a policy as it is.
    pub fn of(policy: &Policy) -> Self {
        let schedule = &policy.schedule;
        Self {
            retention: policy.retention,
            interval: schedule.interval.clone(),
            frequency: schedule.frequency,
            time: schedule.time,
            minute: schedule.minute,
            enabled: policy.switch(),
        }
    }

    /// Returns the values by name, as text.
    pub fn values(&self) -> [(&'static str, Option<String>); 6] {
        let number = |value: Option<i64>| value.map(|value| value.to_string());
        [
            ("retention", number(self.retention)),
            ("interval", self.interval.as_ref().map(ToString::to_string)),
            ("frequency", number(self.frequency)),
            ("time", number(self.time)),
            ("minute", number(self.minute)),
            ("enabled", self.enabled.map(|enabled| enabled.to_string())),
        ]
    }

    /// Returns the part that is a schedule.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            interval: self.interval.clone(),
            frequency: self.frequency,
            minute: self.minute,
            time: self.time,
            ..Schedule::default()
        }
    }

    /// Returns the status of a policy that is resumed or paused.
    pub fn status(&self) -> Option<String> {
        self.enabled.map(|enabled| if enabled { "enabled" } else { "disabled" }.to_owned())
    }
}

impl Target {
    /// Whether it is another one than `earlier`. OnApp numbers VMs and disks apart, so the kind counts where both are known.
    pub fn is_another_than(&self, earlier: &Self) -> bool {
        let is_known = |kind| matches!(kind, TargetKind::VirtualMachine | TargetKind::Disk);
        let is_other_kind = is_known(self.kind) && is_known(earlier.kind) && self.kind != earlier.kind;
        self.id != earlier.id || is_other_kind
    }

    /// Names the target for people: its name, else its id.
    pub fn label(&self) -> &str {
        [&self.name, &self.id].into_iter().flatten().find(|name| !name.is_empty()).map_or("-", String::as_str)
    }
}

impl TargetKind {
    /// Returns the noun: `vm`, `disk`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::VirtualMachine => "vm",
            Self::Disk => "disk",
            Self::Other | Self::Unknown => "-",
        }
    }
}

impl Schedule {
    /// Describes the schedule: `daily at 02:30 server time`, `every 2 weeks`, `hourly at :15`.
    pub fn words(&self) -> String {
        let words = self.short_words();
        if self.has_time_of_day() { format!("{words} {}", self.zone()) } else { words }
    }

    /// Names the zone of the time of day, which is not that of the other times that are shown. Katapult gives it without a
    /// zone: it is that of the server.
    pub fn zone(&self) -> &'static str {
        if self.is_utc { "UTC" } else { "server time" }
    }

    /// Whether the description holds a time of day.
    fn has_time_of_day(&self) -> bool {
        self.time.is_some() && self.interval.as_ref().is_some_and(|interval| *interval != Interval::Hourly)
    }

    /// Describes the schedule where the text around it labels the time of day: `daily at 02:30`.
    pub fn short_words(&self) -> String {
        let Some(interval) = &self.interval else {
            return "-".to_owned();
        };
        let every = match self.frequency {
            None | Some(1) => interval.as_str().to_owned(),
            Some(count) => format!("every {count} {}s", interval.unit()),
        };
        match (interval, self.time, self.minute) {
            (Interval::Hourly, _, Some(minute)) => format!("{every} at :{minute:02}"),
            (Interval::Hourly, _, None) | (_, None, _) => every,
            (_, Some(time), minute) => format!("{every} at {time:02}:{:02}", minute.unwrap_or(0)),
        }
    }

    /// Counts the runs from the next one up to, and without, `end` (Unix seconds); reads frequency as "every N
    /// intervals", and a month as 30 days where many months lie between.
    pub fn runs_before(&self, end: i64) -> Option<u64> {
        let next = self.next_invocation_at?;
        if next >= end {
            return Some(0);
        }
        let span = u64::try_from(end.checked_sub(next)?).ok()?;
        Some(span.div_ceil(self.period_seconds()?))
    }

    /// Returns the length of one turn in seconds, reading frequency as "every N intervals".
    pub fn period_seconds(&self) -> Option<u64> {
        let count = u64::try_from(self.frequency.unwrap_or(1)).ok()?.max(1);
        self.interval.as_ref()?.seconds()?.checked_mul(count)
    }

    /// Returns the longest time in seconds that a turn can take: months count 31 days, years 366.
    pub fn longest_period_seconds(&self) -> Option<u64> {
        match self.interval.as_ref()? {
            Interval::Monthly => self.period_seconds().map(|period| (period / 30).saturating_mul(31)),
            Interval::Yearly => self.period_seconds().map(|period| (period / 365).saturating_mul(366)),
            _ => self.period_seconds(),
        }
    }
}
