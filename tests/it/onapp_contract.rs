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

impl Endpoint {
    /// Whether a request is for this endpoint, whatever its values are.
    fn is_for(&self, request: &Request, path: &str) -> bool {
        let names = |query: &str| query.split('&').map(|pair| pair.split('=').next().unwrap().to_owned()).collect();
        let (expected, actual): (Vec<String>, Vec<String>) = (names(self.query), names(request.raw_query()));
        let segments = |path: &'static str| path.split('/').collect::<Vec<_>>();
        let actual_segments: Vec<&str> = path.split('/').collect();
        let has_path = segments(self.path).len() == actual_segments.len()
            && segments(self.path).iter().zip(&actual_segments).all(|(one, other)| segment_is(one, other));
        self.method == request.method && has_path && (expected == actual || request.query("page").is_some())
    }
}

fn is_in_the_table(request: &Request, path: &str) -> bool {
    all().any(|endpoint| endpoint.is_for(request, path))
}

/// Commands that send several requests, or others than the first of their kind; `{file}` is a policy file.
const OTHERS: [&str; 34] = [
    "auth status",
    "doctor",
    "vm show web1",
    "disk show 1102",
    "policy show 41",
    "policies list",
    "policies update --match web1 --retention 8 --yes",
    "policies pause --match web1 --yes",
    "policies resume --match web1 --yes",
    "policy create --vm test1 --interval yearly --retention 3 --time 4",
    "policy delete 52 --yes",
    "undo --yes",
    "undo 1 --yes",
    "backups list",
    "backups list --kind points",
    "backups usage",
    "backup create --vm db1 --note n --wait=1s",
    "backup restore 6142 --backup-first --yes --wait=1s",
    "backup note 6130 m",
    "backup delete 6301 6117 --yes --wait=1s",
    "backup create --vm files1 --resource 3 --wait=1s",
    "backup restore 13 --point --vm files1 --backup-first --yes --wait=1s",
    "autobackup on --disk 1201",
    "autobackup off --vm win1 --yes",
    "coverage",
    "calendar",
    "lint",
    "check",
    "check --per-policy",
    "report",
    "snapshot",
    "export",
    "plan -f {file} --prune",
    "apply -f {file} --prune --max-deletions 99 --yes",
];

#[test]
fn no_command_sends_what_the_table_does_not_have() {
    let recorded = Recorded::start(&[]);
    let home = Home::new();
    let policy = "version = 1\n[[policy]]\nvm = \"test1\"\ninterval = \"weekly\"\nretention = 2\n";
    let file = home.file("policies.toml", policy).display().to_string();
    let check = |user: &str, command: &str| {
        recorded.requests.lock().unwrap().clear();
        let command = command.replace("{file}", &file);
        // Some are refused by then, or wait too long: what is sent counts.
        recorded.bpctl(&command, "json", &home).env("BPCTL_USER", user).run();
        for request in recorded.requests.lock().unwrap().iter() {
            let path = request.path().strip_prefix(recorded.cloud.prefix()).unwrap();
            assert!(is_in_the_table(request, path), "{command}: {} {path}", request.method);
        }
    };
    OTHERS.iter().for_each(|command| check("me", command));
    // Who is not an administrator reads by other paths.
    ["policies list", "disk list", "lint", "check", "policy show 41"]
        .iter()
        .for_each(|command| check("limited", command));
    // An endpoint that is not there would be seen.
    let unknown = Request { method: "GET".to_owned(), target: "/x".to_owned(), headers: Vec::new(), body: Vec::new() };
    for (path, is_known) in
        [("/backups/1.json", true), ("/backups/1/snapshots.json", false), ("/users/1/backups.json", false)]
    {
        assert_eq!(is_in_the_table(&unknown, path), is_known, "{path}");
    }
}

/// The parts of paths that a source file holds: each its segments, where `:` is an id.
fn path_parts(source: &str) -> Vec<Vec<String>> {
    let literals = source.split('"').skip(1).step_by(2).map(|literal| literal.trim_start_matches("{}").to_owned());
    let is_path =
        |literal: &String| literal.contains('/') && !literal.contains([' ', ':']) && !literal.contains("application");
    let segment = |segment: &str| {
        let plain = segment.trim_end_matches(".json").trim_end_matches(".xml");
        if plain.starts_with('{') { ":".to_owned() } else { plain.to_owned() }
    };
    let parts = literals.filter(is_path).map(|literal| literal.split('/').map(segment).skip(1).collect::<Vec<_>>());
    parts.filter(|parts| !parts.is_empty()).collect()
}

fn has_part(part: &[String]) -> bool {
    all().any(|endpoint| {
        let path = endpoint.path.replace(".json", "");
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let fits = |window: &[&str]| {
            window.iter().zip(part).all(|(one, other)| one == other || one.starts_with(':') && other == ":")
        };
        segments.windows(part.len()).any(fits)
    })
}

#[test]
fn the_source_holds_no_path_that_the_table_does_not_have() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/onapp");
    let mut count = 0;
    for file in ["accounts.rs", "client.rs", "reads.rs", "schedules.rs", "writes.rs"] {
        for part in path_parts(&std::fs::read_to_string(room.join(file)).unwrap()) {
            assert!(has_part(&part), "src/onapp/{file}: /{} is not in tests/it/onapp_endpoints.rs", part.join("/"));
            count += 1;
        }
    }
    assert!(count > 25, "{count}");
    let part = |path: &str| path_parts(&format!("get(\"{path}\")")).remove(0);
    assert!(has_part(&part("/backups/{}/note.json")) && !has_part(&part("/backups/{}/notes.json")));
    assert!(!has_part(&part("/users/{}/backups")));
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
code of clients, I inferred; a number counts independent sources. A test compares every request with this table. bpctl itself was not tried
on a live cloud.

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
        // XML does not say of an old cloud's number that it is a text.
        let json_text = json.stdout.replace("\"8704512\"", "8704512");
        // Costs are summed up at the moment of each request.
        let lasting = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.contains("\"stat_time\"")).map(str::to_owned).collect()
        };
        // As text, so that the order of the fields counts.
        assert_eq!(lasting(&json_text), lasting(&xml.stdout), "{command}");
        assert!(json.json() != json!([]), "{command} shows nothing");
    }
}
