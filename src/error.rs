//! The one error type of the program, and its mapping to exit codes.
//!
//! An [`Error`] carries a stable `code` (the API's, or one of [`code`]), words, and hints. It never carries a token.

use std::borrow::Cow;
use std::io;

use serde_json::{Value, json};

/// The codes that are bpctl's own; every other code is the API's.
pub mod code {
    /// A bad flag, value or combination.
    pub const USAGE: &str = "usage";
    /// A bad or missing configuration.
    pub const CONFIG: &str = "config";
    /// No token anywhere.
    pub const NO_TOKEN: &str = "no_token";
    /// A name that matches several things.
    pub const AMBIGUOUS_NAME: &str = "ambiguous_name";
    /// A weakening change without `--yes`.
    pub const CONFIRMATION_REQUIRED: &str = "confirmation_required";
    /// The API could not be reached, or a server in front of it failed.
    pub const NETWORK: &str = "network";
    /// A TLS failure.
    pub const TLS: &str = "tls";
    /// No answer in time.
    pub const TIMEOUT: &str = "timeout";
    /// An answer that makes no sense.
    pub const INVALID_RESPONSE: &str = "invalid_response";
    /// Whether a write was carried out is not known.
    pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";
    /// The server did not take a value as asked.
    pub const NOT_APPLIED: &str = "not_applied";
    /// The object is no longer as expected.
    pub const CHANGED: &str = "changed";
    /// Interrupted by the user.
    pub const INTERRUPTED: &str = "interrupted";
    /// A local file could not be read or written.
    pub const IO: &str = "io";
    /// Some of several targets failed.
    pub const PARTLY_DONE: &str = "partly_done";
    /// A check found something.
    pub const FOUND: &str = "found";
    /// The time is too soon (the API's own code, also used before anything is sent).
    pub const INVALID_TIMESTAMP: &str = "invalid_timestamp";
}

/// Exit codes of the process (contract, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Anything without a code of its own.
    Failure = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Not found.
    NotFound = 3,
    /// Not authenticated or not permitted.
    Auth = 4,
    /// Refused by the API.
    Refused = 5,
    /// Rate limited.
    RateLimited = 6,
    /// Unreachable.
    Unreachable = 7,
    /// Partly done.
    Partly = 9,
    /// A check found something.
    Found = 10,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, for the manual.
    pub const ALL: [(Self, &str); 11] = [
        (Self::Done, "Done."),
        (Self::Failure, "Anything not below: a bug, an answer that makes no sense, an input or output error."),
        (Self::Usage, "Usage or configuration: a bad flag or value, a bad or missing config, a missing confirmation."),
        (Self::NotFound, "Not found, or a name that matches nothing."),
        (Self::Auth, "Not authenticated or not permitted."),
        (Self::Refused, "Refused by the API."),
        (Self::RateLimited, "Rate limited, and still so after the retries."),
        (Self::Unreachable, "Unreachable: network, TLS, time-out, server error or cut-off answer, after the retries."),
        (
            Self::Partly,
            "Partly done: some targets or sources failed, the rest is done and reported; or a check found nothing, but in an incomplete list.",
        ),
        (Self::Found, "A check found something (only where asked for)."),
        (Self::Interrupted, "Interrupted."),
    ];
}

/// What went wrong, in a form for people and for scripts.
#[derive(Clone, Debug)]
pub struct Error {
    /// The API's code, or one of [`code`].
    pub code: Cow<'static, str>,
    /// The exit code.
    pub exit: Exit,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The API's `detail`, or ours; `null` when there is none.
    pub detail: Value,
    /// The API's request id.
    pub request_id: Option<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// A write may have been carried out, or was, although this tells of a failure.
    pub is_open: bool,
    /// Standard output was closed by its reader: ends quietly, with success.
    pub closed_pipe: bool,
}

/// The result of anything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Builds an error from its parts.
    pub fn new(exit: Exit, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            exit,
            message: message.into(),
            status: None,
            detail: Value::Null,
            request_id: None,
            hints: Vec::new(),
            is_open: false,
            closed_pipe: false,
        }
    }

    /// A bad flag, value or combination.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code::USAGE, message)
    }

    /// A bad or missing configuration.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code::CONFIG, message)
    }

    /// An answer that makes no sense.
    pub fn invalid_response(message: impl Into<String>) -> Self {
        Self::new(Exit::Failure, code::INVALID_RESPONSE, message)
    }

    /// An I/O failure on a local file or stream.
    pub fn io(what: &str, error: &io::Error) -> Self {
        let mut this = Self::new(Exit::Failure, code::IO, format!("{what}: {error}"));
        this.closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        this
    }

    /// The user pressed Ctrl-C.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, code::INTERRUPTED, message)
    }

    /// The error of a check that found something.
    pub fn found(message: impl Into<String>) -> Self {
        Self::new(Exit::Found, code::FOUND, message)
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Notes that a write may have been carried out.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Gives the JSON form that scripts read from standard error.
    pub fn to_json(&self) -> Value {
        let hint = match self.hints.is_empty() {
            true => Value::Null,
            false => Value::String(self.hints.join("\n")),
        };
        json!({"error": {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "detail": self.detail,
            "request_id": self.request_id,
            "hint": hint,
            "exit_code": self.exit as u8,
        }})
    }
}
