//! Which profile a verb of `bpctl auth` is about, and which tokens override the one in the file.

use crate::config::{DEFAULT_NAME, File, Provider, check_name, profile_in_use};
use crate::context::Context;
use crate::error::{Error, Result};

/// Names the profile that is written to.
pub fn to_change(cx: &Context, file: &File) -> Result<String> {
    if cx.global.sandbox {
        return Err(Error::usage("the sandbox needs no token: it accepts any"));
    }
    let named = profile_in_use(&cx.wanted(None), &cx.system, file).map(|setting| setting.value);
    let name = named.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    if !file.profiles.contains_key(&name) || Provider::of_built_in_profile(&name).is_some() {
        check_name(&name)?;
    }
    Ok(name)
}

/// The other sources of a token for a profile, which override the one in the file.
pub fn stronger_sources(cx: &Context, file: &File, profile: &str, provider: Provider) -> Vec<String> {
    let mut sources = variables(cx, provider);
    if file.profiles.get(profile).is_some_and(|profile| profile.token_command.is_some()) {
        sources.push(format!("token_command of profile {profile}"));
    }
    sources
}

/// The environment variables that hold a token for a provider.
pub fn variables(cx: &Context, provider: Provider) -> Vec<String> {
    let set = provider.token_variables().iter().filter(|name| cx.system.secret(name).is_some());
    set.map(|name| format!("environment variable {name}")).collect()
}
