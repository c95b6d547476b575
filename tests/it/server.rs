//! A scripted HTTP server on a loopback port: it records what it is sent, and answers by a script, however badly.
//!
//! One thread accepts, one thread serves each connection; connections are kept alive unless the answer says
//! otherwise. It speaks just enough HTTP/1.1 for an API client.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query, as they stood on the wire.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// The query as it stood on the wire, without the question mark.
    pub fn raw_query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.raw_query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON: {error}: {self:?}"))
    }

    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }
}

/// How an answer goes out.
#[derive(Clone, Debug)]
enum Manner {
    Whole,
    /// `Content-Length` promises this many bytes more than are sent; then the connection closes.
    CutOff(usize),
    /// The connection closes without an answer.
    Closed,
    /// Nothing is sent for so long; then the whole answer.
    Delayed(Duration),
    /// One byte at a time, with this pause after each.
    Dribbled(Duration),
    /// The body, and then this over and over until the client hangs up.
    Endless(Vec<u8>),
    /// The connection is reset, with or without half of the answer before.
    Reset {
        midway: bool,
    },
    /// Nothing is sent, or half of the body, and then nothing until the client hangs up.
    Silent {
        midway: bool,
    },
    /// The whole answer; after this pause the connection closes, which the answer did not say.
    HangingUp(Duration),
    /// The whole answer, the last of this server: from then on its port refuses connections.
    Last,
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

impl Answer {
    pub fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            manner: Manner::Whole,
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", body.to_string())
    }

    /// A body that is JSON to the letter, for what [`Value`] would smooth over.
    pub fn text_json(body: impl Into<Vec<u8>>) -> Self {
        Self::raw(200, "application/json", body)
    }

    pub fn html(status: u16) -> Self {
        Self::raw(
            status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>We are sorry</title></head><body><h1>Something went wrong</h1></body></html>",
        )
    }

    pub fn xml(body: &str) -> Self {
        Self::raw(200, "application/xml; charset=utf-8", body)
    }

    /// A Katapult error as the API really sends it.
    pub fn error(status: u16, code: &str) -> Self {
        Self::error_with(status, code, json!({}))
    }

    pub fn error_with(status: u16, code: &str, detail: Value) -> Self {
        let body = json!({"error": {"code": code, "description": "It was refused.", "detail": detail}});
        Self::json(status, &body).header("X-Api-Schema", "json-error").header("X-Request-Id", REQUEST_ID)
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), manner: Manner::Whole }
    }

    /// Closes the connection without a word.
    pub fn closed() -> Self {
        Self { manner: Manner::Closed, ..Self::empty(200) }
    }

    /// Resets the connection (a real RST) without a word.
    pub fn reset() -> Self {
        Self { manner: Manner::Reset { midway: false }, ..Self::empty(200) }
    }

    /// Resets the connection after half of the body.
    pub fn reset_midway(self) -> Self {
        Self { manner: Manner::Reset { midway: true }, ..self }
    }

    /// Never answers.
    pub fn silent() -> Self {
        Self { manner: Manner::Silent { midway: false }, ..Self::empty(200) }
    }

    /// Sends half of the body and no more.
    pub fn stalled(self) -> Self {
        Self { manner: Manner::Silent { midway: true }, ..self }
    }

    /// Is answered in full, and is the last that anyone gets: the server's port refuses connections from then on.
    pub fn last(self) -> Self {
        Self { manner: Manner::Last, ..self }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Promises more than is sent, then closes.
    pub fn cut_off(self) -> Self {
        Self { manner: Manner::CutOff(100), ..self }
    }

    pub fn delayed(self, by: Duration) -> Self {
        Self { manner: Manner::Delayed(by), ..self }
    }

    /// Is answered in full on a connection that is closed without a word, after a pause.
    pub fn hanging_up(self, after: Duration) -> Self {
        Self { manner: Manner::HangingUp(after), ..self }
    }

    pub fn dribbled(self, pause: Duration) -> Self {
        Self { manner: Manner::Dribbled(pause), ..self }
    }

    /// Follows the body with this, over and over.
    pub fn endless(self, unit: impl Into<Vec<u8>>) -> Self {
        Self { manner: Manner::Endless(unit.into()), ..self }
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.manner {
            // Without a length, the body lasts until the connection closes.
            Manner::Endless(_) => head.push_str("Connection: close\r\n"),
            Manner::Last => head.push_str(&format!("Connection: close\r\nContent-Length: {}\r\n", self.body.len())),
            Manner::CutOff(missing) => head.push_str(&format!("Content-Length: {}\r\n", self.body.len() + missing)),
            _ if self.status == 204 => {}
            _ => head.push_str(&format!("Content-Length: {}\r\n", self.body.len())),
        }
        head + "\r\n"
    }
}

/// The request id that scripted errors carry.
pub const REQUEST_ID: &str = "5b1f0c3e-7d42-4a86-9c55-e01d2f3a4b66";

type Script = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

