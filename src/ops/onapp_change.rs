//! The changes of an OnApp cloud: what each is about, and what a backup is worth. [`onapp_write`](super::onapp_write) makes
//! writes of them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Backup, Change, Loss, Object, Policy, TargetKind};
use crate::onapp::{self, BackupTarget, Kind, OnApp, ScheduleOwner};
use crate::text::shell_word;
use crate::time;
use crate::view::TimeFormat;

/// One write of an OnApp cloud.
pub struct OnAppWrite {
    pub change: OnAppChange,
    /// How long to wait until the cloud has done it; none to return when it is queued.
    pub wait: Option<Duration>,
    /// Its name in results, where the object's id is not enough.
    pub label: Option<String>,
    /// The journal entry that it reverses.
    pub undoes: Option<u64>,
    /// What makes it uncertain whether it is right: it takes a confirmation.
    pub doubts: Vec<Loss>,
}

impl From<OnAppChange> for OnAppWrite {
    fn from(change: OnAppChange) -> Self {
        Self { change, wait: None, label: None, undoes: None, doubts: Vec::new() }
    }
}

impl OnAppWrite {
    /// The command that shows what became of it, as a hint: the object itself, or the list that a new one appears in.
    pub fn look(&self) -> String {
        match &self.change {
            OnAppChange::CreateBackup(new) => {
                format!("`bpctl backups list --vm {} --kind all` shows what happened", shell_word(&new.machine))
            }
            OnAppChange::RestoreBackup(backup)
            | OnAppChange::DeleteBackup(backup)
            | OnAppChange::ConvertBackup { backup, .. } => backup.look(),
            OnAppChange::NoteBackup { backup, .. } => look_at_backup(&backup.id),
            OnAppChange::CreatePolicy(new) => {
                let flag = if new.kind == TargetKind::Disk { "--disk" } else { "--vm" };
                format!("`bpctl policies list {flag} {}` shows what happened", shell_word(&new.target))
            }
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => {
                look_at_policy(before.model.id_text())
            }
        }
    }
}

/// The hint to look at a backup.
pub fn look_at_backup(id: &str) -> String {
    format!("`bpctl backup show {id}` shows its state", id = shell_word(id))
}

/// The hint to look at a policy.
pub fn look_at_policy(id: &str) -> String {
    format!("`bpctl policy show {id}` shows what happened", id = shell_word(id))
}

/// The ways to change something.
pub enum OnAppChange {
    CreateBackup(NewBackup),
    RestoreBackup(BackupSnapshot),
    DeleteBackup(BackupSnapshot),
    NoteBackup {
        backup: BackupSnapshot,
        note: String,
    },
    ConvertBackup {
        backup: BackupSnapshot,
        label: String,
    },
    CreatePolicy(NewSchedule),
    /// `start` is when it runs next, where that moves.
    UpdatePolicy {
        before: Object<Policy>,
        change: Change,
        start: Option<Timestamp>,
    },
    DeletePolicy {
        before: Object<Policy>,
    },
}

/// A backup that is to be taken.
pub struct NewBackup {
    pub target: BackupTarget,
    /// What it is of, for messages.
    pub label: String,
    /// The number of the VM, whose backups are listed before and after.
    pub machine: String,
    pub note: Option<String>,
    pub is_windows_forced: bool,
    /// Numbers of the VM's backups, as last listed.
    pub existing: Vec<String>,
}

/// A backup as it was read.
#[derive(Clone)]
pub struct BackupSnapshot {
    pub id: String,
    pub before: Object<Backup>,
    /// What it is of: `web1`, `db1 disk 1101`.
    pub label: String,
    /// The number of the VM, where that can be found out.
    pub machine: Option<String>,
    /// The name of the VM, where that can be found out.
    pub machine_name: Option<String>,
    /// Other backups of the same VM or disk; none where they cannot be listed.
    pub siblings: Option<Vec<Backup>>,
    /// Numbers of other backups that the same command deletes.
    pub going: Vec<String>,
}

/// A schedule that is to be created.
#[derive(Clone)]
pub struct NewSchedule {
    pub kind: TargetKind,
    pub target: String,
    pub label: String,
    pub fields: Value,
    pub policy: Policy,
    /// Numbers of the target's schedules, as last listed.
    pub existing: Vec<String>,
}

impl NewSchedule {
    pub fn owner(&self) -> ScheduleOwner<'_> {
        match self.kind {
            TargetKind::Disk => ScheduleOwner::Disk(None, &self.target),
            _ => ScheduleOwner::Machine(&self.target),
        }
    }
}

impl BackupSnapshot {
    /// When it was made, for people.
    pub fn made_at(&self) -> String {
        let made = self.before.model.built_at.or(self.before.model.created_at);
        made.map_or_else(|| "an unknown time".to_owned(), |at| time::rfc3339(at, &jiff::tz::TimeZone::UTC))
    }

    /// The hint to look at what the cloud does with it.
    fn look(&self) -> String {
        match &self.machine {
            Some(machine) => {
                format!("`bpctl transactions list --vm {machine}` shows what happened", machine = shell_word(machine))
            }
            None => look_at_backup(&self.id),
        }
    }

    pub fn in_a_line(&self, times: &TimeFormat) -> String {
        let made = self.before.model.built_at.or(self.before.model.created_at);
        let made = made.map_or_else(String::new, |at| format!(" of {}", time::in_full(at, times.now, &times.zone)));
        format!("backup {}{made}", self.id)
    }

