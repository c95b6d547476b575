//! The client: one connection pool, opened at the first request; each exchange with its retries.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::answer::{Answer, ApiError, DecodeFailure};
use super::attempts::{Attempt, Attempts, End, Ended};
use super::budget::Rate;
use super::credential::Credential;
use super::pool::Pool;
use super::retry::Outcome;
use super::scrub::Scrubber;
use super::transport_error::TransportError;
use super::{Method, Repeat, Request, body, trace};
use crate::error::{Error, Exit, Result, code};
use crate::secret::Secret;

/// Redirects on one host that a read follows.
const MAX_REDIRECTS: usize = 5;

/// How a request proves who sends it.
#[derive(Debug)]
pub enum Authentication {
    /// `Authorization: Bearer …`
    Bearer(Credential),
    /// HTTP basic.
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

/// The other side.
#[derive(Debug)]
pub struct Target {
    /// What paths are appended to.
    pub base: Url,
    /// The credentials; sent to this host alone.
    pub authentication: Authentication,
    /// PEM certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The environment names where the trusted certificates are: the system's own are not to be looked at.
    pub is_trust_named: bool,
}

/// How much time and how many tries a command has.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one request.
    pub timeout: Duration,
    /// For the whole command, from its first request.
    pub max_wait: Duration,
    /// Further attempts after the first.
    pub retries: u32,
    /// Requests in flight.
    pub concurrency: usize,
}

/// What a provider knows of its own answers.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// Reads an error body; `None` when it is not the API that speaks.
    pub read_error: fn(&Answer) -> Option<ApiError>,
    /// Hides secrets in a body before it is traced.
    pub redact: fn(&mut Value),
}

/// Who is told what is going on.
pub trait Progress {
    /// A wait of this length begins.
    fn waiting(&self, reason: &str, wait: Duration);
    /// How much to trace: 0 nothing, 1 a line a request, 2 headers and bodies.
    fn trace_level(&self) -> u8;
    /// A part of the trace; secrets are already redacted.
    fn trace(&self, text: &str);
    /// The clock.
    fn now(&self) -> jiff::Timestamp;
}

/// A client for one base URL.
pub struct Http {
    target: Target,
    concurrency: usize,
    attempts: Attempts,
    dialect: Dialect,
    progress: Box<dyn Progress>,
    pool: OnceCell<Pool>,
    /// Until the server has closed one in silence.
    keeps_connections: Cell<bool>,
    places: Semaphore,
    write_in_flight: RefCell<Option<String>>,
    last_seen: RefCell<Option<Answer>>,
    repeated: OnceCell<Scrubber>,
    shows_secrets: bool,
}

/// What an exchange came to, when there was an answer of the API.
pub struct Settled {
    /// The decoded body, or the API's error.
    pub result: Result<Value>,
    /// The answer; its body is moved out.
    pub answer: Answer,
}

impl Http {
    /// Makes a client; connects to nothing yet.
    pub fn new(target: Target, limits: Limits, dialect: Dialect, progress: Box<dyn Progress>) -> Self {
        Self {
            target,
            concurrency: limits.concurrency,
            attempts: Attempts::new(limits),
            dialect,
            progress,
            pool: OnceCell::new(),
            keeps_connections: Cell::new(true),
            places: Semaphore::new(limits.concurrency.max(1)),
            write_in_flight: RefCell::new(None),
            last_seen: RefCell::new(None),
            repeated: OnceCell::new(),
            shows_secrets: false,
        }
    }

    /// Leaves the secrets in the details of errors that the user wants to see. Traces never hold them.
    #[must_use]
    pub fn showing_secrets(self, shows_secrets: bool) -> Self {
        Self { shows_secrets, ..self }
    }

    /// Gives the number of requests that may be in flight.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Gives the base URL.
    pub fn base(&self) -> &Url {
        &self.target.base
    }

