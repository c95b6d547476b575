//! A cloud behind one faulty proxy a user. It knows the truth: what each user's writes really did, and when others came
//! between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fault::{Fault, Moment, Place, Plan};
use crate::provider::{Provider, Sent, plain};
use crate::server::{Answer, Request, Server};
use crate::simulator::forward;

/// A write that took effect, whoever sent it; users are numbered, and another client is `None`.
#[derive(Clone, Debug)]
pub struct Event {
    pub by: Option<usize>,
    /// Whose command was under way when another user did it.
    pub during: Option<usize>,
    pub object: String,
    pub after: Value,
}

/// The truth.
pub struct Cloud<P> {
    pub provider: P,
    pub events: Mutex<Vec<Event>>,
}

impl<P: Provider> Cloud<P> {
    pub fn new(provider: P) -> Self {
        Self { provider, events: Mutex::default() }
    }

    /// Does what another user does.
    pub fn act(&self, deed: &P::Deed) {
        self.act_in(deed, None, &mut self.events.lock().unwrap());
    }

    fn act_in(&self, deed: &P::Deed, during: Option<usize>, events: &mut Vec<Event>) {
        for object in self.provider.act(deed) {
            self.note((None, during), &object, events);
        }
    }

    fn note(&self, (by, during): (Option<usize>, Option<usize>), object: &str, events: &mut Vec<Event>) {
        let mut objects = vec![object.to_owned()];
        objects.extend(self.provider.related(object));
        events.extend(objects.into_iter().map(|object| {
            let after = self.provider.object(&object);
            Event { by, during, object, after }
        }));
    }
}

/// What is going on for the command that a user runs.
pub struct Live<P: Provider> {
    plan: Plan<P::Deed>,
    pub process: Option<u32>,
    pub sent: Vec<Sent>,
    /// Reads since the last write.
    pub looks: usize,
    /// How many events there were when the command began.
    began: usize,
    requests: usize,
    reads: usize,
    has_faulted: bool,
    has_acted: bool,
    /// How many events there were when an object was first read, and when it was last read.
    read_at: HashMap<String, (usize, usize)>,
    /// Answers from before the first write.
    old: HashMap<String, (u16, Vec<u8>)>,
}

/// A user's way to the cloud.
pub struct Line<P: Provider> {
    pub server: Server,
    pub live: Arc<Mutex<Live<P>>>,
}

impl<P: Provider> Line<P> {
    pub fn new(cloud: &Arc<Cloud<P>>, user: usize) -> Self {
        let live = Arc::new(Mutex::new(Live::new(Plan::default(), 0)));
        let (cloud, shared) = (Arc::clone(cloud), Arc::clone(&live));
        Self { server: Server::start(move |request| shared.lock().unwrap().answer(request, &cloud, user)), live }
    }
}

