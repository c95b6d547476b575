//! The simulator behind one faulty proxy a user. It knows the truth: what each user's writes really did, and when
//! others came between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::Home;
use crate::server::{Answer, Request, Server};
use crate::simulator::{Api, Simulator, forward, serve};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is lost: carried out, or not.
    Lost,
    Dropped,
    /// The answer ends early; what was asked for is carried out.
    CutOff,
    /// A proxy's error page after the request was carried out, or in its place.
    PageAfter,
    PageInstead,
    /// The API's own errors. The first comes after the request was carried out.
    RuntimeErrorAfter,
    Unavailable,
    RateLimited,
    Forbidden,
    NotFound,
    /// Lies: an answer that claims success and says nothing, or speaks of another policy, or is of a while ago.
    PageOk,
    OtherPolicy,
    Stale,
}

impl Fault {
    pub const WRITES: [Self; 11] = [
        Self::Lost,
        Self::Dropped,
        Self::CutOff,
        Self::PageAfter,
        Self::PageInstead,
        Self::RuntimeErrorAfter,
        Self::Unavailable,
        Self::RateLimited,
        Self::Forbidden,
        Self::PageOk,
        Self::OtherPolicy,
    ];
    pub const READS: [Self; 9] = [
        Self::Dropped,
        Self::CutOff,
        Self::PageInstead,
        Self::Unavailable,
        Self::Forbidden,
        Self::NotFound,
        Self::PageOk,
        Self::OtherPolicy,
        Self::Stale,
    ];

    fn is_carried_out(self) -> bool {
        matches!(self, Self::Lost | Self::CutOff | Self::PageAfter | Self::RuntimeErrorAfter | Self::OtherPolicy)
    }

    /// Whether what is read may be believed and is not true.
    pub fn is_lie(self) -> bool {
        matches!(self, Self::OtherPolicy | Self::Stale)
    }

    fn answer(self, status: u16, body: Vec<u8>, other: &Value) -> Answer {
        match self {
            Self::Lost | Self::Dropped => Answer::reset(),
            Self::CutOff => Answer::raw(status, "application/json", body).cut_off(),
            Self::PageAfter | Self::PageInstead => Answer::html(502),
            Self::RuntimeErrorAfter => Answer::error(400, "generic_runtime_error"),
            Self::Unavailable => Answer::error(503, "service_unavailable"),
            Self::RateLimited => Answer::error(429, "rate_limit_reached").header("Retry-After", "1"),
            Self::Forbidden => Answer::error(403, "permission_denied"),
            Self::NotFound => Answer::html(404),
            Self::PageOk => Answer::html(200),
            Self::OtherPolicy => Answer::json(200, &json!({"disk_backup_policy": other})),
            Self::Stale => Answer::raw(status, "application/json", body),
        }
    }
}

/// Which requests of a command it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Read(usize),
    Write(usize),
    ReadAfterWrite,
}

/// What another user does meanwhile.
#[derive(Clone, Debug)]
pub enum Deed {
    SetRetention(String, i64),
    Delete(String),
    ScheduleDelete(String, i64),
    Restore(String),
}

/// When it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    AfterRead(usize),
    BeforeWrite,
    AfterWrite,
}

/// What is to happen during a command.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// A fault; it passes after it has happened once, or lasts.
    pub fault: Option<(Fault, Place, bool)>,
    pub deed: Option<(Moment, Deed)>,
    /// A signal when so many requests have come in, before the last is answered.
    pub signal: Option<(Signal, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Create,
    Update,
    ScheduleDelete,
    Delete,
    Restore,
}

/// A write that a user's process sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub kind: Kind,
    pub policy: Option<String>,
    pub body: Value,
    /// The policy right before; null where it was not alive.
    pub before: Value,
    /// And right after.
    pub after: Value,
    pub is_done: bool,
    /// An answer went out that claims success.
    pub is_accepted: bool,
    /// Another's write came after the policy was last read: no client can notice.
    pub is_raced: bool,
    /// Another's write came between two readings of the policy: it was seen.
    pub is_seen: bool,
    /// The target of a create had a live policy of the same interval.
    pub is_double: bool,
}

impl std::fmt::Display for Sent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = [
            (self.is_done, "done"),
            (self.is_accepted, "accepted"),
            (self.is_raced, "raced"),
            (self.is_seen, "seen"),
            (self.is_double, "double"),
        ];
        let words: Vec<&str> = words.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word).collect();
        write!(out, "{:?} ({}) {}\n    before: {}", self.kind, words.join(", "), self.body, self.before)
    }
}

/// A write that took effect, whoever sent it; users are numbered, and another client is `None`.
#[derive(Clone, Debug)]
pub struct Event {
    pub by: Option<usize>,
    pub policy: String,
    pub after: Value,
}

/// The truth.
pub struct Cloud {
    pub api: Api,
    pub events: Mutex<Vec<Event>>,
}

