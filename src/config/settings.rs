//! From flags, environment and file to one connection, each value with its origin.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::file::{File, Profile};
use super::token::{self, Token, TokenSource};
use super::{Paths, Provider};
use super::{env, token::Value};
use crate::error::{Error, Result};
use crate::http::is_loopback;
use crate::onapp::Wire;
use crate::secret::Secret;
use crate::system::System;

/// The profile that is in use where nothing says which: of this name, where the file has one.
pub const DEFAULT_NAME: &str = "default";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A key of a profile.
    Profile(String),
    /// The config file's top.
    File,
    Sandbox,
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File => f.write_str("config file"),
            Self::Sandbox => f.write_str("sandbox"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value that knows where it came from.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// What the flags say of the connection.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `--profile`
    pub profile: Option<String>,
    /// `--provider`
    pub provider: Option<Provider>,
    /// `--api-url`
    pub api_url: Option<String>,
    /// `--org`
    pub organization: Option<String>,
    /// `--user` of `auth login`
    pub user: Option<String>,
    /// `--sandbox`
    pub sandbox: bool,
    /// `--read-only`
    pub read_only: bool,
}

/// Everything that a client needs.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The profile in use, if any.
    pub profile: Option<Setting<String>>,
    /// Which API it is.
    pub provider: Setting<Provider>,
    /// The base URL; `None` for the sandbox, whose port is known once it runs.
    pub api_url: Option<Setting<Url>>,
    /// The organization's id or sub-domain.
    pub organization: Option<Setting<String>>,
    /// The OnApp user.
    pub user: Option<Setting<String>>,
    /// What travels on the wire (OnApp).
    pub wire: Setting<Wire>,
    /// PEM certificates to trust.
    pub ca_file: Option<Setting<PathBuf>>,
    /// Whether `http://` is allowed.
    pub allow_http: Setting<bool>,
    /// Whether every write is refused.
    pub read_only: Setting<bool>,
    /// The zone that times are read and shown in.
    pub time_zone: Option<Setting<String>>,
    token: Option<Token>,
    read_token: Option<Token>,
}

impl Connection {
    /// The token of reads: the weaker one, where the profile has two.
    ///
    /// # Errors
    /// There is none: `no_token`, before any request.
    pub fn token(&self) -> Result<&Token> {
        self.read_token.as_ref().or(self.token.as_ref()).ok_or_else(token::missing)
    }

    /// The token of writes.
    ///
    /// # Errors
    /// There is none, or one that may only read: `no_token`, before any request.
    pub fn write_token(&self) -> Result<&Token> {
        self.token
            .as_ref()
            .ok_or_else(|| if self.read_token.is_some() { token::only_reads() } else { token::missing() })
    }

    /// Whether reads and writes use different tokens.
    pub fn has_read_token(&self) -> bool {
        self.read_token.is_some()
    }

    /// Replaces the tokens by one that was just typed.
    #[must_use]
    pub fn with_token(self, token: Secret) -> Self {
        let typed = Token { source: TokenSource::Typed, value: Value::Known(token), provider: self.provider.value };
        Self { token: Some(typed), read_token: None, ..self }
    }
}

/// Resolves the connection. `file` is asked for only where a profile may matter.
pub fn resolve(wanted: &Wanted, system: &System, file: &File) -> Result<Connection> {
    let profile_name = profile_in_use(wanted, system, file);
    let name = profile_name.as_ref().map(|setting| setting.value.as_str());
    if let Some(provider) = name.and_then(Provider::of_built_in_profile) {
        return sandbox(wanted, system, profile_name, provider);
    }
    match name {
        Some(other) if wanted.sandbox => {
            return Err(Error::usage(format!("`--sandbox` cannot be used with profile `{other}`"))
                .hint("leave one of them out; the simulator's own profiles are `sandbox` and `sandbox-onapp`"));
        }
        _ if wanted.sandbox => return sandbox(wanted, system, None, Provider::default()),
        _ => {}
    }
    let empty = Profile::default();
    let profile = name.map_or(Ok(&empty), |name| file.profile(name))?;
    let profile_first = matches!(profile_name, Some(Setting { origin: Origin::Flag(_), .. }));
    let layers = Layers { system, profile, name: name.unwrap_or_default(), profile_first, are_apart: false };
    let provider = layers.provider(wanted)?;
    let layers = Layers { are_apart: layers.are_apart(&provider), ..layers };
    let allow_http = layers.of_profile(profile.allow_http).unwrap_or_else(|| default(false));
    let wire = match profile.wire.as_deref() {
        Some("xml") => layers.of_profile(Some(Wire::Xml)).unwrap_or_else(|| default(Wire::Xml)),
        Some(_) => layers.of_profile(Some(Wire::Json)).unwrap_or_else(|| default(Wire::Json)),
        None => default(Wire::Json),
    };
    Ok(Connection {
        api_url: Some(layers.api_url(wanted, provider.value, allow_http.value)?),
        organization: layers.organization(wanted, provider.value),
        user: layers.text(wanted.user.as_ref().map(|user| ("--user", user)), &[env::USER], profile.user.as_ref()),
        ca_file: layers
            .of_profile(profile.ca_file.as_deref().map(|path| Paths::find(system).expand(path)).transpose()?),
        read_only: layers.read_only(wanted)?,
        time_zone: layers.of_profile(profile.time_zone.clone()),
        token: layers.token(provider.value),
        read_token: layers.read_token(provider.value),
        profile: profile_name,
        provider,
        wire,
        allow_http,
    })
}

