//! Writes to backups. What the cloud queues is waited for where that is wanted.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::{Creation, begin, not_verified, with_check_hint};
use crate::context::Context;
use crate::error::{Changed, Error, Result};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::model::{Backup, Object};
use crate::onapp::{OnApp, backup as backup_of, is_gone};
use crate::ops::onapp_change::{BackupSnapshot, NewBackup, OnAppWrite, all_backups, backup_ids, look_at_backup};
use crate::ops::onapp_wait::{self, Goal, Watch};
use crate::ops::read_back::{Candidate, IfLaterFails, read_until};
use crate::ops::verify::{self, Missed, SideEffects};
use crate::ops::write::Written;

pub(super) async fn create(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    new: &NewBackup,
    request: &Request,
) -> Result<Written> {
    // What kept the cloud busy may have been another backup.
    let existing = RefCell::new(new.existing.clone());
    let list_again = async || {
        let now = backup_ids(api, &new.machine).await?;
        existing.replace(now);
        Ok(())
    };
    let since = onapp_wait::newest(api, Some(&new.machine), list_again).await?;
    let record = begin(cx, write, Action::CreateBackup, None, &new.label);
    let list = async || {
        let backups = all_backups(api, &new.machine).await?.into_iter();
        let candidate = |row: Object<Backup>| Some(Candidate { fits: new.target.owns(&row.model), id: row.model.id? });
        Ok(backups.filter_map(candidate).collect())
    };
    let send = async || api.write(request, async |_| list_again().await).await;
    let answer = onapp_wait::unless_busy(cx, write.wait, list_again, send).await;
    let existing = existing.take();
    let creation = Creation { noun: "backup", label: &new.label, existing: &existing, list, look: write.look() };
    let id = match creation.id(answer).await {
        Ok(id) => id,
        Err(error) => return Err(record.fail(error)),
    };
    record.note_object(&id);
    cx.tally.accept(&id, &look_at_backup(&id));
    let actions = ["take_backup", "take_incremental_backup"];
    let watch = Watch { machine: Some(&new.machine), backup: &id, actions: &actions, since, goal: Goal::Built };
    let ended = async {
        if let Some(limit) = write.wait {
            onapp_wait::wait(cx, api, &watch, limit).await?;
        }
        api.backup(&id).await.map_err(|error| not_verified("backup", &id, &error))
    };
    match ended.await {
        Ok(backup) => {
            record.end(Outcome::Done, Some(id), backup.raw.clone());
            Ok(Written::Backup(backup))
        }
        Err(error) => Err(record.fail_with(error, &id)),
    }
}

/// Restores, converts or deletes a backup: the cloud queues it.
pub(super) async fn act_on(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    backup: &BackupSnapshot,
    request: &Request,
    (action, actions): (Action, &[&str]),
) -> Result<Written> {
    let machine = backup.machine.as_deref();
    let is_deletion = action == Action::DeleteBackup;
    let is_conversion = action == Action::ConvertBackup;
    // One's own deletion that is queued: the cloud refuses another one.
    let is_queued = |raw: &Value| {
        let now = backup_of(raw);
        is_deletion && (now.marked_for_delete == Some(true) || now.locked == Some(true))
    };
    let check = async |after_lost| write.check_again(api, after_lost, is_queued).await;
    let since = onapp_wait::newest(api, machine, async || check(false).await).await?;
    let record = begin(cx, write, action, Some(&backup.id), &backup.label);
    let look = write.look();
    let done = async {
        let send = async || {
            if is_deletion {
                api.remove(request, check).await.map(|()| Value::Null)
            } else {
                api.write(request, check).await
            }
        };
        let sent = onapp_wait::unless_busy(cx, write.wait, async || check(false).await, send);
        let answer = match sent.await {
            Ok(answer) => answer,
            Err(error) if error.outcome_unknown() => {
                return Err(after_lost_answer(api, backup, since, actions, error).await.hint(&look));
            }
            Err(error) => return Err(error),
        };
        cx.tally.accept(&backup.id, &look);
        if let Some(template) = answer.get("image_template").and_then(|template| template.get("id")) {
            cx.ui.note(&format!("template {template} is being made"));
        }
        let goal = if is_deletion { Goal::Gone } else { Goal::Complete };
        let watch = Watch { machine, backup: &backup.id, actions, since, goal };
        match write.wait {
            Some(limit) => onapp_wait::wait(cx, api, &watch, limit).await?,
            None => cx.ui.note(&format!("accepted by the cloud; {look}")),
        }
        match api.backup(&backup.id).await {
            Err(error) if is_deletion && is_gone(&error) => Ok(backup.before.clone()),
            // A conversion may use the backup up; its transaction said that it is done.
            Err(error) if is_conversion && write.wait.is_some() && is_gone(&error) => Ok(backup.before.clone()),
            Err(error) => Err(not_verified("backup", &backup.id, &error)),
            // After a deletion without `--wait`, the queue may not have come to it yet.
            Ok(now) => Ok(now),
        }
    };
    match done.await {
        Ok(now) => {
            let after = if is_deletion { Value::Null } else { now.raw.clone() };
            record.end(Outcome::Done, Some(backup.id.clone()), after);
            Ok(Written::Backup(now))
        }
        Err(error) => Err(record.fail_with(error, &backup.id)),
    }
}

