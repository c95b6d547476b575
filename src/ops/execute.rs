//! The writes themselves, one function each: recorded, sent, read back and compared. No questions, no printing.
//!
//! Verbs, `undo` and everything that changes many policies come through here, so that nothing is written
//! without being recorded and verified.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::katapult::{Cause, Katapult, Lookup, Owner, is_gone, trash_object};
use crate::model::{Change, Object, Policy, PolicyPatch, Removal};
use crate::ops::record::{Intent, Record, outcome};
use crate::ops::write::{after_write, not_applied, verify};

/// A policy as it was when it was read.
pub struct PolicySnapshot {
    /// Its id.
    pub id: String,
    /// The policy.
    pub before: Object<Policy>,
}

impl PolicySnapshot {
    fn intent(&self, action: Action, wanted: Value, undoes: Option<u64>) -> Intent<'_> {
        let target = Some(self.before.model.target.label()).filter(|label| *label != "-");
        Intent { action, policy: Some(&self.id), target, wanted, before: &self.before.raw, undoes }
    }
}

/// Adds the command that shows what happened, where that is open.
fn with_look(error: Error, id: &str) -> Error {
    match error.changed != Changed::No {
        true => error.hint(format!("`bpctl policy show {id}` shows what happened")),
        false => error,
    }
}

/// Returns what a request asks for.
fn properties(request: &Request) -> Value {
    request.body.as_ref().map_or(Value::Null, |body| body["properties"].clone())
}

/// Changes retention or schedule.
///
/// # Errors
/// The API's; `not_applied` when the server did not take a value.
pub async fn update(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    change: &Change,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let request = Katapult::update_request(&policy.id, change);
    let record = Record::begin(cx, &policy.intent(Action::Update, properties(&request), undoes));
    let written = async {
        api.write(&request).await?;
        let after = api.policy(&policy.id).await.map_err(after_write)?;
        verify(change, &policy.before.model, &after.model)?;
        Ok(after)
    };
    record.settle(written.await.map_err(|error| with_look(error, &policy.id)))
}

/// Schedules the deletion at a Unix time.
///
/// # Errors
/// The API's; `not_applied` when the server did not take the time.
pub async fn schedule_delete(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    at: Timestamp,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let wanted = json!({"auto_move_to_trash_at": at.as_second()});
    let record = Record::begin(cx, &policy.intent(Action::ScheduleDelete, wanted, undoes));
    let request = Katapult::schedule_delete_request(&policy.id, at.as_second());
    let written = async {
        let removed = api.remove(&request).await?;
        let after = match api.policy(&policy.id).await {
            // The time came while the answer was lost: it is in the trash, as asked.
            Err(error) if removed == Cause::EarlierAttempt && is_gone(&error) => return Ok(policy.before.clone()),
            read => read.map_err(after_write)?,
        };
        let actual = after.model.auto_move_to_trash_at;
        if actual != Some(at.as_second()) {
            let actual = actual.map(|actual| actual.to_string());
            not_applied(&[("auto_move_to_trash_at", at.as_second().to_string(), actual)])?;
        }
        Ok(after)
    };
    record.settle(written.await.map_err(|error| with_look(error, &policy.id)))
}

/// Moves a policy to the trash, and finds out until when it can be restored.
///
/// # Errors
/// The API's; `not_applied` when the policy is still there.
pub async fn delete(
    cx: &Context,
    api: &Katapult,
    policy: &PolicySnapshot,
    undoes: Option<u64>,
) -> Result<Object<Removal>> {
    let record = Record::begin(cx, &policy.intent(Action::Delete, Value::Null, undoes));
    let removed = async {
        api.remove(&Katapult::delete_request(&policy.id)).await?;
        trash_entry(cx, api, &policy.id).await
    };
    match removed.await.map_err(|error| with_look(error, &policy.id)) {
        Ok(entry) => {
            record.end(Outcome::Done, Some(policy.id.clone()), Value::Null);
            Ok(removal(policy, entry))
        }
        Err(error) => {
            record.end(outcome(&error), None, Value::Null);
            Err(error)
        }
    }
}

fn removal(policy: &PolicySnapshot, entry: Value) -> Object<Removal> {
    Object {
        model: Removal {
            id: policy.id.clone(),
            target: policy.before.model.target.name.clone(),
            keep_until: trash_object(&entry).keep_until,
        },
        raw: json!({"id": policy.id, "trash_object": entry}),
    }
}

/// Reads the policy after a delete: it must be gone. The refusal says where it is (documented); else the trash is
/// asked, as far as the token may.
async fn trash_entry(cx: &Context, api: &Katapult, id: &str) -> Result<Value> {
    match api.policy(id).await {
        Ok(_) => {
            return Err(Error::new(
                Exit::Failure,
                code::NOT_APPLIED,
                format!("the server accepted the deletion of {id}, but the policy is still there"),
            )
            .with_outcome_unknown());
        }
        Err(error) if is_gone(&error) => {
            if let Some(entry) = error.detail.get("trash_object").filter(|entry| entry.is_object()) {
                return Ok(entry.clone());
            }
        }
        Err(error) => return Err(after_write(error)),
    }
    let lookup = Lookup { key: "object_id", value: id.to_owned() };
    match api.trash_object(&lookup).await {
        Ok(entry) => Ok(entry.raw),
        Err(error) => {
            cx.ui.note(&format!("until when it can be restored is not known: {}", error.message));
            Ok(Value::Null)
        }
    }
}

