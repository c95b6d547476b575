//! A simulator of the Katapult and OnApp APIs, served over real HTTP on a loopback port.
//!
//! This file is the public interface only. The simulator shares no type with the rest of the crate: it
//! speaks literal JSON and XML, so that a mistake in the client's models cannot hide behind the same mistake
//! here. Comments mark how the real APIs behave as recorded, documented or inferred.

mod cloud;
mod faults;
mod identifiers;
mod katapult;
mod limits;
mod onapp;
mod query;
mod reply;
mod request;
mod schedule;
mod seed;
mod server;
mod state;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use faults::Fault;
pub use onapp::{Created, Mode as OnAppMode};

/// The simulator's only clock: Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How the simulator starts and behaves.
pub struct Options {
    /// The file that holds the state between runs; `None` keeps it in memory only.
    pub state_file: Option<PathBuf>,
    /// The loopback port to listen on; 0 takes any free one.
    pub port: u16,
    /// Failures to simulate, in order.
    pub faults: Vec<Fault>,
    /// A delay before each answer.
    pub latency: Duration,
    /// The clock that all behaviour follows.
    pub clock: Clock,
    /// Requests that a token may make in a calendar minute.
    pub rate_limit: u32,
    /// Collections with more rows than this answer `large_set` with null totals; `None` never does.
    pub large_set_over: Option<usize>,
    /// The size of a new world.
    pub seed: Seed,
    /// How the OnApp cloud differs from most.
    pub onapp: OnAppMode,
    /// Receives every request after its answer, in the server's thread.
    pub log: Option<Log>,
}

/// Receives requests that were answered.
pub type Log = Arc<dyn Fn(&Answered) + Send + Sync>;

/// A request and its outcome. The query is left out: it is long, and can hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    method: String,
    path: String,
    /// `None` where the connection was ended without an answer.
    status: Option<u16>,
    elapsed: Duration,
}

impl fmt::Display for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (self.method.escape_default(), self.path.escape_default());
        let milliseconds = self.elapsed.as_millis();
        match self.status {
            Some(status) => write!(formatter, "{method} {path} {status} {milliseconds} ms"),
            None => write!(formatter, "{method} {path} no answer {milliseconds} ms"),
        }
    }
}

impl Default for Options {
    /// Starts in memory on any port, without failures, on the system's clock.
    fn default() -> Self {
        Self {
            state_file: None,
            port: 0,
            faults: Vec::new(),
            latency: Duration::ZERO,
            clock: system_clock(),
            rate_limit: 1000,
            large_set_over: None,
            seed: Seed::default(),
            onapp: OnAppMode::default(),
            log: None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a simulated server has a clock of its own, as a real server has")]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
    })
}

/// How large a new world is. The default is one small company; larger numbers add generated objects after
/// it, smaller ones leave its last objects out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Virtual machines, each with its disks.
    pub machines: usize,
    /// Backup policies, the one in the trash included.
    pub policies: usize,
    /// Organizations; the first owns the company's VMs, generated VMs are distributed over all.
    pub organizations: usize,
}

impl Default for Seed {
    fn default() -> Self {
        Self { machines: seed::COMPANY_MACHINES, policies: seed::COMPANY_POLICIES, organizations: 1 }
    }
}

/// A simulator that is being served; dropping it stops the server.
pub struct Running {
    server: server::Server,
    katapult_url: String,
    onapp_url: String,
}

impl Running {
    /// Returns the base URL of the Katapult API.
    pub fn katapult_url(&self) -> &str {
        &self.katapult_url
    }

    /// Returns the base URL of the OnApp API.
    pub fn onapp_url(&self) -> &str {
        &self.onapp_url
    }

    /// Returns the loopback address that the simulator listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns warnings about the state file.
    pub fn notices(&self) -> Vec<String> {
        self.server.notices()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Running").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Starts the simulator on 127.0.0.1 in a thread of its own.
pub fn start(options: Options) -> io::Result<Running> {
    let prefix = options.onapp.prefix();
    let server = server::Server::start(options)?;
    let address = server.address();
    Ok(Running {
        server,
        katapult_url: format!("http://{address}/core/v1"),
        onapp_url: format!("http://{address}{prefix}"),
    })
}

/// Replaces the state file with a newly seeded world.
pub fn reset(state_file: &Path, seed: &Seed, clock: &Clock) -> io::Result<()> {
    store::reset(state_file, seed, clock())
}
