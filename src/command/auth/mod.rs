//! `bpctl auth …`: storing, checking and removing credentials. Never prints them.

mod check;
mod login;
mod logout;
mod questions;
mod status;

use crate::args::AuthCommand;
use crate::config::{DEFAULT_NAME, File, Provider, check_name, profile_in_use};
use crate::context::Context;
use crate::error::{Error, Result};

/// Carries out a verb.
pub async fn run(cx: &Context, verb: AuthCommand) -> Result<()> {
    match verb {
        AuthCommand::Login(args) => login::run(cx, args).await,
        AuthCommand::Status => status::run(cx).await,
        AuthCommand::Logout => logout::run(cx).await,
    }
}

/// Names the profile that is written to.
fn profile(cx: &Context, file: &File) -> Result<String> {
    if cx.global.sandbox {
        return Err(Error::usage("the sandbox needs no token: any is accepted"));
    }
    let named = profile_in_use(&cx.wanted(None), &cx.system, file).map(|setting| setting.value);
    let name = named.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    match file.profiles.contains_key(&name) && Provider::of_built_in_profile(&name).is_none() {
        true => Ok(name),
        false => check_name(&name).map(|()| name),
    }
}

/// Names the other sources of a token for this profile, which win over the one in the file.
fn other_sources(cx: &Context, file: &File, profile: &str, provider: Provider) -> Vec<String> {
    let set = provider.token_variables().iter().filter(|name| cx.system.secret(name).is_some());
    let mut sources: Vec<String> = set.map(|name| format!("environment variable {name}")).collect();
    if file.profiles.get(profile).is_some_and(|profile| profile.token_command.is_some()) {
        sources.push(format!("token_command of profile {profile}"));
    }
    sources
}
