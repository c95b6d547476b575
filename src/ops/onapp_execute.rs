//! Carrying out a write on an OnApp cloud: record it, send it once, look, wait where that is wanted, read it back.
//!
//! A POST whose answer was lost is never sent again: the list is read, compared with the one before, and the error says
//! what was found.

mod backup;
mod policy;

use serde_json::{Value, json};

use super::onapp_change::{OnAppChange, OnAppWrite};
use super::read_back::{Candidate, find_new};
use super::record::{Intent, Record};
use super::write::{Write, Written};
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::journal::Action;
use crate::model::{Object, Policy};
use crate::onapp::{OnApp, schedule_fields};

/// Carries out a write.
pub async fn execute(cx: &Context, api: &OnApp, write: &OnAppWrite) -> Result<Written> {
    let Some(request) = write.request() else {
        return Ok(unchanged(write));
    };
    match &write.change {
        OnAppChange::CreateBackup(new) => backup::create(cx, api, write, new, &request).await,
        OnAppChange::RestoreBackup(backup) => {
            let actions = ["restore_backup", "restore_incremental_backup"];
            backup::act_on(cx, api, write, backup, &request, (Action::RestoreBackup, &actions)).await
        }
        OnAppChange::ConvertBackup { backup, .. } => {
            backup::act_on(cx, api, write, backup, &request, (Action::ConvertBackup, &["convert_backup"])).await
        }
        OnAppChange::DeleteBackup(backup) => {
            backup::act_on(cx, api, write, backup, &request, (Action::DeleteBackup, &["destroy_backup"])).await
        }
        OnAppChange::NoteBackup { backup, note } => backup::note(cx, api, write, backup, note, &request).await,
        OnAppChange::CreatePolicy(new) => policy::create(cx, api, write, new, &request).await,
        OnAppChange::UpdatePolicy { before, change, start } => {
            let fields = schedule_fields::updated(&before.raw, change, *start);
            policy::update(cx, api, write, (before, change), &fields, &request).await
        }
        OnAppChange::DeletePolicy { before } => policy::delete(cx, api, write, before, &request).await,
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

/// Adds the command that shows what happened, where that is not known.
fn with_check_hint(error: Error, write: &OnAppWrite) -> Error {
    if error.changed == Changed::No { error } else { error.hint(write.look()) }
}

/// A POST that makes something: its answer may be lost, or name another object, so it is looked for in a list.
struct Creation<'a, L> {
    /// What is made: `backup` or `policy`.
    noun: &'static str,
    /// What it is made for.
    label: &'a str,
    /// The numbers that the list had before.
    existing: &'a [String],
    list: L,
    /// The hint where its outcome can be seen.
    look: String,
}

impl<L: AsyncFn() -> Result<Vec<Candidate>>> Creation<'_, L> {
    /// Finds the number of what the answer is about: the new one of the list. What the answer names counts only if it is
    /// new.
    async fn id(&self, answer: Result<Value>) -> Result<String> {
        let Self { noun, label, look, .. } = self;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.outcome_unknown() => return Err(self.after_lost_answer(error).await),
            Err(error) => return Err(error),
        };
        let key = if *noun == "backup" { "backup" } else { "schedule" };
        let unlisted = |error: Error| {
            let why = &error.message;
            let message = format!("the cloud accepted a new {noun} of {label}, but listing it failed: {why}");
            Error { status: error.status, ..Error::new(Exit::Partly, code::NOT_VERIFIED, message) }
                .detail(json!({"ids": [], "error": error.to_json()["error"]}))
                .changed(Changed::Yes)
                .hint(look)
        };
        let list = async || (self.list)().await.map_err(unlisted);
        find_new(list, self.existing, &answer[key]["id"]).await?.map_err(|new| {
            let found = if new.is_empty() { "none".to_owned() } else { new.join(", ") };
            let message = format!("the cloud accepted a new {noun} of {label}; new in its list: {found}");
            Error::new(Exit::Partly, code::NOT_VERIFIED, message)
                .changed(Changed::Yes)
                .detail(json!({"ids": new}))
                .hint(look)
        })
    }

    /// Looks whether it was made although its answer was lost. It is never sent again.
    async fn after_lost_answer(&self, error: Error) -> Error {
        let Ok(now) = (self.list)().await else {
            return error.hint(&self.look);
        };
        let new: Vec<String> = now.into_iter().map(|one| one.id).filter(|id| !self.existing.contains(id)).collect();
        let noun = self.noun;
        let seen = if new.is_empty() {
            format!("no new {noun} found")
        } else {
            format!("found new: {noun} {}", new.join(", "))
        };
        Error { message: format!("{}; checked {}: {seen}", error.message, self.label), ..error }.hint(&self.look)
    }
}

fn not_verified(what: &str, id: &str, error: &Error) -> Error {
    let message = format!("the change to {what} {id} was accepted, but reading it back failed: {}", error.message);
    Error { status: error.status, ..Error::new(Exit::Partly, code::NOT_VERIFIED, message) }
        .detail(json!({"id": id, "error": error.to_json()["error"]}))
        .changed(Changed::Yes)
}
