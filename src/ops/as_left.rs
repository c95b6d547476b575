//! Whether a policy still is as a recorded change left it, or as it was before that change. Reads, and sends nothing
//! else.

use serde_json::{Value, json};

use super::guard::{self, PolicySnapshot};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::journal::{Action, Entry, Outcome, Recorded};
use crate::katapult::{Katapult, Lookup, MachineName, is_gone, policy as convert, trash_object};
use crate::model::{Object, Policy, PolicyPatch, PolicyState, TrashObject};

/// Seconds by which the ends of one entry in the trash may differ between two answers.
const SAME_TIME: u64 = 60;

/// Reads the policy, which must be as the change left it.
///
/// # Errors
/// `changed`, and the API's.
pub async fn read(api: &Katapult, entry: &Entry, id: &str) -> Result<PolicySnapshot> {
    let policy = PolicySnapshot::of(id, api.policy(id).await?);
    if is_as_left(entry, &policy.before.model, owner_id(api, entry).await?.as_deref(), convert) {
        return Ok(policy);
    }
    Err(changed_since(entry, &policy.id, &policy.before.raw))
}

/// The error for a policy that is not as the change left it.
pub fn changed_since(entry: &Entry, id: &str, now: &Value) -> Error {
    // Where it was not seen after the change, it need not be someone else who changed it.
    let how = if entry.after.is_null() {
        format!("it is not as change {} wanted it", entry.number)
    } else {
        format!("it was changed since change {}", entry.number)
    };
    let then = if entry.after.is_null() { entry.wanted.value() } else { entry.after.value() };
    guard::changed(id, &how).detail(json!({"then": then, "now": now}))
}

/// Whether a change whose outcome is unknown was not made, as far as the policy shows it.
pub fn was_not_made(entry: &Entry, now: &Policy) -> bool {
    entry.outcome == Outcome::Unknown && !entry.before.is_null() && is_as_before(entry, now, convert)
}

/// Reads the policy of a deletion whose outcome is unknown; returns it where it is live and as it was before, so that
/// there is nothing to take back.
///
/// # Errors
/// The API's.
pub async fn read_as_before(api: &Katapult, entry: &Entry, id: &str) -> Result<Option<PolicySnapshot>> {
    if entry.outcome != Outcome::Unknown {
        return Ok(None);
    }
    let now = match api.policy(id).await {
        Err(error) if is_gone(&error) => return Ok(None),
        read => read?,
    };
    Ok(was_not_made(entry, &now.model).then(|| PolicySnapshot::of(id, now)))
}

/// Whether a policy is as it was before a change; `convert` reads what the journal has of it.
pub fn is_as_before(entry: &Entry, now: &Policy, convert: fn(&Value) -> Policy) -> bool {
    let before = convert(&entry.before.value());
    !now.target.is_another_than(&before.target) && is_same(entry.action, &before, now)
}

/// Finds the policy's entry in the trash, which must be the one that the deletion made. None where the token may not
/// read the trash, and where it is not there: the restoration itself finds that out.
///
/// # Errors
/// `changed`, and the API's.
pub async fn read_trash(cx: &Context, api: &Katapult, entry: &Entry, id: &str) -> Result<Option<Object<TrashObject>>> {
    let found = match api.trash_object(&Lookup { key: "object_id", value: id.to_owned() }).await {
        Err(error) if error.exit == Exit::NotFound => return Ok(None),
        Err(error) if error.exit == Exit::Auth => in_refusal(api, id).await,
        read => Some(read?),
    };
    let Some(found) = found else {
        return Ok(None);
    };
    let is_later = is_another(&trash_object(&entry.trash_object.value()), &found.model);
    if is_later && !is_own_deletion(cx, entry, id, &found.model) {
        let how = format!("it was restored and deleted again since change {}", entry.number);
        return Err(guard::changed(id, &how).detail(json!({"then": entry.trash_object.value(), "now": found.raw})));
    }
    Ok(Some(found))
}

/// Whether an entry in the trash was made by a later deletion of this journal, such as an undo of a restoration.
fn is_own_deletion(cx: &Context, entry: &Entry, id: &str, found: &TrashObject) -> bool {
    let recent = cx.journal().ok().and_then(|journal| journal.recent().ok());
    let entries = recent.into_iter().flatten().map_while(std::io::Result::ok).filter_map(Recorded::entry);
    let mut later = entries.take_while(|later| later.number > entry.number);
    later.any(|later| {
        let is_deletion = later.action == Action::Delete && later.policy.as_deref() == Some(id);
        let made = trash_object(&later.trash_object.value());
        is_deletion && later.api == entry.api && made.id.is_some() && !is_another(&made, found)
    })
}

