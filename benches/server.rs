//! A server for measurements: pages of policies in Katapult's shape, over HTTP or HTTPS, as slow as told.
//!
//! It answers any token and any owner alike, does as little as it can (pages are made beforehand), and is no model of the
//! API: the simulator is (`bpctl sandbox serve`). One thread a connection; HTTP/1.1 only.
//!
//! `bench-server [--policies N] [--latency MS] [--second-page-after MS] [--large-set] [--tls CERT KEY]` prints its base URL.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool of the measurements: it stops where it cannot go on"
)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// Rows a page, whatever is asked for: bpctl asks for as many.
const PER_PAGE: usize = 100;

#[derive(Default)]
struct Options {
    policies: usize,
    latency: Duration,
    second_page_after: Duration,
    is_large_set: bool,
    tls: Option<Arc<ServerConfig>>,
}

fn main() {
    let options = options();
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let pages: Vec<String> = (0..options.policies.div_ceil(PER_PAGE).max(1)).map(|page| body(page, &options)).collect();
    let served = Arc::new((options, pages));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{scheme}://127.0.0.1:{}/core/v1", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let served = Arc::clone(&served);
        std::thread::spawn(move || {
            // A connection that ends concerns its client only.
            let _ = connection(stream?, &served.0, &served.1);
            io::Result::Ok(())
        });
    }
}

fn options() -> Options {
    let mut options = Options { policies: 5, ..Options::default() };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let mut word = || words.next().unwrap_or_else(|| panic!("{flag} needs a value"));
        let mut milliseconds = || Duration::from_millis(word().parse().unwrap());
        match flag.as_str() {
            "--latency" => options.latency = milliseconds(),
            "--second-page-after" => options.second_page_after = milliseconds(),
            "--policies" => options.policies = word().parse().unwrap(),
            "--large-set" => options.is_large_set = true,
            "--tls" => options.tls = Some(tls(&word(), &word())),
            _ => panic!("unknown flag {flag}"),
        }
    }
    options
}

fn tls(certificate: &str, key: &str) -> Arc<ServerConfig> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).unwrap().collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(certificates.unwrap(), key).unwrap())
}

/// The answer's body, as it would come from the API: fields in its order, compact.
fn body(page: usize, options: &Options) -> String {
    let last = options.policies.min((page + 1) * PER_PAGE);
    let rows: Vec<Value> = (page * PER_PAGE..last).map(policy).collect();
    let known = |number: usize| (!options.is_large_set).then_some(number);
    let pagination = json!({
        "current_page": page + 1, "total_pages": known(options.policies.div_ceil(PER_PAGE)),
        "total": known(options.policies), "per_page": PER_PAGE, "large_set": options.is_large_set,
    });
    json!({"pagination": pagination, "disk_backup_policies": rows}).to_string()
}

fn policy(number: usize) -> Value {
    json!({
        "id": format!("dbp_bench{number:011}"), "retention": 7 + number % 23, "total_size": 12.5 + number as f64,
        "target": {"type": "VirtualMachine", "value": {"id": format!("vm_bench{number:012}"), "name": format!("node-{number}")}},
        "schedule": {"interval": "daily", "next_invocation_at": 1_795_314_600 + number},
    })
}

fn connection(stream: TcpStream, options: &Options, pages: &[String]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match &options.tls {
        None => exchanges(stream, options, pages),
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            exchanges(StreamOwned::new(connection, stream), options, pages)
        }
    }
}

fn exchanges<S: Read + Write>(stream: S, options: &Options, pages: &[String]) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let number = page_number(&head);
        std::thread::sleep(options.latency);
        if number == 2 {
            std::thread::sleep(options.second_page_after);
        }
        let empty = "{\"pagination\":{},\"disk_backup_policies\":[]}";
        let body = pages.get(number - 1).map_or(empty, String::as_str);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(answer.as_bytes())?;
        stream.get_mut().flush()?;
    }
}

/// Reads the page out of the request line; 1 where none is asked for.
fn page_number(head: &str) -> usize {
    let query = head.split_whitespace().nth(1).and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
    let number = query.split('&').find_map(|pair| pair.strip_prefix("page=")).and_then(|number| number.parse().ok());
    number.unwrap_or(1).max(1)
}
