//! `bpctl policy schedule-delete`

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::PolicyScheduleDelete;
use crate::command::write::{DryRun, after_write, confirm_losses, not_applied};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Removed, is_gone};
use crate::model::{Loss, Policy};
use crate::time;
use crate::view::in_a_line;

/// How far ahead the API wants the time, in seconds (documented).
const LEAD: i64 = 300;

/// Schedules the deletion of a policy.
pub async fn run(cx: &Context, args: PolicyScheduleDelete) -> Result<()> {
    let at = resolve(cx, &args.at)?;
    let api = cx.katapult()?;
    let before = api.policy(&args.policy).await?;
    let request = Katapult::schedule_delete_request(&args.policy, at.as_second());
    let words = words(cx, &before.model, at);
    if cx.global.dry_run {
        let mut after = before.raw.clone();
        after["auto_move_to_trash_at"] = at.as_second().into();
        return DryRun { requests: vec![request], before: before.raw, after, words }.print(cx);
    }
    cx.ui.note(&in_a_line(&before.model, &cx.style.look));
    for line in &words {
        cx.ui.note(&format!("  {line}"));
    }
    let loss = Loss(format!(
        "policy {} of {} is deleted at {}",
        args.policy,
        before.model.target.label(),
        time::rfc3339(at, &TimeZone::UTC)
    ));
    confirm_losses(cx, &[loss], "Schedule the deletion?")?;
    let removed = api.remove(&request).await?;
    let after = match api.policy(&args.policy).await {
        // The time has come while the answer was lost: the policy is in the trash, as asked.
        Err(error) if removed == Removed::ByEarlierAttempt && is_gone(&error) => {
            cx.ui.note("the policy is in the trash");
            return cx.show(before);
        }
        read => read.map_err(after_write)?,
    };
    let actual = after.model.auto_move_to_trash_at;
    if actual != Some(at.as_second()) {
        let actual = actual.map(|actual| actual.to_string());
        not_applied(&[("auto_move_to_trash_at", at.as_second().to_string(), actual)])?;
    }
    cx.show(after)
}

/// Resolves the time as typed, and refuses one that the API would refuse.
fn resolve(cx: &Context, text: &str) -> Result<Timestamp> {
    let at = time::resolve(text, cx.now(), cx.zone())
        .map_err(|sentence| Error::usage(format!("invalid value '{text}' for '--at': {sentence}")))?;
    if at.as_second() < cx.now().as_second() + LEAD {
        let resolved = time::in_full(at, cx.now(), cx.zone());
        return Err(Error::new(
            Exit::Refused,
            code::INVALID_TIMESTAMP,
            format!("`{text}` is {resolved}, which is not at least 5 minutes ahead"),
        )
        .hint("nothing was sent; to delete a policy at once: `bpctl policy delete`"));
    }
    Ok(at)
}

fn words(cx: &Context, policy: &Policy, at: Timestamp) -> Vec<String> {
    let mut lines = vec![format!("deletion   {}", time::in_full(at, cx.now(), cx.zone()))];
    if let Some(planned) = policy.auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok()) {
        lines.push(format!("replaces   the deletion at {}", time::in_full(planned, cx.now(), cx.zone())));
    }
    lines.push(match policy.schedule.runs_before(at.as_second()) {
        Some(0) => "runs       none before then".to_owned(),
        Some(1) => "runs       1 before then".to_owned(),
        Some(count) => format!("runs       about {count} before then (frequency read as \"every N intervals\")"),
        None => "runs       an unknown number before then".to_owned(),
    });
    lines.push(
        "afterwards it is in the trash for 48 hours and can be restored; the API cannot cancel a scheduled deletion, \
         only schedule it again for another time"
            .to_owned(),
    );
    lines
}