    /// Names the write that was sent and not yet answered, for an account of an interruption.
    pub fn write_in_flight(&self) -> Option<String> {
        self.write_in_flight.borrow().clone()
    }

    /// Gives the last answer without its body: rate headers, the server's clock.
    pub fn last_seen(&self) -> Option<Answer> {
        self.last_seen.borrow().clone()
    }

    /// Gives the command more time: the user was thinking.
    pub fn extend(&self, by: Duration) {
        self.attempts.extend(by);
    }

    /// Sends a request and decodes its answer.
    ///
    /// # Errors
    /// The API's error, or what went wrong on the way.
    pub async fn fetch(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<(Value, Answer)> {
        let settled = self.exchange(request, decode).await?;
        Ok((settled.result?, settled.answer))
    }

    /// Sends a request as often as it takes, and gives the last answer.
    ///
    /// # Errors
    /// There was no answer of the API that could be understood.
    pub async fn exchange(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<Settled> {
        // Before anything else: it must not look as if a write had begun.
        self.target.authentication.credential().get(|| self.attempts.begin()).await?;
        if request.method != Method::Get {
            *self.write_in_flight.borrow_mut() = Some(format!("{} {}", request.method.name(), request.path));
        }
        let settled = self.attempts(request, decode).await;
        *self.write_in_flight.borrow_mut() = None;
        settled
    }

    async fn attempts(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<Settled> {
        let once = async |after_lost_answer| {
            // Lists that are read side by side share the places; a pause before another attempt takes none.
            let place = self.places.acquire().await.ok();
            let tried = self.attempt(request).await.and_then(|mut answer| {
                answer.after_lost_answer = after_lost_answer;
                self.settle(answer, decode)
            });
            drop(place);
            Attempt {
                outcome: self.outcome(&tried),
                rate: tried.as_ref().ok().and_then(|settled| rate(&settled.answer)),
                reason: self.reason(&tried),
                result: tried,
            }
        };
        let Ended { end, after_lost_answer } = self.attempts.run(request.repeat, &*self.progress, once).await;
        let tried = match end {
            End::Settled(tried) => tried,
            End::NoPlace => Err(TransportError::NoPlace),
            End::NoTime => Err(TransportError::NoTime),
        };
        self.conclude(request, tried, after_lost_answer)
    }

    /// Says in a few words why a request is sent again.
    fn reason(&self, tried: &std::result::Result<Settled, TransportError>) -> String {
        match tried {
            Ok(settled) if settled.answer.status == 429 => "the rate limit is reached".to_owned(),
            Ok(settled) => format!("HTTP {}", settled.answer.status),
            Err(failure) => self.without_token(failure.clone().into_error(self.host())).message,
        }
    }

    /// Sends a request once, following redirects of a read on its own host.
    async fn attempt(&self, request: &Request) -> std::result::Result<Answer, TransportError> {
        let limit = self.attempts.for_one();
        let sent = async {
            let mut url = request.url(&self.target.base);
            for _ in 0..=MAX_REDIRECTS {
                let response = self.send(request, url.clone()).await?;
                let Some(next) = redirect(&response, &url) else {
                    return self.receive(request, response).await;
                };
                let same_host = next.origin() == self.target.base.origin();
                if request.method != Method::Get || !same_host {
                    return Err(TransportError::Redirect(origin(&next)));
                }
                self.attempts.followed();
                url = next;
            }
            Err(TransportError::Redirect("itself, again and again".to_owned()))
        };
        tokio::time::timeout(limit, sent).await.unwrap_or(Err(TransportError::Timeout))
    }

    /// Sends a write on a connection of its own, and a read on one that was kept. Where the server has closed that one
    /// in silence, the read never got there, and goes out once more at once.
    async fn send(&self, request: &Request, url: Url) -> std::result::Result<reqwest::Response, TransportError> {
        let pool = self.pool()?;
        // Before the first answer there is nothing to keep.
        let is_kept = request.method == Method::Get && self.keeps_connections.get();
        let may_be_stale = is_kept && self.last_seen.borrow().is_some();
        let client = if is_kept { pool.kept() } else { pool.fresh(&self.target)? };
        match self.send_by(client, request, url.clone()).await {
            Err(TransportError::Broken(_)) if may_be_stale => {
                self.keeps_connections.set(false);
                self.send_by(pool.fresh(&self.target)?, request, url).await
            }
            sent => sent,
        }
    }

    async fn send_by(
        &self,
        client: &reqwest::Client,
        request: &Request,
        url: Url,
    ) -> std::result::Result<reqwest::Response, TransportError> {
        self.trace(trace::request(self.progress.trace_level(), request, &url, &|body| self.redact(body)));
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let builder = client.request(method, url).header(ACCEPT, request.accept);
        // Both mark the header as sensitive, so that no debug output of the library shows it.
        let builder = match (&self.target.authentication, self.secret()) {
            (Authentication::Bearer(_), Some(token)) => builder.bearer_auth(token),
            (Authentication::Basic { user, .. }, password) => builder.basic_auth(user, password),
            (Authentication::Bearer(_), None) => builder,
        };
        let builder = match &request.body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => builder,
        };
        Ok(builder.send().await?)
    }

    async fn receive(
        &self,
        request: &Request,
        response: reqwest::Response,
    ) -> std::result::Result<Answer, TransportError> {
        let mut answer = Answer::from_head(response.status().as_u16(), response.headers());
        answer.body = body::read(response).await?;
        self.trace(trace::answer(self.progress.trace_level(), request, &answer, &|body| self.redact(body)));
        Ok(answer)
    }

    fn pool(&self) -> std::result::Result<&Pool, TransportError> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = Pool::open(&self.target)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    fn settle(
        &self,
        mut answer: Answer,
        decode: fn(&Answer) -> Decoded,
    ) -> std::result::Result<Settled, TransportError> {
        let result = match answer.is_success() {
            true => match decode(&answer) {
                Ok(mut value) => {
                    self.forms().inspect(|forms| forms.hide_in_result(&answer.body, &mut value));
                    Ok(value)
                }
                Err(DecodeFailure::CutOff) => return Err(TransportError::CutOff),
                Err(DecodeFailure::Nonsense(what)) => {
                    return Err(TransportError::Nonsense(what, Some(answer.status), answer.request_id));
                }
            },
            false => Err(self.without_token(self.refusal(&answer))),
        };
        answer.body = Vec::new();
        *self.last_seen.borrow_mut() = Some(answer.clone());
        Ok(Settled { result, answer })
    }

    fn trace(&self, lines: Vec<String>) {
        lines.iter().for_each(|line| self.progress.trace(&self.hide_token(line)));
    }

    /// Takes the token out of a text: some servers repeat what they were sent.
    fn hide_token(&self, text: &str) -> String {
        self.forms().map_or_else(|| text.to_owned(), |forms| forms.hide(text))
    }

    /// Takes all secrets out of a body that is shown as it came.
    fn redact(&self, body: &mut Value) {
        (self.dialect.redact)(body);
        self.forms().inspect(|forms| forms.hide_in(body));
    }

    /// Gives the forms of the credentials, once they are at hand.
    fn forms(&self) -> Option<&Scrubber> {
        let user = match &self.target.authentication {
            Authentication::Basic { user, .. } => Some(user.as_str()),
            Authentication::Bearer(_) => None,
        };
        let secret = self.secret()?;
        Some(self.repeated.get_or_init(|| Scrubber::of(user, secret)))
    }

    /// Makes the error of an answer that is not a success.
    fn refusal(&self, answer: &Answer) -> Error {
        let mut error = super::status::error(answer, self.dialect, self.host(), &|text| self.hide_token(text));
        if !self.shows_secrets {
            (self.dialect.redact)(&mut error.detail);
        }
        error
    }

    fn secret(&self) -> Option<&str> {
        self.target.authentication.credential().at_hand().map(Secret::expose)
    }

    fn without_token(&self, mut error: Error) -> Error {
        let hide = |text: &str| self.hide_token(text);
        error.message = hide(&error.message);
        error.code = hide(&error.code).into();
        error.request_id = error.request_id.as_deref().map(hide);
        error.hints = error.hints.iter().map(|hint| hide(hint)).collect();
        self.forms().inspect(|forms| forms.hide_in(&mut error.detail));
        error
    }

    fn outcome(&self, tried: &std::result::Result<Settled, TransportError>) -> Outcome {
        match tried {
            Err(failure) if !failure.is_transient() => Outcome::Final,
            Err(failure) if failure.surely_not_carried_out() => Outcome::NotCarriedOut { retry_after: None },
            Err(_) => Outcome::Unknown { retry_after: None },
            Ok(Settled { answer, result }) => match (answer.status, result) {
                (429, _) => Outcome::RateLimited { retry_after: answer.retry_after, date: answer.date },
                // Raised by the authenticator, before the endpoint runs (documented, inferred from the framework).
                (503, Err(error)) if error.code == "service_unavailable" => {
                    Outcome::NotCarriedOut { retry_after: answer.retry_after }
                }
                (502..=504, _) => Outcome::Unknown { retry_after: answer.retry_after },
                _ => Outcome::Final,
            },
        }
    }

    fn conclude(
        &self,
        request: &Request,
        tried: std::result::Result<Settled, TransportError>,
        after_lost_answer: bool,
    ) -> Result<Settled> {
        let is_unknown = match self.outcome(&tried) {
            Outcome::NotCarriedOut { .. } | Outcome::RateLimited { .. } => false,
            Outcome::Unknown { .. } => true,
            Outcome::Final => match &tried {
                // A refusal is the API's word that nothing was done; a redirect and a failure are not.
                Ok(settled) => !(400..500).contains(&settled.answer.status),
                Err(failure) => !failure.surely_not_carried_out(),
            },
        };
        let tried = tried.map_err(|failure| self.without_token(failure.into_error(self.host())));
        if request.method == Method::Get || !(is_unknown || after_lost_answer) {
            return tried;
        }
        match tried {
            Ok(Settled { result: Err(error), answer }) if !is_unknown => {
                // What the answer says may be the consequence of the earlier attempt: the caller knows better.
                Ok(Settled {
                    result: Err(with_outcome_unknown(error, "an earlier attempt may have been carried out")),
                    answer,
                })
            }
            Ok(Settled { result: Err(error), .. }) => Err(of_unknown_outcome(request.repeat, error)),
            Ok(settled) => Ok(settled),
            Err(error) => Err(of_unknown_outcome(request.repeat, error)),
        }
    }

    fn host(&self) -> &str {
        self.target.base.host_str().unwrap_or("the API")
    }
}

/// What a decoder gives.
pub type Decoded = std::result::Result<Value, DecodeFailure>;

fn rate(answer: &Answer) -> Option<Rate> {
    Some(Rate { remaining: answer.rate_remaining?, permitted: answer.rate_permitted, date: answer.date? })
}

/// Adds to an error what may have happened all the same.
fn with_outcome_unknown(error: Error, what: &str) -> Error {
    Error { message: format!("{}; {what}", error.message), ..error }.with_outcome_unknown()
}

fn of_unknown_outcome(repeat: Repeat, cause: Error) -> Error {
    match repeat {
        Repeat::Safe => with_outcome_unknown(cause, "the change may or may not have been carried out"),
        Repeat::OnlyIfNotCarriedOut => Error {
            exit: Exit::Unreachable,
            code: code::OUTCOME_UNKNOWN.into(),
            ..with_outcome_unknown(cause, "it is not known whether the request was carried out")
        },
    }
}

fn redirect(response: &reqwest::Response, from: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}

/// Names a redirect's target without its path and query, which can hold anything.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
