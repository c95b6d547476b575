//! The simulator's company behind a server that records what passes, and answers otherwise where a test says so.
//!
//! Writes take real effect, and what bpctl reports can be compared with what the simulator holds, which is read
//! here over plain HTTP and not through bpctl.

use serde_json::{Value, json};

use crate::contract::forward;
use crate::harness::{Bpctl, Home, Run, TOKEN, bare};
use crate::sandbox::{Simulator, serve};
use crate::server::{Answer, Request, Server};

/// Makes an answer, as often as it is needed.
pub type Make = fn() -> Answer;

/// The server, the simulator behind it, and the home of whoever administers it.
pub struct Company {
    pub server: Server,
    pub home: Home,
    authority: String,
    base: String,
    _simulator: Simulator,
}

impl Company {
    pub fn new() -> Self {
        Self::but(|_, _| None)
    }

    /// Answers by the function where it has an answer; it may pass the request on and drop what comes back.
    pub fn but(other: impl Fn(&Request, &dyn Fn() -> Answer) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let home = Home::new();
        let simulator = serve(&home, &["--ephemeral", "--rate-limit", "100000"]);
        let (authority, base) = simulator.url["http://".len()..].split_once('/').expect("a URL with a path");
        let (authority, base) = (authority.to_string(), format!("/{base}"));
        let behind = authority.clone();
        let server = Server::start(move |request| {
            let pass = || {
                let (status, body) = forward(&behind, request);
                Answer::raw(status, "application/json", body)
            };
            other(request, &pass).unwrap_or_else(pass)
        });
        Self { server, home, authority, base, _simulator: simulator }
    }

    /// A command of the administrator.
    pub fn bpctl(&self, args: &[&str]) -> Bpctl {
        bare(args).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", self.server.url() + &self.base).home(&self.home)
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.bpctl(args).run()
    }

    /// Runs to success with `-o json`.
    pub fn json(&self, args: &[&str]) -> Value {
        self.bpctl(args).args(&["-o", "json"]).run().ok().json()
    }

    /// Sends a request to the simulator itself.
    pub fn raw(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = [
            ("authorization", "Bearer somebody-else".to_string()),
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

    /// The policy as the simulator holds it; `None` when it is in the trash or gone.
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

    /// The policy of web-1: daily at 02:30, keeps 7.
    pub fn web_1(&self) -> String {
        let path = "/virtual_machines/virtual_machine/disk_backup_policies?virtual_machine%5Bfqdn%5D=web-1.acme.katapult.cloud";
        let (_, body) = self.raw("GET", path, &Value::Null);
        body["disk_backup_policies"][0]["id"].as_str().unwrap().to_string()
    }

    /// Somebody else changes the retention of a policy.
    pub fn somebody_sets_retention(&self, id: &str, retention: u32) {
        let body = json!({"disk_backup_policy": {"id": id}, "properties": {"retention": retention}});
        let (status, _) = self.raw("PATCH", "/disk_backup_policies/disk_backup_policy", &body);
        assert_eq!(status, 200);
    }

    /// The journal's text.
    pub fn journal(&self) -> String {
        std::fs::read_to_string(self.home.path("data/bpctl/journal.jsonl")).unwrap_or_default()
    }

    /// What `bpctl history` prints as JSON, the oldest first.
    pub fn history(&self) -> Vec<Value> {
        self.json(&["history"]).as_array().unwrap().iter().rev().cloned().collect()
    }
}

/// Whether a request goes to an endpoint.
pub fn is(request: &Request, method: &str, path: &str) -> bool {
    request.method == method && request.path().ends_with(path)
}
