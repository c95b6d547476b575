//! The writes of an OnApp cloud: each knows its request, its preview and its losses. [`onapp_execute`](super::onapp_execute)
//! carries them out.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::onapp_execute;
use super::write::Write;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Request;
use crate::model::{Backup, Change, Loss, Object, Policy, TargetKind};
use crate::onapp::{BackupTarget, Kind, OnApp, ScheduleOwner};
use crate::time;
use crate::view::{TimeFormat, in_a_line};

/// One write of an OnApp cloud.
pub struct OnAppWrite {
    /// What is changed.
    pub change: OnAppChange,
    /// How long to wait until the cloud has done it; none to return when it is queued.
    pub wait: Option<Duration>,
}

/// The ways to change something.
pub enum OnAppChange {
    CreateBackup(NewBackup),
    RestoreBackup(BackupSnapshot),
    DeleteBackup(BackupSnapshot),
    NoteBackup { backup: BackupSnapshot, note: String },
    ConvertBackup { backup: BackupSnapshot, label: String },
    CreatePolicy(NewSchedule),
    UpdatePolicy { before: Object<Policy>, fields: Value, change: Change, is_paused: bool },
    DeletePolicy { before: Object<Policy> },
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
pub struct BackupSnapshot {
    pub id: String,
    pub before: Object<Backup>,
    /// What it is of: `web1`, `db1 disk 1101`.
    pub label: String,
    /// The number of the VM, where that can be found out.
    pub machine: Option<String>,
    /// Other backups of the same VM or disk; none where they cannot be listed.
    pub siblings: Option<Vec<Backup>>,
}

/// A schedule that is to be created.
pub struct NewSchedule {
    pub kind: TargetKind,
    pub target: String,
    pub label: String,
    pub fields: Value,
    pub policy: Policy,
    /// Numbers of the target's schedules, as last listed.
    pub existing: Vec<String>,
}

/// What was read back after a write.
pub enum OnAppWritten {
    Backup(Object<Backup>),
    Policy(Object<Policy>),
}

impl OnAppWritten {
    pub fn backup(self) -> Option<Object<Backup>> {
        match self {
            Self::Backup(backup) => Some(backup),
            Self::Policy(_) => None,
        }
    }

    pub fn policy(self) -> Option<Object<Policy>> {
        match self {
            Self::Policy(policy) => Some(policy),
            Self::Backup(_) => None,
        }
    }

    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Backup(backup) => backup.model.id.as_deref(),
            Self::Policy(policy) => policy.model.id.as_deref(),
        }
    }
}

impl NewSchedule {
    pub fn owner(&self) -> ScheduleOwner<'_> {
        match self.kind {
            TargetKind::Disk => ScheduleOwner::Disk(None, &self.target),
            _ => ScheduleOwner::Machine(&self.target),
        }
    }
}

impl Write for OnAppWrite {
    type Written = OnAppWritten;

    fn label(&self) -> String {
        match &self.change {
            OnAppChange::CreateBackup(new) => new.label.clone(),
            OnAppChange::CreatePolicy(new) => new.label.clone(),
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => {
                before.model.id_text().to_owned()
            }
            OnAppChange::RestoreBackup(backup)
            | OnAppChange::DeleteBackup(backup)
            | OnAppChange::NoteBackup { backup, .. }
            | OnAppChange::ConvertBackup { backup, .. } => backup.id.clone(),
        }
    }

    fn request(&self) -> Option<Request> {
        Some(match &self.change {
            OnAppChange::CreateBackup(new) => {
                OnApp::create_backup_request(&new.target, new.note.as_deref(), new.is_windows_forced)
            }
            OnAppChange::RestoreBackup(backup) => OnApp::restore_backup_request(&backup.id),
            OnAppChange::DeleteBackup(backup) => OnApp::delete_backup_request(&backup.id),
            OnAppChange::NoteBackup { backup, note } if backup.before.model.note.as_deref().unwrap_or("") == note => {
                return None;
            }
            OnAppChange::NoteBackup { backup, note } => OnApp::note_request(&backup.id, note),
            OnAppChange::ConvertBackup { backup, label } => OnApp::convert_backup_request(&backup.id, label),
            OnAppChange::CreatePolicy(new) => OnApp::create_schedule_request(new.owner(), &new.fields),
            OnAppChange::UpdatePolicy { before, fields, .. } if is_as_wanted(&before.raw, fields) => return None,
            OnAppChange::UpdatePolicy { before, fields, .. } => {
                OnApp::update_schedule_request(before.model.id_text(), fields)
            }
            OnAppChange::DeletePolicy { before } => OnApp::delete_schedule_request(before.model.id_text()),
        })
    }

