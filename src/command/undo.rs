//! `bpctl undo`

use jiff::Timestamp;
use serde_json::{Value, json};

use super::history::{find, read};
use super::policy::perform::{self, Named};
use super::policy::schedule_delete::LEAD;
use super::policy::update::changed;
use super::write::{DryRun, confirm_losses, difference_lines, print_dry_runs, raw_after};
use crate::args::Undo;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Request;
use crate::journal::{Action, Entry, Outcome};
use crate::katapult::{Katapult, policy as convert};
use crate::model::{Change, Loss, Policy, Schedule, Wish};

/// Reverses a change by the inverse call.
pub async fn run(cx: &Context, args: &Undo) -> Result<()> {
    let entry = choose(cx, args.number)?;
    if entry.outcome == Outcome::Failed {
        return Err(Error::usage(format!("change {} was refused, so there is nothing to undo", entry.number))
            .hint(format!("`bpctl history {}` shows it", entry.number)));
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
    let history = read(cx)?;
    let (all, gone) = (history.entries, history.gone);
    let api = cx.api_name()?;
    if let Some(number) = number {
        let entry = find(all, number)?;
        if entry.api != api {
            let profile = entry.profile.as_deref().unwrap_or("…");
            return Err(Error::usage(format!("change {number} was made on {}, not on {api}", entry.api))
                .hint(format!("name its connection, as in `bpctl undo {number} --profile {profile}`")));
        }
        if gone.contains(&number) {
            return Err(Error::usage(format!("change {number} was made in a sandbox that has started over since"))
                .hint("`bpctl history` lists the changes"));
        }
        return Ok(entry);
    }
    let undone: Vec<u64> =
        all.iter().filter(|entry| entry.outcome == Outcome::Done).filter_map(|entry| entry.undoes).collect();
    all.into_iter()
        .rev()
        .filter(|entry| !gone.contains(&entry.number))
        .filter(|entry| entry.api == api && entry.undoes.is_none() && entry.outcome != Outcome::Failed)
        .find(|entry| !undone.contains(&entry.number))
        .ok_or_else(|| {
            Error::new(Exit::NotFound, "not_found", "there is no change to undo")
                .hint("`bpctl history` lists the changes")
        })
}

fn policy_of(entry: &Entry) -> Result<&str> {
    entry.policy.as_deref().ok_or_else(|| {
        Error::new(
            Exit::Failure,
            crate::error::code::OUTCOME_UNKNOWN,
            format!("which policy change {} made is not known: its answer was lost", entry.number),
        )
        .hint("`bpctl policies list` shows whether it is there")
    })
}

/// Puts the old values back.
async fn update(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    let policy = Named { before: api.policy(&id).await?, id };
    unchanged_since(entry, &policy)?;
    let old = convert(&entry.before);
    let wish = Wish {
        retention: old.retention,
        interval: old.schedule.interval,
        frequency: old.schedule.frequency,
        time: old.schedule.time,
        minute: old.schedule.minute,
    };
    let before = &policy.before.model;
    let change: Change = wish.against(before);
    if change.is_empty() {
        cx.ui.note("nothing to undo: the policy is already as it was");
        return cx.show(policy.before);
    }
    if cx.global.dry_run {
        let (after, words) = (raw_after(&policy.before, &change), difference_lines(&change));
        return would(cx, Katapult::update_request(&policy.id, &change), policy.before.raw, after, words);
    }
    difference_lines(&change).iter().for_each(|line| cx.ui.note(&format!("  {line}")));
    let mut losses = change.losses(before);
    if entry.outcome == Outcome::Unknown {
        let doubt = format!("how change {} ended is not known, so this may undo what somebody else did", entry.number);
        losses.push(Loss(doubt));
    }
    confirm(cx, losses)?;
    cx.show(perform::update(cx, api, &policy, &change, Some(entry.number)).await?)
}

/// Schedules the deletion for the time it was planned at before, where there was one; there is no other way back.
async fn reschedule(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    let planned = convert(&entry.before).auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let Some(at) = planned.filter(|at| at.as_second() >= cx.now().as_second() + LEAD) else {
        return Err(Error::new(Exit::Refused, "no_way_back", "the API offers no way to cancel a scheduled deletion")
            .hint(format!("put it off with `bpctl policy schedule-delete {id} --at …`"))
            .hint(format!("or restore it within 48 hours afterwards with `bpctl policy restore {id}`")));
    };
    let policy = Named { before: api.policy(&id).await?, id };
    unchanged_since(entry, &policy)?;
    if cx.global.dry_run {
        let mut after = policy.before.raw.clone();
        after["auto_move_to_trash_at"] = at.as_second().into();
        let request = Katapult::schedule_delete_request(&policy.id, at.as_second());
        return would(cx, request, policy.before.raw, after, Vec::new());
    }
    confirm(cx, vec![Loss(format!("policy {} is deleted at {at}, as it was planned before", policy.id))])?;
    cx.show(perform::schedule_delete(cx, api, &policy, at, Some(entry.number)).await?)
}

async fn restore(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    if cx.global.dry_run {
        return would(cx, Katapult::restore_request(&id), Value::Null, entry.before.clone(), Vec::new());
    }
    let restored = perform::restore(cx, api, &id, Some(entry.number)).await?;
    if let (Some(at), None) = (convert(&entry.before).auto_move_to_trash_at, restored.model.auto_move_to_trash_at) {
        cx.ui.warn(&format!(
            "the deletion that was planned before is not planned any more; to plan it again: `bpctl policy \
             schedule-delete {id} --at @{at}`"
        ));
    }
    cx.show(restored)
}

async fn delete(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<()> {
    let policy = Named { before: api.policy(&id).await?, id };
    unchanged_since(entry, &policy)?;
    if cx.global.dry_run {
        return would(cx, Katapult::delete_request(&policy.id), policy.before.raw, Value::Null, Vec::new());
    }
    let target = policy.before.model.target.label();
    confirm(cx, vec![Loss(format!("policy {} of {target} is deleted: no more backups by it", policy.id))])?;
    cx.show(perform::delete(cx, api, &policy, Some(entry.number)).await?)
}

fn confirm(cx: &Context, losses: Vec<Loss>) -> Result<()> {
    confirm_losses(cx, &losses, "Undo it?").map(drop)
}

fn would(cx: &Context, request: Request, before: Value, after: Value, words: Vec<String>) -> Result<()> {
    print_dry_runs(cx, vec![DryRun { requests: vec![request], before, after, words }])
}

/// Refuses when somebody has changed since what undoing would write: it would take their change away too.
fn unchanged_since(entry: &Entry, policy: &Named) -> Result<()> {
    if entry.after.is_null() {
        return Ok(());
    }
    let state = |policy: &Policy| {
        let schedule = Schedule { next_invocation_at: None, ..policy.schedule.clone() };
        let fields = (policy.retention, schedule);
        match entry.action {
            Action::Update => (Some(fields), None),
            Action::ScheduleDelete => (None, policy.auto_move_to_trash_at),
            Action::Create | Action::Delete | Action::Restore => (Some(fields), policy.auto_move_to_trash_at),
        }
    };
    let then = convert(&entry.after);
    match state(&then) == state(&policy.before.model) {
        true => Ok(()),
        false => {
            let how = format!("it was changed since change {}", entry.number);
            Err(changed(&policy.id, &how).detail(json!({"then": entry.after, "now": policy.before.raw})))
        }
    }
}
