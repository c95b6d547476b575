//! Carrying out a write: record it, send it, read the object back, verify it, record how it ended. The only place that
//! sends writes to policies. No questions, no printing of results.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::deletion_time::server_time;
use super::guard::{self, NewPolicy, PolicySnapshot, TrashedPolicy};
use super::read_back::{IfLaterFails, read_until};
use super::record::{Intent, Record};
use super::verify::{Missed, SideEffects, is_still_old, not_applied, verify};
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::katapult::{Cause, Katapult, Lookup, is_gone, trash_object};
use crate::model::{Change, Object, Policy, Removal};
use crate::text::shell_word;

/// Changes retention or schedule.
///
/// # Errors
/// The API's; `not_applied` when the server did not take a value; `not_verified`.
pub async fn update(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    change: &Change,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let request = Katapult::update_request(&policy.id, change);
    let wanted = request.body.as_ref().map_or(Value::Null, |body| body["properties"].clone());
    let record = Record::begin(cx, &policy.intent(Action::Update, wanted, undoes));
    let written = async {
        let before = &policy.before.model;
        let is_made = |now: &Policy| verify(change, before, now).is_ok();
        let check = async |after_lost| guard::check_again(api, policy, after_lost, is_made).await;
        let doubt = match api.write(&request, check).await {
            Ok(doubt) => doubt,
            Err(error) => return Err(after_unknown(api, policy, error, is_made).await),
        };
        cx.tally.accept(&policy.id, &policy_hint(&policy.id));
        let read = async || api.policy(&policy.id).await;
        let is_new = |after: &Object<Policy>| !is_still_old(change, before, &after.model);
        let read = read_until(read, is_new, IfLaterFails::KeepEarlier);
        let after = read.await.map_err(|error| not_verified(&policy.id, &error))?;
        settle(cx, doubt, verify(change, before, &after.model))?;
        Ok(after)
    };
    record.finish(written.await.map_err(|error| with_check_hint(error, &policy.id)))
}

/// Schedules the deletion at a Unix time.
///
/// # Errors
/// The API's; `not_applied` when the server did not take the time; `not_verified`.
pub async fn schedule_delete(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    at: Timestamp,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let wanted = json!({"auto_move_to_trash_at": at.as_second()});
    let record = Record::begin(cx, &policy.intent(Action::ScheduleDelete, wanted, undoes));
    let written = async {
        let is_scheduled = |now: &Policy| now.auto_move_to_trash_at == Some(at.as_second());
        let check = async |after_lost| guard::check_again(api, policy, after_lost, is_scheduled).await;
        let request = Katapult::schedule_delete_request(&policy.id, at.as_second());
        let (cause, doubt) = match api.remove(&request, check).await {
            Ok(sent) => sent,
            Err(error) => return Err(after_unknown(api, policy, error, is_scheduled).await),
        };
        cx.tally.accept(&policy.id, &policy_hint(&policy.id));
        let old = policy.before.model.auto_move_to_trash_at;
        let is_new = |after: &Object<Policy>| after.model.auto_move_to_trash_at != old || is_scheduled(&after.model);
        let read = async || api.policy(&policy.id).await;
        let after = match read_until(read, is_new, IfLaterFails::KeepEarlier).await {
            // Being gone fulfils a scheduled deletion only once its time has come.
            Err(error) if is_gone(&error) && server_time(cx, api.http()) >= at => return Ok(policy.before.clone()),
            Err(error) if is_gone(&error) => return Err(gone_early(&policy.id, cause, error)),
            read => read.map_err(|error| not_verified(&policy.id, &error))?,
        };
        let actual = after.model.auto_move_to_trash_at;
        let is_set = actual == Some(at.as_second());
        settle(cx, doubt, if is_set { Ok(()) } else { Err(not_scheduled(old, at, actual)) })?;
        Ok(after)
    };
    record.finish(written.await.map_err(|error| with_check_hint(error, &policy.id)))
}

/// The error of a scheduled deletion that is not set for the time that was wanted.
fn not_scheduled(was: Option<i64>, wanted: Timestamp, is: Option<i64>) -> Error {
    let text = |time: Option<i64>| time.map(|time| time.to_string());
    let wanted = wanted.as_second().to_string();
    let missed = Missed { name: "auto_move_to_trash_at", was: text(was), wanted, is: text(is) };
    not_applied(&[missed], &SideEffects { is_changed: was != is, ..SideEffects::default() })
}

