//! What `auth login` asks for: the token, and on a terminal the URL and user of an OnApp cloud.

use crate::config::{Profile, Provider, bad_character, check_url, env};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Organization, Session};
use crate::secret::Secret;

/// The longest token that is read, in bytes.
const MAX_TOKEN: u64 = 16 * 1024;

/// Says where to create a token, where the user can be asked for it.
pub fn explain(cx: &Context, provider: Provider) {
    if cx.ui.can_ask() {
        provider.token_help().iter().for_each(|line| cx.ui.note(line));
    }
}

/// Asks for the address and the user where flags, environment and profile leave them open. Only OnApp needs them, and
/// the provider is never asked for: a token that is pasted early must find the hidden prompt and no other field.
pub fn complete(cx: &Context, profile: &mut Profile, provider: Option<Provider>, has_user: bool) -> Result<()> {
    let is_set = |flag: bool, name: &str| flag || cx.system.variable(name).is_some();
    let provider = provider.or(profile.provider).unwrap_or_default();
    if !provider.needs_user() || !cx.ui.can_ask() {
        return Ok(());
    }
    if profile.api_url.is_none() && !is_set(cx.global.api_url.is_some(), env::API_URL) {
        let allow_http = profile.allow_http.unwrap_or_default();
        let address = |text: &str| check_url(text, allow_http).map(|_| text.to_owned());
        profile.api_url = Some(cx.ask(|ui| ui.input("API URL", "", address))?);
    }
    if profile.user.is_none() && !is_set(has_user, env::USER) {
        profile.user = Some(text(cx, "User (email or id)")?);
    }
    Ok(())
}

/// Asks which of several organizations to use; none where no question can be asked.
pub fn organization(cx: &Context, session: &Session) -> Result<Option<String>> {
    let organizations = session.organizations.as_deref().unwrap_or_default();
    if !cx.ui.can_ask() || organizations.len() < 2 || session.organization.is_some() {
        return Ok(None);
    }
    let keys: Vec<&str> = organizations.iter().filter_map(Organization::key).collect();
    let labels = keys.iter().copied().chain(["(name one in each command)"]);
    let rows: Vec<Vec<String>> = labels.map(|label| vec![label.to_owned()]).collect();
    let chosen = cx.ask(|ui| ui.select("Organization", &rows, 0))?;
    Ok(keys.get(chosen).map(|key| (*key).to_owned()))
}

fn text(cx: &Context, prompt: &str) -> Result<String> {
    let not_empty =
        |text: &str| if text.is_empty() { Err("a value is needed".to_owned()) } else { Ok(text.to_owned()) };
    cx.ask(|ui| ui.input(prompt, "", not_empty))
}

/// Reads the token: hidden from a terminal, else one line of standard input.
pub async fn token(cx: &Context, provider: Provider) -> Result<Secret> {
    let typed = if cx.ui.can_ask() {
        cx.ui.ask_secret(provider.token_prompt()).await?
    } else if cx.system.stdin_is_terminal {
        return Err(Error::usage("cannot prompt for a token here, and standard input is a terminal")
            .hint("pipe the token in: `pass show katapult | bpctl auth login`"));
    } else {
        standard_input(cx).await?
    };
    one_line(&typed, provider)
}

async fn standard_input(cx: &Context) -> Result<Secret> {
    let bytes = cx.ui.read_bytes(MAX_TOKEN).await?;
    let is_too_long = bytes.len() as u64 > MAX_TOKEN;
    match String::from_utf8(bytes) {
        Ok(text) if !is_too_long => Ok(Secret::new(text)),
        _ => Err(Error::usage("invalid token: standard input must be one line of text")),
    }
}

fn one_line(typed: &Secret, provider: Provider) -> Result<Secret> {
    let token = typed.expose().trim();
    if token.is_empty() {
        return Err(Error::new(Exit::Auth, code::NO_TOKEN, "no token was given")
            .hint("pipe it in: `pass show katapult | bpctl auth login`"));
    }
    match bad_character(token, provider) {
        None => Ok(Secret::new(token)),
        Some(what) => Err(Error::usage(format!("invalid token: the input contains {what}"))
            .hint("copy it again, as plain text, exactly as the cloud showed it")),
    }
}
