//! `bpctl policies …`: one file a verb. On OnApp clouds, schedules are the policies.

mod create;
mod delete;
pub mod list;
mod onapp;
mod restore;
mod schedule_delete;
mod show;
mod update;

use crate::args::{PolicyCommand, PolicyList};
use crate::config::Provider;
use crate::context::{Context, not_offered};
use crate::error::Result;

pub async fn run(cx: &Context, verb: PolicyCommand) -> Result<()> {
    match (verb, cx.provider()?) {
        (PolicyCommand::List(args), _) => list(cx, args).await,
        (PolicyCommand::Show(args), Provider::OnApp) => onapp::show(cx, args).await,
        (PolicyCommand::Show(args), Provider::Katapult) => show::run(cx, args).await,
        (PolicyCommand::Create(args), Provider::OnApp) => onapp::create(cx, args).await,
        (PolicyCommand::Create(args), Provider::Katapult) => create::run(cx, args).await,
        (PolicyCommand::Update(args), Provider::OnApp) => onapp::update(cx, args).await,
        (PolicyCommand::Update(args), Provider::Katapult) => update::run(cx, args).await,
        (PolicyCommand::Delete(args), Provider::OnApp) => onapp::delete(cx, args).await,
        (PolicyCommand::Delete(args), Provider::Katapult) => delete::run(cx, args).await,
        (PolicyCommand::Restore(args), Provider::Katapult) => restore::run(cx, args).await,
        (PolicyCommand::Restore(_), Provider::OnApp) => Err(not_offered(Provider::OnApp)
            .hint("an OnApp cloud has no trash; `bpctl undo` makes a policy again that bpctl deleted")),
        (PolicyCommand::ScheduleDelete(args), Provider::Katapult) => schedule_delete::run(cx, args).await,
        (PolicyCommand::ScheduleDelete(_), Provider::OnApp) => Err(not_offered(Provider::OnApp)
            .hint("`bpctl policy delete` deletes a policy at once, `bpctl policy pause` keeps it without backups")),
        // What only OnApp offers is refused where its client is asked for.
        (PolicyCommand::Pause(args), _) => onapp::set_enabled(cx, args, false).await,
        (PolicyCommand::Resume(args), _) => onapp::set_enabled(cx, args, true).await,
    }
}

/// Lists policies; several profiles do it one by one.
pub async fn list(cx: &Context, args: PolicyList) -> Result<()> {
    match cx.provider()? {
        Provider::Katapult => list::run(cx, args).await,
        Provider::OnApp => onapp::list(cx, args).await,
    }
}