/// Moves a policy to the trash, and finds out until when it can be restored.
///
/// # Errors
/// The API's; `not_applied` when the policy still exists; `not_verified`.
pub async fn delete(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    undoes: Option<u64>,
) -> Result<Object<Removal>> {
    let record = Record::begin(cx, &policy.intent(Action::Delete, Value::Null, undoes));
    let removed = async {
        let check = async |after_lost| guard::check_again(api, policy, after_lost, |_| false).await;
        let (cause, doubt) = match api.remove(&Katapult::delete_request(&policy.id), check).await {
            Ok(sent) => sent,
            Err(error) => return Err(after_unknown(api, policy, error, |_| false).await),
        };
        cx.tally.accept(&policy.id, &policy_hint(&policy.id));
        Ok((cause, settle(cx, doubt, trash_entry(cx, api, &policy.id).await)?))
    };
    match removed.await.map_err(|error| with_check_hint(error, &policy.id)) {
        Ok((cause, entry)) => {
            if cause == Cause::EarlierAttempt {
                let id = &policy.id;
                cx.ui
                    .note(&format!("{id} is deleted; an answer was lost, so it may have been someone else who did it"));
            }
            record.end_deletion(&policy.id, &trash_object(&entry));
            Ok(removal(cx, policy, entry))
        }
        Err(error) => Err(record.fail(error)),
    }
}

fn removal(cx: &Context, policy: &PolicySnapshot, entry: Value) -> Object<Removal> {
    Object {
        model: Removal {
            id: policy.id.clone(),
            target: policy.before.model.target.name.clone(),
            keep_until: trash_object(&entry).keep_until,
            way_back: cx.with_connection(&format!("bpctl policy restore {}", shell_word(&policy.id))),
        },
        raw: json!({"id": policy.id, "trash_object": entry}),
    }
}

/// Reads the policy after a deletion: it must be gone. The refusal names its entry in the trash (documented);
/// otherwise the trash is read, where the token may.
async fn trash_entry(cx: &Context, api: &Katapult, id: &str) -> Result<Value> {
    let look = async || match api.policy(id).await {
        Ok(_) => Ok(None),
        Err(error) if is_gone(&error) => Ok(Some(error)),
        Err(error) => Err(error),
    };
    let lookup = Lookup { key: "object_id", value: id.to_owned() };
    let gone = match read_until(look, Option::is_some, IfLaterFails::KeepEarlier).await {
        Ok(Some(gone)) => gone,
        Ok(None) => {
            let message = format!("the server accepted the deletion of {id}, but the policy still exists");
            return Err(Error::new(Exit::Failure, code::NOT_APPLIED, message).with_outcome_unknown());
        }
        // A policy that cannot be read, not even to say that it is gone: the trash knows.
        Err(error) => {
            return api.trash_object(&lookup).await.map(|entry| entry.raw).map_err(|_| not_verified(id, &error));
        }
    };
    if let Some(entry) = gone.detail.get("trash_object").filter(|entry| entry.is_object()) {
        return Ok(entry.clone());
    }
    match api.trash_object(&lookup).await {
        Ok(entry) => Ok(entry.raw),
        Err(error) => {
            cx.ui.note(&format!("until when it can be restored is unknown: {}", error.message));
            Ok(Value::Null)
        }
    }
}

/// Takes a policy from the trash.
///
/// # Errors
/// The API's: `trash_object_not_found` when it is not there; `not_applied`; `not_verified`.
pub async fn restore(
    cx: &Context,
    api: &Katapult,
    trashed: &TrashedPolicy,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let id = trashed.id.as_str();
    let intent = Intent {
        action: Action::Restore,
        policy: Some(id),
        target: None,
        before: &Value::Null,
        wanted: Value::Null,
        undoes,
        look: policy_hint(id),
    };
    let record = Record::begin(cx, &intent);
    let restored = async {
        let check = async |_| guard::read_trash_again(api, trashed).await;
        let (cause, doubt) = match api.restore(&Katapult::restore_request(id), check).await {
            Ok(sent) => sent,
            Err(error) => return Err(after_unknown_restore(api, id, error).await),
        };
        cx.tally.accept(id, &policy_hint(id));
        let look = async || match api.policy(id).await {
            Err(error) if is_gone(&error) => Ok(Err(error)),
            read => read.map(Ok),
        };
        let read = read_until(look, Result::is_ok, IfLaterFails::KeepEarlier);
        let read = read.await.map_err(|error| not_verified(id, &error))?;
        Ok((cause, settle(cx, doubt, read.map_err(|gone| not_restored(id, &gone)))?))
    };
    match restored.await.map_err(|error| with_check_hint(error, id)) {
        Ok((Cause::Request, after)) => record.finish(Ok(after)),
        // It is live, as wanted. Perhaps it was all along, and undoing this would delete it.
        Ok((Cause::EarlierAttempt, after)) => {
            record.end(Outcome::Unknown, Some(id.to_owned()), after.raw.clone());
            Ok(after)
        }
        Err(error) => Err(record.fail(error)),
    }
}

