//! What can go wrong between a request and a usable answer, and how the user reads it. What each means for another
//! attempt is in `retry`.

use std::error::Error as _;
use std::io::ErrorKind;

use crate::error::{Error, Exit, code};

/// The reason why an attempt has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TransportError {
    /// No connection: the request surely was not carried out.
    Connect(String),
    /// The TLS handshake failed: why, and what to do.
    Tls(String, &'static str),
    /// The connection broke; the request may have been carried out.
    Broken(String),
    /// A connection that was kept from an earlier request turned out to be closed.
    Stale(String),
    /// No complete answer within the time for one request.
    Timeout,
    /// The time of the whole command was up before anything was sent.
    NoTime,
    /// The rate limit allowed no request within the time; nothing was sent.
    RateBudget,
    /// The answer ended early.
    CutOff,
    /// The answer is too large.
    TooLarge,
    /// The answer is invalid: why, its status and its request id.
    Invalid(String, Option<u16>, Option<String>),
    /// The server answered with a redirect that is not followed.
    Redirect(String),
    /// The request could not even be built.
    Unsendable(String),
}

impl TransportError {
    /// Turns it into the error that the user sees. `peer` names the API, and the proxy in front of it.
    pub(super) fn into_error(self, peer: &str) -> Error {
        let unreachable = |code: &'static str, message: String| Error::new(Exit::Unreachable, code, message);
        match self {
            Self::Connect(cause) => unreachable(code::NETWORK, format!("cannot reach {peer}: {cause}"))
                .hint("check the network, and `api_url` with `bpctl config list --origin`"),
            Self::Tls(cause, hint) => {
                unreachable(code::TLS, format!("cannot establish a secure connection to {peer}: {cause}")).hint(hint)
            }
            Self::Broken(cause) | Self::Stale(cause) => {
                unreachable(code::NETWORK, format!("lost the connection to {peer}: {cause}"))
            }
            Self::Timeout => {
                unreachable(code::TIMEOUT, format!("timed out waiting for a complete response from {peer}"))
                    .hint("`--timeout` allows one request more time, `--max-wait` the whole command")
            }
            Self::NoTime => unreachable(code::TIMEOUT, format!("timed out before contacting {peer}"))
                .hint("`--max-wait` allows a command to take longer"),
            Self::RateBudget => {
                Error::new(Exit::RateLimited, "rate_limit_reached", "the rate limit of this minute is used up")
                    .hint("`--max-wait` allows a command to wait longer")
            }
            Self::CutOff => unreachable(code::INVALID_RESPONSE, format!("the response from {peer} was cut off")),
            Self::TooLarge => Error::invalid_response(format!("the response from {peer} is larger than 64 MiB")),
            Self::Invalid(what, status, request_id) => {
                let error = Error::invalid_response(format!("invalid response from {peer}: {what}"));
                Error { status, request_id, ..error }
                    .hint("is `api_url` right? A proxy or a login page may have answered")
            }
            Self::Redirect(to) => Error::invalid_response(format!("{peer} redirects to {to}, which is not followed"))
                .hint("the token is sent only to the host of `api_url`; set `api_url` to the right address"),
            Self::Unsendable(cause) => Error::config(format!("the request cannot be sent: {cause}")),
        }
    }
}

/// Classifies an error of the HTTP library.
impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let cause = root_cause(&error);
        if error.is_builder() {
            return Self::Unsendable(cause);
        }
        if error.is_connect() {
            return match tls_cause(&error) {
                Some(tls) => Self::Tls(tls.to_string(), tls_hint(tls)),
                None => Self::Connect(cause),
            };
        }
        if error.is_timeout() {
            return Self::Timeout;
        }
        if is_incomplete(&error) {
            return Self::CutOff;
        }
        if is_undecodable(&error) {
            return Self::Invalid(format!("cannot decompress it ({cause})"), None, None);
        }
        Self::Broken(cause)
    }
}

/// Names the innermost cause: the outer layers only say "error sending request".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn tls_cause(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error hides its own payload from `source`: look inside.
        let payload = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match payload {
            Some(payload) => Some(payload),
            None => inner.source(),
        };
    }
    None
}

/// What to do where no certificate is trusted: the system has no authorities, as in a small container.
pub(super) const NO_ROOTS: &str =
    "install the system's certificates (`ca-certificates`), or set `ca_file` in the profile";

/// What to do about a TLS failure.
fn tls_hint(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Wrong;
    if let rustls::Error::General(_) = error {
        // From our own verifier (see `trust`): there are no roots.
        return NO_ROOTS;
    }
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return "is `api_url` right? The server may not speak TLS, or a proxy may intercept the connection";
    };
    match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            "the certificate has expired: its owner must renew it, unless this machine's clock is wrong"
        }
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "the certificate is not valid yet: is this machine's clock right?"
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "the certificate is for another host: is `api_url` right? See `bpctl config list`"
        }
        _ => {
            "for a private certificate authority, or a server with a self-signed certificate, set `ca_file` in the \
              profile to that certificate (PEM)"
        }
    }
}

/// Whether a compressed body is damaged. The library calls every failure of a body a decoding one, a reset connection
/// too; the decompressor's own are of kind "invalid data".
fn is_undecodable(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput)) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Whether the body ended early: before its declared length, or in the middle of a compressed stream.
fn is_incomplete(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::UnexpectedEof) && error.is_decode() {
            return true;
        }
        if (error.is_body() || error.is_decode()) && inner.to_string().contains("end of file before message length") {
            return true;
        }
        cause = inner.source();
    }
    false
}
