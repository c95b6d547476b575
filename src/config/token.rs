//! Where the token comes from, and fetching it when it is needed.

use std::io::Read;
use std::process::{Command, Stdio};

use super::env;
use crate::error::{Error, Exit, Result, code};
use crate::secret::Secret;

/// Bytes of a token command's output that are read.
const MAX_OUTPUT: u64 = 64 * 1024;

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
    /// Gives the token; runs the command if there is one.
    ///
    /// # Errors
    /// The command failed or printed nothing.
    pub fn fetch(&self) -> Result<Secret> {
        match &self.value {
            Value::Known(token) if token.expose().chars().any(char::is_control) => Err(Error::config(format!(
                "the {} holds a line break or another control character",
                self.source.words()
            ))
            .hint("it must be one line, as the cloud showed it")),
            Value::Known(token) => Ok(token.clone()),
            Value::Printed(words) => printed_by(words),
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

fn printed_by(words: &[String]) -> Result<Secret> {
    let failed = |what: String| {
        Error::new(Exit::Auth, code::NO_TOKEN, format!("token_command `{}` {what}", words[0]))
            .hint("run it by hand: it must print the token, and nothing else, to standard output")
    };
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    // With room for all of it: growing would leave parts of the token behind, which nobody wipes.
    let mut output = String::with_capacity(usize::try_from(MAX_OUTPUT).unwrap_or(0));
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(MAX_OUTPUT).read_to_string(&mut output),
        None => Ok(0),
    };
    let output = Secret::new(output);
    let status = child.wait().map_err(|error| failed(format!("failed: {error}")))?;
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let token = output.expose().trim();
    match read.is_ok() && !token.is_empty() && !token.contains(char::is_whitespace) {
        true => Ok(Secret::new(token)),
        false => Err(failed("printed no token (one line, one word)".to_owned())),
    }
}
