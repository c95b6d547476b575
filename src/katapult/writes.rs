//! The endpoints that write, and how to find out whether a write happened when its answer was lost.
//!
//! A write's reply is never taken for the object's state: PATCH answers an empty schedule, DELETE only an id
//! (documented). Callers read the object back. A reply that is not the API's, or about another object, is said.

use serde_json::{Map, Value, json};

use super::wire::{part, text, unwrap};
use super::{Katapult, Lookup};
use crate::error::{Error, Exit, Result, code};
use crate::http::{Answer, Decoded, Method, Repeat, Request, Settled, json as decode_json};
use crate::model::{Change, PolicyPatch, Schedule};

/// What brought about what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Request,
    /// An earlier attempt of it, whose answer was lost; or someone else.
    EarlierAttempt,
}

impl Katapult {
    /// Describes the update of a policy: only what changes, the schedule whole.
    pub fn update_request(id: &str, change: &Change) -> Request {
        let mut properties = Map::new();
        if let Some(retention) = change.retention {
            properties.insert("retention".to_owned(), retention.into());
        }
        if let Some(schedule) = &change.schedule {
            properties.insert("schedule".to_owned(), schedule_arguments(schedule));
        }
        Request::new(Method::Patch, "/disk_backup_policies/disk_backup_policy")
            .body(json!({"disk_backup_policy": {"id": id}, "properties": properties}))
    }

    /// Describes the scheduled deletion of a policy at a Unix time (a JSON integer: a string is refused).
    pub fn schedule_delete_request(id: &str, timestamp: i64) -> Request {
        Request::new(Method::Delete, "/disk_backup_policies/disk_backup_policy/schedule")
            .body(json!({"disk_backup_policy": {"id": id}, "timestamp": timestamp}))
    }

    /// Describes the deletion of a policy: it moves to the trash.
    pub fn delete_request(id: &str) -> Request {
        Request::new(Method::Delete, "/disk_backup_policies/disk_backup_policy")
            .body(json!({"disk_backup_policy": {"id": id}}))
    }

    /// Describes the restoration of a policy from the trash.
    pub fn restore_request(id: &str) -> Request {
        Request::new(Method::Post, "/trash_objects/trash_object/restore")
            .body(json!({"trash_object": {"object_id": id}}))
    }

    /// Describes the creation of a policy for a machine (`virtual_machine`) or a disk (`disk`).
    pub fn create_request(owner: &'static str, lookup: &Lookup, patch: &PolicyPatch) -> Request {
        let path = match owner {
            "disk" => "/disks/disk/disk_backup_policies",
            _ => "/virtual_machines/virtual_machine/disk_backup_policies",
        };
        let mut properties = Map::new();
        if let Some(retention) = patch.retention {
            properties.insert("retention".to_owned(), retention.into());
        }
        let schedule = patch.schedule();
        if schedule != Schedule::default() {
            properties.insert("schedule".to_owned(), schedule_arguments(&schedule));
        }
        let body = json!({owner: {lookup.key: lookup.value}, "properties": properties});
        Request { repeat: Repeat::OnlyIfNotCarriedOut, ..Request::new(Method::Post, path).body(body) }
    }

    /// Sends a write that is safe to repeat. Before it is sent after a wait, `check` is asked; its argument is whether an
    /// earlier attempt may have been carried out. Where the reply makes it doubtful that the API carried it out, gives
    /// the error that this is unless the change is seen to be made.
    pub async fn write(&self, request: &Request, check: impl AsyncFn(bool) -> Result<()>) -> Result<Option<Error>> {
        let Settled { result, answer } = self.http.exchange_if(request, lenient, check).await?;
        Ok(doubt(request, &answer, &result?))
    }

    /// Sends a delete, as [`Self::write`] does. One that is answered "gone" after a lost answer has succeeded.
    pub async fn remove(
        &self,
        request: &Request,
        check: impl AsyncFn(bool) -> Result<()>,
    ) -> Result<(Cause, Option<Error>)> {
        self.write_or_find_made(request, check, is_gone).await
    }

    /// Sends a restore, as [`Self::write`] does. One that finds nothing in the trash after a lost answer has succeeded.
    pub async fn restore(
        &self,
        request: &Request,
        check: impl AsyncFn(bool) -> Result<()>,
    ) -> Result<(Cause, Option<Error>)> {
        self.write_or_find_made(request, check, |error| error.code == "trash_object_not_found").await
    }

    /// Sends a write that the API refuses once it is made: such a refusal after a lost answer is success.
    async fn write_or_find_made(
        &self,
        request: &Request,
        check: impl AsyncFn(bool) -> Result<()>,
        is_made: fn(&Error) -> bool,
    ) -> Result<(Cause, Option<Error>)> {
        let Settled { result, answer } = self.http.exchange_if(request, lenient, check).await?;
        match result {
            Ok(reply) => Ok((Cause::Request, doubt(request, &answer, &reply))),
            Err(error) if answer.after_lost_answer && is_made(&error) => Ok((Cause::EarlierAttempt, None)),
            Err(error) => Err(error),
        }
    }

    /// Sends a create, as [`Self::write`] does, and gives the new object's id.
    ///
    /// # Errors
    /// `outcome_unknown` when it may have been carried out and that was not said.
    pub async fn create(&self, request: &Request, check: impl AsyncFn(bool) -> Result<()>) -> Result<String> {
        let body = self.http.exchange_if(request, decode_json, check).await?.result?;
        let created = unwrap(body, "disk_backup_policy").ok().and_then(|policy| text(&policy, "id"));
        created.ok_or_else(|| {
            let message = "the response does not name the new policy; it is not known whether it was created";
            Error::new(Exit::Unreachable, code::OUTCOME_UNKNOWN, message).with_outcome_unknown()
        })
    }
}

/// Returns whether an error says that the object is gone.
pub fn is_gone(error: &Error) -> bool {
    error.code == "object_in_trash" || error.code == "disk_backup_policy_not_found"
}

/// A write is accepted by its status: what its reply cannot be read as says nothing.
fn lenient(answer: &Answer) -> Decoded {
    Ok(decode_json(answer).unwrap_or(Value::Null))
}

/// The error of a reply that is a page, or about another object than the request: what it names may have been changed
/// instead.
fn doubt(request: &Request, answer: &Answer, reply: &Value) -> Option<Error> {
    if answer.content_type.as_deref().is_some_and(|kind| kind.contains("html")) {
        let message = "the response is an HTML page, not the API's: check `api_url`, and the proxies in between";
        return Some(Error::invalid_response(message).with_outcome_unknown());
    }
    let asked = request.body.as_ref().unwrap_or(&Value::Null);
    for (object, key) in [("disk_backup_policy", "id"), ("trash_object", "object_id")] {
        if let (Some(asked), Some(answered)) = (text(part(asked, object), key), text(part(reply, object), key))
            && asked != answered
        {
            let message =
                format!("the response is about {answered}, not {asked}: {answered} may have been changed instead");
            let error = Error::invalid_response(message).detail(json!({"asked": asked, "answered": answered}));
            return Some(error.with_outcome_unknown());
        }
    }
    None
}

/// Spells a schedule as the API takes it: what is not known is left out.
fn schedule_arguments(schedule: &Schedule) -> Value {
    let mut arguments = Map::new();
    if let Some(interval) = &schedule.interval {
        arguments.insert("interval".to_owned(), interval.as_str().into());
    }
    let numbers = [("frequency", schedule.frequency), ("minute", schedule.minute), ("time", schedule.time)];
    for (name, value) in numbers {
        if let Some(value) = value {
            arguments.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(arguments)
}
