//! A simulated OnApp cloud, for tests of more than one request.

use crate::harness::{Bpctl, Home, Running, bare};
use crate::server::{Answer, Request, Server};
use crate::simulator::forward;

/// A cloud that was started by `sandbox serve`, in memory, and the home of those who administer it.
pub struct Cloud {
    url: String,
    pub home: Home,
    _process: Running,
}

impl Cloud {
    /// Starts a cloud; `args` are those of `sandbox serve`.
    pub fn serve(args: &[&str]) -> Self {
        let home = Home::new();
        let mut process = bare(&["sandbox", "serve", "--port", "0", "--ephemeral"]).args(args).home(&home).spawn();
        let url = loop {
            let line = process.read_line();
            assert_ne!(line, "", "the simulator ended without saying where it listens");
            if line.starts_with("OnApp") {
                break line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
            }
        };
        Self { url, home, _process: process }
    }

    /// Where it listens.
    pub fn authority(&self) -> &str {
        self.url["http://".len()..].split('/').next().unwrap()
    }

    /// The path below which it is served.
    pub fn prefix(&self) -> &str {
        let path = &self.url["http://".len() + self.authority().len()..];
        path.trim_end_matches('/')
    }

    /// Stands before it: `answer` gets each request, and what passes it on.
    pub fn behind(&self, answer: impl Fn(&Request, &dyn Fn() -> Answer) -> Answer + Send + Sync + 'static) -> Server {
        let authority = self.authority().to_owned();
        Server::start(move |request: &Request| {
            answer(request, &|| {
                let (status, body) = forward(&authority, request);
                Answer::raw(status, "application/json", body)
            })
        })
    }

    /// A command that reaches it by way of `server`.
    pub fn through(&self, server: &Server, args: &[&str]) -> Bpctl {
        self.bpctl(args).env("BPCTL_API_URL", format!("{}{}", server.url(), self.prefix()))
    }

    /// A command on it.
    pub fn bpctl(&self, args: &[&str]) -> Bpctl {
        self.bpctl_as("me", args)
    }

    /// A command of another user; one whose name begins with `limited` is not an administrator.
    pub fn bpctl_as(&self, user: &str, args: &[&str]) -> Bpctl {
        bare(args)
            .home(&self.home)
            .env("BPCTL_PROVIDER", "onapp")
            .env("BPCTL_API_URL", &self.url)
            .env("BPCTL_USER", user)
            .env("BPCTL_TOKEN", "a-long-enough-password")
    }
}