/// Creates a policy.
///
/// # Errors
/// The API's; `outcome_unknown`, after a look at the owner's policies; `not_applied`; `not_verified`;
/// `invalid_response` when the answer names a policy that is not the new one.
pub async fn create(cx: &Context, api: &Katapult, new: &NewPolicy, undoes: Option<u64>) -> Result<Object<Policy>> {
    let request = new.request();
    let intent = Intent {
        action: Action::Create,
        policy: None,
        target: Some(new.owner.label.as_str()),
        before: &Value::Null,
        wanted: wanted_policy(new, &request),
        undoes,
        look: owner_hint(new),
    };
    let record = Record::begin(cx, &intent);
    let latest = RefCell::new(new.clone());
    // It is never sent again after a lost answer.
    let check = async |_| {
        let mut now = new.clone();
        now.read_again(api).await?;
        latest.replace(now);
        Ok(())
    };
    let created = api.create(&request, check).await;
    let new = &latest.into_inner();
    let id = match created {
        Ok(id) => id,
        Err(error) if error.outcome_unknown() => return Err(record.fail(check_for_new_policy(api, new, error).await)),
        Err(error) => return Err(record.fail(error)),
    };
    if new.existing_ids().is_some_and(|ids| ids.contains(&id.as_str())) {
        let error = not_the_new_one(new, &id, "existed before");
        return Err(record.fail(check_for_new_policy(api, new, error).await));
    }
    record.note_object(&id);
    cx.tally.accept(&id, &policy_hint(&id));
    let look_at_it = async || match api.policy(&id).await {
        Err(error) if is_gone(&error) => Ok(Err(error)),
        read => read.map(Ok),
    };
    let read = read_until(look_at_it, Result::is_ok, IfLaterFails::KeepEarlier).await;
    let after = match read.and_then(|read| read) {
        Ok(after) => after,
        Err(error) => return Err(record.fail_with(with_check_hint(not_verified(&id, &error), &id), &id)),
    };
    match belongs_to(api, new, &id, &after.model).await {
        Some(true) => {}
        Some(false) => {
            record.forget_object();
            let error = not_the_new_one(new, &id, &format!("belongs to {}", after.model.target.label()));
            return Err(record.fail(error));
        }
        None => {
            let error = Error::invalid_response(format!("whether it belongs to {} cannot be read", new.owner.label));
            return Err(record.fail_with(with_check_hint(not_verified(&id, &error), &id), &id));
        }
    }
    let nothing = Policy::default();
    match verify(&new.patch.against(&nothing), &nothing, &after.model) {
        Ok(()) => record.finish(Ok(after)),
        // It exists, whatever else is wrong: `undo` must know its id.
        Err(error) => Err(record.fail_with(error.changed(Changed::Yes).hint(format!("the new policy is {id}")), &id)),
    }
}

/// A new policy in the shape of a policy, for the journal.
fn wanted_policy(new: &NewPolicy, request: &Request) -> Value {
    let mut wanted = request.body.as_ref().map_or(Value::Null, |body| body["properties"].clone());
    let kind = if new.owner.object == "disk" { "Disk" } else { "VirtualMachine" };
    let id = (new.owner.lookup.key == "id").then_some(new.owner.lookup.value.as_str());
    wanted["target"] = json!({"type": kind, "value": {"id": id, "name": new.owner.label}});
    wanted
}

/// Whether a new policy belongs to the owner that it was created for; none where that cannot be found out.
async fn belongs_to(api: &Katapult, new: &NewPolicy, id: &str, created: &Policy) -> Option<bool> {
    let owner = &new.owner;
    if let Some(target) = &created.target.id {
        if owner.lookup.key == "id" {
            return Some(*target == owner.lookup.value);
        }
        if let Ok(machine) = api.machine(&owner.lookup).await {
            return machine.model.id.map(|id| id == *target);
        }
    }
    let listed = api.all_policies(&owner.owner).await.ok()?;
    listed.rows.iter().any(|policy| policy.model.id.as_deref() == Some(id)).then_some(true)
}

fn not_the_new_one(new: &NewPolicy, id: &str, why: &str) -> Error {
    let message = format!(
        "the response to the creation of a policy for {} names policy {id}, which {why}: whether one was created is unknown",
        new.owner.label
    );
    Error::invalid_response(message).detail(json!({"id": id})).with_outcome_unknown().hint(owner_hint(new))
}

/// Looks whether a create whose answer was lost was carried out.
async fn check_for_new_policy(api: &Katapult, new: &NewPolicy, error: Error) -> Error {
    let hint = owner_hint(new);
    let (Some(known), Ok(now)) = (new.existing_ids(), api.all_policies(&new.owner.owner).await) else {
        return error.hint(hint);
    };
    let ids = now.rows.into_iter().filter_map(|policy| policy.model.id);
    let appeared: Vec<String> = ids.filter(|id| !known.contains(&id.as_str())).collect();
    let seen = match appeared.as_slice() {
        [] => "no new policy found".to_owned(),
        [id] => format!("found a new policy: {id}"),
        several => format!("found new policies: {}", several.join(", ")),
    };
    let message = format!("{}; checked {}: {seen}", error.message, new.owner.label);
    let error = Error { message, ..error };
    if error.hints.contains(&hint) { error } else { error.hint(hint) }
}

