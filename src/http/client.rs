//! The client: one connection pool, opened at the first request; each exchange with its retries.

use std::cell::{Cell, OnceCell, RefCell};
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::answer::{Answer, DecodeFailure, Settled};
use super::attempts::{Attempt, Attempts, End, Ended};
use super::budget::Rate;
use super::normalize::normalize;
use super::options::{Authentication, Dialect, Limits, Progress, Target};
use super::pool::Pool;
use super::retry::Outcome;
use super::scrub::Scrubber;
use super::transport_error::TransportError;
use super::unknown_outcome::{conclude, of_earlier_attempt};
use super::{Method, Request, body, status, trace};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The most redirects on one host that a read follows.
const MAX_REDIRECTS: usize = 5;

type Attempted<T> = std::result::Result<T, TransportError>;

/// The result of a decoder.
pub type Decoded = std::result::Result<Value, DecodeFailure>;

/// What is asked before a write is sent that had to wait, without its type.
type Check<'a> = &'a dyn Fn(bool) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// A client for one base URL.
pub struct Http {
    pub(super) target: Target,
    /// The reads that were sent, where they are wanted.
    pub(super) recorded: Option<RefCell<Vec<Request>>>,
    concurrency: usize,
    attempts: Attempts,
    dialect: Dialect,
    progress: Box<dyn Progress>,
    pool: OnceCell<Pool>,
    /// Until the server has closed one without saying so.
    keeps_connections: Cell<bool>,
    places: Semaphore,
    write_in_flight: RefCell<Option<String>>,
    last_seen: RefCell<Option<Answer>>,
    clock_offset: Cell<Option<SignedDuration>>,
    /// One for the secret of reads, one for that of writes; they may be the same.
    scrubbers: [OnceCell<Scrubber>; 2],
    has_warned: Cell<bool>,
    shows_secrets: bool,
    is_read_only: bool,
}

impl Http {
    /// Makes a client; connects to nothing yet.
    pub fn new(target: Target, limits: Limits, dialect: Dialect, progress: Box<dyn Progress>) -> Self {
        Self {
            target,
            recorded: None,
            concurrency: limits.concurrency,
            attempts: Attempts::new(limits),
            dialect,
            progress,
            pool: OnceCell::new(),
            keeps_connections: Cell::new(true),
            places: Semaphore::new(limits.concurrency.max(1)),
            write_in_flight: RefCell::new(None),
            last_seen: RefCell::new(None),
            clock_offset: Cell::new(None),
            scrubbers: Default::default(),
            has_warned: Cell::new(false),
            shows_secrets: false,
            is_read_only: false,
        }
    }

    /// Keeps secrets in the details of errors, where the user asked for them. Traces never hold them.
    #[must_use]
    pub fn showing_secrets(self, shows_secrets: bool) -> Self {
        Self { shows_secrets, ..self }
    }

    /// Refuses every request that is not a read, before it is sent.
    #[must_use]
    pub fn read_only(self, is_read_only: bool) -> Self {
        Self { is_read_only, ..self }
    }

