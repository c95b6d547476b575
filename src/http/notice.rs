//! Sends a report to a URL that is itself a secret: a dead man's switch, a chat, a webhook.
//!
//! It carries no token, follows no redirect, and names nothing but the host in its errors. A failure that may pass is
//! tried again as a read is: who receives a report twice has lost nothing.

use url::Url;

use super::answer::Answer;
use super::attempts::{Attempt, Attempts, End};
use super::credential::Credential;
use super::is_loopback;
use super::options::{Authentication, Limits, Progress, RootsFile, Target};
use super::pool::Pool;
use super::proxy::Proxy;
use super::retry::Outcome;
use super::transport_error::TransportError;
use super::{Repeat, status};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Where reports go.
pub struct Notice {
    target: Target,
    pool: Pool,
    attempts: Attempts,
}

/// What is sent.
pub struct Message {
    /// A segment that is added to the path; none for the URL itself.
    pub segment: Option<&'static str>,
    /// Its media type.
    pub content_type: &'static str,
    pub body: String,
}

/// Accepts an address that a report may be sent to. The address is not repeated: it is a secret.
///
/// # Errors
/// A sentence: it is not a URL, or would be sent in the clear.
pub fn notice_url(text: &str) -> std::result::Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL ({error})"))?;
    match url.scheme() {
        _ if url.host_str().is_none() => Err("it names no host".to_owned()),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("expected `https://`; `http://` works with this machine only".to_owned()),
    }
}

impl Notice {
    /// Opens the way to a URL.
    pub fn open(url: Url, limits: Limits, roots_file: RootsFile, proxy: Option<Proxy>) -> Result<Self> {
        let authentication = Authentication::Bearer(Credential::known(Secret::new("")));
        let target = Target { base: url, authentication, read_credential: None, ca_file: None, roots_file, proxy };
        let pool = Pool::open(&target).map_err(|error| error.into_error(&target.peer()))?;
        Ok(Self { target, pool, attempts: Attempts::new(limits) })
    }

    /// The host, which is all that may be said of the URL.
    pub fn host(&self) -> &str {
        self.target.host()
    }

    /// Sends a message.
    pub async fn send(&self, message: &Message, progress: &dyn Progress) -> Result<()> {
        let once = async |_| {
            let tried = tokio::time::timeout(self.attempts.timeout(), self.send_once(message)).await;
            let tried = tried.unwrap_or(Err(TransportError::Timeout));
            let (outcome, reason) = match &tried {
                Ok(answer) => {
                    let code = (!answer.is_success()).then(|| status::code_of(answer.status));
                    (Outcome::of_answer(answer, code), format!("HTTP {}", answer.status))
                }
                Err(error) => (Outcome::of_error(error), "no answer".to_owned()),
            };
            Attempt { outcome, rate: None, reason: format!("{}: {reason}", self.host()), result: tried }
        };
        let tried = match self.attempts.run(Repeat::Safe, progress, once).await.end {
            End::Settled(tried) => tried,
            End::RateBudget | End::NoTime | End::NotReady => Err(TransportError::NoTime),
        };
        match tried {
            Ok(answer) if answer.is_success() => Ok(()),
            Ok(answer) if (300..400).contains(&answer.status) => {
                Err(Error::invalid_response(format!("{} redirects, which is not followed", self.host())))
            }
            Ok(answer) => Err(Error::invalid_response(format!("{} answered HTTP {}", self.host(), answer.status))),
            // Hints speak of the API.
            Err(error) => Err(Error { hints: Vec::new(), ..error.into_error(&self.target.peer()) }),
        }
    }

    /// Sends it once. The body of the answer is not read.
    async fn send_once(&self, message: &Message) -> std::result::Result<Answer, TransportError> {
        let mut url = self.target.base.clone();
        if let Some(segment) = message.segment {
            url.set_path(&format!("{}/{segment}", url.path().trim_end_matches('/')));
        }
        let request = self.pool.fresh(&self.target)?.post(url);
        let request = request.header(reqwest::header::CONTENT_TYPE, message.content_type);
        let response = request.body(message.body.clone()).send().await?;
        Ok(Answer::from_head(response.status().as_u16(), response.headers()))
    }
}
