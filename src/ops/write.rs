//! What a write is: it knows its request, its preview and its losses, and how it is carried out.
//!
//! A verb, `undo` and `apply` each make a list of writes; the [`pipeline`](super::pipeline) does the rest. Nothing
//! here asks, prints or locks.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::execute;
use super::guard::{self, NewPolicy, PolicySnapshot, TrashedPolicy};
use crate::context::Context;
use crate::error::Result;
use crate::http::Request;
use crate::katapult::Katapult;
use crate::model::{Backup, Change, Loss, Object, Policy, Removal};
use crate::time::{self, rfc3339};
use crate::view::{TimeFormat, in_a_line};

/// One change of one object.
pub trait Write {
    /// The object as it was read back afterwards.
    type Written;

    /// Names the write in results: the object's id, or what a new object is for.
    fn label(&self) -> String;

    /// The request that carries it out; none where there is nothing to change.
    fn request(&self) -> Option<Request>;

    /// The object as it is; null where there is none.
    fn before(&self) -> Value;

    /// The object as it would be, as far as that is known.
    fn after(&self) -> Value;

    /// The preview, one line each.
    fn describe(&self, times: &TimeFormat) -> Vec<String>;

    /// The protection that it takes away.
    fn losses(&self) -> Vec<Loss>;

    /// Reads again what it is about.
    ///
    /// # Errors
    /// `changed` when it differs from what was shown.
    async fn read_again(&mut self, cx: &Context) -> Result<()>;

    /// Records, sends, reads back and verifies.
    async fn execute(&self, cx: &Context) -> Result<Self::Written>;
}

/// A write to a backup policy on Katapult.
pub struct PolicyWrite {
    pub change: PolicyChange,
    /// Its name in results, where the policy's id is not enough.
    pub label: Option<String>,
    /// The journal entry that it reverses.
    pub undoes: Option<u64>,
    /// What makes it uncertain whether it is right: it takes a confirmation.
    pub doubts: Vec<Loss>,
}

/// The ways to change a policy.
pub enum PolicyChange {
    Create(Box<NewPolicy>),
    /// Other retention or schedule.
    Update {
        policy: PolicySnapshot,
        change: Change,
    },
    /// Deletion at a later time.
    ScheduleDelete {
        policy: PolicySnapshot,
        at: Timestamp,
    },
    /// To the trash, now.
    Delete {
        policy: PolicySnapshot,
    },
    /// Out of the trash.
    Restore(Box<TrashedPolicy>),
}

impl From<PolicyChange> for PolicyWrite {
    fn from(change: PolicyChange) -> Self {
        Self { change, label: None, undoes: None, doubts: Vec::new() }
    }
}

/// An object as it was read back after a write.
pub enum Written {
    /// A policy; where the cloud has no trash, also one that was deleted, as it was.
    Policy(Object<Policy>),
    /// A policy in the trash.
    Removal(Object<Removal>),
    /// A backup; one that was deleted as it was.
    Backup(Object<Backup>),
}

impl Written {
    /// The policy, unless it is in the trash.
    pub fn policy(self) -> Option<Object<Policy>> {
        if let Self::Policy(policy) = self { Some(policy) } else { None }
    }

    /// The policy in the trash.
    pub fn removal(self) -> Option<Object<Removal>> {
        if let Self::Removal(removal) = self { Some(removal) } else { None }
    }

    /// The backup.
    pub fn backup(self) -> Option<Object<Backup>> {
        if let Self::Backup(backup) = self { Some(backup) } else { None }
    }

    /// The object's id.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Policy(policy) => policy.model.id.as_deref(),
            Self::Removal(removal) => Some(&removal.model.id),
            Self::Backup(backup) => backup.model.id.as_deref(),
        }
    }
}

impl Write for PolicyWrite {
    type Written = Written;

    fn label(&self) -> String {
        self.label.clone().unwrap_or_else(|| self.change.label())
    }

    fn request(&self) -> Option<Request> {
        self.change.request()
    }

    fn before(&self) -> Value {
        match &self.change {
            PolicyChange::Create(_) | PolicyChange::Restore(_) => Value::Null,
            PolicyChange::Update { policy, .. }
            | PolicyChange::ScheduleDelete { policy, .. }
            | PolicyChange::Delete { policy } => policy.before.raw.clone(),
        }
    }

