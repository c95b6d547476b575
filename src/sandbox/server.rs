//! Serves both APIs over HTTP/1.1 on a loopback port, and acts out failures on the wire.
//!
//! It knows HTTP, limits and failures; `katapult` and `onapp` decide what the APIs answer.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::faults::{self, Fault, FaultKind};
use super::katapult::{Paging, Route, Token};
use super::limits::Limits;
use super::reply::{Refusal, Reply};
use super::request::{Api, Request, api_of};
use super::store::Store;
use super::{Answered, Clock, Log, Options, onapp};
use delivery::{Delivery, Dropped, Outgoing};

mod delivery;

const MAX_BODY: usize = 1 << 20;

/// A server and the thread that it runs in; dropping it stops both.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    clock: Clock,
    latency: Duration,
    rate_limit: u32,
    paging: Paging,
    log: Option<Log>,
    onapp: onapp::Mode,
    changing: Mutex<Changing>,
}

struct Changing {
    store: Store,
    faults: Vec<Fault>,
    limits: Limits,
    /// What went wrong with the file while serving.
    troubles: Vec<String>,
}

impl Server {
    /// Binds the port and starts serving.
    pub(super) fn start(options: Options) -> io::Result<Self> {
        let now = (options.clock)();
        let store = Store::open(options.state_file, options.seed, now)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            clock: options.clock,
            latency: options.latency,
            rate_limit: options.rate_limit,
            paging: Paging { large_set_over: options.large_set_over.unwrap_or(usize::MAX) },
            log: options.log,
            onapp: options.onapp,
            changing: Mutex::new(Changing {
                store,
                faults: options.faults,
                limits: Limits::default(),
                troubles: Vec::new(),
            }),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Entered, not run: the caller may be on a runtime of its own.
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(entered);
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.spawn(accept(listener, serving));
            // Ends when the sender is dropped; the runtime then drops every connection.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let changing = self.shared.changing();
        let mut notices = changing.store.notices().to_vec();
        notices.extend(changing.troubles.iter().cloned());
        notices
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the server thread has nowhere to go from a destructor.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| serve_and_log(Arc::clone(&shared), request));
            // A connection that breaks concerns its client only.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve_and_log(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response<Outgoing>, Dropped> {
    let Some(log) = shared.log.clone() else {
        return serve(shared, request).await;
    };
    let started = Instant::now();
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let response = serve(shared, request).await;
    let status = response.as_ref().ok().map(|response| response.status().as_u16());
    log(&Answered { method, path, status, elapsed: started.elapsed() });
    response
}

async fn serve(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response<Outgoing>, Dropped> {
    let (parts, body) = request.into_parts();
    let fault = shared.fault(parts.method.as_str(), &parts.uri);
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    match fault {
        Some(FaultKind::Reset) => return Err(Dropped),
        Some(FaultKind::Hang) => pending::<()>().await,
        _ => {}
    }
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        let refusal = Reply::html(413, "413 Payload Too Large").with("connection", "close");
        return Ok(outgoing(refusal, Delivery::Whole));
    };
    let body = body.to_bytes().to_vec();
    let reply = shared.reply(fault, parts.method.as_str(), &parts.uri, &parts.headers, body);
    match fault {
        Some(FaultKind::Lost) => Err(Dropped),
        Some(FaultKind::Cut) => Ok(outgoing(reply, Delivery::Cut)),
        Some(FaultKind::Slow) => Ok(outgoing(reply, Delivery::Slow)),
        _ => Ok(outgoing(reply, Delivery::Whole)),
    }
}

fn outgoing(reply: Reply, delivery: Delivery) -> Response<Outgoing> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    let body = Outgoing::new(reply.body, delivery);
    builder.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(Outgoing::new(Vec::new(), Delivery::Whole));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

