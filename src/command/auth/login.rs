//! `bpctl auth login`: reads a token, checks it, and only then stores it.

use std::path::Path;

use serde_json::{Value, json};

use super::check::{self, check, remarks};
use super::{profile, questions};
use crate::args::{AuthLogin, Format};
use crate::command::config::{begin, save};
use crate::config::{Connection, File, Key, Origin, Profile, Provider, Wanted, env, resolve};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::model::{Organization, Session};
use crate::secret::Secret;
use crate::text::escape;
use crate::view::structured;

/// Reads a token, checks it, and stores it in a profile.
pub async fn run(cx: &Context, args: AuthLogin) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let file = File::read(&path)?;
    let name = profile::to_change(cx, &file)?;
    let mut profile = file.profiles.get(&name).cloned().unwrap_or_default();
    let provider = provider(cx, &file, &name)?;
    questions::explain(cx, provider.or(profile.provider).unwrap_or_default());
    questions::complete(cx, &mut profile, provider, args.user.is_some())?;
    let connection = connection(cx, &file, &name, &profile, provider, args.user)?;
    let token = questions::token(cx, connection.provider.value).await?;
    let connection = connection.with_token(token.clone());
    let session = check(cx, &connection).await.map_err(|error| refused(error, &name))?;
    check::organization(&session).map_err(|error| error.hint("nothing was stored"))?;
    let organization = questions::organization(cx, &session)?;
    let session = Session { organization: organization.or(session.organization), ..session };
    remarks(cx, &session);
    let login = Login { name, connection, profile, session, token };
    login.confirm_replacement(cx)?;
    let is_default = login.store(cx).await?;
    let name = &login.name;
    for source in profile::stronger_sources(cx, &file, name, login.connection.provider.value) {
        let way_out =
            if source.starts_with("env") { format!(", except with `--profile {name}`") } else { String::new() };
        cx.ui.warn(&format!("{source} overrides the stored token{way_out}"));
    }
    if !is_default {
        cx.ui.note(&format!(
            "to use this profile: `--profile {name}`, or `bpctl config use {name}` to make it the default"
        ));
    }
    login.report(cx, &path, is_default)
}

/// The provider that flags and environment name. A profile that is named on the command line comes before the
/// environment, unless it is new.
fn provider(cx: &Context, file: &File, name: &str) -> Result<Option<Provider>> {
    if cx.global.provider.is_some() {
        return Ok(cx.global.provider);
    }
    let is_as_it_stands = cx.global.profile.is_some() && file.profiles.contains_key(name);
    let Some(text) = cx.system.variable(env::PROVIDER).filter(|_| !is_as_it_stands) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|what| Error::config(format!("{}=`{text}`: {what}", env::PROVIDER)))
}

/// Resolves the connection as it will be with the profile as it is about to be.
fn connection(
    cx: &Context,
    file: &File,
    name: &str,
    profile: &Profile,
    provider: Option<Provider>,
    user: Option<String>,
) -> Result<Connection> {
    let mut file = file.clone();
    file.profiles.insert(name.to_owned(), profile.clone());
    let wanted = cx.wanted(None);
    // The profile counts as the default, not as named: it gives way to the environment.
    file.default_profile = Some(name.to_owned());
    let wanted = Wanted { provider, user, ..wanted };
    resolve(&wanted, &cx.system, &file)
}

fn refused(error: Error, profile: &str) -> Error {
    match error.exit {
        Exit::Auth => Error { hints: Vec::new(), ..error }
            .hint(format!("nothing was stored; profile {profile} is unchanged. Check the token and log in again")),
        _ => error.hint("nothing was stored"),
    }
}

/// A login whose token works.
struct Login {
    name: String,
    connection: Connection,
    /// As it was, with what was asked for.
    profile: Profile,
    session: Session,
    token: Secret,
}

impl Login {
    /// Asks before another token is replaced. A script that pipes one in has decided already.
    fn confirm_replacement(&self, cx: &Context) -> Result<()> {
        let Some(old) = &self.profile.token else {
            return Ok(());
        };
        let is_same = old.expose() == self.token.expose();
        if is_same || !cx.ui.can_ask() || cx.global.yes || cx.global.dry_run {
            return Ok(());
        }
        cx.must_confirm(&format!("Replace the token of profile {}?", self.name))
    }

    /// Writes the profile, and returns whether it is the default profile.
    async fn store(&self, cx: &Context) -> Result<bool> {
        let mut edit = begin(cx, &cx.config_path()?).await?;
        if edit.file().default_profile.is_none() && edit.file().profiles.is_empty() {
            edit.set(&Key::DefaultProfile, self.name.as_str())?;
        }
        for (field, text) in self.changes() {
            edit.set(&Key::of(&self.name, field), text)?;
        }
        edit.set(&Key::of(&self.name, "token"), self.token.expose())?;
        let after = edit.outcome()?;
        save(cx, edit)?;
        Ok(after.default_profile.as_ref() == Some(&self.name))
    }

    /// What the profile does not say yet: what was asked for, and what came from flags and environment.
    fn changes(&self) -> Vec<(&'static str, String)> {
        let (connection, profile) = (&self.connection, &self.profile);
        let is_given =
            |origin: &Origin| matches!(origin, Origin::Flag(_) | Origin::Environment(_) | Origin::Profile(_));
        let mut changes = Vec::new();
        if is_given(&connection.provider.origin) || profile.provider.is_some() {
            changes.push(("provider", connection.provider.value.to_string()));
        }
        if let Some(url) = connection.api_url.as_ref().filter(|url| is_given(&url.origin)) {
            changes.push(("api_url", url.value.as_str().trim_end_matches('/').to_owned()));
        }
        if let Some(organization) = &self.session.organization {
            changes.push(("organization", organization.clone()));
        }
        if let Some(user) = &connection.user {
            changes.push(("user", user.value.clone()));
        }
        changes
    }

    fn report(&self, cx: &Context, path: &Path, is_default: bool) -> Result<()> {
        let session = &self.session;
        let sees = match session.organizations.as_deref() {
            Some([only]) => format!(", organization {}", label(only)),
            Some(several) if session.organization.is_none() => format!(", {} organizations", several.len()),
            _ => session.organization.as_ref().map(|name| format!(", organization {name}")).unwrap_or_default(),
        };
        let (verb, place) =
            if cx.global.dry_run { ("valid", String::new()) } else { ("stored", format!(" in {}", path.display())) };
        let sentence = format!("{verb}{place}: token of profile {} for {}{sees}", self.name, session.api_url);
        cx.ui.print(|out| match cx.output.format {
            Format::Json | Format::Jsonl | Format::Yaml => {
                structured(&cx.output, &self.json(cx, path, is_default), out)
            }
            Format::Id => writeln!(out, "{}", escape(&self.name)),
            _ => writeln!(out, "{}", escape(&sentence)),
        })
    }

    fn json(&self, cx: &Context, path: &Path, is_default: bool) -> Value {
        let mut json = self.session.clone().object().raw;
        if let Some(fields) = json.as_object_mut() {
            // Where the token came from this time is not where it is from now on.
            fields.insert("credentials".to_owned(), format!("token of profile {}", self.name).into());
            fields.insert("is_default".to_owned(), is_default.into());
            fields.insert("stored".to_owned(), json!(!cx.global.dry_run));
            fields.insert("file".to_owned(), path.display().to_string().into());
        }
        json
    }
}

fn label(organization: &Organization) -> String {
    let known = [&organization.name, &organization.sub_domain, &organization.id];
    known.into_iter().flatten().next().cloned().unwrap_or_default()
}
