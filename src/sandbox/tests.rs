//! Runs the simulator and talks to it over real HTTP, by a client that knows nothing but sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::{Clock, Options, Running, Seed, start};

mod faults;
mod framework;
mod katapult;
mod onapp;
mod onapp_backups;
mod onapp_modes;
mod onapp_queue;
mod onapp_schedules;
mod store;
mod world;

/// Friday 2026-11-20 10:00:00 UTC.
const NOW: i64 = 1_795_168_800;

/// A clock that tests set by hand.
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || seconds.load(Ordering::SeqCst))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A running simulator and a token to use it with.
struct Api {
    running: Running,
    token: &'static str,
}

fn options() -> Options {
    Options { clock: Hand::new().clock(), ..Options::default() }
}

fn api(options: Options) -> Api {
    Api { running: start(options).expect("a loopback port"), token: "secret" }
}

impl Api {
    /// Sends bytes and returns whatever comes until the server closes.
    fn raw(&self, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.running.address()).expect("a connection");
        stream.write_all(request.as_bytes()).expect("a request sent");
        let mut answer = Vec::new();
        // A connection that is reset has said all it will.
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let answer = self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ));
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer { status: status.unwrap_or_default(), head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        self.send("GET", &format!("/core/v1{path}"), &headers, "")
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.token);
        self.send(method, &format!("/core/v1{path}"), &headers, &body.to_string())
    }

    /// Lists the policies of a VM by its host name.
    fn policies(&self, hostname: &str) -> Vec<Value> {
        let fqdn = format!("{hostname}.acme.katapult.cloud");
        let path =
            format!("/virtual_machines/_/disk_backup_policies?virtual_machine%5Bfqdn%5D={fqdn}&include_disks=true");
        let listed = self.get(&path).json();
        listed["disk_backup_policies"].as_array().expect("a list").clone()
    }

    /// Returns the identifier of a VM's first policy.
    fn policy_of(&self, hostname: &str) -> String {
        self.policies(hostname)[0]["id"].as_str().expect("an id").to_owned()
    }

    fn policy(&self, id: &str) -> Answer {
        self.get(&format!("/disk_backup_policies/disk_backup_policy?disk_backup_policy[id]={id}"))
    }
}

fn lookup(id: &str) -> Value {
    json!({ "disk_backup_policy": { "id": id } })
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}