    fn after(&self) -> Value {
        match &self.change {
            PolicyChange::Create(new) => new.request().body.map_or(Value::Null, |mut body| body["properties"].take()),
            PolicyChange::Update { policy, change } => raw_after(&policy.before, change),
            PolicyChange::ScheduleDelete { policy, at } => {
                let mut raw = policy.before.raw.clone();
                raw["auto_move_to_trash_at"] = at.as_second().into();
                raw
            }
            PolicyChange::Delete { .. } => Value::Null,
            PolicyChange::Restore(trashed) => trashed.known.as_ref().map_or(Value::Null, |policy| policy.raw.clone()),
        }
    }

    fn describe(&self, times: &TimeFormat) -> Vec<String> {
        self.change.describe(times)
    }

    fn losses(&self) -> Vec<Loss> {
        let mut losses = self.change.losses();
        losses.extend(self.doubts.iter().cloned());
        losses
    }

    async fn read_again(&mut self, cx: &Context) -> Result<()> {
        let api = cx.katapult()?;
        match &mut self.change {
            PolicyChange::Create(new) => new.read_again(api).await,
            PolicyChange::Update { policy, .. }
            | PolicyChange::ScheduleDelete { policy, .. }
            | PolicyChange::Delete { policy } => guard::read_again(api, policy).await,
            PolicyChange::Restore(trashed) => guard::read_trash_again(api, trashed).await,
        }
    }

    async fn execute(&self, cx: &Context) -> Result<Written> {
        let (api, undoes) = (cx.katapult()?, self.undoes);
        match &self.change {
            PolicyChange::Create(new) => execute::create(cx, api, new, undoes).await.map(Written::Policy),
            PolicyChange::Update { policy, change } if change.is_empty() => Ok(Written::Policy(policy.before.clone())),
            PolicyChange::Update { policy, change } => {
                execute::update(cx, api, policy, change, undoes).await.map(Written::Policy)
            }
            PolicyChange::ScheduleDelete { policy, at } => {
                execute::schedule_delete(cx, api, policy, *at, undoes).await.map(Written::Policy)
            }
            PolicyChange::Delete { policy } => execute::delete(cx, api, policy, undoes).await.map(Written::Removal),
            PolicyChange::Restore(trashed) => execute::restore(cx, api, trashed, undoes).await.map(Written::Policy),
        }
    }
}

impl PolicyChange {
    fn label(&self) -> String {
        match self {
            Self::Create(new) => new.owner.label.clone(),
            Self::Restore(trashed) => trashed.id.clone(),
            Self::Update { policy, .. } | Self::ScheduleDelete { policy, .. } | Self::Delete { policy } => {
                policy.id.clone()
            }
        }
    }

    fn request(&self) -> Option<Request> {
        match self {
            Self::Create(new) => Some(new.request()),
            Self::Update { change, .. } if change.is_empty() => None,
            Self::Update { policy, change } => Some(Katapult::update_request(&policy.id, change)),
            Self::ScheduleDelete { policy, at } => Some(Katapult::schedule_delete_request(&policy.id, at.as_second())),
            Self::Delete { policy } => Some(Katapult::delete_request(&policy.id)),
            Self::Restore(trashed) => Some(Katapult::restore_request(&trashed.id)),
        }
    }

    fn describe(&self, times: &TimeFormat) -> Vec<String> {
        match self {
            Self::Create(new) => new.describe(),
            Self::Update { policy, change } if change.is_empty() => {
                vec![format!("no changes: policy {} is already up to date", policy.id)]
            }
            Self::Update { policy, change } => {
                let lines = difference_lines(change);
                std::iter::once(policy.in_a_line(times)).chain(lines.iter().map(|line| format!("  {line}"))).collect()
            }
            Self::ScheduleDelete { policy, at } => {
                let mut lines = vec![policy.in_a_line(times)];
                lines.push(format!("  deletion at {}", time::in_full(*at, times.now, &times.zone)));
                lines.extend(until_deletion(&policy.before.model, *at, times).map(|line| format!("  {line}")));
                lines
            }
            Self::Delete { policy } => vec![policy.in_a_line(times)],
            Self::Restore(trashed) => vec![trashed.in_a_line(times)],
        }
    }

    fn losses(&self) -> Vec<Loss> {
        match self {
            Self::Create(_) | Self::Restore(_) => Vec::new(),
            Self::Update { policy, change } => change.losses(&policy.before.model),
            Self::ScheduleDelete { policy, at } => vec![schedule_loss(policy, *at)],
            Self::Delete { policy } => vec![deletion_loss(policy)],
        }
    }
}

