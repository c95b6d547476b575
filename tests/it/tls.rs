//! Connections that are secure, and those that only look so: certificates made here, a real TLS server, a proxy.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

use crate::harness::{Bpctl, Home, TOKEN, bare};
use crate::server::{Answer, Server};
use crate::tools::missing;

/// A certificate authority that no system knows.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's settings with a certificate for `host`, valid for some years from `since`.
    pub fn server(&self, host: &str, since: i32, protocols: &[&str]) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(since, 1, 1);
        params.not_after = rcgen::date_time_ymd(since + 5, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let mut config = showing(&certificate, &key);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }
}

/// A certificate that signed itself, marked as an authority's, as plain `openssl req -x509` makes it.
struct SelfSigned {
    certificate: Certificate,
    key: KeyPair,
}

impl SelfSigned {
    /// One for `host`, valid for some years from `since`.
    fn new(host: &str, since: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(since, 1, 1);
        params.not_after = rcgen::date_time_ymd(since + 5, 1, 1);
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    fn server(&self) -> ServerConfig {
        showing(&self.certificate, &self.key)
    }
}

/// A server's settings with this certificate, whether the key belongs to it or not.
fn showing(certificate: &Certificate, key: &KeyPair) -> ServerConfig {
    let key = any_supported_type(&PrivateKeyDer::Pkcs8(key.serialize_der().into())).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate.der().clone()], key));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

/// What a server saw.
#[derive(Default)]
struct Seen {
    connections: usize,
    /// Every byte that came in, before decryption.
    raw: Vec<u8>,
    /// The version and the `Authorization` of each request.
    requests: Vec<(hyper::Version, String)>,
}

/// A TLS server that shows one disk to whoever asks.
pub struct Secure {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Secure {
    pub fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let shared = Arc::clone(&seen);
        // Ends with the tests' process.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(accept(listener, TlsAcceptor::from(Arc::new(config)), shared));
        });
        Self { address, seen }
    }

    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/core/v1", self.address.port())
    }

    pub fn requests(&self) -> Vec<(hyper::Version, String)> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// The token did not come in, and no request did, not even in clear.
    fn saw_no_token(&self) {
        let seen = self.seen.lock().unwrap();
        assert!(seen.requests.is_empty());
        assert!(!seen.raw.is_empty(), "nothing was tried");
        assert!(!seen.raw.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()));
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, seen: Arc<Mutex<Seen>>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        seen.lock().unwrap().connections += 1;
        tokio::spawn(async move {
            // A handshake that fails is what many of these tests are about.
            let Ok(stream) = acceptor.accept(Recorded { stream, seen: Arc::clone(&seen) }).await else {
                return;
            };
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let token = request.headers().get("authorization").map_or("", |value| value.to_str().unwrap());
                seen.lock().unwrap().requests.push((request.version(), token.to_owned()));
                let body = Full::new(Bytes::from_static(br#"{"disk": {"id": "disk_x"}, "annotations": []}"#));
                async { Ok::<_, Infallible>(hyper::Response::new(body)) }
            });
            let io = TokioIo::new(stream);
            let _ = if is_h2 {
                hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
            } else {
                hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
            };
        });
    }
}

/// A connection whose incoming bytes are kept.
struct Recorded {
    stream: tokio::net::TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl AsyncRead for Recorded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.seen.lock().unwrap().raw.extend_from_slice(&buf.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// `bpctl disk show` over a profile with these further lines.
pub fn show(url: &str, ca: Option<&str>, lines: &str) -> Bpctl {
    let home = Home::new();
    let ca = ca.map_or_else(String::new, |pem| format!("ca_file = \"{}\"\n", home.file("ca.pem", pem).display()));
    let config = home.file("bpctl.toml", &format!("[profiles.p]\n{ca}{lines}"));
    bare(&["disk", "show", "disk_x", "-o", "json", "--profile", "p"])
        .args(&["--config", config.to_str().unwrap()])
        .env("BPCTL_TOKEN", TOKEN)
        .env("BPCTL_API_URL", url)
        .home(&home)
}

#[test]
fn a_private_authority_works_when_it_is_named() {
    let authority = Authority::new();
    let server = Secure::start(authority.server("localhost", 2024, &[]));
    let run = show(&server.url("localhost"), Some(&authority.pem()), "").run().ok();
    assert_eq!(run.json()["id"], "disk_x");
    assert_eq!(server.requests(), [(hyper::Version::HTTP_11, format!("Bearer {TOKEN}"))]);
    // It does as well where the system has no authorities of its own.
    show(&server.url("localhost"), Some(&authority.pem()), "").env("SSL_CERT_FILE", "/dev/null").run().ok();
}

#[test]
fn http_2_is_used_where_it_is_offered() {
    let authority = Authority::new();
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], hyper::Version::HTTP_2),
        (&["http/1.1"], hyper::Version::HTTP_11),
        (&[], hyper::Version::HTTP_11),
    ] {
        let server = Secure::start(authority.server("localhost", 2024, protocols));
        show(&server.url("localhost"), Some(&authority.pem()), "").run().ok();
        assert_eq!(server.requests(), [(version, format!("Bearer {TOKEN}"))], "{protocols:?}");
    }
}