    /// How many other finished backups are left when this one is deleted, with those that the same command deletes, and
    /// whether it is the newest of them; none where they cannot be listed.
    pub fn others_left(&self) -> Option<(usize, bool)> {
        let is_going = |other: &Backup| other.id.as_ref().is_some_and(|id| *id == self.id || self.going.contains(id));
        let left = self.siblings.as_ref()?.iter().filter(|other| is_finished(other) && !is_going(other));
        let is_older = |other: &Backup| other.created_at < self.before.model.created_at;
        Some(left.fold((0, true), |(count, is_newest), other| (count + 1, is_newest && is_older(other))))
    }

    pub fn deletion_losses(&self) -> Vec<Loss> {
        let (id, label) = (&self.id, &self.label);
        let Some(siblings) = &self.siblings else {
            return vec![Loss(format!(
                "backup {id} of {label} is deleted for good; whether another one is left cannot be read"
            ))];
        };
        let all: Vec<&Backup> =
            siblings.iter().filter(|other| is_finished(other)).filter(|other| other.id.as_ref() != Some(id)).collect();
        let (left, is_newest) = self.others_left().unwrap_or_default();
        let what = match (is_finished(&self.before.model), left) {
            (true, 0) if !all.is_empty() => {
                format!("the last finished backups of {label} are deleted for good, {id} among them")
            }
            (true, 0) => format!("the only finished backup of {label}, {id}, is deleted for good"),
            (false, 0) => format!("backup {id} of {label} is deleted for good; it has no finished backup"),
            (true, left) if is_newest => {
                format!("the newest finished backup of {label}, {id}, is deleted for good; older ones left: {left}")
            }
            (_, left) => format!("backup {id} of {label} is deleted for good; finished ones left: {left}"),
        };
        let mut losses = vec![Loss(what)];
        if self.before.model.is_incremental() && !is_newest && left > 0 {
            losses.push(Loss(format!("later incremental backups of {label} may need backup {id} to be restored")));
        }
        losses
    }
}

/// Whether a backup can be restored, and is not about to be deleted.
pub fn is_finished(backup: &Backup) -> bool {
    backup.built == Some(true) && backup.marked_for_delete != Some(true)
}

/// Reads the backups of a VM.
pub async fn all_backups(api: &OnApp, machine: &str) -> Result<Vec<Object<Backup>>> {
    let listed = api.all_backups(machine, Kind::All).await?;
    listed.walk.refuse_gap("backups")?;
    Ok(listed.rows)
}

/// Reads the numbers of a VM's backups.
pub async fn backup_ids(api: &OnApp, machine: &str) -> Result<Vec<String>> {
    Ok(all_backups(api, machine).await?.into_iter().filter_map(|backup| backup.model.id).collect())
}

/// Reads the schedules of a target.
pub async fn all_schedules(api: &OnApp, owner: ScheduleOwner<'_>) -> Result<Vec<Object<Policy>>> {
    let listed = api.schedules(owner).await?;
    listed.walk.refuse_gap("policies")?;
    Ok(listed.rows)
}

/// Reads the numbers of a target's schedules.
pub async fn schedule_ids(api: &OnApp, owner: ScheduleOwner<'_>) -> Result<Vec<String>> {
    Ok(all_schedules(api, owner).await?.into_iter().filter_map(|policy| policy.model.id).collect())
}

/// Whether the cloud's values are those of `fields` already.
pub fn is_as_wanted(raw: &Value, fields: &Value) -> bool {
    fields.as_object().is_none_or(|fields| fields.iter().all(|(name, value)| is_same(&raw[name], value)))
}

/// A number may come as text or with a fraction of zero, and a time in any zone and spelling.
pub fn is_same(one: &Value, other: &Value) -> bool {
    let (one, other) = (plain(one), plain(other));
    let number = |text: &str| text.parse::<f64>().ok();
    one == other
        || number(&one).is_some_and(|value| number(&other) == Some(value))
        || onapp::time(&one).is_some_and(|at| onapp::time(&other) == Some(at))
}

/// A value as text, without quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Lists the policies of the target of a new one again. One of another interval may have been created meanwhile, and any by
/// the same command.
pub async fn list_again(cx: &Context, api: &OnApp, new: &mut NewSchedule) -> Result<()> {
    let listed = api.schedules(new.owner()).await?;
    listed.walk.refuse_gap("policies")?;
    let interval = &new.policy.schedule.interval;
    let is_of_others = |id: &String| !new.existing.contains(id) && !cx.tally.was_accepted(id);
    let is_new = |policy: &&Object<Policy>| policy.model.id.as_ref().is_some_and(is_of_others);
    let is_same = |policy: &&Object<Policy>| {
        policy.model.schedule.interval == *interval || policy.model.unreadable_interval().is_some()
    };
    if let Some(policy) = listed.rows.iter().filter(is_new).find(is_same) {
        let id = policy.model.id_text();
        return Err(changed(&format!("{} has got another policy meanwhile: {id}", new.label)));
    }
    new.existing = listed.rows.into_iter().filter_map(|policy| policy.model.id).collect();
    Ok(())
}

/// The error for an object of the cloud that is not as it was shown.
pub fn changed(message: &str) -> Error {
    Error::new(Exit::Refused, code::CHANGED, message.to_owned())
        .hint("nothing was sent; look again and repeat the command")
}
