//! What reverses a change of the journal. It never takes back what someone else changed since.

use jiff::Timestamp;

use super::as_left;
use super::deletion_time::{LEAD, server_time};
use super::guard::{PolicySnapshot, TrashedPolicy};
use super::record;
use super::write::PolicyChange;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::journal::{Action, Ended, Entry, Outcome};
use crate::katapult::{Katapult, policy as convert};
use crate::model::{Loss, Object, Policy, PolicyPatch};
use crate::text::shell_word;

/// Seconds for which a request whose answer was lost may still be on its way.
const STILL_UNDER_WAY: i64 = 60;

/// The write that reverses a change.
pub struct Inverse<C> {
    pub change: C,
    /// What the user must know even with `--yes`.
    pub warnings: Vec<String>,
    /// What makes the change itself uncertain: it takes a confirmation.
    pub doubts: Vec<Loss>,
}

/// Makes the write that reverses a change on Katapult.
///
/// # Errors
/// There is none; the policy is not as the change left it; and the API's.
pub async fn of(cx: &Context, api: &Katapult, entry: &Entry) -> Result<Inverse<PolicyChange>> {
    let id = policy_id(entry)?;
    match entry.action {
        Action::Update => old_values(cx, api, entry, id).await,
        Action::ScheduleDelete => old_schedule(cx, api, entry, id).await,
        Action::Delete => match as_left::read_as_before(api, entry, &id).await? {
            Some(policy) => Ok(nothing(cx, entry, policy)),
            None => restore(cx, api, entry, id).await,
        },
        Action::Create | Action::Restore => delete(api, entry, id).await,
        _ => {
            let message = format!("change {} is not about a policy of Katapult", entry.number);
            Err(Error::new(Exit::Refused, code::NO_WAY_BACK, message))
        }
    }
}

/// A change that was never made, as far as can be seen: there is nothing to take back.
fn nothing(cx: &Context, entry: &Entry, policy: PolicySnapshot) -> Inverse<PolicyChange> {
    note_nothing(cx, entry, &policy.id);
    let change = PolicyPatch::default().against(&policy.before.model);
    Inverse { change: PolicyChange::Update { policy, change }, warnings: Vec::new(), doubts: Vec::new() }
}

/// Says that a change was never made. Once it can no longer be on its way to the server, the journal says so, too, and a
/// plain `undo` goes on to the change before it.
pub fn note_nothing(cx: &Context, entry: &Entry, id: &str) {
    let number = entry.number;
    cx.ui.note(&format!("policy {id} is as it was before change {number}: there is nothing to undo"));
    if !cx.global.dry_run && cx.system.now().as_second() >= entry.time + STILL_UNDER_WAY {
        record::end(cx, number, &Ended { outcome: Outcome::Failed, ..Ended::default() });
    }
}

/// The id of the policy that a change is about.
///
/// # Errors
/// `outcome_unknown` where the answer that names it was lost.
pub fn policy_id(entry: &Entry) -> Result<String> {
    entry.policy.clone().ok_or_else(|| {
        let message = format!("which policy change {} made is unknown: its answer was lost", entry.number);
        Error::new(Exit::Failure, code::OUTCOME_UNKNOWN, message).hint("`bpctl policies list` shows whether it exists")
    })
}

