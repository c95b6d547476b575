//! Carrying out a write on an OnApp cloud: record it, send it once, look, wait where that is wanted, read it back.
//!
//! A POST whose answer was lost is never sent again: the list is read, compared with the one before, and the error says
//! what was found.

use std::time::Duration;

use serde_json::{Value, json};

use super::onapp_change::{
    BackupSnapshot, NewBackup, NewSchedule, OnAppChange, OnAppWrite, all_backups, all_schedules, is_as_wanted, is_same,
    look_at_backup, look_at_policy, plain,
};
use super::onapp_wait::{self, Goal, Watch};
use super::read_back::{Candidate, IfLaterFails, find_new, read_until};
use super::record::{Intent, Record};
use super::verify::{self, Missed, SideEffects, new_losses};
use super::write::{Write, Written};
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::model::{Backup, Change, Object, Policy, TargetKind};
use crate::onapp::{OnApp, is_gone, schedule_fields};

/// What an update sets: the cloud's name of each field, and the name that it has on the command line.
const SETTINGS: [(&str, &str); 5] = [
    ("rotation_period", "retention"),
    ("period", "interval"),
    ("duration", "frequency"),
    ("start_at", "next run"),
    ("status", "status"),
];

/// Carries out a write.
pub async fn execute(cx: &Context, api: &OnApp, write: &OnAppWrite) -> Result<Written> {
    let Some(request) = write.request() else {
        return Ok(unchanged(write));
    };
    match &write.change {
        OnAppChange::CreateBackup(new) => create_backup(cx, api, write, new, &request).await,
        OnAppChange::RestoreBackup(backup) => {
            let actions = ["restore_backup", "restore_incremental_backup"];
            act_on(cx, api, write, backup, &request, (Action::RestoreBackup, &actions)).await
        }
        OnAppChange::ConvertBackup { backup, .. } => {
            act_on(cx, api, write, backup, &request, (Action::ConvertBackup, &["convert_backup"])).await
        }
        OnAppChange::DeleteBackup(backup) => {
            act_on(cx, api, write, backup, &request, (Action::DeleteBackup, &["destroy_backup"])).await
        }
        OnAppChange::NoteBackup { backup, note } => note_backup(cx, api, write, backup, note, &request).await,
        OnAppChange::CreatePolicy(new) => create_policy(cx, api, write, new, &request).await,
        OnAppChange::UpdatePolicy { before, change, start } => {
            let fields = schedule_fields::updated(&before.raw, change, *start);
            update_policy(cx, api, write, (before, change), &fields, &request).await
        }
        OnAppChange::DeletePolicy { before } => delete_policy(cx, api, write, before, &request).await,
    }
}

fn unchanged(write: &OnAppWrite) -> Written {
    match &write.change {
        OnAppChange::NoteBackup { backup, .. } => {
            Written::Backup(Object { model: backup.before.model.clone(), raw: backup.before.raw.clone() })
        }
        OnAppChange::UpdatePolicy { before, .. } => Written::Policy(before.clone()),
        _ => Written::Policy(Object { model: Policy::default(), raw: Value::Null }),
    }
}

fn begin<'a>(cx: &'a Context, write: &OnAppWrite, action: Action, id: Option<&str>, target: &str) -> Record<'a> {
    let mut wanted = write.request().and_then(|request| request.body).unwrap_or(Value::Null);
    if let Some(fields) = wanted.get_mut("schedule") {
        wanted = fields.take();
    }
    let (before, undoes) = (write.before(), write.undoes);
    let look = write.look();
    Record::begin(cx, &Intent { action, policy: id, target: Some(target), before: &before, wanted, undoes, look })
}

