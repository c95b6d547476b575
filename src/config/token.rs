//! Where the token comes from, and fetching it when it is needed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::env;
use crate::error::{Error, Exit, Result, code};
use crate::secret::Secret;

/// Bytes of a token command's output that are read.
const MAX_OUTPUT: usize = 64 * 1024;

/// What to do about a token command.
const BY_HAND: &str = "run it by hand: it must print the token, and nothing else, to standard output";

/// Where a token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// An environment variable.
    Environment(&'static str),
    /// A profile's `token_command`.
    Command(String),
    /// A profile's `token`.
    File(String),
    /// The sandbox takes any.
    Sandbox,
    /// The user, just now.
    Typed,
}

/// A token, or the way to it.
#[derive(Clone, Debug)]
pub struct Token {
    /// Where it comes from.
    pub source: TokenSource,
    /// The token, or the command that prints it.
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Known(Secret),
    Printed(Vec<String>),
}

impl Token {
    /// Gives the token; runs the command if there is one, for `limit` at the most. The command is killed when the
    /// future is dropped.
    ///
    /// # Errors
    /// The command failed, printed nothing or took too long.
    pub async fn fetch(&self, limit: Duration) -> Result<Secret> {
        match &self.value {
            Value::Known(token) => self.checked(token),
            Value::Printed(words) => {
                tokio::time::timeout(limit, printed_by(words)).await.unwrap_or_else(|_| Err(too_slow(words)))
            }
        }
    }

    /// Gives the token unless a command has to be run for it.
    ///
    /// # Errors
    /// It holds what no token can hold.
    pub fn at_hand(&self) -> Result<Option<Secret>> {
        match &self.value {
            Value::Known(token) => self.checked(token).map(Some),
            Value::Printed(_) => Ok(None),
        }
    }

    /// Returns a number that distinguishes tokens: a hash of the salt with the token, or with the command that prints it.
    pub fn fingerprint(&self, salt: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        match &self.value {
            Value::Known(token) => token.expose().hash(&mut hasher),
            Value::Printed(words) => words.hash(&mut hasher),
        }
        hasher.finish()
    }

    fn checked(&self, token: &Secret) -> Result<Secret> {
        match token.expose().chars().any(char::is_control) {
            false => Ok(token.clone()),
            true => Err(Error::config(format!(
                "the {} holds a line break or another control character",
                self.source.words()
            ))
            .hint("it must be one line, as the cloud showed it")),
        }
    }
}

impl TokenSource {
    /// Says it in words.
    pub fn words(&self) -> String {
        match self {
            Self::Environment(name) => format!("environment variable {name}"),
            Self::Command(profile) => format!("token_command of profile {profile}"),
            Self::File(profile) => format!("token of profile {profile}"),
            Self::Sandbox => "sandbox".to_owned(),
            Self::Typed => "what was typed".to_owned(),
        }
    }
}

/// The error for a missing token, found before any request.
pub(super) fn missing() -> Error {
    Error::new(Exit::Auth, code::NO_TOKEN, "no token is set")
        .hint(format!("set `{}`, or run `bpctl auth login`", env::TOKEN))
        .hint("to try without an account: `bpctl --sandbox policies list`")
}

async fn printed_by(words: &[String]) -> Result<Secret> {
    let failed = |what: String| {
        Error::new(Exit::Auth, code::NO_TOKEN, format!("token_command `{}` {what}", words[0])).hint(BY_HAND)
    };
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    // With room for all of it: growing would leave parts of the token behind, which nobody wipes.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT));
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(MAX_OUTPUT as u64).read_to_end(&mut output).await,
        None => Ok(0),
    };
    let status = child.wait().await.map_err(|error| failed(format!("failed: {error}")))?;
    if was_interrupted(status) {
        return Err(Error::interrupted(format!("interrupted while waiting for token_command `{}`", words[0])));
    }
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let token = std::str::from_utf8(&output).unwrap_or_default().trim();
    match read.is_ok() && !token.is_empty() && !token.contains(char::is_whitespace) {
        true => Ok(Secret::new(token)),
        false => Err(failed("printed no token (one line, one word)".to_owned())),
    }
}

/// The time of the command was up: nothing is wrong with the configuration, as far as can be told.
fn too_slow(words: &[String]) -> Error {
    let message = format!("token_command `{}` did not end in time", words[0]);
    Error::new(Exit::Unreachable, code::TIMEOUT, message).hint(BY_HAND).hint("`--max-wait` allows it more time")
}

/// Tells whether Ctrl-C ended it: a terminal sends that to all that run in it.
#[cfg(unix)]
fn was_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(tokio::signal::unix::SignalKind::interrupt().as_raw_value())
}

#[cfg(not(unix))]
fn was_interrupted(_: ExitStatus) -> bool {
    false
}