#[test]
fn a_certificate_that_is_not_right_ends_it_before_the_token_is_sent() {
    let authority = Authority::new();
    let ca = authority.pem();
    let other = Authority::new().pem();
    for (what, config, ca, hint) in [
        ("another host", authority.server("elsewhere.example", 2024, &[]), Some(&ca), "api_url"),
        ("run out", authority.server("localhost", 2010, &[]), Some(&ca), "expired"),
        ("not yet", authority.server("localhost", 3000, &[]), Some(&ca), "clock"),
        ("an unknown authority", authority.server("localhost", 2024, &[]), None, "ca_file"),
        ("another authority", authority.server("localhost", 2024, &[]), Some(&other), "ca_file"),
    ] {
        let server = Secure::start(config);
        let run = show(&server.url("localhost"), ca.map(String::as_str), "").run().fails(7, "tls");
        assert!(run.error()["hint"].to_string().contains(hint), "{what}: {}", run.report());
        server.saw_no_token();
        // A handshake that fails is not worth another try.
        assert_eq!(server.seen.lock().unwrap().connections, 1, "{what}");
    }
}

#[test]
fn a_self_signed_certificate_works_when_it_is_named() {
    for host in ["localhost", "127.0.0.1"] {
        let own = SelfSigned::new(host, 2024);
        let server = Secure::start(own.server());
        let among_others = format!("{}{}", Authority::new().pem(), own.certificate.pem());
        for ca in [own.certificate.pem(), among_others] {
            show(&server.url(host), Some(&ca), "").run().ok();
        }
        show(&server.url(host), Some(&own.certificate.pem()), "").env("SSL_CERT_FILE", "/dev/null").run().ok();
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn a_self_signed_certificate_is_checked_like_any_other() {
    let (own, twin) = (SelfSigned::new("localhost", 2024), SelfSigned::new("localhost", 2024));
    let (old, coming) = (SelfSigned::new("localhost", 2010), SelfSigned::new("localhost", 3000));
    let elsewhere = SelfSigned::new("elsewhere.example", 2024);
    let pem = |named: &SelfSigned| Some(named.certificate.pem());
    for (what, config, ca, hint) in [
        ("another host", elsewhere.server(), pem(&elsewhere), "api_url"),
        ("run out", old.server(), pem(&old), "expired"),
        ("not yet", coming.server(), pem(&coming), "clock"),
        ("another one", own.server(), pem(&twin), "ca_file"),
        ("not named", own.server(), None, "ca_file"),
        ("not its key", showing(&own.certificate, &twin.key), pem(&own), "ca_file"),
    ] {
        let server = Secure::start(config);
        let run = show(&server.url("localhost"), ca.as_deref(), "").run().fails(7, "tls");
        assert!(run.error()["hint"].to_string().contains(hint), "{what}: {}", run.report());
        server.saw_no_token();
        assert_eq!(server.seen.lock().unwrap().connections, 1, "{what}");
    }
}

#[test]
fn what_does_not_speak_tls_gets_no_token() {
    let server = Server::always(Answer::text_json("{}"));
    let url = server.url().replace("http://", "https://");
    show(&url, None, "").run().fails(7, "tls");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_bad_ca_file_is_a_configuration_error() {
    for pem in ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let run = show("https://localhost:1", Some(pem), "").run().fails(2, "config");
        assert!(run.stderr.contains("ca_file"), "{}", run.report());
    }
}

#[test]
fn a_system_without_certificates_says_so() {
    let server = Secure::start(Authority::new().server("localhost", 2024, &[]));
    let nothing = show(&server.url("localhost"), None, "");
    let run = nothing.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null").run().fails(7, "tls");
    assert!(run.stderr.contains("ca-certificates"), "{}", run.report());
    server.saw_no_token();
}

/// Runs `bpctl` where `bundle` is the system's file of certificates; `None` where such a place cannot be made.
fn where_the_system_trusts(bundle: &Path, bpctl: &Bpctl) -> Option<std::process::Output> {
    let usual = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let Some(usual) = usual.into_iter().find(|file| Path::new(file).is_file()) else {
        missing("file of certificates where the system has it");
        return None;
    };
    let apart = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, "sh"]).arg(bundle).arg(usual).stdin(Stdio::null());
        command
    };
    let mount = "mount --bind \"$1\" \"$2\"";
    if !apart(mount).output().is_ok_and(|output| output.status.success()) {
        missing("right to mount in a namespace of its own (unshare)");
        return None;
    }
    let mut command = apart(&format!("{mount} && shift 2 && exec \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_bpctl")).args(bpctl.arguments());
    Some(command.env_clear().envs(bpctl.environment()).output().unwrap())
}

