//! The simulator as a process of its own, and its Katapult over plain HTTP: what it holds is read here and not through
//! bpctl.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Home, Running, bare};
use crate::server::Request;

/// A simulator that was started by `sandbox serve`.
pub struct Simulator {
    /// The base URL of its Katapult.
    pub url: String,
    pub api: Api,
    _process: Running,
}

pub fn serve(home: &Home, args: &[&str]) -> Simulator {
    let mut process = bare(&["sandbox", "serve", "--port", "0"]).args(args).home(home).spawn();
    let url = loop {
        let line = process.read_line();
        assert_ne!(line, "", "the simulator ended without saying where it listens");
        if line.starts_with("Katapult") {
            break line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_string();
        }
    };
    let url = url.trim_end_matches('/').to_string();
    let (authority, base) = url["http://".len()..].split_once('/').expect("a URL with a path");
    let api = Api { authority: authority.to_owned(), base: format!("/{base}") };
    Simulator { url, api, _process: process }
}

/// Its Katapult, for requests that are not bpctl's.
#[derive(Clone)]
pub struct Api {
    /// Where it listens.
    pub authority: String,
    /// The path where the API begins.
    pub base: String,
}

impl Api {
    pub fn raw(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = [
            ("authorization", "Bearer another-user".to_string()),
            ("content-type", "application/json".to_string()),
            ("content-length", body.len().to_string()),
        ];
        let request = Request {
            method: method.into(),
            target: format!("{}{path}", self.base),
            headers: headers.map(|(name, value)| (name.to_string(), value)).into(),
            body,
        };
        let (status, body) = forward(&self.authority, &request);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The policy as it stands; `None` when it is in the trash or gone.
    pub fn policy(&self, id: &str) -> Option<Value> {
        let path = format!("/disk_backup_policies/disk_backup_policy?disk_backup_policy%5Bid%5D={id}");
        let (status, mut body) = self.raw("GET", &path, &Value::Null);
        (status == 200).then(|| body["disk_backup_policy"].take())
    }

    /// The ids of all policies of the organization.
    pub fn ids(&self) -> Vec<String> {
        let path = "/organizations/organization/disk_backup_policies?organization%5Bsub_domain%5D=acme&per_page=200";
        let (status, body) = self.raw("GET", path, &Value::Null);
        assert_eq!(status, 200, "{body}");
        let policies = body["disk_backup_policies"].as_array().unwrap();
        policies.iter().map(|policy| policy["id"].as_str().unwrap().to_string()).collect()
    }

    /// Changes the retention of a policy, as another user would.
    pub fn set_retention(&self, id: &str, retention: i64) -> u16 {
        let body = json!({"disk_backup_policy": {"id": id}, "properties": {"retention": retention}});
        self.raw("PATCH", "/disk_backup_policies/disk_backup_policy", &body).0
    }
}

/// Passes a request on to a server, and brings back the status and the body.
pub fn forward(authority: &str, request: &Request) -> (u16, Vec<u8>) {
    let mut head =
        format!("{} {} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        // Without `Accept-Encoding` the answer comes plain, so that it can be read here.
        if !["host", "connection", "accept-encoding"].contains(&name.as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(&request.body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head") + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    assert!(!head.contains("transfer-encoding: chunked"), "only plain bodies are read here");
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, answer[end..].to_vec())
}