    /// The number of requests that may be in flight.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub fn base(&self) -> &Url {
        &self.target.base
    }

    /// The write that was sent and not yet answered, for the report of an interruption.
    pub fn write_in_flight(&self) -> Option<String> {
        self.write_in_flight.borrow().clone()
    }

    /// The last answer without its body: rate headers, the server's clock.
    pub fn last_seen(&self) -> Option<Answer> {
        self.last_seen.borrow().clone()
    }

    /// How far the server's clock is ahead of the local one, by the last answer that had a `Date` (whole seconds).
    pub fn clock_offset(&self) -> Option<SignedDuration> {
        self.clock_offset.get()
    }

    /// The time by the server's clock, once an answer has shown it.
    pub fn server_time(&self) -> Option<Timestamp> {
        self.progress.now().checked_add(self.clock_offset.get()?).ok()
    }

    /// Gives the command more time: the user was answering a question.
    pub fn extend(&self, by: Duration) {
        self.attempts.extend(by);
    }

    /// Sends a request and decodes its answer.
    pub async fn fetch(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<(Value, Answer)> {
        let settled = self.exchange(request, decode).await?;
        Ok((settled.result?, settled.answer))
    }

    /// Sends a request as often as `retry` decides, and returns the last answer of the API, also where that is an error.
    ///
    /// # Errors
    /// `read_only`, or there was no answer of the API that could be understood.
    pub async fn exchange(&self, request: &Request, decode: fn(&Answer) -> Decoded) -> Result<Settled> {
        self.exchange_if(request, decode, async |_| Ok(())).await
    }

    /// The same, of a write that must not be sent once something has changed: where it had to wait, `check` is asked before
    /// it is sent. Its argument is whether an earlier attempt may have been carried out.
    ///
    /// # Errors
    /// Also that of `check`; the write was not sent then, or not again.
    pub async fn exchange_if(
        &self,
        request: &Request,
        decode: fn(&Answer) -> Decoded,
        check: impl AsyncFn(bool) -> Result<()>,
    ) -> Result<Settled> {
        self.exchange_checked(request, decode, &|after_lost_answer| Box::pin(check(after_lost_answer))).await
    }

    /// The same, compiled once for all checks.
    async fn exchange_checked(
        &self,
        request: &Request,
        decode: fn(&Answer) -> Decoded,
        check: Check<'_>,
    ) -> Result<Settled> {
        if self.is_read_only && request.method != Method::Get {
            return Err(Error::read_only(&format!("{} {}", request.method.name(), request.path)));
        }
        // Before anything else: it must not look as if a write had begun.
        self.target.credential(request.method).get(|| self.attempts.begin()).await?;
        self.record(request);
        if request.method != Method::Get {
            *self.write_in_flight.borrow_mut() = Some(format!("{} {}", request.method.name(), request.path));
        }
        let settled = self.attempts(request, decode, check).await;
        if request.method != Method::Get {
            *self.write_in_flight.borrow_mut() = None;
        }
        settled
    }

    async fn attempts(&self, request: &Request, decode: fn(&Answer) -> Decoded, check: Check<'_>) -> Result<Settled> {
        let once = async |after_lost_answer| {
            // Lists that are read side by side share the places; a pause before another attempt takes none.
            let place = self.places.acquire().await.ok();
            let tried = self.attempt(request).await.and_then(|mut answer| {
                answer.after_lost_answer = after_lost_answer;
                self.settle(request, answer, decode)
            });
            drop(place);
            Attempt {
                outcome: outcome(&tried),
                rate: tried.as_ref().ok().and_then(|settled| rate(&settled.answer)),
                reason: self.reason(&tried),
                result: tried,
            }
        };
        let mut refused = None;
        let is_ready = async |after_lost_answer| {
            refused = check(after_lost_answer).await.err();
            refused.is_none()
        };
        let Ended { end, after_lost_answer } =
            self.attempts.run_while(request.repeat, &*self.progress, is_ready, once).await;
        if let Some(error) = refused {
            return Err(if after_lost_answer { of_earlier_attempt(error) } else { error });
        }
        let tried = match end {
            End::Settled(tried) => tried,
            End::RateBudget => Err(TransportError::RateBudget),
            End::NoTime | End::NotReady => Err(TransportError::NoTime),
        };
        let is_unknown = outcome(&tried).may_be_carried_out();
        let tried = tried.map_err(|error| self.scrub(error.into_error(&self.target.peer())));
        conclude(request, tried, is_unknown, after_lost_answer)
    }

    /// The reason for sending a request again, in a few words.
    fn reason(&self, tried: &Attempted<Settled>) -> String {
        match tried {
            Ok(settled) if settled.answer.status == 429 => "the rate limit is reached".to_owned(),
            Ok(settled) => format!("HTTP {}", settled.answer.status),
            Err(error) => self.scrub(error.clone().into_error(&self.target.peer())).message,
        }
    }

    /// Sends a request once, following redirects of a read on its own host.
    async fn attempt(&self, request: &Request) -> Attempted<Answer> {
        let limit = self.attempts.timeout();
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
                self.attempts.count_redirect();
                url = next;
            }
            Err(TransportError::Redirect("itself repeatedly".to_owned()))
        };
        tokio::time::timeout(limit, sent).await.unwrap_or(Err(TransportError::Timeout))
    }

    /// Sends a write on a connection of its own, and a read on one that was kept from an earlier request.
    async fn send(&self, request: &Request, url: Url) -> Attempted<reqwest::Response> {
        let pool = self.pool()?;
        // Before the first answer there is nothing to keep.
        let is_kept = request.method == Method::Get && self.keeps_connections.get();
        let may_be_stale = is_kept && self.last_seen.borrow().is_some();
        let client = if is_kept { pool.kept() } else { pool.fresh(&self.target)? };
        match self.send_by(client, request, url).await {
            Err(TransportError::Broken(cause)) if may_be_stale => {
                self.keeps_connections.set(false);
                Err(TransportError::Stale(cause))
            }
            sent => sent,
        }
    }

    async fn send_by(&self, client: &reqwest::Client, request: &Request, url: Url) -> Attempted<reqwest::Response> {
        self.trace(trace::request(self.progress.trace_level(), request, &url, &|body| self.redact(body)));
        let builder = client.request(request.method.into(), url).header(ACCEPT, request.accept);
        // Both mark the header as sensitive, so that no debug output of the library shows it.
        let builder = match (&self.target.authentication, self.secret(request.method)) {
            (Authentication::Bearer(_), Some(token)) => builder.bearer_auth(token),
            (Authentication::Basic { user, .. }, password) => builder.basic_auth(user, password),
            (Authentication::Bearer(_), None) => builder,
        };
        let builder = match &request.body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            // A POST without a body says so (recorded): some servers refuse one without a length.
            None if request.method == Method::Post => builder.header(CONTENT_LENGTH, "0"),
            None => builder,
        };
        Ok(builder.send().await?)
    }

    async fn receive(&self, request: &Request, response: reqwest::Response) -> Attempted<Answer> {
        let mut answer = Answer::from_head(response.status().as_u16(), response.headers());
        if let Some(date) = answer.date {
            self.clock_offset.set(Some(date.duration_since(self.progress.now())));
        }
        let (body, replaced) = normalize(body::read(response).await?);
        answer.body = body;
        if replaced > 0 && !self.has_warned.replace(true) {
            self.progress.warn("the API sent a text with invalid characters; they are replaced by U+FFFD");
        }
        self.trace(trace::answer(self.progress.trace_level(), request, &answer, &|body| self.redact(body)));
        Ok(answer)
    }

    fn pool(&self) -> Attempted<&Pool> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = Pool::open(&self.target)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    fn settle(&self, request: &Request, mut answer: Answer, decode: fn(&Answer) -> Decoded) -> Attempted<Settled> {
        let result = if answer.is_success() {
            let mut value = match decode(&answer) {
                Ok(value) => value,
                Err(DecodeFailure::CutOff) => return Err(TransportError::CutOff),
                Err(DecodeFailure::Invalid(what)) => {
                    return Err(TransportError::Invalid(what, Some(answer.status), answer.request_id));
                }
            };
            self.scrubbers().for_each(|scrubber| scrubber.hide_in_result(&answer.body, &mut value));
            answer.is_from_api = true;
            Ok(value)
        } else {
            Err(self.refusal(request, &mut answer))
        };
        answer.body = Vec::new();
        *self.last_seen.borrow_mut() = Some(answer.clone());
        Ok(Settled { result, answer })
    }

    /// Makes the error of an answer that is not a success, and notes whether the API itself sent it.
    fn refusal(&self, request: &Request, answer: &mut Answer) -> Error {
        let said = (self.dialect.read_error)(answer);
        answer.is_from_api = said.is_some() || (self.dialect.may_be_api)(answer);
        answer.is_unprocessed = said.as_ref().is_some_and(|said| said.is_unprocessed);
        let permission_hint = || (self.dialect.permission_hint)(request);
        let mut error =
            status::error(answer, said, &permission_hint, self.target.host(), &|text| self.hide_token(text));
        if !self.shows_secrets {
            (self.dialect.redact)(&mut error.detail);
        }
        self.scrub(error)
    }

    fn trace(&self, lines: Vec<String>) {
        lines.iter().for_each(|line| self.progress.trace(&self.hide_token(line)));
    }

    /// Removes the token from a text: some servers repeat what they were sent.
    fn hide_token(&self, text: &str) -> String {
        self.scrubbers().fold(text.to_owned(), |text, scrubber| scrubber.hide(&text))
    }

    /// Removes all secrets from a body that is traced.
    fn redact(&self, body: &mut Value) {
        (self.dialect.redact)(body);
        self.scrubbers().for_each(|scrubber| scrubber.hide_in(body));
    }

    /// Removes the token from an error.
    fn scrub(&self, error: Error) -> Error {
        self.scrubbers().fold(error, |error, scrubber| scrubber.hide_in_error(error))
    }

    /// The scrubbers for the credentials, once they are known.
    fn scrubbers(&self) -> impl Iterator<Item = &Scrubber> {
        let user = match &self.target.authentication {
            Authentication::Basic { user, .. } => Some(user.as_str()),
            Authentication::Bearer(_) => None,
        };
        let secrets = [Method::Get, Method::Patch].map(|method| self.secret(method));
        self.scrubbers.iter().zip(secrets).filter_map(move |(scrubber, secret)| {
            let secret = secret?;
            Some(scrubber.get_or_init(|| Scrubber::of(user, secret)))
        })
    }

    fn secret(&self, method: Method) -> Option<&str> {
        self.target.credential(method).if_known().map(Secret::expose)
    }
}