/// Looks what became of an action whose answer was lost.
async fn after_lost_answer(
    api: &OnApp,
    backup: &BackupSnapshot,
    since: Option<u64>,
    actions: &[&str],
    error: Error,
) -> Error {
    let watch = Watch { machine: backup.machine.as_deref(), backup: &backup.id, actions, since, goal: Goal::Complete };
    let seen = match onapp_wait::find(api, &watch).await {
        Ok(Some(transaction)) => {
            let status = transaction.status.as_deref().unwrap_or("of unknown status");
            format!("transaction {} is {status}", transaction.id.as_deref().unwrap_or("-"))
        }
        Ok(None) => "no new transaction found".to_owned(),
        Err(_) => match api.backup(&backup.id).await {
            Ok(now) => format!("backup {} is {}", backup.id, now.model.state()),
            Err(gone) if is_gone(&gone) => format!("backup {} is gone", backup.id),
            Err(_) => return error,
        },
    };
    Error { message: format!("{}; checked {}: {seen}", error.message, backup.label), ..error }
}

pub(super) async fn note(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    backup: &BackupSnapshot,
    note: &str,
    request: &Request,
) -> Result<Written> {
    let record = begin(cx, write, Action::NoteBackup, Some(&backup.id), &backup.label);
    let written = async {
        let is_made = |raw: &Value| raw["note"].as_str().unwrap_or("") == note;
        let check = async |after_lost| write.check_again(api, after_lost, is_made).await;
        let sent = match api.write(request, check).await {
            // Old clouds have no path for notes: the backup itself is updated there (inferred).
            Err(error) if is_gone(&error) && !error.outcome_unknown() => {
                let whole = Request {
                    path: request.path.replace("/note.json", ".json"),
                    ..request.clone().body(json!({"backup": {"note": note}}))
                };
                api.write(&whole, check).await
            }
            sent => sent,
        };
        let is_done = |now: &Object<Backup>| now.model.note.as_deref().unwrap_or("") == note;
        if let Err(error) = sent {
            return Err(after_unknown(api, backup, error, is_done).await);
        }
        cx.tally.accept(&backup.id, &write.look());
        let read = async || api.backup(&backup.id).await.map_err(|error| not_verified("backup", &backup.id, &error));
        let now = read_until(read, is_done, IfLaterFails::Fail).await?;
        if !is_done(&now) {
            return Err(not_applied(backup, note, &now.model));
        }
        Ok(now)
    };
    match written.await.map_err(|error| with_check_hint(error, write)) {
        Ok(now) => {
            record.end(Outcome::Done, Some(backup.id.clone()), now.raw.clone());
            Ok(Written::Backup(now))
        }
        Err(error) => Err(record.fail_with(error, &backup.id)),
    }
}

/// The error of a note that the cloud did not take, or cut.
fn not_applied(backup: &BackupSnapshot, wanted: &str, now: &Backup) -> Error {
    let (was, is) = (backup.before.model.note.clone(), now.note.clone());
    let is_changed = was.as_deref().unwrap_or("") != is.as_deref().unwrap_or("");
    let missed = Missed { name: "note", was, wanted: wanted.to_owned(), is };
    verify::not_applied(&[missed], &SideEffects { is_changed, ..SideEffects::default() })
}

/// Looks at the backup after a change of its note whose outcome is unknown, and says what it found.
async fn after_unknown(
    api: &OnApp,
    backup: &BackupSnapshot,
    error: Error,
    is_made: impl Fn(&Object<Backup>) -> bool,
) -> Error {
    if error.changed == Changed::No {
        return error;
    }
    let id = &backup.id;
    let (seen, changed) = match api.backup(id).await {
        Ok(now) if is_made(&now) => ("the change was made", Changed::Yes),
        Ok(now) if now.model.note == backup.before.model.note => ("the note is as it was", error.changed),
        Ok(_) => ("the note has changed", error.changed),
        Err(gone) if is_gone(&gone) => ("the backup is gone", error.changed),
        Err(_) => return error,
    };
    Error { message: format!("{}; checked {id}: {seen}", error.message), ..error }.changed(changed)
}
