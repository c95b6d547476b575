//! Holds every request to an OnApp cloud to a table: method, path and body to the letter, how sure the endpoint is, the
//! command that sends it, and the test of what it does. `docs/onapp-endpoints.md` is written from it
//! (`BLESS=1 cargo test --test it onapp_contract`).
//!
//! Between bpctl and the simulator sits a recorder, which passes everything on.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, bare};
use crate::onapp_cloud::Cloud;
use crate::onapp_endpoints::{ENDPOINTS, Endpoint, ON_OTHERS, all};
use crate::server::{Answer, Request, Server};
use crate::simulator::forward;

impl Endpoint {
    /// Whether a request is spelled as this endpoint: `path` is below the cloud's prefix.
    fn is(&self, request: &Request, path: &str, wire: &str) -> bool {
        // Only what is read comes in XML.
        let suffix = if self.method == "GET" { wire } else { "json" };
        let pattern = self.path.replace(".json", &format!(".{suffix}"));
        let (expected, actual): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
        self.method == request.method
            && self.query == request.raw_query()
            && expected.len() == actual.len()
            && expected.iter().zip(&actual).all(|(expected, actual)| segment_is(expected, actual))
            && self.has_body(&request.body)
    }

    fn has_body(&self, body: &[u8]) -> bool {
        if self.body.is_empty() {
            return body.is_empty();
        }
        let expected: Value = serde_json::from_str(self.body).unwrap();
        let actual: Value = serde_json::from_slice(body).unwrap_or_default();
        // A note alone, or no body at all, is the same endpoint.
        let is_optional = self.path.ends_with("/backups.json") && body.is_empty();
        is_optional || fits(&expected, &actual)
    }
}

fn segment_is(expected: &str, actual: &str) -> bool {
    let Some(name) = expected.strip_prefix(':') else { return expected == actual };
    let suffix = name.find('.').map_or("", |at| &name[at..]);
    let id = actual.strip_suffix(suffix).unwrap_or_default();
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Compares to the letter, the order of names included; `"*"` stands for anything.
fn fits(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(any), _) if any == "*" => true,
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .zip(actual)
                    .all(|((name, value), (other, found))| name == other && fits(value, found))
        }
        _ => expected == actual,
    }
}

