//! `bpctl undo`: the inverse call, through the same writes as any change. Never undoes what somebody changed since.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::history::{changes, find};
use super::policy::schedule_delete::LEAD;
use super::policy::update::changed;
use crate::args::Undo;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Entry, Outcome, Recorded};
use crate::katapult::{Katapult, policy as convert};
use crate::model::{Change, Fields, Loss, Object, Policy, Removal};
use crate::ops::execute::{self, PolicySnapshot};
use crate::ops::guard::reread;
use crate::ops::write::{DryRun, confirm_several, difference_lines, print_dry_runs, print_result, raw_after};
use crate::view::{Resource, in_a_line};

const QUESTION: &str = "Undo it?";

/// Reverses a change by the inverse call.
pub async fn run(cx: &Context, args: &Undo) -> Result<()> {
    let entry = choose(cx, args.number)?;
    if entry.outcome == Outcome::Failed {
        return Err(Error::usage(format!("change {} was refused, so there is nothing to undo", entry.number))
            .hint(format!("`bpctl history {}` shows it", entry.number)));
    }
    match entry.action {
        Action::Create | Action::Restore => cx.check_columns::<Removal>()?,
        Action::Update | Action::ScheduleDelete | Action::Delete => cx.check_columns::<Policy>()?,
    }
    let api = cx.katapult()?;
    let id = policy_of(&entry)?.to_owned();
    cx.ui.note(&format!("change {}: {} (`bpctl {}`)", entry.number, entry.action.verb(), entry.command));
    match entry.action {
        Action::Update => update(cx, api, &entry, id).await,
        Action::ScheduleDelete => reschedule(cx, api, &entry, id).await,
        Action::Delete => restore(cx, api, &entry, id).await,
        Action::Create | Action::Restore => delete(cx, api, &entry, id).await,
    }
}

/// Takes the change that is named, or the last one on this API that was done, not undone, and is no undo itself.
fn choose(cx: &Context, number: Option<u64>) -> Result<Entry> {
    let api = cx.api_name()?;
    let Some(number) = number else {
        return last(cx, &api);
    };
    let entry = readable(find(cx, number)?)?;
    if entry.api != api {
        let profile = entry.profile.as_deref().unwrap_or("…");
        return Err(Error::usage(format!("change {number} was made on {}, not on {api}", entry.api))
            .hint(format!("name its connection, as in `bpctl undo {number} --profile {profile}`")));
    }
    if entry.is_gone {
        return Err(Error::usage(format!("change {number} was made in a sandbox that has started over since"))
            .hint("`bpctl history` lists the changes"));
    }
    Ok(entry)
}

/// Finds the last change on this API that can be undone. What a newer bpctl did since may have built on it.
fn last(cx: &Context, api: &str) -> Result<Entry> {
    for recorded in changes(cx)? {
        let entry = readable(recorded?)?;
        let is_done = entry.outcome != Outcome::Failed && entry.undone_by.is_none() && !entry.is_gone;
        if is_done && entry.undoes.is_none() && entry.api == api {
            return Ok(entry);
        }
    }
    Err(Error::new(Exit::NotFound, "not_found", "there is no change to undo").hint("`bpctl history` lists the changes"))
}

/// Refuses a change that this bpctl cannot read.
fn readable(recorded: Recorded) -> Result<Entry> {
    match recorded {
        Recorded::Entry(entry) => Ok(*entry),
        Recorded::Newer(newer) => {
            let change = newer.number.map_or_else(|| "a change".to_owned(), |number| format!("change {number}"));
            Err(Error::new(Exit::Refused, code::UNREADABLE, format!("{change} was made by a newer bpctl"))
                .hint("undo it with that version")
                .hint("an older change is undone by its number: `bpctl undo N`; `bpctl history` lists the changes"))
        }
    }
}

fn policy_of(entry: &Entry) -> Result<&str> {
    entry.policy.as_deref().ok_or_else(|| {
        Error::new(
            Exit::Failure,
            code::OUTCOME_UNKNOWN,
            format!("which policy change {} made is not known: its answer was lost", entry.number),
        )
        .hint("`bpctl policies list` shows whether it is there")
    })
}

/// Puts the old values back.
async fn update(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    let policy = as_left(api, entry, id).await?;
    let old = convert(&entry.before.value());
    let patch = Fields::of(&old).patch();
    let before = &policy.before.model;
    let change: Change = patch.against(before);
    let stays = what_stays(&old, before);
    if change.is_empty() && stays.is_empty() {
        cx.ui.note("nothing to undo: the policy is already as it was");
        return cx.show(policy.before);
    }
    if change.is_empty() {
        return Err(Error::new(
            Exit::Refused,
            code::NO_WAY_BACK,
            format!("the API offers no way to unset a value: {stays}"),
        )
        .hint(format!("`bpctl policy update {}` sets another one", policy.id)));
    }
    if cx.global.dry_run {
        let after = raw_after(&policy.before, &change);
        let losses = change.losses(before).into_iter().map(|loss| format!("weakens protection: {}", loss.0));
        let words = difference_lines(&change).into_iter().chain(losses).collect();
        return would(cx, Katapult::update_request(&policy.id, &change), policy.before.raw, after, words);
    }
    cx.ui.note(&in_a_line(before, &cx.output.times));
    difference_lines(&change).iter().for_each(|line| cx.ui.note(&format!("  {line}")));
    change.shorter_reach(before).iter().for_each(|warning| cx.ui.warn(warning));
    if !stays.is_empty() {
        cx.ui.warn(&format!("not all of it can be undone, since the API offers no way to unset a value: {stays}"));
    }
    let mut losses = change.losses(before);
    if entry.outcome == Outcome::Unknown {
        let doubt = format!("how change {} ended is not known, so this may undo what somebody else did", entry.number);
        losses.push(Loss(doubt));
    }
    let policy = confirmed(cx, api, policy, &losses).await?;
    let updated = execute::update(cx, api, &policy, &change, Some(entry.number)).await?;
    print_undone(cx, entry, updated)
}

