//! Writes to policies, which the cloud carries out at once.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::{Creation, begin, not_verified, with_check_hint};
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::model::{Change, Object, Policy, TargetKind};
use crate::onapp::{OnApp, is_gone, policy, schedule_fields};
use crate::ops::deletion_time::server_time;
use crate::ops::onapp_change::{
    NewSchedule, OnAppWrite, all_schedules, is_as_wanted, is_same, list_again, look_at_policy, plain,
};
use crate::ops::read_back::{Candidate, IfLaterFails, read_until};
use crate::ops::verify::{self, Missed, SideEffects, new_losses};
use crate::ops::write::Written;
use crate::text::shell_word;

/// What an update sets: the cloud's name of each field, and the name that it has on the command line.
const SETTINGS: [(&str, &str); 5] = [
    ("rotation_period", "retention"),
    ("period", "interval"),
    ("duration", "frequency"),
    ("start_at", "next run"),
    ("status", "status"),
];

pub(super) async fn create(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    new: &NewSchedule,
    request: &Request,
) -> Result<Written> {
    let record = begin(cx, write, Action::Create, None, &new.label);
    let list = async || {
        let schedules = all_schedules(api, new.owner()).await?.into_iter();
        let fits = |row: &Object<Policy>| is_as_wanted(&row.raw, &verifiable(cx, api, row, &new.fields));
        Ok(schedules.filter_map(|row| Some(Candidate { fits: fits(&row), id: row.model.id? })).collect())
    };
    let existing = RefCell::new(new.existing.clone());
    let check = async |_| {
        let mut again = new.clone();
        list_again(cx, api, &mut again).await?;
        existing.replace(again.existing);
        Ok(())
    };
    let answer = api.write(request, check).await;
    let existing = existing.take();
    let creation = Creation { noun: "policy", label: &new.label, existing: &existing, list, look: write.look() };
    let id = match creation.id(answer).await {
        Ok(id) => id,
        Err(error) => return Err(record.fail(error)),
    };
    record.note_object(&id);
    cx.tally.accept(&id, &look_at_policy(&id));
    let read = api.schedule(&id).await.map_err(|error| not_verified("policy", &id, &error));
    let read = read.and_then(|now| {
        if is_as_wanted(&now.raw, &verifiable(cx, api, &now, &new.fields)) {
            let mut now = now;
            now.model.target.name = Some(new.label.clone()).filter(|_| new.kind == TargetKind::VirtualMachine);
            Ok(now)
        } else {
            Err(not_applied(&format!(
                "policy {id} was created, but with other values: `bpctl policy show {id}`",
                id = shell_word(&id)
            ))
            .changed(Changed::Yes))
        }
    });
    match read {
        Ok(now) => record.finish(Ok(now)).map(Written::Policy),
        Err(error) => Err(record.fail_with(error, &id)),
    }
}

pub(super) async fn update(
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
        let is_done = |now: &Object<Policy>| is_as_wanted(&now.raw, &verifiable(cx, api, now, fields));
        let is_made = |raw: &Value| is_done(&Object { model: policy(raw), raw: raw.clone() });
        let check = async |after_lost| write.check_again(api, after_lost, is_made).await;
        if let Err(error) = api.write(request, check).await {
            return Err(after_unknown(api, before, error, |now| is_done(now) && !is_done(before)).await);
        }
        cx.tally.accept(id, &write.look());
        let read = async || api.schedule(id).await.map_err(|error| not_verified("policy", id, &error));
        let mut now = read_until(read, is_done, IfLaterFails::Fail).await?;
        if !is_done(&now) {
            return Err(update_not_applied((before, change), &verifiable(cx, api, &now, fields), &now));
        }
        now.model.target.name.clone_from(&before.model.target.name);
        Ok(now)
    };
    record.finish(written.await.map_err(|error| with_check_hint(error, write))).map(Written::Policy)
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

pub(super) async fn delete(
    cx: &Context,
    api: &OnApp,
    write: &OnAppWrite,
    before: &Object<Policy>,
    request: &Request,
) -> Result<Written> {
    let id = before.model.id_text();
    let record = begin(cx, write, Action::Delete, Some(id), before.model.target.label());
    let deleted = async {
        let check = async |after_lost| write.check_again(api, after_lost, |_| false).await;
        if let Err(error) = api.remove(request, check).await {
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
    match deleted.await.map_err(|error| with_check_hint(error, write)) {
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

/// Leaves out what the cloud decides: a disk keeps one backup whatever is sent (documented), and a run that was due moves
/// the next one on.
fn verifiable(cx: &Context, api: &OnApp, now: &Object<Policy>, fields: &Value) -> Value {
    let sent = schedule_fields::start(fields).filter(|sent| *sent <= server_time(cx, api.http()));
    let has_run = sent.is_some() && schedule_fields::start(&now.raw) > sent;
    let mut fields = fields.clone();
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "action" | "target_id" | "target_type"));
        if has_run {
            fields.shift_remove("start_at");
        }
        if now.model.target.kind == crate::model::TargetKind::Disk {
            fields.shift_remove("rotation_period");
        }
    }
    fields
}

fn not_applied(message: &str) -> Error {
    Error::new(Exit::Failure, code::NOT_APPLIED, message.to_owned()).with_outcome_unknown()
}