/// A policy without what moves by itself.
fn still(policy: Option<Value>) -> Value {
    let Some(mut policy) = policy else { return Value::Null };
    policy["schedule"]["next_invocation_at"] = Value::Null;
    policy
}

impl Cloud {
    pub fn policy(&self, id: &str) -> Value {
        still(self.api.policy(id))
    }

    /// Whether the target of a create has a policy of the same interval.
    fn has_policy_like(&self, path: &str, create: &Value) -> bool {
        let owner = if path.contains("/disks/") { "disk" } else { "virtual_machine" };
        let Some((key, value)) = create[owner].as_object().and_then(|lookup| lookup.iter().next()) else {
            return false;
        };
        let path = path.strip_prefix(&self.api.base).unwrap_or(path);
        let path = format!("{path}?{owner}%5B{key}%5D={}&per_page=200", value.as_str().unwrap_or_default());
        let (_, body) = self.api.raw("GET", &path, &Value::Null);
        let policies = body["disk_backup_policies"].as_array().cloned().unwrap_or_default();
        let interval = &create["properties"]["schedule"]["interval"];
        policies.iter().any(|policy| policy["schedule"]["interval"] == *interval)
    }

    /// Does what another user does.
    pub fn act(&self, deed: &Deed) {
        self.act_in(deed, &mut self.events.lock().unwrap());
    }

    fn act_in(&self, deed: &Deed, events: &mut Vec<Event>) {
        let (id, method, path, body) = match deed {
            Deed::SetRetention(id, retention) => (
                id,
                "PATCH",
                "/disk_backup_policies/disk_backup_policy",
                json!({"disk_backup_policy": {"id": id}, "properties": {"retention": retention}}),
            ),
            Deed::Delete(id) => {
                (id, "DELETE", "/disk_backup_policies/disk_backup_policy", json!({"disk_backup_policy": {"id": id}}))
            }
            Deed::ScheduleDelete(id, at) => (
                id,
                "DELETE",
                "/disk_backup_policies/disk_backup_policy/schedule",
                json!({"disk_backup_policy": {"id": id}, "timestamp": at}),
            ),
            Deed::Restore(id) => {
                (id, "POST", "/trash_objects/trash_object/restore", json!({"trash_object": {"object_id": id}}))
            }
        };
        let (status, _) = self.api.raw(method, path, &body);
        if status < 300 {
            events.push(Event { by: None, policy: id.clone(), after: self.policy(id) });
        }
    }
}

/// What is going on for the command that a user runs.
#[derive(Default)]
pub struct Live {
    plan: Plan,
    pub process: Option<u32>,
    pub sent: Vec<Sent>,
    /// How many events there were when the command began.
    began: usize,
    requests: usize,
    reads: usize,
    writes: usize,
    has_faulted: bool,
    has_acted: bool,
    /// How many events there were when a policy was first read, and when it was last read.
    read_at: HashMap<String, (usize, usize)>,
    /// Answers from before the first write.
    old: HashMap<String, (u16, Vec<u8>)>,
}

/// A user's way to the cloud.
pub struct Line {
    pub server: Server,
    pub live: Arc<Mutex<Live>>,
}

pub fn start(home: &Home) -> (Arc<Cloud>, Simulator) {
    let simulator = serve(home, &["--ephemeral", "--rate-limit", "1000000"]);
    (Arc::new(Cloud { api: simulator.api.clone(), events: Mutex::default() }), simulator)
}

impl Line {
    pub fn new(cloud: &Arc<Cloud>, user: usize) -> Self {
        let live = Arc::new(Mutex::new(Live::default()));
        let (cloud, shared) = (Arc::clone(cloud), Arc::clone(&live));
        Self { server: Server::start(move |request| shared.lock().unwrap().answer(request, &cloud, user)), live }
    }
}

impl Live {
    /// For a command that begins when there have been so many events.
    pub fn new(plan: Plan, began: usize) -> Self {
        Self { plan, began, ..Self::default() }
    }

    fn answer(&mut self, request: &Request, cloud: &Cloud, user: usize) -> Answer {
        let place = if request.is_write() { Place::Write(self.writes) } else { Place::Read(self.reads) };
        self.requests += 1;
        let fault = self.fault(place);
        let mut events = cloud.events.lock().unwrap();
        if request.is_write() {
            self.writes += 1;
            self.act(Moment::BeforeWrite, cloud, &mut events);
        } else {
            self.reads += 1;
        }
        let passes = fault.is_none_or(|fault| if request.is_write() { fault.is_carried_out() } else { true });
        let write = request.is_write().then(|| self.look_at(request, cloud, user, &events));
        let (status, body) = if passes { forward(&cloud.api.authority, request) } else { (0, Vec::new()) };
        match write {
            Some(sent) => self.note_write(
                Sent { is_done: passes && status < 300, ..sent },
                fault,
                &body,
                cloud,
                user,
                &mut events,
            ),
            None => self.note_read(request, events.len()),
        }
        let moment = if request.is_write() { Moment::AfterWrite } else { Moment::AfterRead(self.reads - 1) };
        self.act(moment, cloud, &mut events);
        self.signal();
        if self.writes == 0 && fault.is_none() {
            self.old.insert(request.target.clone(), (status, body.clone()));
        }
        match fault {
            None => Answer::raw(status, "application/json", body).header("X-Api-Schema", schema(status)),
            Some(Fault::Stale) => {
                let (status, body) = self.old.get(&request.target).cloned().unwrap_or((status, body));
                Fault::Stale.answer(status, body, &Value::Null)
            }
            Some(fault) => {
                let asked = asked(request);
                let ids = cloud.api.ids();
                let other = ids.iter().find(|id| Some(*id) != asked.as_ref()).and_then(|id| cloud.api.policy(id));
                fault.answer(status, body, &other.unwrap_or_default())
            }
        }
    }

