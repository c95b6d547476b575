//! The client: one connection pool, opened at the first request; each exchange with its retries.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::answer::{Answer, ApiError, DecodeFailure};
use super::budget::Budget;
use super::failure::Failure;
use super::retry::{Decision, Outcome, decide};
use super::{Method, Repeat, Request, body, trace};
use crate::error::{Error, Exit, Result, code};
use crate::secret::Secret;

/// Redirects on one host that a read follows.
const MAX_REDIRECTS: usize = 5;

/// How a request proves who sends it.
#[derive(Debug)]
pub enum Authentication {
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// HTTP basic.
    Basic {
        /// The user, or account id.
        user: String,
        /// The password, or API key.
        password: Secret,
    },
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
    limits: Limits,
    dialect: Dialect,
    progress: Box<dyn Progress>,
    pool: OnceCell<reqwest::Client>,
    budget: Budget,
    places: Semaphore,
    deadline: Cell<Option<Instant>>,
    write_in_flight: RefCell<Option<String>>,
    last_seen: RefCell<Option<Answer>>,
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
            limits,
            dialect,
            progress,
            pool: OnceCell::new(),
            budget: Budget::default(),
            places: Semaphore::new(limits.concurrency.max(1)),
            deadline: Cell::new(None),
            write_in_flight: RefCell::new(None),
            last_seen: RefCell::new(None),
        }
    }

    /// Gives the number of requests that may be in flight.
    pub fn concurrency(&self) -> usize {
        self.limits.concurrency
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
        self.deadline.set(self.deadline.get().map(|deadline| deadline + by));
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
        if request.method != Method::Get {
            *self.write_in_flight.borrow_mut() = Some(format!("{} {}", request.method.name(), request.path));
        }
        let settled = self.attempts(request, decode).await;
        *self.write_in_flight.borrow_mut() = None;
        settled
    }

    async fn attempts(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<Settled> {
        let mut attempt = 0;
        let mut after_lost_answer = false;
        loop {
            // Lists that are read side by side share the places; a pause before another attempt takes none.
            let place = self.places.acquire().await.ok();
            self.wait_for_budget().await?;
            let tried = self.attempt(request).await.and_then(|mut answer| {
                answer.after_lost_answer = after_lost_answer;
                self.settle(answer, decode)
            });
            self.budget.ended();
            drop(place);
            let outcome = self.outcome(&tried);
            after_lost_answer |= outcome == Outcome::Unknown;
            let decision = decide(
                &outcome,
                request.repeat,
                attempt,
                self.limits.retries,
                self.left(),
                self.progress.now(),
                fastrand::f64(),
            );
            let Decision::Again(wait) = decision else {
                return self.conclude(request, tried, &outcome);
            };
            attempt += 1;
            self.progress.waiting(&self.reason(&tried), wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Says in a few words why a request is sent again.
    fn reason(&self, tried: &std::result::Result<Settled, Failure>) -> String {
        match tried {
            Ok(settled) if settled.answer.status == 429 => "the rate limit is reached".to_owned(),
            Ok(settled) => format!("HTTP {}", settled.answer.status),
            Err(failure) => failure.clone().into_error(self.host()).message,
        }
    }

    /// Waits for a place in the rate window.
    async fn wait_for_budget(&self) -> Result<()> {
        let now = Instant::now();
        if self.deadline.get().is_none() {
            self.deadline.set(Some(now + self.limits.max_wait));
        }
        while let Err(wait) = self.budget.take(Instant::now()) {
            if wait >= self.left() {
                let message = "the rate limit of this minute is used up";
                return Err(Error::new(Exit::RateLimited, "rate_limit_reached", message)
                    .hint("`--max-wait` allows a command to wait longer"));
            }
            self.progress.waiting("the rate limit of this minute is used up", wait);
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn left(&self) -> Duration {
        match self.deadline.get() {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => self.limits.max_wait,
        }
    }

    /// Sends a request once, following redirects of a read on its own host.
    async fn attempt(&self, request: &Request) -> std::result::Result<Answer, Failure> {
        let limit = self.limits.timeout.min(self.left());
        let sent = async {
            let mut url = request.url(&self.target.base);
            for _ in 0..=MAX_REDIRECTS {
                let response = self.send(request, url.clone()).await?;
                let Some(next) = redirect(&response, &url) else {
                    return self.receive(request, response).await;
                };
                let same_host = next.origin() == self.target.base.origin();
                if request.method != Method::Get || !same_host {
                    return Err(Failure::Redirect(origin(&next)));
                }
                url = next;
            }
            Err(Failure::Redirect("itself, again and again".to_owned()))
        };
        tokio::time::timeout(limit, sent).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn send(&self, request: &Request, url: Url) -> std::result::Result<reqwest::Response, Failure> {
        self.trace(trace::request(self.progress.trace_level(), request, &url, self.dialect.redact));
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let builder = self.pool()?.request(method, url).header(ACCEPT, request.accept);
        // Both mark the header as sensitive, so that no debug output of the library shows it.
        let builder = match &self.target.authentication {
            Authentication::Bearer(token) => builder.bearer_auth(token.expose()),
            Authentication::Basic { user, password } => builder.basic_auth(user, Some(password.expose())),
        };
        let builder = match &request.body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => builder,
        };
        Ok(builder.send().await?)
    }

    async fn receive(&self, request: &Request, response: reqwest::Response) -> std::result::Result<Answer, Failure> {
        let mut answer = Answer::from_head(response.status().as_u16(), response.headers());
        answer.body = body::read(response).await?;
        self.trace(trace::answer(self.progress.trace_level(), request, &answer, self.dialect.redact));
        self.budget.learn(&answer, Instant::now());
        Ok(answer)
    }

    fn pool(&self) -> std::result::Result<&reqwest::Client, Failure> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = super::pool::open(&self.target)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    fn settle(&self, mut answer: Answer, decode: fn(&Answer) -> Decoded) -> std::result::Result<Settled, Failure> {
        let result = match answer.is_success() {
            true => match decode(&answer) {
                Ok(value) => Ok(value),
                Err(DecodeFailure::CutOff) => return Err(Failure::CutOff),
                Err(DecodeFailure::Nonsense(what)) => return Err(Failure::Nonsense(what)),
            },
            false => Err(self.without_token(super::status::error(&answer, self.dialect, self.host()))),
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
        let token = match &self.target.authentication {
            Authentication::Bearer(token) => token,
            Authentication::Basic { password, .. } => password,
        };
        // A shorter one is no secret, and would tear words apart.
        match token.expose().len() {
            0..4 => text.to_owned(),
            _ => text.replace(token.expose(), "[REDACTED]"),
        }
    }

    fn without_token(&self, mut error: Error) -> Error {
        let hide = |text: &str| self.hide_token(text);
        error.message = hide(&error.message);
        error.code = hide(&error.code).into();
        error.request_id = error.request_id.as_deref().map(hide);
        error.hints = error.hints.iter().map(|hint| hide(hint)).collect();
        // What cannot be told without the token is not told.
        error.detail = serde_json::from_str(&hide(&error.detail.to_string())).unwrap_or(Value::Null);
        error
    }

    fn outcome(&self, tried: &std::result::Result<Settled, Failure>) -> Outcome {
        match tried {
            Err(failure) if !failure.is_transient() => Outcome::Final,
            Err(failure) if failure.surely_not_carried_out() => Outcome::NotCarriedOut,
            Err(_) => Outcome::Unknown,
            Ok(Settled { answer, result }) => match (answer.status, result) {
                (429, _) => Outcome::RateLimited { retry_after: answer.retry_after, date: answer.date },
                // Raised by the authenticator, before the endpoint runs (documented, inferred from the framework).
                (503, Err(error)) if error.code == "service_unavailable" => Outcome::NotCarriedOut,
                (502..=504, _) => Outcome::Unknown,
                _ => Outcome::Final,
            },
        }
    }

    fn conclude(
        &self,
        request: &Request,
        tried: std::result::Result<Settled, Failure>,
        outcome: &Outcome,
    ) -> Result<Settled> {
        let maybe_carried_out = match &tried {
            Ok(settled) => settled.answer.status >= 500 && *outcome != Outcome::NotCarriedOut,
            Err(failure) => !failure.surely_not_carried_out(),
        };
        if !maybe_carried_out || request.method == Method::Get {
            return tried.map_err(|failure| failure.into_error(self.host()));
        }
        let cause = match tried {
            Ok(Settled { result: Err(error), .. }) => error,
            Ok(settled) => return Ok(settled),
            Err(failure) => failure.into_error(self.host()),
        };
        Err(match request.repeat {
            Repeat::Safe => Error {
                message: format!("{}; the change may or may not have been carried out", cause.message),
                ..cause
            },
            Repeat::OnlyIfNotCarriedOut => Error {
                exit: Exit::Unreachable,
                code: code::OUTCOME_UNKNOWN.into(),
                message: format!("{}; it is not known whether the request was carried out", cause.message),
                ..cause
            },
        })
    }

    fn host(&self) -> &str {
        self.target.base.host_str().unwrap_or("the API")
    }
}

/// What a decoder gives.
pub type Decoded = std::result::Result<Value, DecodeFailure>;

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
