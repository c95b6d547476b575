//! Where the token comes from, and fetching it when it is needed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{Provider, env};
use crate::error::{Error, Exit, Result, code, reason};
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
    /// A profile's `token_command`, or `token_command_ro`.
    Command { profile: String, key: &'static str },
    /// A profile's `token`, or `token_ro`.
    File { profile: String, key: &'static str },
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
    /// Whose token it is.
    pub(super) provider: Provider,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Known(Secret),
    Printed(Vec<String>),
}

impl Token {
    /// Returns the token; runs the command if there is one, for `limit` at the most. The command is killed when the
    /// future is dropped.
    pub async fn fetch(&self, limit: Duration) -> Result<Secret> {
        match &self.value {
            Value::Known(token) => self.checked(token),
            Value::Printed(words) => {
                let printed = tokio::time::timeout(limit, printed_by(words)).await;
                self.checked(&printed.unwrap_or_else(|_| Err(too_slow(words)))?)
            }
        }
    }

    /// Returns the token unless a command has to be run for it.
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
        match bad_character(token.expose(), self.provider) {
            None => Ok(token.clone()),
            Some(what) => Err(Error::config(format!("invalid token: the {} contains {what}", self.source.words()))
                .hint("copy it again, as plain text, exactly as the cloud showed it")),
        }
    }
}

/// Finds a character that no token has. They come from copying out of documents and chats, and a server answers them
/// with "invalid token" only.
pub fn bad_character(token: &str, provider: Provider) -> Option<String> {
    let named = |symbol: char, what: &str| format!("{what} (U+{:04X})", u32::from(symbol));
    token.chars().find_map(|symbol| match symbol {
        '\n' | '\r' => Some("a line break".to_owned()),
        _ if symbol.is_control() => Some(named(symbol, "a control character")),
        '\u{feff}' => Some(named(symbol, "a byte order mark")),
        // Soft hyphen, zero-width spaces and joiners, marks of direction, invisible operators.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2028}'
        | '\u{2029}' => Some(named(symbol, "an invisible character")),
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' | '\u{2032}' | '\u{2033}' => {
            Some(named(symbol, "a typographic quotation mark"))
        }
        _ if provider.has_ascii_tokens() && symbol.is_whitespace() => Some("a space".to_owned()),
        _ if provider.has_ascii_tokens() && !symbol.is_ascii_graphic() => {
            Some(named(symbol, "a character that is not ASCII"))
        }
        _ => None,
    })
}

impl TokenSource {
    /// Says it in words.
    pub fn words(&self) -> String {
        match self {
            Self::Environment(name) => format!("environment variable {name}"),
            Self::Command { profile, key } | Self::File { profile, key } => format!("{key} of profile {profile}"),
            Self::Sandbox => "sandbox".to_owned(),
            Self::Typed => "input".to_owned(),
        }
    }
}

/// The error for a missing token, found before any request.
pub(super) fn missing() -> Error {
    Error::new(Exit::Auth, code::NO_TOKEN, "no token is set")
        .hint(format!("set `{}`, or run `bpctl auth login`", env::TOKEN))
        .hint("to try without an account: `bpctl --sandbox policies list`")
}

/// The error for a write where the profile has a token for reads alone.
pub(super) fn only_reads() -> Error {
    Error::new(
        Exit::Auth,
        code::NO_TOKEN,
        "no token for writes is set: the profile has `token_ro` or `token_command_ro` only",
    )
    .hint("add `token` or `token_command` to the profile, or run `bpctl auth login`")
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
        .map_err(|error| failed(format!("cannot be started: {}", reason(&error))))?;
    // With room for all of it: a buffer that grows leaves parts of the token in memory.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT));
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(MAX_OUTPUT as u64).read_to_end(&mut output).await,
        None => Ok(0),
    };
    let status = child.wait().await.map_err(|error| failed(format!("failed: {}", reason(&error))))?;
    if was_interrupted(status) {
        return Err(Error::interrupted(format!("interrupted while waiting for token_command `{}`", words[0])));
    }
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let token = std::str::from_utf8(&output).unwrap_or_default().trim();
    if read.is_err() || token.is_empty() || token.contains(char::is_whitespace) {
        return Err(failed("printed no token (one line, one word)".to_owned()));
    }
    Ok(Secret::new(token))
}

/// The command took too long. The configuration may be right, so this is not a configuration error.
fn too_slow(words: &[String]) -> Error {
    let message = format!("token_command `{}` did not end in time", words[0]);
    Error::new(Exit::Unreachable, code::TIMEOUT, message).hint(BY_HAND).hint("`--max-wait` allows it more time")
}

/// Whether Ctrl-C ended it: a terminal sends the signal to every process of the command.
#[cfg(unix)]
fn was_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(tokio::signal::unix::SignalKind::interrupt().as_raw_value())
}

#[cfg(not(unix))]
fn was_interrupted(_: ExitStatus) -> bool {
    false
}
