//! How far the writes of a command have come, so that an interruption can say what it left behind.
//! It only remembers; doing and printing are left to others.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use serde_json::{Value, json};

use crate::error::{Changed, Error};

/// Names that a message lists of one kind.
const MAX_NAMES: usize = 10;

/// The state of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing of it was sent.
    NotTried,
    /// Its request was sent.
    InFlight,
    /// The API accepted it, and it was not read back yet.
    Accepted,
    /// Carried out and verified.
    Done,
    /// Refused, or its outcome is unknown.
    Failed,
}

/// The writes of a command, in order.
#[derive(Debug, Default)]
pub struct Tally {
    writes: RefCell<Vec<(String, State)>>,
    current: Cell<usize>,
    /// The id of the object that the current write was accepted for.
    accepted: RefCell<Option<String>>,
    /// Where to look for what became of the current write, as a hint.
    look: RefCell<String>,
    /// The ids of all objects that writes were accepted for.
    all_accepted: RefCell<HashSet<String>>,
    /// Whether any write was accepted. An object that was already as wanted is done without one.
    has_accepted: Cell<bool>,
}

impl Tally {
    /// Begins a tally of writes, named by `labels`.
    pub fn begin(&self, labels: impl Iterator<Item = String>) {
        *self.writes.borrow_mut() = labels.map(|label| (label, State::NotTried)).collect();
    }

    /// Makes a write the current one; nothing of it was sent yet.
    pub fn start(&self, number: usize) {
        self.current.set(number);
        self.accepted.take();
    }

    /// The request of the current write is about to be sent. `look` is the hint where its outcome can be seen.
    pub fn send(&self, look: &str) {
        self.set(self.current.get(), State::InFlight);
        self.look.replace(look.to_owned());
    }

    /// The API accepted the current write, to the object `id`. From now on, `look` is where its outcome can be seen.
    pub fn accept(&self, id: &str, look: &str) {
        self.look.replace(look.to_owned());
        self.has_accepted.set(true);
        self.all_accepted.borrow_mut().insert(id.to_owned());
        if let Some((label, state)) = self.writes.borrow_mut().get_mut(self.current.get()) {
            *state = State::Accepted;
            self.accepted.replace(Some(id.to_owned()));
            if !label.contains(id) {
                *label = format!("{label}: {id}");
            }
        }
    }

    /// Whether a write of this command was accepted for the object `id`.
    pub fn was_accepted(&self, id: &str) -> bool {
        self.all_accepted.borrow().contains(id)
    }

    /// Notes a change that takes no write to an API, such as that of the config file.
    pub fn note_local_change(&self) {
        self.has_accepted.set(true);
    }

    /// Sets what became of a write.
    pub fn set(&self, number: usize, state: State) {
        if let Some(write) = self.writes.borrow_mut().get_mut(number) {
            write.1 = state;
        }
    }

    /// Whether a write was accepted, or something was changed locally.
    pub fn has_accepted(&self) -> bool {
        self.has_accepted.get()
    }

    /// Ends the tally: everything in it was reported.
    pub fn close(&self) {
        self.writes.borrow_mut().clear();
    }

    /// The labels of the writes in a state.
    pub fn labels(&self, state: State) -> Vec<String> {
        self.writes.borrow().iter().filter(|write| write.1 == state).map(|write| write.0.clone()).collect()
    }

    /// Builds the error of an interruption; none where no tally is open.
    pub fn interruption(&self) -> Option<Error> {
        if self.writes.borrow().is_empty() {
            return None;
        }
        let kinds = [
            ("done", "done", State::Done),
            ("failed", "failed", State::Failed),
            ("accepted", "accepted, not verified", State::Accepted),
            ("in_flight", "in flight, outcome unknown", State::InFlight),
            ("not_tried", "not tried", State::NotTried),
        ];
        let by_kind = kinds.map(|(key, name, state)| (key, name, self.labels(state)));
        let listed: Vec<String> = by_kind
            .iter()
            .filter(|(key, _, labels)| *key == "done" || !labels.is_empty())
            .map(|(_, name, labels)| format!("{name}: {}", names(labels)))
            .collect();
        let has = |state| !self.labels(state).is_empty();
        let changed = if self.has_accepted.get() {
            Changed::Yes
        } else if has(State::InFlight) || has(State::Failed) {
            Changed::Maybe
        } else {
            Changed::No
        };
        let detail = by_kind.into_iter().map(|(key, _, labels)| (key.to_owned(), json!(labels)));
        let mut detail: serde_json::Map<String, Value> = detail.collect();
        let error = Error::interrupted(format!("interrupted; {}", listed.join("; "))).changed(changed);
        let mut error = error.hint("`bpctl history` shows what was written; nothing more is sent");
        if has(State::Accepted) || has(State::InFlight) {
            error = error.hint(self.look.borrow().clone());
        }
        if let Some(id) = self.accepted.borrow().as_ref().filter(|_| has(State::Accepted)) {
            detail.insert("id".to_owned(), id.as_str().into());
        }
        Some(error.detail(Value::Object(detail)))
    }
}

/// Counts names and lists them, not endlessly: `2 (a, b)`.
pub fn names(labels: &[String]) -> String {
    match labels.len() {
        0 => "none".to_owned(),
        count if count > MAX_NAMES => {
            format!("{count} ({} and {} more)", labels[..MAX_NAMES].join(", "), count - MAX_NAMES)
        }
        count => format!("{count} ({})", labels.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_write_is_accounted_for() {
        let tally = Tally::default();
        assert!(tally.interruption().is_none());
        tally.begin(["a", "b", "c"].into_iter().map(str::to_owned));
        tally.accept("a", "look at a");
        tally.set(0, State::Done);
        tally.start(1);
        tally.send("look at b");
        let error = tally.interruption().unwrap();
        assert_eq!(error.hints[1..], ["look at b"]);
        assert_eq!(error.message, "interrupted; done: 1 (a); in flight, outcome unknown: 1 (b); not tried: 1 (c)");
        assert_eq!((&error.detail["not_tried"], error.changed), (&json!(["c"]), Changed::Yes));
        tally.close();
        assert!(tally.interruption().is_none());
    }

    #[test]
    fn an_accepted_create_is_named_with_its_new_id_and_an_unsent_write_changes_nothing() {
        let tally = Tally::default();
        tally.begin(["web-1"].into_iter().map(str::to_owned));
        tally.start(0);
        assert_eq!(tally.interruption().unwrap().changed, Changed::No);
        tally.send("look at the list");
        assert_eq!(tally.interruption().unwrap().changed, Changed::Maybe);
        tally.accept("dbp_1", "look at dbp_1");
        let error = tally.interruption().unwrap();
        assert_eq!(error.hints[1..], ["look at dbp_1"]);
        assert_eq!(error.message, "interrupted; done: none; accepted, not verified: 1 (web-1: dbp_1)");
        assert_eq!(error.changed, Changed::Yes);
    }
}
