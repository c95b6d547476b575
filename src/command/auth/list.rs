//! `bpctl auth list`: the profiles of the config file, and where each has its token. Sends no request.

use crate::config::{Profile, profile_in_use};
use crate::context::Context;
use crate::error::Result;
use crate::http::Walk;
use crate::model::ProfileSummary;
use crate::ops::rows::Rows;

pub fn run(cx: &Context) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let file = cx.file()?;
    let in_use = profile_in_use(&cx.wanted(None), &cx.system, file).map(|setting| setting.value);
    let summaries = file.profiles.iter().map(|(name, profile)| {
        let is_in_use = in_use.as_ref() == Some(name);
        summary(name, profile, is_in_use).object()
    });
    rows.page(summaries.collect())?;
    rows.end(Walk::default(), "in the config file")?;
    if file.profiles.is_empty() {
        cx.ui.note("`bpctl auth login` creates one");
    }
    Ok(())
}

fn summary(name: &str, profile: &Profile, is_in_use: bool) -> ProfileSummary {
    let provider = profile.provider.unwrap_or_default();
    let sources = [
        ("token_command", profile.token_command.is_some()),
        ("token", profile.token.is_some()),
        ("token_command_ro", profile.token_command_ro.is_some()),
        ("token_ro", profile.token_ro.is_some()),
    ];
    let credentials: Vec<&str> = sources.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect();
    ProfileSummary {
        name: name.to_owned(),
        is_in_use,
        provider: provider.to_string(),
        api_url: profile.api_url.clone().or_else(|| provider.default_api_url().map(str::to_owned)),
        organization: profile.organization.clone(),
        user: profile.user.clone(),
        credentials: (!credentials.is_empty()).then(|| credentials.join(", ")),
        read_only: profile.read_only.unwrap_or(false),
    }
}