impl TrashedPolicy {
    fn in_a_line(&self, times: &TimeFormat) -> String {
        let policy = match &self.known {
            Some(policy) => in_a_line(&policy.model, times),
            None => format!("policy {}", self.id),
        };
        let until = self.entry.as_ref().and_then(|entry| entry.model.keep_until);
        match until.and_then(|at| Timestamp::from_second(at).ok()) {
            Some(at) => format!("{policy}, in the trash until {}", time::in_full(at, times.now, &times.zone)),
            None => policy,
        }
    }
}

/// Describes a change field by field: `retention  7 → 30`.
pub fn difference_lines(change: &Change) -> Vec<String> {
    change
        .differences
        .iter()
        .map(|(name, before, after)| format!("{name:<9}  {} → {after}", before.as_deref().unwrap_or("(not set)")))
        .collect()
}

fn raw_after(before: &Object<Policy>, change: &Change) -> Value {
    let mut raw = before.raw.clone();
    if let Some(retention) = change.retention {
        raw["retention"] = retention.into();
    }
    let Some(schedule) = &change.schedule else {
        return raw;
    };
    if !raw["schedule"].is_object() {
        raw["schedule"] = json!({});
    }
    let fields = &mut raw["schedule"];
    if let Some(interval) = &schedule.interval {
        fields["interval"] = interval.as_str().into();
    }
    for (name, value) in [("frequency", schedule.frequency), ("minute", schedule.minute), ("time", schedule.time)] {
        if let Some(value) = value {
            fields[name] = value.into();
        }
    }
    // The server decides when it runs next.
    fields["next_invocation_at"] = Value::Null;
    raw
}

fn schedule_loss(policy: &PolicySnapshot, at: Timestamp) -> Loss {
    let before = &policy.before.model;
    let planned = before.auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let instead = planned.map_or_else(String::new, |planned| {
        let order = match at.cmp(&planned) {
            Ordering::Greater => "later",
            Ordering::Equal => "the same time",
            Ordering::Less => "earlier",
        };
        format!(" instead of {} ({order})", rfc3339(planned, &TimeZone::UTC))
    });
    let target = before.target.label();
    Loss(format!("policy {} of {target} is deleted at {}{instead}", policy.id, rfc3339(at, &TimeZone::UTC)))
}

fn deletion_loss(policy: &PolicySnapshot) -> Loss {
    match &policy.unreadable {
        Some(reason) => Loss(format!("policy {} is deleted now, and what it protects is unknown: {reason}", policy.id)),
        None => {
            let target = policy.before.model.target.label();
            Loss(format!("policy {} of {target} is deleted now: it makes no more backups", policy.id))
        }
    }
}

/// What happens before a scheduled deletion.
fn until_deletion(policy: &Policy, at: Timestamp, times: &TimeFormat) -> impl Iterator<Item = String> {
    let planned = policy.auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let replaced =
        planned.map(|planned| format!("replaces the deletion at {}", time::in_full(planned, times.now, &times.zone)));
    let runs = match policy.schedule.runs_before(at.as_second()) {
        Some(0) => "no backup runs before then".to_owned(),
        Some(1) => "1 backup runs before then".to_owned(),
        Some(count) => format!("{count} backups run before then (frequency read as \"every N intervals\")"),
        None => "how many backups run before then is unknown".to_owned(),
    };
    replaced.into_iter().chain([runs])
}

impl PolicySnapshot {
    fn in_a_line(&self, times: &TimeFormat) -> String {
        match &self.unreadable {
            Some(reason) => format!("policy {} cannot be read: {reason}", self.id),
            None => in_a_line(&self.before.model, times),
        }
    }
}

impl NewPolicy {
    pub fn request(&self) -> Request {
        Katapult::create_request(self.owner.object, &self.owner.lookup, &self.patch)
    }

    fn describe(&self) -> Vec<String> {
        let after = self.patch.against(&Policy::default()).applied_to(&Policy::default());
        let keeps = after.retention.map_or_else(String::new, |retention| format!(", keeps {retention}"));
        let mut lines = vec![format!("new policy for {} ({}{keeps})", self.owner.label, after.schedule.words())];
        lines.extend(self.duplicate().map(|id| {
            let interval = self.patch.interval.as_ref().map_or_else(String::new, |interval| format!("{interval} "));
            format!("{} already has a {interval}policy ({id}); this adds another", self.owner.label)
        }));
        lines
    }
}
