//! `bpctl auth …`: stores, lists, checks and removes credentials. Never prints them.

mod check;
mod list;
mod login;
mod logout;
mod profile;
mod questions;
mod status;

use crate::args::AuthCommand;
use crate::context::Context;
use crate::error::Result;

/// Runs a verb of `bpctl auth`.
pub async fn run(cx: &Context, verb: AuthCommand) -> Result<()> {
    match verb {
        AuthCommand::Login(args) => login::run(cx, args).await,
        AuthCommand::List => list::run(cx),
        AuthCommand::Status => status::run(cx).await,
        AuthCommand::Logout => logout::run(cx).await,
    }
}
