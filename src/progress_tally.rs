//! Where a command that writes several times stands, so that an interruption can say what it left behind.
//! It only remembers: what is done, and what is told of it, is for others.

use std::cell::RefCell;

use serde_json::json;

use crate::error::{Changed, Error};

/// Names that an account in words gives of one kind.
const MOST_NAMES: usize = 10;

/// What became of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its turn has not come.
    NotTried,
    /// It was begun.
    InFlight,
    /// Carried out and checked.
    Done,
    /// Refused, or not known.
    Failed,
}

/// The writes of a command, in order.
#[derive(Debug, Default)]
pub struct Tally(RefCell<Vec<(String, State)>>);

impl Tally {
    /// Begins an account of writes, named by `labels`.
    pub fn begin(&self, labels: impl Iterator<Item = String>) {
        *self.0.borrow_mut() = labels.map(|label| (label, State::NotTried)).collect();
    }

    /// Notes what became of a write.
    pub fn set(&self, number: usize, state: State) {
        if let Some(line) = self.0.borrow_mut().get_mut(number) {
            line.1 = state;
        }
    }

    /// Closes the account: everything in it is told.
    pub fn close(&self) {
        self.0.borrow_mut().clear();
    }

    /// Gives the labels of the writes in a state.
    pub fn labels(&self, state: State) -> Vec<String> {
        self.0.borrow().iter().filter(|line| line.1 == state).map(|line| line.0.clone()).collect()
    }

    /// Builds the error of an interruption; none where no account is open.
    pub fn interruption(&self) -> Option<Error> {
        if self.0.borrow().is_empty() {
            return None;
        }
        let kinds = [
            ("done", State::Done),
            ("failed", State::Failed),
            ("in flight, carried out or not", State::InFlight),
            ("not tried", State::NotTried),
        ];
        let words: Vec<String> = kinds
            .into_iter()
            .map(|(name, state)| (name, self.labels(state)))
            .filter(|(name, labels)| *name == "done" || !labels.is_empty())
            .map(|(name, labels)| format!("{name}: {}", names(&labels)))
            .collect();
        let detail = json!({
            "done": self.labels(State::Done), "failed": self.labels(State::Failed),
            "in_flight": self.labels(State::InFlight), "not_tried": self.labels(State::NotTried),
        });
        let changed = match (self.labels(State::Done).len(), self.labels(State::NotTried).len()) {
            (0, not_tried) if not_tried == self.0.borrow().len() => Changed::No,
            (0, _) => Changed::Maybe,
            _ => Changed::Yes,
        };
        let error = Error::interrupted(format!("interrupted; {}", words.join("; "))).detail(detail).changed(changed);
        Some(error.hint("`bpctl history` shows what was written; nothing more is sent"))
    }
}

/// Counts names and lists them, not endlessly: `2 (a, b)`.
pub fn names(labels: &[String]) -> String {
    match labels.len() {
        0 => "none".to_owned(),
        count if count > MOST_NAMES => {
            format!("{count} ({} and {} more)", labels[..MOST_NAMES].join(", "), count - MOST_NAMES)
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
        tally.set(0, State::Done);
        tally.set(1, State::InFlight);
        let error = tally.interruption().unwrap();
        assert_eq!(error.message, "interrupted; done: 1 (a); in flight, carried out or not: 1 (b); not tried: 1 (c)");
        assert_eq!((&error.detail["not_tried"], error.changed), (&json!(["c"]), Changed::Yes));
        tally.close();
        assert!(tally.interruption().is_none());
    }
}