/// Whether two entries in the trash stand for two deletions.
fn is_another(recorded: &TrashObject, now: &TrashObject) -> bool {
    let differ = |(one, other): (&String, &String)| one != other;
    let has_other_id = recorded.id.as_ref().zip(now.id.as_ref()).is_some_and(differ);
    let far_apart = |(one, other): (i64, i64)| one.abs_diff(other) > SAME_TIME;
    has_other_id || recorded.keep_until.zip(now.keep_until).is_some_and(far_apart)
}

/// The entry in the trash that the refusal to read a policy names (documented): no scope of the trash is needed.
async fn in_refusal(api: &Katapult, id: &str) -> Option<Object<TrashObject>> {
    let refusal: Error = api.policy(id).await.err()?;
    let raw = refusal.detail.get("trash_object").filter(|raw| raw.is_object())?.clone();
    Some(Object { model: trash_object(&raw), raw })
}

/// The id of the machine that a policy was created for, where the journal has its FQDN alone.
async fn owner_id(api: &Katapult, entry: &Entry) -> Result<Option<String>> {
    let wanted = entry.wanted.value();
    if entry.action != Action::Create || !entry.after.is_null() || !wanted["target"]["value"]["id"].is_null() {
        return Ok(None);
    }
    let name = wanted["target"]["value"]["name"].as_str().unwrap_or_default();
    let Some(lookup) = MachineName::parse(name).direct() else {
        return Ok(None);
    };
    match api.machine(&lookup).await {
        // What is gone, or hidden from this token, has no id to compare with.
        Err(error) if matches!(error.exit, Exit::Auth | Exit::NotFound) || is_gone(&error) => Ok(None),
        read => Ok(read?.model.id),
    }
}

/// Whether two states of a policy are the same in what a change could set; the rest may have been changed since
/// without conflict.
fn is_same(action: Action, one: &Policy, other: &Policy) -> bool {
    let (one, other) = (PolicyState::of(one), PolicyState::of(other));
    match action {
        Action::Update => one.settings == other.settings,
        Action::ScheduleDelete => one.auto_move_to_trash_at == other.auto_move_to_trash_at,
        _ => one == other,
    }
}

/// The fields that were wanted, with the target that they belong to: what a field of an OnApp policy means depends on it.
fn wanted_of_target(entry: &Entry) -> Value {
    let (mut wanted, before) = (entry.wanted.value(), entry.before.value());
    if let Some(wanted) = wanted.as_object_mut() {
        for name in ["target_type", "target_id"] {
            if let Some(value) = before.get(name) {
                wanted.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    wanted
}

/// Whether a policy is as a change left it. After a change whose outcome is unknown, it may also be as it was before.
pub fn is_as_left(entry: &Entry, now: &Policy, owner: Option<&str>, convert: fn(&Value) -> Policy) -> bool {
    let before = convert(&entry.before.value());
    if entry.after.is_null() && entry.wanted.is_null() {
        // An entry of an older bpctl, which did not record what was wanted.
        return true;
    }
    let is_of_another = |then: &Policy| then.target.id.is_some() && now.target.is_another_than(&then.target);
    if is_of_another(&before) {
        return false;
    }
    if !entry.after.is_null() {
        let after = convert(&entry.after.value());
        return !is_of_another(&after) && is_same(entry.action, now, &after);
    }
    let wanted = convert(&wanted_of_target(entry));
    match entry.action {
        Action::Create => {
            let owner = wanted.target.id.as_deref().or(owner);
            let is_its_target = owner.is_some() && owner == now.target.id.as_deref();
            is_its_target && PolicyPatch::of(&wanted).against(now).is_empty() && now.auto_move_to_trash_at.is_none()
        }
        Action::ScheduleDelete => {
            [before.auto_move_to_trash_at, wanted.auto_move_to_trash_at].contains(&now.auto_move_to_trash_at)
        }
        _ => {
            let after = PolicyPatch::of(&wanted).against(&before).applied_to(&before);
            is_same(entry.action, now, &after) || is_same(entry.action, now, &before)
        }
    }
}
