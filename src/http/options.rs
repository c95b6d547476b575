//! What an HTTP client is made with: the API, its credentials, its limits, and how it speaks to the user.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Method;
use super::answer::{Answer, ApiError};
use super::credential::Credential;
use super::proxy::Proxy;
use super::request::Request;

/// How a request proves who sends it.
#[derive(Debug)]
pub enum Authentication {
    /// `Authorization: Bearer …`
    Bearer(Credential),
    /// HTTP basic authentication.
    Basic {
        /// The user, or account id.
        user: String,
        /// The password, or API key.
        password: Credential,
    },
}

impl Authentication {
    fn credential(&self) -> &Credential {
        match self {
            Self::Bearer(token) => token,
            Self::Basic { password, .. } => password,
        }
    }
}

/// The one file with the system's roots that is read first; every place is read where it does not verify a certificate.
#[derive(Debug)]
pub enum RootsFile {
    /// The file that the system has.
    Usual,
    /// The file that the environment names instead (`SSL_CERT_FILE`), readable or not.
    Named(PathBuf),
    /// None: the environment names only directories (`SSL_CERT_DIR`).
    Absent,
}

/// The API, and the way to it.
#[derive(Debug)]
pub struct Target {
    /// The URL that paths are appended to.
    pub base: Url,
    /// The credentials; sent to this host only.
    pub authentication: Authentication,
    /// A credential that may only read; if there is one, GET requests use it.
    pub read_credential: Option<Credential>,
    /// PEM certificates that are trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// The file that most likely holds the root that is needed.
    pub roots_file: RootsFile,
    /// The proxy that requests go through.
    pub proxy: Option<Proxy>,
}

impl Target {
    /// The secret that a request is sent with.
    pub(super) fn credential(&self, method: Method) -> &Credential {
        match &self.read_credential {
            Some(weaker) if method == Method::Get => weaker,
            _ => self.authentication.credential(),
        }
    }

    pub(super) fn host(&self) -> &str {
        self.base.host_str().unwrap_or("the API")
    }

    /// The API's host, and the proxy in front of it, for messages about connections.
    pub(super) fn peer(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("{} through the proxy {proxy}", self.host()),
            None => self.host().to_owned(),
        }
    }
}

/// How much time and how many attempts a command has.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The time for one request.
    pub timeout: Duration,
    /// The time for the whole command, from its first request.
    pub max_wait: Duration,
    /// Further attempts after the first.
    pub retries: u32,
    /// Requests in flight at the same time.
    pub concurrency: usize,
}

/// How a provider words its errors, and what must be hidden in its answers.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// Reads an error body; `None` when it is not an error of this API.
    pub read_error: fn(&Answer) -> Option<ApiError>,
    /// Whether an answer without such a body can be the API's own. Otherwise a proxy or another server sent it.
    pub may_be_api: fn(&Answer) -> bool,
    /// What to do about a request that was refused for want of a permission.
    pub permission_hint: fn(&Request) -> String,
    /// Hides secrets in a body before it is traced.
    pub redact: fn(&mut Value),
}

/// Shows the user what the client is doing.
pub trait Progress {
    /// A wait of this length begins.
    fn waiting(&self, reason: &str, wait: Duration);
    /// Something in an answer had to be repaired.
    fn warn(&self, text: &str);
    /// How much to trace: 0 nothing, 1 a line a request, 2 headers and bodies.
    fn trace_level(&self) -> u8;
    /// A part of the trace; secrets are already redacted.
    fn trace(&self, text: &str);
    /// The local clock.
    fn now(&self) -> jiff::Timestamp;
}