/// A cloud behind a recorder.
struct Recorded {
    cloud: Cloud,
    server: Server,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Recorded {
    fn start(args: &[&str]) -> Self {
        let cloud = Cloud::serve(args);
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (authority, kept) = (cloud.authority().to_owned(), Arc::clone(&requests));
        let server = Server::start(move |request: &Request| {
            kept.lock().unwrap().push(request.clone());
            let (status, body) = forward(&authority, request);
            let kind = if request.path().contains(".xml") { "application/xml" } else { "application/json" };
            Answer::raw(status, kind, body)
        });
        Self { cloud, server, requests }
    }

    fn bpctl(&self, command: &str, wire: &str, home: &Home) -> Bpctl {
        let file = format!("[profiles.cloud]\nprovider = \"onapp\"\nwire = \"{wire}\"\n");
        let config = home.file("bpctl.toml", &file).display().to_string();
        bare(&command.split(' ').collect::<Vec<_>>())
            .args(&["-o", "json", "--profile", "cloud", "--config", &config])
            .home(home)
            .env("BPCTL_API_URL", format!("{}{}", self.server.url(), self.cloud.prefix()))
            .env("BPCTL_USER", "me")
            .env("BPCTL_TOKEN", "a-long-enough-password")
    }

    /// Runs a command, and gives what it sent with the path below the prefix.
    fn sent(&self, command: &str, wire: &str) -> Vec<(Request, String)> {
        self.requests.lock().unwrap().clear();
        self.bpctl(command, wire, &Home::new()).run().ok();
        let requests = self.requests.lock().unwrap().clone();
        let below = |request: &Request| request.path().strip_prefix(self.cloud.prefix()).unwrap().to_owned();
        requests.into_iter().map(|request| (request.clone(), below(&request))).collect()
    }
}

/// Runs the command of an endpoint: it is among what was sent, and nothing was sent that the table does not have.
fn hold(recorded: &Recorded, endpoint: &Endpoint, wire: &str) {
    let sent = recorded.sent(endpoint.command, wire);
    let lines = || {
        let each = sent.iter().map(|(request, path)| {
            format!("{} {path}?{} {}", request.method, request.raw_query(), String::from_utf8_lossy(&request.body))
        });
        each.collect::<Vec<_>>().join("\n")
    };
    let is_sent = sent.iter().any(|(request, path)| endpoint.is(request, path, wire));
    assert!(is_sent, "{}: no {} {}; sent:\n{}", endpoint.command, endpoint.method, endpoint.path, lines());
    for (request, path) in &sent {
        // A further page of a list that was asked for before it.
        if request.query("page").is_some() {
            assert!(request.query("per_page").is_some() && sent.iter().any(|(_, first)| first == path), "{}", lines());
            continue;
        }
        let is_known = all().any(|endpoint| endpoint.is(request, path, wire));
        assert!(is_known, "{}: {} {path} is not in the table; sent:\n{}", endpoint.command, request.method, lines());
        check_headers(request, wire);
    }
    let writes = sent.iter().filter(|(request, _)| request.is_write()).count();
    assert!(writes <= 2 && (endpoint.method == "GET") == (writes == 0), "{}: {writes} writes", endpoint.command);
}

fn check_headers(request: &Request, wire: &str) {
    let accept = request.header("accept").unwrap_or_default();
    if !request.is_write() {
        assert!(accept.contains(wire), "{request:?}");
        assert!(request.body.is_empty(), "{request:?}");
        return;
    }
    if request.body.is_empty() {
        // Some servers refuse a POST without a length (recorded: it is sent).
        assert!(request.method != "POST" || request.header("content-length") == Some("0"), "{request:?}");
    } else {
        assert_eq!(request.header("content-type"), Some("application/json"), "{request:?}");
    }
}

#[test]
fn every_request_is_spelled_as_the_table_has_it() {
    for wire in ["json", "xml"] {
        let recorded = Recorded::start(&[]);
        ENDPOINTS.iter().for_each(|endpoint| hold(&recorded, endpoint, wire));
        for (args, endpoint) in &ON_OTHERS {
            hold(&Recorded::start(args), endpoint, wire);
        }
    }
}

#[test]
fn each_endpoint_has_a_test() {
    for endpoint in all() {
        let (file, name) = endpoint.test;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/{file}.rs"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("#[test]\nfn {name}() {{")), "{}: no test {file}::{name}", endpoint.path);
    }
}

/// The table as a document.
fn document() -> String {
    let mut text = "\
# The requests to an OnApp cloud

What bpctl sends, and how sure it is that a cloud takes it: R recorded from a real cloud, D documented by OnApp or a provider, C in the
code of clients, I inferred; a number counts independent sources. A test compares every request with this table.

| method | path | body | sure | command |
|---|---|---|---|---|
"
    .to_owned();
    for endpoint in all() {
        let query = if endpoint.query.is_empty() { String::new() } else { format!("?{}", endpoint.query) };
        let body = if endpoint.body.is_empty() { "–".to_owned() } else { format!("`{}`", endpoint.body) };
        text += &format!(
            "| {} | `{}{query}` | {body} | {} | `bpctl {}` |\n",
            endpoint.method, endpoint.path, endpoint.sureness, endpoint.command
        );
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
fn the_document_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/onapp-endpoints.md");
    if std::env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, document()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), document(), "stale: run it with BLESS=1");
}

#[test]
fn what_is_read_in_xml_is_what_is_read_in_json() {
    let recorded = Recorded::start(&[]);
    let reads = ENDPOINTS.iter().filter(|endpoint| endpoint.method == "GET").map(|endpoint| endpoint.command);
    let others = ["backups list", "backups list --kind points", "backups usage", "coverage"];
    for command in reads.filter(|command| *command != "auth status").chain(others) {
        let shown = |wire: &str| recorded.bpctl(command, wire, &Home::new()).run().ok();
        let (json, xml) = (shown("json"), shown("xml"));
        // XML does not say of an old cloud's number that it is a text, and of an element without content that it is an object.
        let (json_text, xml_text) =
            (json.stdout.replace("\"8704512\"", "8704512"), xml.stdout.replace("\"params\": \"\"", "\"params\": {}"));
        // As text, so that the order of the fields counts.
        assert_eq!(json_text, xml_text, "{command}");
        assert!(json.json() != json!([]), "{command} shows nothing");
    }
}