/// Says which values were not set before, and are now: no update takes them away.
fn what_stays(old: &Policy, now: &Policy) -> String {
    let pairs = old.settings().into_iter().zip(now.settings());
    let words: Vec<String> = pairs
        .filter(|(old, _)| old.1.is_none())
        .filter_map(|(_, (name, now))| Some(format!("{name} {}", now?)))
        .collect();
    words.join(", ")
}

/// Schedules the deletion for the time it was planned at before, where there was one; there is no other way back.
async fn reschedule(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    let planned = convert(&entry.before.value()).auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let Some(at) = planned.filter(|at| at.as_second() >= cx.now().as_second() + LEAD) else {
        return Err(Error::new(
            Exit::Refused,
            code::NO_WAY_BACK,
            "the API offers no way to cancel a scheduled deletion",
        )
        .hint(format!("put it off with `bpctl policy schedule-delete {id} --at …`"))
        .hint(format!("or restore it within 48 hours afterwards with `bpctl policy restore {id}`")));
    };
    let policy = as_left(api, entry, id).await?;
    if cx.global.dry_run {
        let mut after = policy.before.raw.clone();
        after["auto_move_to_trash_at"] = at.as_second().into();
        let request = Katapult::schedule_delete_request(&policy.id, at.as_second());
        return would(cx, request, policy.before.raw, after, Vec::new());
    }
    cx.ui.note(&in_a_line(&policy.before.model, &cx.output.times));
    let loss = Loss(format!("policy {} is deleted at {at}, as it was planned before", policy.id));
    let policy = confirmed(cx, api, policy, &[loss]).await?;
    let scheduled = execute::schedule_delete(cx, api, &policy, at, Some(entry.number)).await?;
    print_undone(cx, entry, scheduled)
}

async fn restore(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    if cx.global.dry_run {
        return would(cx, Katapult::restore_request(&id), Value::Null, entry.before.value(), Vec::new());
    }
    cx.ui.note(&in_a_line(&convert(&entry.before.value()), &cx.output.times));
    confirm_several(cx, &[], QUESTION)?;
    let restored = execute::restore(cx, api, &id, Some(entry.number)).await?;
    if let (Some(at), None) =
        (convert(&entry.before.value()).auto_move_to_trash_at, restored.model.auto_move_to_trash_at)
    {
        cx.ui.warn(&format!(
            "the deletion that was planned before is not planned any more; to plan it again: `bpctl policy \
             schedule-delete {id} --at @{at}`"
        ));
    }
    print_undone(cx, entry, restored)
}

async fn delete(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    if entry.action == Action::Restore && entry.outcome == Outcome::Unknown {
        let message = format!(
            "whether change {} brought policy {id} back is not known: it may have been there before",
            entry.number
        );
        return Err(Error::new(Exit::Refused, code::OUTCOME_UNKNOWN, message)
            .hint(format!("nothing was sent; `bpctl policy delete {id}` deletes it")));
    }
    let policy = as_left(api, entry, id).await?;
    if cx.global.dry_run {
        return would(cx, Katapult::delete_request(&policy.id), policy.before.raw, Value::Null, Vec::new());
    }
    let target = policy.before.model.target.label();
    cx.ui.note(&in_a_line(&policy.before.model, &cx.output.times));
    let loss = Loss(format!("policy {} of {target} is deleted: no more backups by it", policy.id));
    let policy = confirmed(cx, api, policy, &[loss]).await?;
    let deleted = execute::delete(cx, api, &policy, Some(entry.number)).await?;
    print_undone(cx, entry, deleted)
}

/// Reads the policy, which must be as the change left it.
async fn as_left(api: &Katapult, entry: &Entry, id: String) -> Result<PolicySnapshot> {
    let policy = PolicySnapshot { before: api.policy(&id).await?, id };
    unchanged_since(entry, &policy)?;
    Ok(policy)
}

/// Shows the policy and asks, and then reads again: time has passed while somebody was thinking.
async fn confirmed(cx: &Context, api: &Katapult, policy: PolicySnapshot, losses: &[Loss]) -> Result<PolicySnapshot> {
    match confirm_several(cx, losses, QUESTION)? {
        true => reread(api, policy).await,
        false => Ok(policy),
    }
}

fn print_undone<T: Resource>(cx: &Context, entry: &Entry, object: Object<T>) -> Result<()> {
    print_result(cx, &format!("change {} was undone", entry.number), || cx.show(object))
}

fn would(cx: &Context, request: Request, before: Value, after: Value, words: Vec<String>) -> Result<()> {
    print_dry_runs(cx, vec![DryRun { requests: vec![request], before, after, words }])
}

/// Refuses when somebody has changed since what undoing would write: it would take their change away too.
fn unchanged_since(entry: &Entry, policy: &PolicySnapshot) -> Result<()> {
    if entry.after.is_null() {
        return Ok(());
    }
    let state = |policy: &Policy| {
        let (settings, deletion) = (policy.settings(), policy.auto_move_to_trash_at);
        match entry.action {
            Action::Update => (Some(settings), None),
            Action::ScheduleDelete => (None, deletion),
            Action::Create | Action::Delete | Action::Restore => (Some(settings), deletion),
        }
    };
    let then = convert(&entry.after.value());
    match state(&then) == state(&policy.before.model) {
        true => Ok(()),
        false => {
            let how = format!("it was changed since change {}", entry.number);
            Err(changed(&policy.id, &how).detail(json!({"then": entry.after.value(), "now": policy.before.raw})))
        }
    }
}