/// Looks at the policy after a write whose outcome is unknown, and says what it found.
async fn after_unknown(
    api: &Katapult,
    policy: &PolicySnapshot,
    error: Error,
    is_made: impl Fn(&Policy) -> bool,
) -> Error {
    if error.changed == Changed::No {
        return error;
    }
    let (seen, changed) = match api.policy(&policy.id).await {
        Ok(now) if is_made(&now.model) => ("the change was made", Changed::Yes),
        Ok(now) if now.model.differs_from(&policy.before.model) => ("the policy has changed", error.changed),
        Ok(_) => ("the policy is as it was", error.changed),
        Err(gone) if is_gone(&gone) => ("the policy is gone", error.changed),
        Err(_) => return error,
    };
    Error { message: format!("{}; checked {}: {seen}", error.message, policy.id), ..error }.changed(changed)
}

/// Looks at the policy after a restoration whose outcome is unknown, and says what it found.
async fn after_unknown_restore(api: &Katapult, id: &str, error: Error) -> Error {
    if error.changed == Changed::No {
        return error;
    }
    let (seen, changed) = match api.policy(id).await {
        Ok(_) => ("the policy is live", Changed::Yes),
        Err(gone) if is_gone(&gone) => ("the policy is still in the trash", error.changed),
        Err(_) => return error,
    };
    Error { message: format!("{}; checked {id}: {seen}", error.message), ..error }.changed(changed)
}

/// Takes what was read back. `doubt` is the error of a reply that is not the API's, or about another object: a warning where
/// the change was made anyway. Where it was not, another object comes first, and a page is a hint.
fn settle<T>(cx: &Context, doubt: Option<Error>, verified: Result<T>) -> Result<T> {
    match (doubt, verified) {
        (None, verified) => verified,
        (Some(doubt), Err(error)) if doubt.detail.is_null() => Err(error.hint(doubt.message)),
        (Some(doubt), Err(_)) => Err(doubt),
        (Some(doubt), Ok(done)) => {
            cx.ui.warn(&doubt.message);
            Ok(done)
        }
    }
}

/// Adds the command that shows what happened, where that is not known.
fn with_check_hint(error: Error, id: &str) -> Error {
    if error.changed == Changed::No {
        return error;
    }
    error.hint(policy_hint(id))
}

/// The hint to look at a policy.
fn policy_hint(id: &str) -> String {
    format!("`bpctl policy show {id}` shows what happened", id = shell_word(id))
}

/// The hint to look at the policies of what a new one is for.
fn owner_hint(new: &NewPolicy) -> String {
    format!("`bpctl policies list {}` shows what happened", new.owner.flag)
}

/// The error of a write that was accepted, and whose object could not be read afterwards.
fn not_verified(id: &str, error: &Error) -> Error {
    let message = format!("the change to policy {id} was accepted, but reading it back failed: {}", error.message);
    Error {
        status: error.status,
        request_id: error.request_id.clone(),
        // How to read it is a matter of the detail: whoever only sees the hints must not send the change again.
        hints: vec!["do not repeat the change: it was accepted".to_owned()],
        ..Error::new(Exit::Partly, code::NOT_VERIFIED, message)
            .detail(json!({"id": id, "error": error.to_json()["error"]}))
            .changed(Changed::Yes)
    }
}

/// The error of a scheduled deletion whose policy was moved to the trash before its time.
fn gone_early(id: &str, cause: Cause, error: Error) -> Error {
    let message = format!("policy {id} is gone already, before the time of the scheduled deletion");
    let changed = if cause == Cause::Request { Changed::Yes } else { Changed::Maybe };
    Error { message: format!("{message}: {}", error.message), ..error }
        .changed(changed)
        .hint(format!("`bpctl policy restore {id}` takes it from the trash", id = shell_word(id)))
}

/// The error of a restoration that the server accepted, and that did nothing.
fn not_restored(id: &str, error: &Error) -> Error {
    let message = format!("the server accepted the restoration of {id}, but the policy is not live: {}", error.message);
    Error::new(Exit::Failure, code::NOT_APPLIED, message).with_outcome_unknown()
}

impl PolicySnapshot {
    fn intent(&self, action: Action, wanted: Value, undoes: Option<u64>) -> Intent<'_> {
        let target = Some(self.before.model.target.label()).filter(|label| *label != "-");
        Intent {
            action,
            policy: Some(&self.id),
            target,
            before: &self.before.raw,
            wanted,
            undoes,
            look: policy_hint(&self.id),
        }
    }
}