/// Puts the old values back.
async fn old_values(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<Inverse<PolicyChange>> {
    let policy = as_left::read(api, entry, &id).await?;
    if as_left::was_not_made(entry, &policy.before.model) {
        return Ok(nothing(cx, entry, policy));
    }
    let old = convert(&entry.before.value());
    let before = &policy.before.model;
    let change = PolicyPatch::of(&old).against(before);
    let stays = what_stays(&old, before);
    if change.is_empty() && !stays.is_empty() {
        let message = format!("the API offers no way to unset a value: {stays}");
        return Err(Error::new(Exit::Refused, code::NO_WAY_BACK, message)
            .hint(format!("`bpctl policy update {}` sets another one", shell_word(&policy.id))));
    }
    let mut warnings = Vec::new();
    if !stays.is_empty() {
        warnings.push(format!("not all of it can be undone, since the API offers no way to unset a value: {stays}"));
    }
    let doubts = if change.is_empty() { Vec::new() } else { doubts(entry, &mut warnings) };
    Ok(Inverse { change: PolicyChange::Update { policy, change }, warnings, doubts })
}

/// Lists the values that were not set before and are now: no update unsets them.
pub fn what_stays(old: &Policy, now: &Policy) -> String {
    let pairs = old.settings().into_iter().zip(now.settings());
    let fields: Vec<String> = pairs
        .filter(|(old, _)| old.1.is_none())
        .filter_map(|(_, (name, now))| Some(format!("{name} {}", now?)))
        .collect();
    fields.join(", ")
}

/// Schedules the deletion for the time that it was scheduled for before, if any. The API offers nothing else.
async fn old_schedule(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<Inverse<PolicyChange>> {
    // Read first where it may not have been made, and once: what is shown is what was read.
    let read = match entry.outcome {
        Outcome::Unknown => Some(as_left::read(api, entry, &id).await?),
        Outcome::Done | Outcome::Failed => None,
    };
    if let Some(policy) = read.as_ref().filter(|policy| as_left::was_not_made(entry, &policy.before.model)) {
        return Ok(nothing(cx, entry, policy.clone()));
    }
    let planned = convert(&entry.before.value()).auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let Some(at) = planned.filter(|at| at.as_second() >= server_time(cx, api.http()).as_second() + LEAD) else {
        return Err(Error::new(
            Exit::Refused,
            code::NO_WAY_BACK,
            "the API offers no way to cancel a scheduled deletion",
        )
        .hint(format!("put it off with `bpctl policy schedule-delete {id} --at …`", id = shell_word(&id)))
        .hint(format!(
            "or restore it within 48 hours afterwards with `bpctl policy restore {id}`",
            id = shell_word(&id)
        )));
    };
    let policy = match read {
        Some(policy) => policy,
        None => as_left::read(api, entry, &id).await?,
    };
    let mut warnings = Vec::new();
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::ScheduleDelete { policy, at }, warnings, doubts })
}

async fn restore(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<Inverse<PolicyChange>> {
    let found = as_left::read_trash(cx, api, entry, &id).await?;
    let raw = entry.before.value();
    let before = convert(&raw);
    let mut warnings = Vec::new();
    if let Some(at) = before.auto_move_to_trash_at {
        warnings.push(format!(
            "the trash forgets a scheduled deletion; to schedule it again: `bpctl policy schedule-delete {id} --at @{at}`",
            id = shell_word(&id)
        ));
    }
    let known = (!raw.is_null()).then_some(Object { model: before, raw });
    let trashed = TrashedPolicy { id, entry: found, known };
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::Restore(Box::new(trashed)), warnings, doubts })
}

async fn delete(api: &Katapult, entry: &Entry, id: String) -> Result<Inverse<PolicyChange>> {
    if entry.action == Action::Restore && entry.outcome == Outcome::Unknown {
        let message = format!(
            "whether change {} brought policy {id} back is unknown: it may have been live before",
            entry.number
        );
        return Err(Error::new(Exit::Refused, code::OUTCOME_UNKNOWN, message)
            .hint(format!("`bpctl policy delete {id}` deletes it", id = shell_word(&id))));
    }
    let policy = as_left::read(api, entry, &id).await?;
    let mut warnings = Vec::new();
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::Delete { policy }, warnings, doubts })
}

/// What is uncertain about a change whose outcome is unknown, or about a deletion that may not be this one any more.
pub fn doubts(entry: &Entry, warnings: &mut Vec<String>) -> Vec<Loss> {
    let doubt = match (entry.outcome, entry.undo_tried) {
        (Outcome::Unknown, _) => {
            format!("the outcome of change {} is unknown; undoing it may revert someone else's change", entry.number)
        }
        (_, Some(undo)) if entry.action == Action::Delete && entry.trash_object.is_null() => {
            format!("change {undo} may have undone change {} already, and someone else deleted it again", entry.number)
        }
        _ => return Vec::new(),
    };
    warnings.push(doubt.clone());
    vec![Loss(doubt)]
}
