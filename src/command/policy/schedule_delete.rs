//! `bpctl policy schedule-delete`

use std::collections::HashSet;

use crate::args::PolicyScheduleDelete;
use crate::context::Context;
use crate::error::Result;
use crate::model::Policy;
use crate::ops::batch::{self, Batch, Unreadable, question};
use crate::ops::bulk::{Chosen, LeftWithout, Selector};
use crate::ops::deletion_time::DeletionTime;
use crate::ops::pick;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::write::{PolicyChange, PolicyWrite, Written};

/// Schedules the deletion of policies.
pub async fn run(cx: &Context, args: PolicyScheduleDelete) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, None, &args.policies)?;
    cx.check_result_columns::<Policy>()?;
    let given = args.at.as_deref().map(|text| DeletionTime::parse(cx, "--at", text)).transpose()?;
    if given.is_none() {
        pick::must_be_askable(cx, "--at <WHEN>", "help times")
            .map_err(|error| error.hint("as in `bpctl policy schedule-delete web-1 --at +7d`"))?;
    }
    // Standard input is read before the lock is taken: it may come from another bpctl.
    let names = match selector {
        Some(_) => Vec::new(),
        None => batch::named(cx, &pick::policies(cx, args.policies).await?).await?,
    };
    let api = cx.katapult()?;
    let mut lock = Lock::take(cx).await?;
    let mut warning = None;
    let batch = match &selector {
        None => Batch::read(cx, &mut lock, names, Unreadable::Fails, &[]).await?,
        Some(selector) => {
            let Chosen { policies, unread, fleet } = selector.read(cx, api).await?;
            selector.check_limit(cx, policies.len(), policies.len() + unread.len())?;
            let ids: HashSet<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
            warning = LeftWithout::of(&fleet, &ids).warning("policy");
            Batch::of(policies, unread)
        }
    };
    let is_stale = given.is_none();
    if is_stale {
        lock.release();
    }
    let at = given.map_or_else(|| ask(cx), Ok)?.resolve(cx, api.http())?;
    if !cx.global.dry_run {
        cx.ui.note(
            "a policy works as before until then, and is kept in the trash for 48 hours after it; the API cannot \
             cancel a scheduled deletion, only schedule it again for another time",
        );
    }
    let question = question(batch.policies.len(), "Schedule the deletion?", "Schedule the deletion of");
    let options = match &selector {
        None => Options::new(question, lock),
        Some(selector) => selector.options(question, lock),
    };
    let options = Options { is_stale, warnings: warning.into_iter().collect(), ..options };
    batch
        .write(cx, options, |policy| PolicyWrite::from(PolicyChange::ScheduleDelete { policy, at }), Written::policy)
        .await
}

/// Asks for the time, until it is one that the API would take.
fn ask(cx: &Context) -> Result<DeletionTime> {
    let question = "Delete it at (`+7d`, `tomorrow 02:00`, `friday 22:00`, `2026-12-01 02:00`)";
    let (text, at) = cx.ask(|ui| {
        ui.input(question, "", |text| match DeletionTime::parse(cx, "--at", text) {
            Ok(at) => Ok((text.to_owned(), at)),
            Err(error) => Err(error.message),
        })
    })?;
    cx.answered(&["--at", &text]);
    Ok(at)
}