struct Shared {
    script: Script,
    requests: Mutex<Vec<Request>>,
    stopped: AtomicBool,
    /// Set when the port refuses connections; holds it, so that no other server gets it meanwhile.
    closed: Mutex<Option<TcpListener>>,
    sent: AtomicU64,
}

/// The server. It stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers each request by the function.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            requests: Mutex::default(),
            stopped: AtomicBool::new(false),
            closed: Mutex::new(None),
            sent: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let serving = Arc::clone(&accepting);
                // A client that hangs up mid-answer is part of many tests, so errors end the connection only.
                std::thread::spawn(move || stream.and_then(|stream| serving.serve(&stream)));
            }
            // Not dropped: a socket that is shut down refuses connections and keeps its port from other servers.
            let _ = socket2::SockRef::from(&listener).shutdown(Shutdown::Both);
            *accepting.closed.lock().unwrap() = Some(listener);
        });
        Self { address, shared }
    }

    /// Gives these answers in this order, and 418 to any request beyond them.
    pub fn answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        let queue: Mutex<VecDeque<_>> = Mutex::new(answers.into_iter().collect());
        Self::start(move |_| queue.lock().unwrap().pop_front().unwrap_or_else(|| Answer::error(418, "unscripted")))
    }

    /// Gives the same answer to every request.
    pub fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn katapult_url(&self) -> String {
        format!("{}/core/v1", self.url())
    }

    pub fn onapp_url(&self) -> String {
        format!("{}/flexapi", self.url())
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.requests().len()
    }

    pub fn writes(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_write).collect()
    }

    /// The requests to a path, whatever their query.
    pub fn to(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    /// Waits until so many requests have come in.
    pub fn await_requests(&self, count: usize) {
        let started = Instant::now();
        while self.count() < count {
            assert!(started.elapsed() < Duration::from_secs(30), "no request came in");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops listening: connections are refused from here on.
    pub fn close(&self) {
        self.shared.close_shop(self.address);
    }

    /// How many bytes of bodies the clients took, socket buffers included.
    pub fn bytes_sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread so that it sees the flag; if it is gone already, so much the better.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        // The first byte of a TLS handshake: a plain server answers it in plain words, which no TLS client can read.
        if reader.fill_buf()?.first() == Some(&0x16) {
            return (&mut &*stream).write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
        while let Some(request) = read_request(&mut reader)? {
            // A server that is gone answers on no connection, however long that has been open.
            if self.stopped.load(Ordering::SeqCst) {
                return stream.shutdown(Shutdown::Both);
            }
            self.requests.lock().unwrap().push(request.clone());
            let answer = (self.script)(&request);
            if !self.send(stream, &answer)? {
                return stream.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    /// Sends an answer; says whether the connection can serve another request.
    fn send(&self, mut stream: &TcpStream, answer: &Answer) -> std::io::Result<bool> {
        match answer.manner {
            Manner::Closed => return Ok(false),
            Manner::Reset { midway } => {
                // Closing with nothing to linger for sends RST; the caller must not shut down, which would send FIN.
                socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                if midway {
                    stream.write_all(answer.head().as_bytes())?;
                    self.write(stream, &answer.body[..answer.body.len() / 2])?;
                }
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            Manner::Silent { midway } => {
                if midway {
                    stream.write_all(answer.head().as_bytes())?;
                    self.write(stream, &answer.body[..answer.body.len() / 2])?;
                }
                // Ends when the client hangs up.
                stream.read_exact(&mut [0; 1])?;
                return Ok(false);
            }
            Manner::Last => self.close_shop(stream.local_addr()?),
            _ => {}
        }
        if let Manner::Delayed(by) = answer.manner {
            std::thread::sleep(by);
        }
        stream.write_all(answer.head().as_bytes())?;
        match &answer.manner {
            Manner::Dribbled(pause) => {
                for byte in &answer.body {
                    self.write(stream, &[*byte])?;
                    std::thread::sleep(*pause);
                }
            }
            Manner::Endless(unit) => {
                self.write(stream, &answer.body)?;
                let block = unit.repeat(65_536_usize.div_ceil(unit.len()));
                while !self.stopped.load(Ordering::SeqCst) {
                    self.write(stream, &block)?;
                }
                return Ok(false);
            }
            Manner::HangingUp(after) => {
                self.write(stream, &answer.body)?;
                std::thread::sleep(*after);
                return Ok(false);
            }
            _ => self.write(stream, &answer.body)?,
        }
        Ok(!matches!(answer.manner, Manner::CutOff(_) | Manner::Last))
    }

    /// Stops listening, and returns when connections are refused.
    fn close_shop(&self, address: SocketAddr) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread so that it sees the flag.
        let _ = TcpStream::connect(address);
        while self.closed.lock().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn write(&self, mut stream: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
        stream.write_all(bytes)?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

/// Reads one request; `None` when the client has closed the connection.
pub fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(String::from);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let headers = read_headers(reader)?;
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

fn read_headers(reader: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Ok(headers);
        };
        headers.push((name.to_lowercase(), value.trim().to_string()));
    }
}