/// Takes a policy from the trash.
///
/// # Errors
/// The API's: `trash_object_not_found` when it is not there.
pub async fn restore(cx: &Context, api: &Katapult, id: &str, undoes: Option<u64>) -> Result<Object<Policy>> {
    let (wanted, before) = (Value::Null, &Value::Null);
    let intent = Intent { action: Action::Restore, policy: Some(id), target: None, wanted, before, undoes };
    let record = Record::begin(cx, &intent);
    let restored = async {
        let cause = api.restore(&Katapult::restore_request(id)).await?;
        match api.policy(id).await {
            Err(error) if is_gone(&error) => Err(not_restored(id, &error)),
            read => Ok((cause, read.map_err(after_write)?)),
        }
    };
    match restored.await.map_err(|error| with_look(error, id)) {
        Ok((Cause::Request, after)) => record.settle(Ok(after)),
        // It is there, as asked. Perhaps it was all along: undoing this would delete it.
        Ok((Cause::EarlierAttempt, after)) => {
            record.end(Outcome::Unknown, Some(id.to_owned()), after.raw.clone());
            Ok(after)
        }
        Err(error) => record.settle(Err(error)),
    }
}

/// The error of a restoration that the server accepted, and that did nothing.
fn not_restored(id: &str, error: &Error) -> Error {
    let message = format!("the server accepted the restoration of {id}, but it is not there: {}", error.message);
    Error::new(Exit::Failure, code::NOT_APPLIED, message).with_outcome_unknown()
}

/// What a new policy belongs to.
pub struct NewOwner {
    /// Where its policies are listed.
    pub owner: Owner,
    /// `virtual_machine` or `disk`, and how it is looked up.
    pub lookup: (&'static str, Lookup),
    /// Its name, for messages.
    pub label: String,
    /// The flag that lists its policies: `--vm web-1`.
    pub flag: String,
}

impl NewOwner {
    /// Describes the request.
    pub fn request(&self, patch: &PolicyPatch) -> Request {
        Katapult::create_request(self.lookup.0, &self.lookup.1, patch)
    }

    /// Describes what a request asks for as a policy.
    fn wanted(&self, request: &Request) -> Value {
        let (kind, lookup) = &self.lookup;
        let kind = if *kind == "disk" { "Disk" } else { "VirtualMachine" };
        let mut target = json!({"name": self.label});
        target[lookup.key] = lookup.value.as_str().into();
        let mut wanted = properties(request);
        wanted["target"] = json!({"type": kind, "value": target});
        wanted
    }
}

/// Creates a policy. `known` are the ids of the policies that the owner has already, where they could be read.
///
/// # Errors
/// The API's; `outcome_unknown`, after a look whether it is there; `not_applied`.
pub async fn create(
    cx: &Context,
    api: &Katapult,
    owner: &NewOwner,
    patch: &PolicyPatch,
    known: Option<&[String]>,
    undoes: Option<u64>,
) -> Result<Object<Policy>> {
    let request = owner.request(patch);
    let (target, wanted, before) = (Some(owner.label.as_str()), owner.wanted(&request), &Value::Null);
    let record = Record::begin(cx, &Intent { action: Action::Create, policy: None, target, wanted, before, undoes });
    let id = match api.create(&request).await {
        Ok(id) => id,
        Err(error) if error.code == code::OUTCOME_UNKNOWN => {
            record.end(Outcome::Unknown, None, Value::Null);
            return Err(look(api, owner, known, error).await);
        }
        Err(error) => return record.settle(Err(error)),
    };
    record.note_object(&id);
    let created = async {
        let after = api.policy(&id).await.map_err(after_write)?;
        let nothing = Policy::default();
        verify(&patch.against(&nothing), &nothing, &after.model)?;
        Ok(after)
    };
    match created.await {
        // It is there, whatever else is wrong: undo must know its id.
        Err(error) => {
            record.end(outcome(&error), Some(id.clone()), Value::Null);
            Err(error.hint(format!("the new policy is {id}")))
        }
        created => record.settle(created),
    }
}

/// Looks whether a create whose answer was lost was carried out, and says so.
async fn look(api: &Katapult, owner: &NewOwner, known: Option<&[String]>, error: Error) -> Error {
    let show = format!("`bpctl policies list {}` shows what happened", owner.flag);
    let (Some(known), Ok(now)) = (known, policy_ids(api, &owner.owner).await) else {
        return error.hint(show);
    };
    let new: Vec<String> = now.into_iter().filter(|id| !known.contains(id)).collect();
    let seen = match new.as_slice() {
        [] => "no new policy is there".to_owned(),
        [id] => format!("a new policy is there: {id}"),
        several => format!("new policies are there: {}", several.join(", ")),
    };
    Error { message: format!("{}; {} has been looked at: {seen}", error.message, owner.label), ..error }.hint(show)
}

/// Lists the ids of an owner's policies.
async fn policy_ids(api: &Katapult, owner: &Owner) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut keep = |page: Vec<Object<Policy>>| {
        ids.extend(page.into_iter().filter_map(|policy| policy.model.id));
        Ok(crate::http::Flow::More)
    };
    api.policies(owner, &mut keep).await?;
    Ok(ids)
}