fn outcome(tried: &Attempted<Settled>) -> Outcome {
    match tried {
        Ok(Settled { answer, result }) => {
            Outcome::of_answer(answer, result.as_ref().err().map(|error| error.code.as_ref()))
        }
        Err(error) => Outcome::of_error(error),
    }
}

fn rate(answer: &Answer) -> Option<Rate> {
    Some(Rate { remaining: answer.rate_remaining?, permitted: answer.rate_permitted, date: answer.date? })
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::answer::json;
    use super::super::credential::Credential;
    use super::super::options::RootsFile;
    use super::*;
    use crate::error::{Exit, code};

    struct Silent;

    impl Progress for Silent {
        fn waiting(&self, _: &str, _: Duration) {}

        fn warn(&self, _: &str) {}

        fn trace_level(&self) -> u8 {
            0
        }

        fn trace(&self, _: &str) {}

        fn now(&self) -> Timestamp {
            "2026-01-01T00:00:00Z".parse().unwrap()
        }
    }

    fn http(address: &str) -> Http {
        let target = Target {
            base: format!("http://{address}/v1").parse().unwrap(),
            authentication: Authentication::Bearer(Credential::known(Secret::new("a-token"))),
            read_credential: None,
            ca_file: None,
            roots_file: RootsFile::Usual,
            proxy: None,
        };
        let limits =
            Limits { timeout: Duration::from_secs(10), max_wait: Duration::from_secs(10), retries: 0, concurrency: 1 };
        let dialect =
            Dialect { read_error: |_| None, may_be_api: |_| true, permission_hint: |_| String::new(), redact: |_| {} };
        Http::new(target, limits, dialect, Box::new(Silent))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// Answers one request.
    async fn answer_once(listener: TcpListener, head: &str) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes())
            .await
            .unwrap();
    }

    #[test]
    fn read_only_mode_sends_nothing_but_reads() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let http = http(&listener.local_addr().unwrap().to_string()).read_only(true);
            for method in [Method::Post, Method::Patch, Method::Delete] {
                let error = http.fetch(&Request::new(method, "/x"), json).await.unwrap_err();
                assert_eq!((&*error.code, error.exit), (code::READ_ONLY, Exit::Usage), "{method:?}");
            }
            let accepted = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
            assert!(accepted.is_err(), "something was sent");
            let get = Request::get("/x");
            let (read, ()) = futures_util::future::join(http.fetch(&get, json), answer_once(listener, "X: y")).await;
            assert!(read.is_ok());
        });
    }

    #[test]
    fn the_servers_clock_is_known_from_its_answers() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let http = http(&listener.local_addr().unwrap().to_string());
            assert_eq!(http.server_time(), None);
            let date = "Date: Thu, 01 Jan 2026 00:10:00 GMT";
            let get = Request::get("/x");
            let (read, ()) = futures_util::future::join(http.fetch(&get, json), answer_once(listener, date)).await;
            assert!(read.is_ok());
            assert_eq!(http.clock_offset(), Some(SignedDuration::from_mins(10)));
            assert_eq!(http.server_time(), Some("2026-01-01T00:10:00Z".parse().unwrap()));
        });
    }
}