    fn before(&self) -> Value {
        match &self.change {
            OnAppChange::CreateBackup(_) | OnAppChange::CreatePolicy(_) => Value::Null,
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => before.raw.clone(),
            OnAppChange::RestoreBackup(backup)
            | OnAppChange::DeleteBackup(backup)
            | OnAppChange::NoteBackup { backup, .. }
            | OnAppChange::ConvertBackup { backup, .. } => backup.before.raw.clone(),
        }
    }

    fn after(&self) -> Value {
        match &self.change {
            OnAppChange::CreatePolicy(new) => new.fields.clone(),
            OnAppChange::UpdatePolicy { before, fields, .. } => merged(&before.raw, fields),
            OnAppChange::NoteBackup { backup, note } => merged(&backup.before.raw, &json!({"note": note})),
            OnAppChange::RestoreBackup(backup) | OnAppChange::ConvertBackup { backup, .. } => backup.before.raw.clone(),
            OnAppChange::CreateBackup(_) | OnAppChange::DeleteBackup(_) | OnAppChange::DeletePolicy { .. } => {
                Value::Null
            }
        }
    }

    fn describe(&self, times: &TimeFormat) -> Vec<String> {
        vec![match &self.change {
            OnAppChange::CreateBackup(new) => {
                let kind = if matches!(new.target, BackupTarget::Machine(_)) { "incremental" } else { "normal" };
                format!("new {kind} backup of {}", new.label)
            }
            OnAppChange::RestoreBackup(backup) => format!("restore {} from {}", backup.label, backup.in_a_line(times)),
            OnAppChange::DeleteBackup(backup) => format!("delete {} of {}", backup.in_a_line(times), backup.label),
            OnAppChange::NoteBackup { backup, note } => {
                let old = backup.before.model.note.as_deref().unwrap_or("(none)");
                format!("note of backup {}: {old} → {note}", backup.id)
            }
            OnAppChange::ConvertBackup { backup, label } => {
                format!("convert {} of {} to the template `{label}`", backup.in_a_line(times), backup.label)
            }
            OnAppChange::CreatePolicy(new) => {
                let keeps = new.policy.retention.map_or_else(String::new, |count| format!(", keeps {count}"));
                format!("new policy for {} ({}{keeps})", new.label, new.policy.schedule.words())
            }
            OnAppChange::UpdatePolicy { before, fields, .. } => {
                let lines: Vec<String> = ["duration", "period", "rotation_period", "start_at", "status"]
                    .into_iter()
                    .filter(|name| !is_same(&before.raw[*name], &fields[*name]))
                    .map(|name| format!("{name} {} → {}", plain(&before.raw[name]), plain(&fields[name])))
                    .collect();
                if lines.is_empty() {
                    format!("no changes: policy {} is already up to date", before.model.id_text())
                } else {
                    format!("{}: {}", in_a_line(&before.model, times), lines.join(", "))
                }
            }
            OnAppChange::DeletePolicy { before } => in_a_line(&before.model, times),
        }]
    }

    fn losses(&self) -> Vec<Loss> {
        match &self.change {
            OnAppChange::CreateBackup(_) | OnAppChange::CreatePolicy(_) | OnAppChange::NoteBackup { .. } => Vec::new(),
            OnAppChange::RestoreBackup(backup) => vec![Loss(format!(
                "{} goes back to {}: what was written since is lost, and the VM may be stopped meanwhile",
                backup.label,
                backup.made_at()
            ))],
            OnAppChange::DeleteBackup(backup) => backup.deletion_losses(),
            OnAppChange::ConvertBackup { backup, .. } => vec![Loss(format!(
                "backup {} of {} may be used up by its conversion: OnApp does not document whether it is kept",
                backup.id, backup.label
            ))],
            OnAppChange::UpdatePolicy { before, change, is_paused, .. } => {
                let mut losses = change.losses(&before.model);
                if *is_paused && before.model.is_enabled() {
                    let (id, target) = (before.model.id_text(), before.model.target.label());
                    losses.push(Loss(format!("policy {id} of {target} makes no more backups until it is resumed")));
                }
                losses
            }
            OnAppChange::DeletePolicy { before } => {
                let (id, target) = (before.model.id_text(), before.model.target.label());
                vec![Loss(format!("policy {id} of {target} is deleted for good: it makes no more backups"))]
            }
        }
    }