async fn create_backup(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    new: &NewBackup,
    request: &Request,
) -> Result<Written> {
    let since = onapp_wait::newest(api, Some(&new.machine), write.wait).await;
    let record = begin(cx, write, Action::CreateBackup, None, &new.label);
    let list = async || {
        let backups = all_backups(api, &new.machine).await?.into_iter();
        let candidate = |row: Object<Backup>| Some(Candidate { fits: new.target.owns(&row.model), id: row.model.id? });
        Ok(backups.filter_map(candidate).collect())
    };
    let look = write.look();
    let id = match created(cx, api, request, write.wait, (&new.existing, &list), (&new.label, "backup", &look)).await {
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
async fn act_on(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    backup: &BackupSnapshot,
    request: &Request,
    (action, actions): (Action, &[&str]),
) -> Result<Written> {
    let machine = backup.machine.as_deref();
    let since = onapp_wait::newest(api, machine, write.wait).await;
    let record = begin(cx, write, action, Some(&backup.id), &backup.label);
    let is_deletion = action == Action::DeleteBackup;
    let look = write.look();
    let done = async {
        let sent = onapp_wait::unless_busy(cx, write.wait, async || {
            if is_deletion { api.remove(request).await.map(|()| Value::Null) } else { api.write(request).await }
        });
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
            Err(error) => Err(not_verified("backup", &backup.id, &error)),
            Ok(now) if is_deletion && !is_going(&now.model) && write.wait.is_none() => {
                // The queue may not have marked it yet.
                Ok(now)
            }
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

fn is_going(backup: &Backup) -> bool {
    backup.locked == Some(true) || backup.marked_for_delete == Some(true)
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

async fn note_backup(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    backup: &BackupSnapshot,
    note: &str,
    request: &Request,
) -> Result<Written> {
    let record = begin(cx, write, Action::NoteBackup, Some(&backup.id), &backup.label);
    let written = async {
        let sent = match api.write(request).await {
            // Old clouds have no path for notes: the backup itself is updated there (inferred).
            Err(error) if is_gone(&error) && !error.outcome_unknown() => {
                let whole = Request {
                    path: request.path.replace("/note.json", ".json"),
                    ..request.clone().body(json!({"backup": {"note": note}}))
                };
                api.write(&whole).await
            }
            sent => sent,
        };
        let is_done = |now: &Object<Backup>| now.model.note.as_deref().unwrap_or("") == note;
        if let Err(error) = sent {
            return Err(after_unknown_note(api, backup, error, is_done).await);
        }
        cx.tally.accept(&backup.id, &write.look());
        let read = async || api.backup(&backup.id).await.map_err(|error| not_verified("backup", &backup.id, &error));
        let now = read_until(read, is_done, IfLaterFails::Fail).await?;
        if !is_done(&now) {
            return Err(note_not_applied(backup, note, &now.model));
        }
        Ok(now)
    };
    match written.await.map_err(|error| with_look(error, write)) {
        Ok(now) => {
            record.end(Outcome::Done, Some(backup.id.clone()), now.raw.clone());
            Ok(Written::Backup(now))
        }
        Err(error) => Err(record.fail_with(error, &backup.id)),
    }
}

async fn create_policy(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    new: &NewSchedule,
    request: &Request,
) -> Result<Written> {
    let record = begin(cx, write, Action::Create, None, &new.label);
    let list = async || {
        let schedules = all_schedules(api, new.owner()).await?.into_iter();
        let fits = |row: &Object<Policy>| is_as_wanted(&row.raw, &verifiable(row, &new.fields));
        Ok(schedules.filter_map(|row| Some(Candidate { fits: fits(&row), id: row.model.id? })).collect())
    };
    let look = write.look();
    let id = match created(cx, api, request, None, (&new.existing, &list), (&new.label, "policy", &look)).await {
        Ok(id) => id,
        Err(error) => return Err(record.fail(error)),
    };
    record.note_object(&id);
    cx.tally.accept(&id, &look_at_policy(&id));
    let read = api.schedule(&id).await.map_err(|error| not_verified("policy", &id, &error));
    let read = read.and_then(|now| {
        if is_as_wanted(&now.raw, &verifiable(&now, &new.fields)) {
            let mut now = now;
            now.model.target.name = Some(new.label.clone()).filter(|_| new.kind == TargetKind::VirtualMachine);
            Ok(now)
        } else {
            Err(not_applied(&format!("policy {id} was created, but with other values: `bpctl policy show {id}`"))
                .changed(Changed::Yes))
        }
    });
    match read {
        Ok(now) => record.finish(Ok(now)).map(Written::Policy),
        Err(error) => Err(record.fail_with(error, &id)),
    }
}

async fn update_policy(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    (before, change): (&Object<Policy>, &Change),
    fields: &Value,
    request: &Request,
) -> Result<Written> {
    let id = before.model.id_text();
    let record = begin(cx, write, Action::Update, Some(id), before.model.target.label());
    let written = async {
        let is_done = |now: &Object<Policy>| is_as_wanted(&now.raw, &verifiable(now, fields));
        if let Err(error) = api.write(request).await {
            return Err(after_unknown(api, before, error, |now| is_done(now) && !is_done(before)).await);
        }
        cx.tally.accept(id, &write.look());
        let read = async || api.schedule(id).await.map_err(|error| not_verified("policy", id, &error));
        let mut now = read_until(read, is_done, IfLaterFails::Fail).await?;
        if !is_done(&now) {
            return Err(update_not_applied((before, change), &verifiable(&now, fields), &now));
        }
        now.model.target.name.clone_from(&before.model.target.name);
        Ok(now)
    };
    record.finish(written.await.map_err(|error| with_look(error, write))).map(Written::Policy)
}

/// The error of an update that the cloud did not take, or took with other values.
fn update_not_applied((before, change): (&Object<Policy>, &Change), fields: &Value, now: &Object<Policy>) -> Error {
    let text = |raw: &Value, name: &str| raw.get(name).filter(|value| !value.is_null()).map(plain);
    let is_wanted = |name: &str| is_as_wanted(&now.raw, &json!({name: fields[name]}));
    let names = || SETTINGS.into_iter().filter(|(name, _)| !fields[*name].is_null());
    let missed: Vec<Missed> = names()
        .filter(|(name, _)| !is_wanted(name))
        .map(|(name, word)| Missed {
            name: word,
            was: text(&before.raw, name),
            wanted: plain(&fields[name]),
            is: text(&now.raw, name),
        })
        .collect();
    let is_changed = names().any(|(name, _)| is_wanted(name) && !is_same(&before.raw[name], &now.raw[name]));
    let losses = new_losses(change, &before.model, &now.model);
    verify::not_applied(&missed, &SideEffects { is_changed, losses, ..SideEffects::default() })
}

/// The error of a note that the cloud did not take, or cut.
fn note_not_applied(backup: &BackupSnapshot, wanted: &str, now: &Backup) -> Error {
    let (was, is) = (backup.before.model.note.clone(), now.note.clone());
    let is_changed = was.as_deref().unwrap_or("") != is.as_deref().unwrap_or("");
    let missed = Missed { name: "note", was, wanted: wanted.to_owned(), is };
    verify::not_applied(&[missed], &SideEffects { is_changed, ..SideEffects::default() })
}

async fn delete_policy(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    before: &Object<Policy>,
    request: &Request,
) -> Result<Written> {
    let id = before.model.id_text();
    let record = begin(cx, write, Action::Delete, Some(id), before.model.target.label());
    let deleted = async {
        if let Err(error) = api.remove(request).await {
            return Err(after_unknown(api, before, error, |_| false).await);
        }
        cx.tally.accept(id, &write.look());
        let exists = async || match api.schedule(id).await {
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(not_verified("policy", id, &error)),
            Ok(_) => Ok(true),
        };
        if read_until(exists, |exists| !exists, IfLaterFails::Fail).await? {
            return Err(not_applied(&format!("the server accepted the deletion of policy {id}, but it still exists")));
        }
        Ok(())
    };
    match deleted.await.map_err(|error| with_look(error, write)) {
        Ok(()) => {
            record.end(Outcome::Done, Some(id.to_owned()), Value::Null);
            Ok(Written::Policy(before.clone()))
        }
        Err(error) => Err(record.fail_with(error, id)),
    }
}

/// Looks at the policy after a write whose outcome is unknown, and says what it found.
async fn after_unknown(
    api: &OnApp,
    before: &Object<Policy>,
    error: Error,
    is_made: impl Fn(&Object<Policy>) -> bool,
) -> Error {
    if error.changed == Changed::No {
        return error;
    }
    let id = before.model.id_text();
    let (seen, changed) = match api.schedule(id).await {
        Ok(now) if is_made(&now) => ("the change was made", Changed::Yes),
        Ok(now) if now.model.differs_from(&before.model) => ("the policy has changed", error.changed),
        Ok(_) => ("the policy is as it was", error.changed),
        Err(gone) if is_gone(&gone) => ("the policy is gone", error.changed),
        Err(_) => return error,
    };
    Error { message: format!("{}; checked {id}: {seen}", error.message), ..error }.changed(changed)
}

/// Looks at the backup after a change of its note whose outcome is unknown, and says what it found.
async fn after_unknown_note(
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

/// Adds the command that shows what happened, where that is not known.
fn with_look(error: Error, write: &OnAppWrite) -> Error {
    if error.changed == Changed::No { error } else { error.hint(write.look()) }
}

/// Leaves out what the cloud decides: a disk keeps one backup whatever is sent (documented).
fn verifiable(now: &Object<Policy>, fields: &Value) -> Value {
    let mut fields = fields.clone();
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "action" | "target_id" | "target_type"));
        if now.model.target.kind == crate::model::TargetKind::Disk {
            fields.shift_remove("rotation_period");
        }
    }
    fields
}

/// Sends a POST that makes something, and finds its number: the new one of the list. What the answer names counts only
/// if it is new.
async fn created(
    cx: &Context,
    api: &OnApp,
    request: &Request,
    wait: Option<Duration>,
    (existing, list): (&[String], &impl AsyncFn() -> Result<Vec<Candidate>>),
    (label, what, hint): (&str, &str, &str),
) -> Result<String> {
    let new_ones = async || {
        let now = list().await?.into_iter().map(|one| one.id);
        Ok::<_, Error>(now.filter(|id| !existing.contains(id)).collect::<Vec<String>>())
    };
    // Only backups have `--wait`.
    let sent = if what == "backup" {
        onapp_wait::unless_busy(cx, wait, async || api.write(request).await).await
    } else {
        api.write(request).await
    };
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) if error.outcome_unknown() => {
            let seen = match new_ones().await {
                Err(_) => return Err(error.hint(hint)),
                Ok(new) if new.is_empty() => format!("no new {what} found"),
                Ok(new) => format!("found new: {what} {}", new.join(", ")),
            };
            let message = format!("{}; checked {label}: {seen}", error.message);
            return Err(Error { message, ..error }.hint(hint));
        }
        Err(error) => return Err(error),
    };
    let key = if what == "backup" { "backup" } else { "schedule" };
    let named = &answer[key]["id"];
    match find_new(async || list().await.map_err(|error| not_verified(what, label, &error)), existing, named).await? {
        Ok(id) => Ok(id),
        Err(new) => {
            let found = if new.is_empty() { "none".to_owned() } else { new.join(", ") };
            let message = format!("the cloud accepted a new {what} of {label}; new in its list: {found}");
            Err(Error::new(Exit::Partly, code::NOT_VERIFIED, message)
                .changed(Changed::Yes)
                .detail(json!({"ids": new}))
                .hint(hint))
        }
    }
}

fn not_verified(what: &str, id: &str, error: &Error) -> Error {
    let message = format!("the change to {what} {id} was accepted, but reading it back failed: {}", error.message);
    Error { status: error.status, ..Error::new(Exit::Partly, code::NOT_VERIFIED, message) }
        .detail(json!({"id": id, "error": error.to_json()["error"]}))
        .changed(Changed::Yes)
}

fn not_applied(message: &str) -> Error {
    Error::new(Exit::Failure, code::NOT_APPLIED, message.to_owned()).with_outcome_unknown()
}
