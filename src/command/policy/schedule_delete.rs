//! `bpctl policy schedule-delete`

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::PolicyScheduleDelete;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::Katapult;
use crate::model::{Loss, Policy};
use crate::ops::batch::{Batch, question};
use crate::ops::execute::{self, PolicySnapshot};
use crate::ops::pick;
use crate::ops::write::{DryRun, confirm_losses, print_dry_runs, weakens};
use crate::time;
use crate::view::in_a_line;

/// How far ahead the API wants the time, in seconds (documented).
pub const LEAD: i64 = 300;

/// Schedules the deletion of policies.
pub async fn run(cx: &Context, args: PolicyScheduleDelete) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let given = args.at.as_deref().map(|text| resolve(cx, "--at", text)).transpose()?;
    if given.is_none() {
        pick::must_be_askable(cx, "--at <WHEN>", "policy schedule-delete --help")?;
    }
    let policies = pick::policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let batch = Batch::read(cx, api, &policies).await?;
    let at = given.map_or_else(|| ask(cx), Ok)?;
    if cx.global.dry_run {
        let runs = batch.named.into_iter().map(|policy| dry_run(cx, policy, at)).collect();
        return print_dry_runs(cx, runs);
    }
    cx.ui.note(&format!("deletion at {}", time::in_full(at, cx.now(), cx.zone())));
    for policy in &batch.named {
        cx.ui.note(&in_a_line(&policy.before.model, &cx.output.times));
        words(cx, &policy.before.model, at).iter().for_each(|line| cx.ui.note(&format!("  {line}")));
    }
    cx.ui.note(
        "a policy works as before until then, and is kept in the trash for 48 hours after it; the API cannot cancel a \
         scheduled deletion, only schedule it again for another time",
    );
    let losses: Vec<Loss> = batch.named.iter().map(|policy| loss(policy, at)).collect();
    let question = question(losses.len(), "Schedule the deletion?", "Schedule the deletion of");
    confirm_losses(cx, &losses, &question)?;
    batch.carry_out(cx, async |policy| execute::schedule_delete(cx, api, &policy, at, None).await).await
}

/// Asks for the time, until it is one that the API would take.
fn ask(cx: &Context) -> Result<Timestamp> {
    let question = "Delete it at (`+7d`, `tomorrow 02:00`, `friday 22:00`, `2026-12-01 02:00`)";
    let (text, at) = cx.ask(|ui| {
        ui.input(question, "", |text| match resolve(cx, "--at", text) {
            Ok(at) => Ok((text.to_owned(), at)),
            Err(error) => Err(error.message),
        })
    })?;
    cx.answered(&["--at", &text]);
    Ok(at)
}

fn dry_run(cx: &Context, policy: PolicySnapshot, at: Timestamp) -> DryRun {
    let mut after = policy.before.raw.clone();
    after["auto_move_to_trash_at"] = at.as_second().into();
    let mut words = vec![
        in_a_line(&policy.before.model, &cx.output.times),
        format!("deletion at {}", time::in_full(at, cx.now(), cx.zone())),
    ];
    words.extend(self::words(cx, &policy.before.model, at));
    words.push(weakens(&loss(&policy, at)));
    let requests = vec![Katapult::schedule_delete_request(&policy.id, at.as_second())];
    DryRun { requests, before: policy.before.raw, after, words }
}

fn loss(policy: &PolicySnapshot, at: Timestamp) -> Loss {
    let target = policy.before.model.target.label();
    let planned = policy.before.model.auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let instead = planned.map_or_else(String::new, |planned| {
        let order = if at > planned { "later" } else { "not later" };
        format!(" instead of {} ({order})", time::rfc3339(planned, &TimeZone::UTC))
    });
    Loss(format!("policy {} of {target} is deleted at {}{instead}", policy.id, time::rfc3339(at, &TimeZone::UTC)))
}

/// Resolves the time as typed, and refuses one that the API would refuse.
///
/// # Errors
/// `usage` for what is no time, `invalid_timestamp` for one that is too soon.
pub fn resolve(cx: &Context, flag: &str, text: &str) -> Result<Timestamp> {
    let at = time::resolve(text, cx.now(), cx.zone())
        .map_err(|sentence| Error::usage(format!("invalid value '{text}' for '{flag}': {sentence}")))?;
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
    let mut lines = Vec::new();
    if let Some(planned) = policy.auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok()) {
        lines.push(format!("replaces the deletion at {}", time::in_full(planned, cx.now(), cx.zone())));
    }
    lines.push(match policy.schedule.runs_before(at.as_second()) {
        Some(0) => "no backup runs before then".to_owned(),
        Some(1) => "1 backup runs before then".to_owned(),
        Some(count) => format!("{count} backups run before then (frequency read as \"every N intervals\")"),
        None => "how many backups run before then is not known".to_owned(),
    });
    lines
}