    async fn read_again(&mut self, cx: &Context) -> Result<()> {
        let api = cx.onapp()?;
        match &mut self.change {
            OnAppChange::CreateBackup(new) => {
                new.existing = backup_ids(api, &new.machine).await?;
                Ok(())
            }
            OnAppChange::CreatePolicy(new) => {
                let now = schedule_ids(api, new.owner()).await?;
                if let Some(id) = now.iter().find(|id| !new.existing.contains(id)) {
                    return Err(changed(&format!("{} has got another policy meanwhile: {id}", new.label)));
                }
                Ok(())
            }
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => {
                let now = api.schedule(before.model.id_text()).await?;
                let settings = |raw: &Value| {
                    ["duration", "period", "rotation_period", "status", "target_id"].map(|name| raw[name].clone())
                };
                if settings(&now.raw) != settings(&before.raw) {
                    return Err(changed(&format!("policy {} was changed since it was shown", before.model.id_text())));
                }
                Ok(())
            }
            OnAppChange::RestoreBackup(backup)
            | OnAppChange::DeleteBackup(backup)
            | OnAppChange::NoteBackup { backup, .. }
            | OnAppChange::ConvertBackup { backup, .. } => {
                let now = api.backup(&backup.id).await?;
                let state = |backup: &Backup| (backup.state(), backup.note.clone(), backup.target_id.clone());
                if state(&now.model) != state(&backup.before.model) {
                    return Err(changed(&format!("backup {} was changed since it was shown", backup.id)));
                }
                Ok(())
            }
        }
    }

    async fn execute(&self, cx: &Context) -> Result<OnAppWritten> {
        onapp_execute::execute(cx, cx.onapp()?, self).await
    }
}

impl BackupSnapshot {
    /// When it was made, for people.
    pub fn made_at(&self) -> String {
        let made = self.before.model.built_at.or(self.before.model.created_at);
        made.map_or_else(|| "an unknown time".to_owned(), |at| time::rfc3339(at, &jiff::tz::TimeZone::UTC))
    }

    fn in_a_line(&self, times: &TimeFormat) -> String {
        let made = self.before.model.built_at.or(self.before.model.created_at);
        let made = made.map_or_else(String::new, |at| format!(" of {}", time::in_full(at, times.now, &times.zone)));
        format!("backup {}{made}", self.id)
    }

    fn deletion_losses(&self) -> Vec<Loss> {
        let finished = |backup: &&Backup| backup.built == Some(true) && backup.marked_for_delete != Some(true);
        let (id, label) = (&self.id, &self.label);
        let Some(siblings) = &self.siblings else {
            return vec![Loss(format!(
                "backup {id} of {label} is deleted for good; whether another one is left cannot be read"
            ))];
        };
        let others: Vec<&Backup> =
            siblings.iter().filter(finished).filter(|other| other.id.as_ref() != Some(id)).collect();
        let is_newest = others.iter().all(|other| other.created_at < self.before.model.created_at);
        let is_finished = finished(&&self.before.model);
        let what = match (is_finished, others.len()) {
            (true, 0) => format!("the only finished backup of {label}, {id}, is deleted for good"),
            (false, 0) => format!("backup {id} of {label} is deleted for good; it has no finished backup"),
            (true, left) if is_newest => {
                format!("the newest finished backup of {label}, {id}, is deleted for good; {left} older ones are left")
            }
            (_, left) => format!("backup {id} of {label} is deleted for good; {left} finished ones are left"),
        };
        let mut losses = vec![Loss(what)];
        if self.before.model.is_incremental() && !is_newest && !others.is_empty() {
            losses.push(Loss(format!("later incremental backups of {label} may need backup {id} to be restored")));
        }
        losses
    }
}

/// Reads the numbers of a VM's backups.
pub async fn backup_ids(api: &OnApp, machine: &str) -> Result<Vec<String>> {
    let listed = api.all_backups(machine, Kind::All).await?;
    listed.refuse_gaps("backups")?;
    Ok(listed.rows.into_iter().filter_map(|backup| backup.model.id).collect())
}

/// Reads the numbers of a target's schedules.
pub async fn schedule_ids(api: &OnApp, owner: ScheduleOwner<'_>) -> Result<Vec<String>> {
    let listed = api.schedules(owner).await?;
    listed.refuse_gaps("policies")?;
    Ok(listed.rows.into_iter().filter_map(|policy| policy.model.id).collect())
}

/// Whether the cloud's values are those of `fields` already.
pub fn is_as_wanted(raw: &Value, fields: &Value) -> bool {
    fields.as_object().is_none_or(|fields| fields.iter().all(|(name, value)| is_same(&raw[name], value)))
}

/// Whether two values mean the same: a number may come as text, and a time in any zone.
fn is_same(one: &Value, other: &Value) -> bool {
    let (one, other) = (plain(one), plain(other));
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    one == other || instant(&one).is_some_and(|at| instant(&other) == Some(at))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn merged(raw: &Value, fields: &Value) -> Value {
    let mut merged: Map<String, Value> = raw.as_object().cloned().unwrap_or_default();
    merged.extend(fields.as_object().cloned().unwrap_or_default());
    Value::Object(merged)
}

fn changed(message: &str) -> Error {
    Error::new(Exit::Refused, code::CHANGED, message.to_owned())
        .hint("nothing was sent; look again and repeat the command")
}