#[test]
fn a_place_of_certificates_that_was_named_is_the_only_one() {
    let authority = Authority::new();
    let server = Secure::start(authority.server("localhost", 2024, &[]));
    let home = Home::new();
    let bundle = home.file("bundle.crt", &authority.pem());
    let plain = show(&server.url("localhost"), None, "");
    let Some(trusted) = where_the_system_trusts(&bundle, &plain) else {
        return;
    };
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
    let seen = server.requests().len();
    for (name, value) in [
        ("SSL_CERT_DIR", "/nonexistent/1:/nonexistent/2"),
        ("SSL_CERT_FILE", "/nonexistent/file"),
        ("SSL_CERT_FILE", ""),
    ] {
        let narrowed = show(&server.url("localhost"), None, "").env(name, value);
        let output = where_the_system_trusts(&bundle, &narrowed).unwrap();
        assert_eq!(output.status.code(), Some(7), "{name}={value}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(server.requests().len(), seen, "{name}={value}");
    }
    // Two places at once are read as the libraries do: the second of these holds the authority.
    let places = format!("/nonexistent:{}", home.path("").display());
    let named = show(&server.url("localhost"), None, "").env("SSL_CERT_DIR", places);
    let output = where_the_system_trusts(&bundle, &named).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_and_directories_that_were_named_are_trusted_together() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Secure::start(authority.server("localhost", 2024, &[]));
    let (with, without) = (Home::new(), Home::new());
    let right = with.file("right.crt", &format!("{}{}", other.pem(), authority.pem()));
    let wrong = without.file("wrong.crt", &other.pem());
    for (file, directory, is_trusted) in [
        (&right, None, true),
        (&right, Some(&without), true),
        (&wrong, Some(&with), true),
        (&wrong, Some(&without), false),
        (&wrong, None, false),
    ] {
        let mut bpctl = show(&server.url("localhost"), None, "").env("SSL_CERT_FILE", file.to_str().unwrap());
        if let Some(directory) = directory {
            bpctl = bpctl.env("SSL_CERT_DIR", directory.path("").to_str().unwrap());
        }
        let run = bpctl.run();
        if is_trusted { drop(run.ok()) } else { drop(run.fails(7, "tls")) }
    }
    let pipe = show(&server.url("localhost"), None, "").env("SSL_CERT_FILE", "/dev/stdin").stdin(&authority.pem());
    pipe.run().ok();
}

#[test]
fn http_is_refused_unless_allowed() {
    show("http://api.invalid", None, "").run().fails(2, "config");
}

#[test]
fn a_certificate_file_may_begin_with_a_byte_order_mark() {
    let authority = Authority::new();
    let server = Secure::start(authority.server("localhost", 2024, &[]));
    show(&server.url("localhost"), Some(&format!("\u{feff}{}", authority.pem())), "").run().ok();
}
