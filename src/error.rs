//! The one error type of the program, and its mapping to exit codes.
//!
//! An [`Error`] carries a stable `code` (the API's, or one of [`code`]), words, and hints. It never carries a token.

use std::borrow::Cow;
use std::io;
use std::path::Path;

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
    /// An answer that cannot be understood.
    pub const INVALID_RESPONSE: &str = "invalid_response";
    /// Whether a write was carried out is not known.
    pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";
    /// The server accepted a write but did not apply a value.
    pub const NOT_APPLIED: &str = "not_applied";
    /// A write was accepted, but reading it back failed (exit 9; the id is in `detail`).
    pub const NOT_VERIFIED: &str = "not_verified";
    /// The object is no longer as it was when the change was agreed (exit 5).
    pub const CHANGED: &str = "changed";
    /// A write in read-only mode, refused before it was sent (exit 2).
    pub const READ_ONLY: &str = "read_only";
    /// Something that bpctl, or the provider, does not offer (exit 2).
    pub const NOT_OFFERED: &str = "not_offered";
    /// The local clock differs from the server's, so a distance in time is not safe (exit 2).
    pub const CLOCK_SKEW: &str = "clock_skew";
    /// The cloud was still working when the time to wait was over (exit 8).
    pub const STILL_PENDING: &str = "still_pending";
    /// The cloud is at work on the same object; nothing was done (exit 5, can be run again).
    pub const BUSY: &str = "busy";
    /// A transaction of the cloud failed or was cancelled (exit 1).
    pub const TRANSACTION_FAILED: &str = "transaction_failed";
    /// An object that cannot be understood, and that a write might concern (exit 5).
    pub const UNREADABLE: &str = "unreadable";
    /// A change that cannot be reversed (exit 5).
    pub const NO_WAY_BACK: &str = "no_way_back";
    /// Interrupted by the user.
    pub const INTERRUPTED: &str = "interrupted";
    /// The expression of `--jq` cannot be applied to the result (exit 1).
    pub const JQ: &str = "jq";
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
    Done = 0,
    /// Anything without a code of its own.
    Failure = 1,
    Usage = 2,
    NotFound = 3,
    /// Not authenticated or not permitted.
    Auth = 4,
    /// Refused by the API.
    Refused = 5,
    RateLimited = 6,
    Unreachable = 7,
    Pending = 8,
    Partly = 9,
    /// A check found something.
    Found = 10,
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, for the manual.
    pub const ALL: [(Self, &str); 12] = [
        (Self::Done, "Done."),
        (Self::Failure, "Anything not below: a bug, an invalid answer, an input or output error."),
        (Self::Usage, "Usage or configuration: a bad flag or value, a bad or missing config, a missing confirmation."),
        (Self::NotFound, "Not found, or a name that matches nothing."),
        (Self::Auth, "Not authenticated or not permitted."),
        (Self::Refused, "Refused by the API, or changed since (`--if`)."),
        (Self::RateLimited, "Still rate limited after the retries."),
        (Self::Unreachable, "Unreachable: network, TLS, time-out, server error or cut-off answer, after the retries."),
        (Self::Pending, "Still pending: the cloud was still working when the wait time ran out."),
        (
            Self::Partly,
            "Partly done: some targets or sources failed, the rest is done and reported; a write was accepted but could not be verified; or a check found nothing, but in an incomplete list.",
        ),
        (Self::Found, "A check found something (only where asked for)."),
        (Self::Interrupted, "Interrupted."),
    ];
}

/// Whether a command that failed has changed anything. Ordered: of several, the greatest holds for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// Surely nothing: no write was sent, or every one was refused.
    #[default]
    No,
    /// A write may have been carried out.
    Maybe,
    /// A write was carried out.
    Yes,
}

impl Changed {
    /// The word for it in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }
}

/// How an error ends the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Report {
    /// As an error.
    #[default]
    Error,
    /// As a message without `error:`. The user decided so.
    Cancelled,
    /// Not at all, with exit code 0: the reader closed standard output, or everything was printed already.
    Success,
    /// Not at all, with this exit code: the output of a monitoring plugin says everything.
    Plugin(u8),
}

/// What went wrong, in a form for people and for scripts.
#[derive(Clone, Debug)]
pub struct Error {
    /// The API's code, or one of [`code`].
    pub code: Cow<'static, str>,
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
    /// Whether anything was changed, although this is an error.
    pub changed: Changed,
    /// How it is reported.
    pub report: Report,
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
            changed: Changed::No,
            report: Report::Error,
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

    /// An answer that cannot be understood.
    pub fn invalid_response(message: impl Into<String>) -> Self {
        Self::new(Exit::Failure, code::INVALID_RESPONSE, message)
    }

    /// An I/O failure on a local file or stream.
    pub fn io(what: &str, error: &io::Error) -> Self {
        let mut this = Self::new(Exit::Failure, code::IO, format!("{what}: {}", reason(error)));
        if error.kind() == io::ErrorKind::BrokenPipe {
            this.report = Report::Success;
        }
        this
    }

    /// The command has printed everything that was asked for, and ends early with success.
    pub fn everything_printed() -> Self {
        Self { report: Report::Success, ..Self::new(Exit::Done, code::USAGE, "done") }
    }