impl Shared {
    fn changing(&self) -> MutexGuard<'_, Changing> {
        // A panic elsewhere does not spoil the world: writes are saved whole or not at all.
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, method: &str, uri: &Uri) -> Option<FaultKind> {
        let is_onapp = api_of(uri.path(), self.onapp.prefix()).0 == Api::OnApp;
        faults::take(&mut self.changing().faults, method, is_onapp)
    }

    fn reply(&self, fault: Option<FaultKind>, method: &str, uri: &Uri, headers: &HeaderMap, body: Vec<u8>) -> Reply {
        let now = (self.clock)();
        let (api, path) = api_of(uri.path(), self.onapp.prefix());
        if let Some(page) = fault.and_then(|fault| from_proxy(fault, uri)) {
            return page.with_date(now);
        }
        let request = Request::new(method, path, uri.query().unwrap_or_default(), headers, body);
        let mut changing = self.changing();
        if api == Api::OnApp {
            let reply = match fault.and_then(onapp_failure) {
                Some(failure) => failure,
                None => changing.onapp(&request, now, self, fault == Some(FaultKind::Busy)),
            };
            return reply.with_date(now).with_request_id();
        }
        let reply = match fault.and_then(|fault| self.katapult_failure(fault)) {
            Some(failure) => failure.into(),
            None if api == Api::Nowhere => Refusal::route_not_found(method, path).into(),
            None => answered(changing.katapult(&request, now, self), fault),
        };
        let token = request.bearer().unwrap_or_default();
        let remaining = match fault {
            Some(FaultKind::RateLimited) => 0,
            _ => changing.limits.remaining(token, now, self.rate_limit),
        };
        reply.with_date(now).with_katapult_headers(self.rate_limit, remaining)
    }

    fn katapult_failure(&self, fault: FaultKind) -> Option<Refusal> {
        match fault {
            FaultKind::Unavailable => Some(Refusal::unavailable()),
            FaultKind::RateLimited => Some(Refusal::rate_limited(self.rate_limit)),
            FaultKind::Unhandled => Some(Refusal::unhandled()),
            _ => None,
        }
    }
}

/// Answers that come from something in front of the API, without its headers.
fn from_proxy(fault: FaultKind, uri: &Uri) -> Option<Reply> {
    match fault {
        FaultKind::HtmlBadGateway => Some(Reply::html(502, "502 Bad Gateway")),
        FaultKind::HtmlOk => Some(Reply::html(200, "Sign in to the network")),
        FaultKind::EmptyError => Some(Reply::empty(500)),
        FaultKind::Redirect => {
            let location = format!("http://elsewhere.invalid{uri}");
            Some(Reply::html(302, "302 Found").with("location", location))
        }
        _ => None,
    }
}

/// Fails after the work is done, as the framework does when it cannot serialise the answer.
fn answered(reply: Reply, fault: Option<FaultKind>) -> Reply {
    match fault {
        Some(FaultKind::NullValue) if reply.is_success() => Refusal::null_value("next_invocation_at").into(),
        Some(FaultKind::RuntimeError) if reply.is_success() => Refusal::runtime_error().into(),
        _ => reply,
    }
}

/// OnApp fails with HTML pages even for `.json` (recorded for 500, inferred for the others).
fn onapp_failure(fault: FaultKind) -> Option<Reply> {
    match fault {
        FaultKind::Unavailable => Some(Reply::html(503, "503 Service Temporarily Unavailable")),
        FaultKind::RateLimited => Some(Reply::html(429, "429 Too Many Requests")),
        FaultKind::Unhandled => Some(Reply::html(500, "We're sorry, but something went wrong (500)")),
        _ => None,
    }
}

impl Changing {
    fn onapp(&mut self, request: &Request, now: i64, shared: &Shared, is_busy: bool) -> Reply {
        let mode = &shared.onapp;
        let allowed = match onapp::check(request, mode) {
            Ok(allowed) if is_busy => return allowed.busy(),
            Ok(allowed) => allowed,
            Err(refusal) => return refusal,
        };
        let outcome = if allowed.writes() {
            let faults = &mut self.faults;
            let mut fate = |action: &str| faults::take_fate(faults, action);
            let written = self.store.write(now, |world| allowed.write(request, mode, &mut world.onapp, now, &mut fate));
            written.map(|result| result.unwrap_or_else(|refusal| refusal))
        } else {
            self.store.read(now).map(|world| allowed.read(request, mode, &world.onapp, now))
        };
        outcome.unwrap_or_else(|error| {
            self.note(&error);
            Reply::html(500, "We're sorry, but something went wrong (500)")
        })
    }

    fn katapult(&mut self, request: &Request, now: i64, shared: &Shared) -> Reply {
        self.carry_out(request, now, shared).unwrap_or_else(Reply::from)
    }

    /// Checks a request in the order in which the framework does, then carries it out.
    fn carry_out(&mut self, request: &Request, now: i64, shared: &Shared) -> Result<Reply, Refusal> {
        let route = Route::find(request)?;
        let token = Token::authenticate(request)?;
        let counted = request.bearer().unwrap_or_default();
        if self.limits.take(counted, now, shared.rate_limit).is_none() {
            return Err(Refusal::rate_limited(shared.rate_limit));
        }
        let call = route.check(&token, request)?;
        let outcome = if call.writes() {
            self.store.write(now, |world| call.write(world, now))
        } else {
            self.store.read(now).map(|world| call.read(world, shared.paging, now).map(|value| Reply::ok(&value)))
        };
        outcome.unwrap_or_else(|error| {
            self.note(&error);
            Err(Refusal::unhandled())
        })
    }

    fn note(&mut self, error: &io::Error) {
        let trouble = format!("the sandbox state could not be read or written: {error}");
        if self.troubles.last() != Some(&trouble) {
            self.troubles.push(trouble);
        }
    }
}
