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
use crate::context::Context;
use crate::error::Result;

pub async fn run(cx: &Context, verb: PolicyCommand) -> Result<()> {
    let is_onapp = || cx.provider_is(Provider::OnApp);
    match verb {
        PolicyCommand::List(args) => list(cx, args).await,
        PolicyCommand::Show(args) if is_onapp()? => onapp::show(cx, args).await,
        PolicyCommand::Show(args) => show::run(cx, args).await,
        PolicyCommand::Create(args) if is_onapp()? => onapp::create(cx, args).await,
        PolicyCommand::Create(args) => create::run(cx, args).await,
        PolicyCommand::Update(args) if is_onapp()? => onapp::update(cx, args).await,
        PolicyCommand::Update(args) => update::run(cx, args).await,
        PolicyCommand::Delete(args) if is_onapp()? => onapp::delete(cx, args).await,
        PolicyCommand::Delete(args) => delete::run(cx, args).await,
        PolicyCommand::Restore(args) => restore::run(cx, args).await,
        PolicyCommand::ScheduleDelete(args) => schedule_delete::run(cx, args).await,
        PolicyCommand::Pause(args) => onapp::set_enabled(cx, args, false).await,
        PolicyCommand::Resume(args) => onapp::set_enabled(cx, args, true).await,
    }
}

/// Lists policies; several profiles do it one by one.
pub async fn list(cx: &Context, args: PolicyList) -> Result<()> {
    if cx.provider_is(Provider::OnApp)? { onapp::list(cx, args).await } else { list::run(cx, args).await }
}
