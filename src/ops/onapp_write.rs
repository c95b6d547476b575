//! The writes of an OnApp cloud: each knows its request, its preview and its losses. [`onapp_execute`]
//! carries them out.

use serde_json::{Map, Value, json};

use super::onapp_change::{OnAppChange, OnAppWrite, backup_ids, is_as_wanted, is_same, plain, schedule_ids};
use super::onapp_execute;
use super::write::{Write, Written};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Request;
use crate::model::{Backup, Loss};
use crate::onapp::{BackupTarget, OnApp};
use crate::view::{TimeFormat, in_a_line};

impl Write for OnAppWrite {
    type Written = Written;

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

    async fn execute(&self, cx: &Context) -> Result<Written> {
        onapp_execute::execute(cx, cx.onapp()?, self).await
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