fn default<T>(value: T) -> Setting<T> {
    Setting { value, origin: Origin::Default }
}

/// Returns the name of the profile in use, even if the file has no profile of that name.
pub fn profile_in_use(wanted: &Wanted, system: &System, file: &File) -> Option<Setting<String>> {
    if let Some(name) = &wanted.profile {
        return Some(Setting { value: name.clone(), origin: Origin::Flag("--profile") });
    }
    // The flag `--sandbox` says more than a profile that is merely the usual one.
    if wanted.sandbox {
        return None;
    }
    if let Some(name) = system.variable(env::PROFILE) {
        return Some(Setting { value: name.to_owned(), origin: Origin::Environment(env::PROFILE) });
    }
    let by_name = || file.profiles.contains_key(DEFAULT_NAME).then(|| DEFAULT_NAME.to_owned());
    file.default_profile.clone().or_else(by_name).map(|value| Setting { value, origin: Origin::File })
}

/// The sandbox takes nothing from environment or file: a real token must not reach it, a real organization is not in it.
fn sandbox(wanted: &Wanted, system: &System, profile: Option<Setting<String>>, usual: Provider) -> Result<Connection> {
    let here = || Origin::Sandbox;
    let provider = wanted.provider.unwrap_or(usual);
    let organization = wanted.organization.clone();
    let value = Value::Known(Secret::new("bpctl-sandbox-token"));
    let token = Token { source: TokenSource::Sandbox, value, provider };
    let read_only = read_only(wanted, system)?.unwrap_or_else(|| default(false));
    Ok(Connection {
        profile,
        provider: Setting { value: provider, origin: here() },
        api_url: None,
        organization: organization.map(|value| Setting { value, origin: Origin::Flag("--org") }),
        user: Some(Setting { value: "sandbox".to_owned(), origin: here() }),
        wire: default(Wire::Json),
        ca_file: None,
        allow_http: default(false),
        read_only,
        time_zone: None,
        token: Some(token),
        read_token: None,
    })
}

/// Finds whether writes are refused. One that says so is enough: nothing that is weaker or stronger takes it back.
fn read_only(wanted: &Wanted, system: &System) -> Result<Option<Setting<bool>>> {
    if wanted.read_only {
        return Ok(Some(Setting { value: true, origin: Origin::Flag("--read-only") }));
    }
    match system.variable(env::READ_ONLY) {
        None | Some("0" | "false" | "no" | "off") => Ok(None),
        Some("1" | "true" | "yes" | "on") => {
            Ok(Some(Setting { value: true, origin: Origin::Environment(env::READ_ONLY) }))
        }
        Some(other) => Err(Error::config(format!("{}=`{other}`: expected 1 or 0", env::READ_ONLY))),
    }
}

/// The layers below the flags.
struct Layers<'a> {
    system: &'a System,
    profile: &'a Profile,
    name: &'a str,
    /// A profile that is named on the command line is used as it stands: its settings come before the environment's.
    profile_first: bool,
    /// The environment describes a cloud of one provider, and the profile one of another: the token of one must not reach
    /// the host of the other.
    are_apart: bool,
}