    fn fault(&mut self, here: Place) -> Option<Fault> {
        let (fault, place, is_once) = self.plan.fault?;
        let is_here = match (place, here) {
            (Place::ReadAfterWrite, Place::Read(_)) => self.writes > 0,
            (Place::Read(from), Place::Read(at)) | (Place::Write(from), Place::Write(at)) => at >= from,
            _ => false,
        };
        if !is_here || is_once && self.has_faulted {
            return None;
        }
        self.has_faulted = true;
        Some(fault)
    }

    fn act(&mut self, now: Moment, cloud: &Cloud, events: &mut Vec<Event>) {
        let Some((moment, deed)) = &self.plan.deed else { return };
        if *moment == now && !self.has_acted {
            self.has_acted = true;
            cloud.act_in(deed, events);
        }
    }

    fn signal(&self) {
        let Some((signal, at)) = self.plan.signal else { return };
        if self.requests == at {
            let process = self.process.and_then(|id| Pid::from_raw(id.try_into().unwrap()));
            // One that has ended needs no signal.
            let _ = kill_process(process.expect("a request comes from a process"), signal);
            if signal != Signal::KILL {
                // Time to act on it, so that the answer does not always win.
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// What is known of a write before it is passed on.
    fn look_at(&self, request: &Request, cloud: &Cloud, user: usize, events: &[Event]) -> Sent {
        let body = request.json();
        let kind = match (request.method.as_str(), request.path()) {
            ("PATCH", _) => Kind::Update,
            ("DELETE", path) if path.ends_with("/schedule") => Kind::ScheduleDelete,
            ("DELETE", _) => Kind::Delete,
            (_, path) if path.ends_with("/restore") => Kind::Restore,
            _ => Kind::Create,
        };
        let policy = asked(request);
        let read_at = policy.as_ref().and_then(|id| self.read_at.get(id).copied());
        let (first, last) = read_at.unwrap_or((self.began, self.began));
        let others = |events: &[Event]| {
            events.iter().any(|event| Some(&event.policy) == policy.as_ref() && event.by != Some(user))
        };
        let (is_seen, is_raced) = (others(&events[first..last]), others(&events[last..]));
        let is_double = kind == Kind::Create && cloud.has_policy_like(request.path(), &body);
        let before = policy.as_ref().map_or(Value::Null, |id| cloud.policy(id));
        Sent {
            kind,
            policy,
            body,
            after: before.clone(),
            before,
            is_raced,
            is_seen,
            is_double,
            is_done: false,
            is_accepted: false,
        }
    }

    fn note_write(
        &mut self,
        mut sent: Sent,
        fault: Option<Fault>,
        body: &[u8],
        cloud: &Cloud,
        user: usize,
        events: &mut Vec<Event>,
    ) {
        sent.is_accepted = match fault {
            None => sent.is_done,
            Some(fault) => matches!(fault, Fault::OtherPolicy | Fault::PageOk),
        };
        if sent.is_done {
            if sent.kind == Kind::Create {
                let body: Value = serde_json::from_slice(body).unwrap();
                sent.policy = body["disk_backup_policy"]["id"].as_str().map(str::to_owned);
            }
            let policy = sent.policy.clone().expect("a write that was carried out has a policy");
            sent.after = cloud.policy(&policy);
            events.push(Event { by: Some(user), after: sent.after.clone(), policy });
        }
        self.sent.push(sent);
    }

    fn note_read(&mut self, request: &Request, now: usize) {
        if let Some(id) = asked(request) {
            self.read_at.entry(id).or_insert((now, now)).1 = now;
        }
    }
}

/// The header by which an error is known to be the API's.
fn schema(status: u16) -> &'static str {
    if status < 400 { "json" } else { "json-error" }
}

/// The policy that a request is about, if it names one.
fn asked(request: &Request) -> Option<String> {
    if !request.is_write() {
        return request.query("disk_backup_policy[id]");
    }
    let body = request.json();
    let id = body["disk_backup_policy"]["id"].as_str().or_else(|| body["trash_object"]["object_id"].as_str());
    id.map(str::to_owned)
}
