//! The OnApp half: credentials, permissions, and the difference between reading and writing requests.
//!
//! Answers are as recorded or documented; comments mark what is inferred. `cloud` decides what time changes.

mod access;
mod accounts;
mod address;
mod answer;
mod parameters;
mod reads;
mod schedule_writes;
mod writes;
mod xml;

use super::cloud::{Cloud, Fate};
use super::reply::Reply;
use super::request::Request;
use access::User;
use address::{Address, Format};
use answer::{Answer, Refused, refuse};
use parameters::Parameters;
use reads::Read;
use writes::Write;

/// How clouds of different ages and providers differ.
#[derive(Clone, Debug)]
pub struct Mode {
    /// Whether incremental backups are allowed; they are not on normal-only clouds.
    pub incremental: bool,
    /// Whether the user may read `/settings`, `/billing` and all transactions. A user whose name begins with `limited` never
    /// may.
    pub settings: bool,
    /// Behaves as Superb's Flex Cloud: another prefix, and no schedules.
    pub superb: bool,
    /// How the creation of schedules, recovery points and restores is answered.
    pub created: Created,
    /// Answers changes and deletions as clouds before 4.x: 200 with an empty object, and no path for notes.
    pub old_replies: bool,
}

impl Default for Mode {
    fn default() -> Self {
        Self { incremental: true, settings: true, superb: false, created: Created::Object, old_replies: false }
    }
}

/// What a 201 holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Object,
    /// A list with the VM or disk that owns it.
    Parent,
    /// Nothing.
    Empty,
}

impl Mode {
    /// The path below which the cloud is served.
    pub(super) fn prefix(&self) -> &'static str {
        if self.superb { "/flexapi" } else { "/onapp" }
    }
}

/// A request that is allowed.
#[derive(Debug)]
pub(super) struct Allowed {
    address: Address,
    method: String,
}

/// Checks credentials and permissions, in this order; a refusal is ready to be sent.
pub(super) fn check(request: &Request, mode: &Mode) -> Result<Allowed, Reply> {
    let address = Address::of(request);
    let Some(user) = User::authenticate(request.authorization.as_deref()) else {
        return Err(refuse(401, "Not authorized", address.format)
            .with("www-authenticate", "Basic realm=\"OnApp API Authentication\""));
    };
    let path: Vec<&str> = address.segments.iter().map(String::as_str).collect();
    let is_limited = user.is_limited() || !mode.settings;
    let needs_administrator = matches!(path.as_slice(), ["settings" | "logs" | "billing", ..] | ["transactions"]);
    let is_writing = request.method != "GET";
    if is_limited && needs_administrator || is_writing && user.is_read_only() {
        return Err(Refused::Forbidden.reply(address.format));
    }
    Ok(Allowed { address, method: request.method.clone() })
}

impl Allowed {
    pub(super) fn writes(&self) -> bool {
        self.method != "GET"
    }

    pub(super) fn read(&self, request: &Request, mode: &Mode, cloud: &Cloud, now: i64) -> Reply {
        let Ok(query) = &request.query else {
            return Refused::BadRequest.reply(self.format());
        };
        let answer = Read { cloud, mode, address: &self.address, query, now }.answer();
        match answer {
            Ok(answer) => answer.reply(self.format(), query, mode.old_replies),
            Err(refused) => refused.reply(self.format()),
        }
    }

    /// Changes the cloud; a refusal leaves it as it was.
    pub(super) fn write(
        &self,
        request: &Request,
        mode: &Mode,
        cloud: &mut Cloud,
        now: i64,
        fate: &mut dyn FnMut(&str) -> Fate,
    ) -> Result<Reply, Reply> {
        let path: Vec<&str> = self.address.segments.iter().map(String::as_str).collect();
        let answer = Parameters::of(request).and_then(|parameters| {
            Write { cloud, mode, parameters: &parameters, now, fate }.carry_out(&self.method, &path)
        });
        answer
            .map(|answer: Answer| answer.reply(self.format(), &serde_json::Map::new(), mode.old_replies))
            .map_err(|refused| refused.reply(self.format()))
    }

    /// The answer of a cloud that is busy with the VM.
    pub(super) fn busy(&self) -> Reply {
        Refused::busy().reply(self.format())
    }

    fn format(&self) -> Format {
        self.address.format
    }
}

fn require<T>(found: Option<T>) -> Result<T, Refused> {
    found.ok_or(Refused::NotFound)
}
