//! The simulator's company behind a server that records what passes, and answers otherwise where a test says so.
//!
//! Writes take real effect, and what bpctl reports can be compared with what the simulator holds, which is read
//! here over plain HTTP and not through bpctl.

use serde_json::Value;

use crate::harness::{Bpctl, Home, Run, TOKEN, bare};
use crate::server::{Answer, Request, Server};
use crate::simulator::{Simulator, forward, serve};

/// Makes an answer, as often as it is needed.
pub type Make = fn() -> Answer;

/// The server, the simulator behind it, and the home of whoever administers it.
pub struct Company {
    pub server: Server,
    pub home: Home,
    simulator: Simulator,
}

impl Company {
    pub fn new() -> Self {
        Self::but(|_, _| None)
    }

    /// Answers by the function where it has an answer; it may pass the request on and drop what comes back.
    pub fn but(other: impl Fn(&Request, &dyn Fn() -> Answer) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let home = Home::new();
        let simulator = serve(&home, &["--ephemeral", "--rate-limit", "100000"]);
        let behind = simulator.api.authority.clone();
        let server = Server::start(move |request| {
            let pass = || {
                let (status, body) = forward(&behind, request);
                Answer::raw(status, "application/json", body)
            };
            other(request, &pass).unwrap_or_else(pass)
        });
        Self { server, home, simulator }
    }

    /// A command of the administrator.
    pub fn bpctl(&self, args: &[&str]) -> Bpctl {
        bare(args)
            .env("BPCTL_TOKEN", TOKEN)
            .env("BPCTL_API_URL", self.server.url() + &self.simulator.api.base)
            .home(&self.home)
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
        self.simulator.api.raw(method, path, body)
    }

    /// The policy as the simulator holds it; `None` when it is in the trash or gone.
    pub fn policy(&self, id: &str) -> Option<Value> {
        self.simulator.api.policy(id)
    }

    /// The ids of all policies of the organization.
    pub fn ids(&self) -> Vec<String> {
        self.simulator.api.ids()
    }

    /// The policy of web-1: daily at 02:30, keeps 7.
    pub fn web_1(&self) -> String {
        let path = "/virtual_machines/virtual_machine/disk_backup_policies?virtual_machine%5Bfqdn%5D=web-1.acme.katapult.cloud";
        let (_, body) = self.raw("GET", path, &Value::Null);
        body["disk_backup_policies"][0]["id"].as_str().unwrap().to_string()
    }

    /// Another user changes the retention of a policy.
    pub fn another_user_sets_retention(&self, id: &str, retention: u32) {
        assert_eq!(self.simulator.api.set_retention(id, retention.into()), 200);
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
