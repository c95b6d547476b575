//! The writes of an OnApp cloud: each knows its request, its preview and its losses. [`onapp_execute`]
//! carries them out.

use serde_json::{Map, Value, json};

use super::guard;
use super::onapp_change::{BackupSnapshot, OnAppChange, OnAppWrite, all_backups, backup_ids, changed, list_again};
use super::onapp_execute;
use super::write::{Write, Written, difference_lines};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Request;
use crate::model::{Backup, Loss, Object, Policy};
use crate::onapp::{BackupTarget, OnApp, is_gone, schedule_fields};
use crate::time;
use crate::view::{TimeFormat, in_a_line};

impl Write for OnAppWrite {
    type Written = Written;

    fn label(&self) -> String {
        if let Some(label) = &self.label {
            return label.clone();
        }
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
            OnAppChange::UpdatePolicy { change, .. } if change.is_empty() => return None,
            OnAppChange::UpdatePolicy { before, change, start } => {
                let fields = schedule_fields::updated(&before.raw, change, *start);
                OnApp::update_schedule_request(before.model.id_text(), &fields)
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
            OnAppChange::UpdatePolicy { before, change, start } => {
                merged(&before.raw, &schedule_fields::updated(&before.raw, change, *start))
            }
            OnAppChange::NoteBackup { backup, note } => merged(&backup.before.raw, &json!({"note": note})),
            OnAppChange::RestoreBackup(backup) | OnAppChange::ConvertBackup { backup, .. } => backup.before.raw.clone(),
            OnAppChange::CreateBackup(_) | OnAppChange::DeleteBackup(_) | OnAppChange::DeletePolicy { .. } => {
                Value::Null
            }
        }
    }

    fn describe(&self, times: &TimeFormat) -> Vec<String> {
        let line = match &self.change {
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
                let paused = if new.policy.is_enabled() { "" } else { ", paused: makes no backups" };
                format!("new policy for {} ({}{keeps}{paused})", new.label, new.policy.schedule.words())
            }
            OnAppChange::UpdatePolicy { before, change, .. } if change.is_empty() => {
                format!("no changes: policy {} is already up to date", before.model.id_text())
            }
            OnAppChange::UpdatePolicy { before, change, start } => {
                let mut lines = vec![in_a_line(&before.model, times)];
                lines.extend(difference_lines(change).iter().map(|line| format!("  {line}")));
                lines.extend(start.map(|at| format!("  next run   {}", time::in_full(at, times.now, &times.zone))));
                return lines;
            }
            OnAppChange::DeletePolicy { before } => in_a_line(&before.model, times),
        };
        vec![line]
    }

    fn losses(&self) -> Vec<Loss> {
        let mut losses = match &self.change {
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
            OnAppChange::UpdatePolicy { before, change, .. } => change.losses(&before.model),
            OnAppChange::DeletePolicy { before } => {
                let (id, target) = (before.model.id_text(), before.model.target.label());
                vec![Loss(format!("policy {id} of {target} is deleted for good: it makes no more backups"))]
            }
        };
        losses.extend(self.doubts.iter().cloned());
        losses
    }

    async fn read_again(&mut self, cx: &Context) -> Result<()> {
        let api = cx.onapp()?;
        match &mut self.change {
            OnAppChange::CreateBackup(new) => {
                new.existing = backup_ids(api, &new.machine).await?;
                Ok(())
            }
            OnAppChange::CreatePolicy(new) => list_again(cx, api, new).await,
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => {
                read_policy_again(api, before).await
            }
            _ => self.is_unchanged(api).await,
        }
    }

    async fn execute(&self, cx: &Context) -> Result<Written> {
        onapp_execute::execute(cx, cx.onapp()?, self).await
    }
}

impl OnAppWrite {
    /// Reads again what a write is about that had to wait. Where an earlier attempt may have been carried out, the object
    /// may also be as that left it, which `is_made` finds out from the object as it is.
    ///
    /// # Errors
    /// `changed`, and the API's.
    pub(super) async fn check_again(
        &self,
        api: &OnApp,
        after_lost_answer: bool,
        is_made: impl FnOnce(&Value) -> bool,
    ) -> Result<()> {
        let checked = self.is_unchanged(api).await;
        if after_lost_answer { guard::or_made(checked, is_made) } else { checked }
    }

    async fn is_unchanged(&self, api: &OnApp) -> Result<()> {
        match &self.change {
            // What is new is looked for in a list: that is read again where it is sent.
            OnAppChange::CreateBackup(_) | OnAppChange::CreatePolicy(_) => Ok(()),
            OnAppChange::UpdatePolicy { before, .. } | OnAppChange::DeletePolicy { before } => {
                read_policy_again(api, &mut before.clone()).await
            }
            OnAppChange::DeleteBackup(backup) => {
                read_backup_again(api, backup).await?;
                list_siblings_again(api, backup).await
            }
            OnAppChange::RestoreBackup(backup)
            | OnAppChange::NoteBackup { backup, .. }
            | OnAppChange::ConvertBackup { backup, .. } => read_backup_again(api, backup).await,
        }
    }
}

/// Reads a backup again, which must be as it was.
async fn read_backup_again(api: &OnApp, backup: &BackupSnapshot) -> Result<()> {
    let now = match api.backup(&backup.id).await {
        Err(error) if is_gone(&error) => {
            let message = format!("backup {} was deleted since it was shown", backup.id);
            return Err(Error { status: error.status, ..changed(&message) });
        }
        read => read?,
    };
    let state = |backup: &Backup| (backup.state(), backup.note.clone(), backup.target_id.clone());
    if state(&now.model) == state(&backup.before.model) {
        return Ok(());
    }
    Err(changed(&format!("backup {} was changed since it was shown", backup.id))
        .detail(json!({"then": backup.before.raw, "now": now.raw})))
}

/// Lists the other backups again: what was said about those that are left must still be true.
async fn list_siblings_again(api: &OnApp, backup: &BackupSnapshot) -> Result<()> {
    let (Some(machine), Some((shown, was_newest))) = (&backup.machine, backup.others_left()) else {
        return Ok(());
    };
    let now = all_backups(api, machine).await?.into_iter().map(|row| row.model);
    let siblings = now.filter(|other| backup.before.model.is_sibling(other)).collect();
    let now = BackupSnapshot { siblings: Some(siblings), ..backup.clone() };
    let Some((left, is_newest)) = now.others_left() else {
        return Ok(());
    };
    if left >= shown && (was_newest || !is_newest) {
        return Ok(());
    }
    let label = &backup.label;
    Err(changed(&format!(
        "the other finished backups of {label} are not those that were shown: {left} of {shown} are left"
    )))
}

/// Reads a policy again, which must be as it was. Its next run moves on by itself.
async fn read_policy_again(api: &OnApp, before: &mut Object<Policy>) -> Result<()> {
    let id = before.model.id_text().to_owned();
    let mut now = match api.schedule(&id).await {
        Err(error) if is_gone(&error) => {
            return Err(Error { status: error.status, ..guard::changed(&id, "it was deleted since it was shown") });
        }
        read => read?,
    };
    if now.model.differs_from(&before.model) {
        return Err(guard::changed(&id, "it was changed since it was shown")
            .detail(json!({"then": before.raw, "now": now.raw})));
    }
    now.model.target.name = before.model.target.name.take();
    *before = now;
    Ok(())
}

fn merged(raw: &Value, fields: &Value) -> Value {
    let mut merged: Map<String, Value> = raw.as_object().cloned().unwrap_or_default();
    merged.extend(fields.as_object().cloned().unwrap_or_default());
    Value::Object(merged)
}