impl Layers<'_> {
    fn are_apart(&self, in_use: &Setting<Provider>) -> bool {
        let other = match in_use.origin {
            Origin::Environment(_) => self.profile.provider,
            _ if self.profile_first => self.system.variable(env::PROVIDER).and_then(|text| text.parse().ok()),
            _ => None,
        };
        other.is_some_and(|other| other != in_use.value)
    }

    /// Whether a variable counts.
    fn counts(&self, variable: &str) -> bool {
        !(self.are_apart && self.profile_first && variable.starts_with(env::PREFIX))
    }

    fn of_profile<T>(&self, value: Option<T>) -> Option<Setting<T>> {
        value.map(|value| Setting { value, origin: Origin::Profile(self.name.to_owned()) })
    }

    fn text(
        &self,
        flag: Option<(&'static str, &String)>,
        variables: &[&'static str],
        key: Option<&String>,
    ) -> Option<Setting<String>> {
        if let Some((name, value)) = flag {
            return Some(Setting { value: value.clone(), origin: Origin::Flag(name) });
        }
        if let Some(value) = key.filter(|_| self.profile_first) {
            return self.of_profile(Some(value.clone()));
        }
        let variables = variables.iter().filter(|name| self.counts(name));
        let found = variables.into_iter().find_map(|name| Some((*name, self.system.variable(name)?)));
        if let Some((name, value)) = found {
            return Some(Setting { value: value.to_owned(), origin: Origin::Environment(name) });
        }
        self.of_profile(key.cloned())
    }

    fn provider(&self, wanted: &Wanted) -> Result<Setting<Provider>> {
        if let Some(value) = wanted.provider {
            return Ok(Setting { value, origin: Origin::Flag("--provider") });
        }
        // A profile without a provider is one of Katapult's: its token must not go to the environment's OnApp cloud.
        if let Some(text) = self.system.variable(env::PROVIDER).filter(|_| !self.profile_first) {
            let value = text.parse().map_err(|what| Error::config(format!("{}=`{text}`: {what}", env::PROVIDER)))?;
            return Ok(Setting { value, origin: Origin::Environment(env::PROVIDER) });
        }
        Ok(self.of_profile(self.profile.provider).unwrap_or_else(|| default(Provider::default())))
    }

    fn organization(&self, wanted: &Wanted, provider: Provider) -> Option<Setting<String>> {
        let flag = wanted.organization.as_ref().map(|value| ("--org", value));
        self.text(flag, provider.organization_variables(), self.profile.organization.as_ref())
    }

    fn read_only(&self, wanted: &Wanted) -> Result<Setting<bool>> {
        let named = read_only(wanted, self.system)?;
        Ok(named.or_else(|| self.of_profile(self.profile.read_only)).unwrap_or_else(|| default(false)))
    }

    fn token(&self, provider: Provider) -> Option<Token> {
        self.token_of_environment(provider).or_else(|| {
            let profile = self.profile;
            self.token_of_profile(
                profile.token_command.as_ref(),
                profile.token.as_ref(),
                ["token_command", "token"],
                provider,
            )
        })
    }

    /// The token of reads, where it is another one than that of writes.
    fn read_token(&self, provider: Provider) -> Option<Token> {
        if self.token_of_environment(provider).is_some() {
            return None;
        }
        let profile = self.profile;
        let keys = ["token_command_ro", "token_ro"];
        self.token_of_profile(profile.token_command_ro.as_ref(), profile.token_ro.as_ref(), keys, provider)
    }

    fn token_of_environment(&self, provider: Provider) -> Option<Token> {
        if self.profile_first && self.profile.has_token() {
            return None;
        }
        let mut variables = provider.token_variables().iter().filter(|name| self.counts(name));
        let found = variables.find_map(|name| Some((*name, self.system.secret(name)?.expose().trim())));
        let (name, value) = found.filter(|(_, value)| !value.is_empty())?;
        let source = TokenSource::Environment(name);
        Some(Token { source, value: Value::Known(Secret::new(value)), provider })
    }

    /// A command comes before a token that is written in the file.
    fn token_of_profile(
        &self,
        command: Option<&Vec<String>>,
        token: Option<&Secret>,
        [command_key, token_key]: [&'static str; 2],
        provider: Provider,
    ) -> Option<Token> {
        if self.are_apart && !self.profile_first {
            return None;
        }
        let profile = self.name.to_owned();
        if let Some(words) = command {
            let source = TokenSource::Command { profile, key: command_key };
            return Some(Token { source, value: Value::Printed(words.clone()), provider });
        }
        let value = Value::Known(token?.clone());
        Some(Token { source: TokenSource::File { profile, key: token_key }, value, provider })
    }

    fn api_url(&self, wanted: &Wanted, provider: Provider, allow_http: bool) -> Result<Setting<Url>> {
        let flag = wanted.api_url.as_ref().map(|value| ("--api-url", value));
        let given = self.text(flag, &[env::API_URL], self.profile.api_url.as_ref());
        let text = given.or_else(|| Some(default(provider.default_api_url()?.to_owned()))).ok_or_else(|| {
            Error::config(format!("provider {provider} needs an API URL"))
                .hint("set `--api-url`, `BPCTL_API_URL`, or `api_url` in the profile")
        })?;
        let value = check_url(&text.value, allow_http)
            .map_err(|what| Error::config(format!("api_url ({}): {what}", text.origin)))?;
        Ok(Setting { value, origin: text.origin })
    }
}

/// Accepts an address that a token may be sent to. The address is not repeated: it may hold a password.
pub fn check_url(text: &str, allow_http: bool) -> std::result::Result<Url, String> {
    let mut url = Url::parse(text.trim())
        .map_err(|error| format!("not a URL ({error}): write it in full, beginning with `https://`"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or password does not belong in the URL: set `user` and the token".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query and no fragment".to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => {
            return Err("`http://` would send the token unencrypted: use `https://`, or set `allow_http = true` \
                        in the profile"
                .to_owned());
        }
        scheme => return Err(format!("`{scheme}://` is not supported: use `https://`")),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}