    /// Read-only mode refuses a write; `what` was not sent.
    pub fn read_only(what: &str) -> Self {
        Self::new(Exit::Usage, code::READ_ONLY, format!("read-only mode: {what} was not sent"))
            .hint("`--read-only`, `BPCTL_READ_ONLY` or `read_only` in the profile allows nothing but reads")
    }

    /// The user answered a confirmation with no.
    pub fn cancelled() -> Self {
        let error = Self::new(Exit::Usage, code::CONFIRMATION_REQUIRED, "cancelled; nothing was changed");
        Self { report: Report::Cancelled, ..error }
    }

    /// An I/O failure on a file or directory that the user can do something about.
    pub fn path(path: &Path, error: &io::Error) -> Self {
        let mut this = Self::io(&path.display().to_string(), error);
        this.hints.extend(advice(error.kind()).map(str::to_owned));
        this
    }

    /// A file that the command line names cannot be read.
    pub fn unreadable_file(name: &str, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the path; `-` is standard input",
            io::ErrorKind::PermissionDenied => "check its owner and mode with `ls -l`",
            io::ErrorKind::IsADirectory => "name a file in it",
            io::ErrorKind::InvalidData => "expected a text file",
            _ => "check the path",
        };
        Self::usage(format!("{name}: {}", reason(error))).hint(hint)
    }

    /// The user pressed Ctrl-C.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, code::INTERRUPTED, message)
    }

    /// The error of a check that found something.
    pub fn found(message: impl Into<String>) -> Self {
        Self::new(Exit::Found, code::FOUND, message)
    }

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

    /// Sets whether anything was changed.
    #[must_use]
    pub fn changed(mut self, changed: Changed) -> Self {
        self.changed = changed;
        self
    }

    /// Marks the outcome of a write as unknown.
    #[must_use]
    pub fn with_outcome_unknown(self) -> Self {
        self.changed(Changed::Maybe)
    }

    /// Whether a write may have been carried out, and that is not known.
    pub fn outcome_unknown(&self) -> bool {
        self.changed == Changed::Maybe
    }

    /// Whether the same command may succeed when it is run again, without doing anything twice: nothing was changed,
    /// and the failure can pass by itself.
    pub fn is_retryable(&self) -> bool {
        let can_pass = match self.exit {
            Exit::RateLimited => true,
            Exit::Refused => self.code == code::BUSY,
            // A wrong certificate stays wrong, and so does a page that a proxy sends in the API's place.
            Exit::Unreachable => {
                self.code != code::TLS && self.status.is_none_or(|status| status == 408 || status >= 500)
            }
            _ => false,
        };
        can_pass && self.changed == Changed::No
    }

    /// Returns the JSON form that scripts read from standard error.
    pub fn to_json(&self) -> Value {
        let hint = if self.hints.is_empty() { Value::Null } else { Value::String(self.hints.join("\n")) };
        json!({"error": {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "detail": self.detail,
            "request_id": self.request_id,
            "hint": hint,
            "exit_code": self.exit as u8,
            "retryable": self.is_retryable(),
            "changed": self.changed.name(),
        }})
    }
}

/// Words an I/O error without the number that the system has for it.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" (os error ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// Describes what to do about a path that cannot be used.
fn advice(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::PermissionDenied => Some(
            "check its owner and mode with `ls -ld`, or use another path (`HOME`, `XDG_CONFIG_HOME`, `XDG_DATA_HOME`)",
        ),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Some("create the directory, or use another path"),
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("use a path that can be written (`HOME`, `XDG_CONFIG_HOME`, `XDG_DATA_HOME`)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_pass_and_changed_nothing_is_retryable() {
        let error = |exit, code: &'static str| Error::new(exit, code, "x");
        let status = |exit, status| Error { status: Some(status), ..error(exit, code::NETWORK) };
        for passing in [
            error(Exit::Unreachable, code::NETWORK),
            error(Exit::Unreachable, code::TIMEOUT),
            error(Exit::Unreachable, code::INVALID_RESPONSE),
            error(Exit::RateLimited, "rate_limit_reached"),
            status(Exit::Unreachable, 500),
            status(Exit::Unreachable, 503),
        ] {
            assert!(passing.is_retryable(), "{passing:?}");
            for changed in [Changed::Maybe, Changed::Yes] {
                assert!(!passing.clone().changed(changed).is_retryable(), "{passing:?} {changed:?}");
            }
        }
        for staying in [
            error(Exit::Unreachable, code::TLS),
            status(Exit::Unreachable, 404),
            Error::usage("x"),
            Error::invalid_response("x"),
            error(Exit::Partly, code::PARTLY_DONE),
            error(Exit::Pending, code::STILL_PENDING),
            error(Exit::Refused, code::CHANGED),
        ] {
            assert!(!staying.is_retryable(), "{staying:?}");
        }
    }

    #[test]
    fn the_json_form_has_its_keys_in_order() {
        let json = Error::usage("x").with_outcome_unknown().to_json();
        let keys: Vec<_> = json["error"].as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["code", "message", "status", "detail", "request_id", "hint", "exit_code", "retryable", "changed"];
        assert_eq!(keys, expected);
        assert_eq!((&json["error"]["retryable"], &json["error"]["changed"]), (&json!(false), &json!("maybe")));
    }
}