impl<P: Provider> Live<P> {
    /// For a command that begins when there have been so many events.
    pub fn new(plan: Plan<P::Deed>, began: usize) -> Self {
        Self {
            plan,
            process: None,
            sent: Vec::new(),
            looks: 0,
            began,
            requests: 0,
            reads: 0,
            has_faulted: false,
            has_acted: false,
            read_at: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn answer(&mut self, request: &Request, cloud: &Cloud<P>, user: usize) -> Answer {
        let place = if request.is_write() { Place::Write(self.sent.len()) } else { Place::Read(self.reads) };
        self.requests += 1;
        let fault = self.fault(place);
        let mut events = cloud.events.lock().unwrap();
        let (status, body) = if request.is_write() {
            self.act(Moment::BeforeWrite, cloud, user, &mut events);
            self.pass_write(request, fault, cloud, user, &mut events)
        } else {
            let answer = forward(cloud.provider.authority(), request);
            self.note_read(request, cloud, events.len());
            answer
        };
        let moment = if request.is_write() { Moment::AfterWrite } else { Moment::AfterRead(self.reads - 1) };
        self.act(moment, cloud, user, &mut events);
        self.signal();
        if self.sent.is_empty() && fault.is_none() {
            self.old.insert(request.target.clone(), (status, body.clone()));
        }
        let right = |(status, body)| cloud.provider.right_answer(request, status, body);
        match fault {
            None => right((status, body)),
            Some(fault) if fault.is_old() => {
                let made: Vec<String> = self.sent.iter().flat_map(|one| one.made.clone()).collect();
                let hidden = if fault == Fault::Late { cloud.provider.without(request, &made, &body) } else { None };
                let old = || self.old.get(&request.target).cloned();
                right(hidden.map(|body| (status, body)).or_else(old).unwrap_or((status, body)))
            }
            Some(Fault::Lost | Fault::Dropped) => Answer::reset(),
            Some(Fault::CutOff) => right((status, body)).cut_off(),
            Some(Fault::PageAfter | Fault::PageInstead) => Answer::html(502),
            Some(Fault::NotFound) => Answer::html(404),
            Some(Fault::PageOk | Fault::PageOkAfter) => Answer::html(200),
            Some(Fault::EmptyOk | Fault::EmptyOkAfter) => right((200, Vec::new())),
            Some(fault) => cloud.provider.spoilt_answer(fault, request),
        }
    }

    fn fault(&mut self, here: Place) -> Option<Fault> {
        let (fault, place, is_once) = self.plan.fault?;
        let is_here = match (place, here) {
            (Place::ReadAfterWrite, Place::Read(_)) => !self.sent.is_empty(),
            (Place::Read(from), Place::Read(at)) | (Place::Write(from), Place::Write(at)) => at >= from,
            _ => false,
        };
        if !is_here || is_once && self.has_faulted {
            return None;
        }
        self.has_faulted = true;
        Some(fault)
    }

    fn act(&mut self, now: Moment, cloud: &Cloud<P>, user: usize, events: &mut Vec<Event>) {
        let Some((moment, deed)) = &self.plan.deed else { return };
        if *moment == now && !self.has_acted {
            self.has_acted = true;
            cloud.act_in(deed, Some(user), events);
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

    /// Passes a write on, if it is to arrive, and notes what it did.
    fn pass_write(
        &mut self,
        request: &Request,
        fault: Option<Fault>,
        cloud: &Cloud<P>,
        user: usize,
        events: &mut Vec<Event>,
    ) -> (u16, Vec<u8>) {
        let provider = &cloud.provider;
        let mut sent = self.look_at(request, fault, provider, user, events);
        let ids = provider.ids();
        let (status, body) = if fault.is_none_or(Fault::is_carried_out) {
            forward(provider.authority(), request)
        } else {
            (0, Vec::new())
        };
        sent.is_done = (200..300).contains(&status);
        sent.is_accepted = fault.map_or(sent.is_done, Fault::claims_success);
        if sent.is_done {
            sent.made = provider.ids().difference(&ids).cloned().collect();
            if sent.kind.is_creation() {
                sent.object = sent.made.first().cloned();
            }
            let text = String::from_utf8_lossy(&body);
            sent.is_named = sent.made.iter().any(|id| text.contains(plain(id)));
            if let Some(object) = &sent.object {
                sent.after = provider.object(object);
            }
            let own = sent.object.iter().filter(|_| sent.before != sent.after);
            let mut changed: Vec<&String> = own.chain(&sent.made).collect();
            changed.dedup();
            changed.into_iter().for_each(|object| cloud.note((Some(user), None), object, events));
        }
        self.sent.push(sent);
        self.looks = 0;
        (status, body)
    }

    /// What is known of a write before it is passed on.
    fn look_at(&self, request: &Request, fault: Option<Fault>, provider: &P, user: usize, events: &[Event]) -> Sent {
        let (kind, object) = (provider.kind(request), provider.asked(request));
        let read_at = object.as_ref().and_then(|id| self.read_at.get(id).copied());
        let (first, last) = read_at.unwrap_or((self.began, self.began));
        let others = |events: &[Event]| {
            events.iter().any(|event| Some(&event.object) == object.as_ref() && event.by != Some(user))
        };
        let (is_seen, is_raced) = (others(&events[first..last]), others(&events[last..]));
        let before = object.as_ref().map_or(Value::Null, |id| provider.object(id));
        Sent {
            kind,
            line: format!("{} {}", request.method, request.target),
            object,
            made: Vec::new(),
            body: provider.body(request),
            after: before.clone(),
            before,
            fault,
            is_raced,
            is_seen,
            is_double: provider.is_double(request),
            is_done: false,
            is_accepted: false,
            is_named: false,
        }
    }

    fn note_read(&mut self, request: &Request, cloud: &Cloud<P>, now: usize) {
        self.reads += 1;
        self.looks += 1;
        if let Some(id) = cloud.provider.asked(request) {
            self.read_at.entry(id).or_insert((now, now)).1 = now;
        }
    }
}
