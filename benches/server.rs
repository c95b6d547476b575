//! A server for measurements: pages of policies in Katapult's shape, and VMs with their backups in OnApp's, over HTTP or HTTPS,
//! as slow as requested.
//!
//! It answers any token and any owner alike, does as little as it can (pages are made beforehand), and is no model of the
//! API: the simulator is (`bpctl sandbox serve`). One thread a connection; HTTP/1.1 only.
//!
//! `bench-server [--policies N] [--machines N] [--latency MS] [--second-page-after MS] [--large-set] [--tls CERT KEY]` prints
//! its base URL as Katapult; as OnApp it is `/` of the same server.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
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
    /// VMs of the OnApp cloud.
    machines: usize,
    latency: Duration,
    second_page_after: Duration,
    is_large_set: bool,
    tls: Option<Arc<ServerConfig>>,
}

/// What is answered, made beforehand.
struct Bodies {
    /// Pages of policies.
    pages: Vec<String>,
    /// The list of VMs.
    machines: String,
    /// The backups of any VM.
    backups: String,
}

impl Bodies {
    fn of(&self, head: &str, page: usize) -> &str {
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        match path.split('?').next() {
            Some(path) if path.ends_with("/virtual_machines.json") => &self.machines,
            Some(path) if path.ends_with("/backups.json") => &self.backups,
            _ => self.pages.get(page - 1).map_or("{\"pagination\":{},\"disk_backup_policies\":[]}", String::as_str),
        }
    }
}

fn main() {
    let options = options();
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let pages = (0..options.policies.div_ceil(PER_PAGE).max(1)).map(|page| body(page, &options)).collect();
    let served = Arc::new((Bodies { pages, machines: machines(options.machines), backups: backups() }, options));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{scheme}://127.0.0.1:{}/core/v1", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let served = Arc::clone(&served);
        std::thread::spawn(move || {
            // A connection that ends concerns its client only.
            let _ = connection(stream?, &served.1, &served.0);
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
            "--machines" => options.machines = word().parse().unwrap(),
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

/// VMs as OnApp lists them, with about as many fields.
fn machines(count: usize) -> String {
    let machine = |number: usize| {
        json!({"virtual_machine": {
            "id": number, "identifier": format!("bench{number:09}"), "label": format!("node-{number}"),
            "hostname": format!("node-{number}"), "booted": true, "built": true, "locked": false, "suspended": false,
            "state": "on", "cpus": 2, "memory": 2048, "total_disk_size": 45, "operating_system": "linux",
            "operating_system_distro": "rhel", "template_id": 128, "template_label": "CentOS 7.9 x64", "user_id": 7,
            "note": null, "initial_root_password": "not-a-real-one", "support_incremental_backups": true, "time_zone": null,
            "deleted_at": null, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "ip_addresses": [{"ip_address": {"id": number, "address": "198.51.100.1", "netmask": "255.255.255.0"}}],
        }})
    };
    json!((1..=count).map(machine).collect::<Vec<_>>()).to_string()
}

/// A week of daily backups, each of a whole VM; the newest is of now.
fn backups() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let backup = |day: u64| {
        let at = jiff::Timestamp::from_second(i64::try_from(now - day * 86_400).unwrap()).unwrap().to_string();
        json!({"backup": {
            "id": 1_000 + day, "identifier": format!("bkp{day}"), "built": true, "built_at": at, "created_at": at,
            "backup_size": 1_048_576, "backup_type": "incremental", "target_type": "VirtualMachine", "target_id": 1,
            "initiated": "days", "locked": false, "marked_for_delete": false, "note": null, "operating_system": "linux",
        }})
    };
    json!((0..7).map(backup).collect::<Vec<_>>()).to_string()
}

fn connection(stream: TcpStream, options: &Options, bodies: &Bodies) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match &options.tls {
        None => exchanges(stream, options, bodies),
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            exchanges(StreamOwned::new(connection, stream), options, bodies)
        }
    }
}

fn exchanges<S: Read + Write>(stream: S, options: &Options, bodies: &Bodies) -> io::Result<()> {
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
        let body = bodies.of(&head, number);
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
