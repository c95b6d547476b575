//! Tables of faults: how an operation ends that meets a fault at a place. Both fault matrices read them, and serve what a
//! cell says; what must hold of every cell is theirs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::{Home, Run};
use crate::server::{Answer, Request, Server};

/// What a column stands for: a name, and the command line.
pub type Operation = (&'static str, &'static [&'static str]);

/// Where in an operation the fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the reads of an operation that only reads.
    Read,
    /// At the write, which is carried out.
    Done,
    /// At the write, which is not carried out.
    Undone,
    /// At the reads after the write.
    After,
}

impl Place {
    fn parse(word: &str) -> Self {
        match word {
            "read" => Self::Read,
            "done" => Self::Done,
            "undone" => Self::Undone,
            "after" => Self::After,
            _ => panic!("no place is called {word}"),
        }
    }
}

/// A cell of a table.
pub struct Cell {
    pub fault: String,
    pub place: Place,
    /// The fault passes after it has happened once.
    is_once: bool,
    pub command: &'static str,
    pub args: &'static [&'static str],
    /// One outcome or several, as [`outcome`] spells them.
    pub expected: String,
}

/// Reads the cells of a table; `operations` are those that the columns of its rows about a place stand for.
pub fn cells(table: &str, operations: impl Fn(Place) -> &'static [Operation]) -> Vec<Cell> {
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(table)).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.flat_map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let [fault, place, expected @ ..] = words.as_slice() else { panic!("not a row: {row}") };
        let (place, is_once) = match place.strip_prefix("once-") {
            Some(place) => (Place::parse(place), true),
            None => (Place::parse(place), false),
        };
        let operations = operations(place);
        assert_eq!(expected.len(), operations.len(), "{row}");
        let cell = |(expected, (command, args)): (&&str, &Operation)| Cell {
            fault: (*fault).to_owned(),
            place,
            is_once,
            command,
            args,
            expected: (*expected).to_owned(),
        };
        expected.iter().zip(operations).filter(|(expected, _)| **expected != "-").map(cell).collect::<Vec<_>>()
    })
    .collect()
}

impl Cell {
    pub fn name(&self) -> String {
        let once = if self.is_once { "once " } else { "" };
        format!("{} {once}{:?} {}", self.fault, self.place, self.command)
    }

    pub fn expects(&self, outcome: &str) -> bool {
        self.expected.split('|').any(|expected| expected == outcome)
    }

    /// A server that is right until the place is reached: `right` answers and carries out, `idle` answers only, and
    /// `spoil` is the fault.
    pub fn serve(
        &self,
        right: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        idle: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        spoil: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let (place, is_once) = (self.place, self.is_once);
        let (has_written, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Server::start(move |request| {
            let is_here = match place {
                Place::Read => true,
                Place::Done | Place::Undone => request.is_write(),
                Place::After => !request.is_write() && has_written.load(Ordering::SeqCst),
            };
            if request.is_write() {
                has_written.store(true, Ordering::SeqCst);
            }
            if !is_here || is_once && is_over.swap(true, Ordering::SeqCst) {
                return right(request);
            }
            let answer = if place == Place::Undone { idle(request) } else { right(request) };
            spoil(request, answer)
        })
    }
}

/// A server that is right until the place is reached; there its port refuses connections.
pub fn refusing(place: Place, right: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
    let server = Server::start(move |request| {
        let is_last = place != Place::After || request.is_write();
        if is_last { right(request).last() } else { right(request) }
    });
    if place == Place::Read {
        server.close();
    }
    server
}

/// How a run ended, as the tables spell it.
pub fn outcome(run: &Run) -> String {
    if run.code == 0 {
        return "0".to_owned();
    }
    let error = run.error();
    let word = |name: &str| error[name].as_str().unwrap_or("?").to_owned();
    let again = if error["retryable"] == true { "+" } else { "" };
    format!("{}:{}={}{again}", run.code, word("code"), word("changed"))
}

/// How the journal says that the last write ended.
pub fn journaled(home: &Home) -> Option<String> {
    let text = std::fs::read_to_string(home.path("data/bpctl/journal.jsonl")).ok()?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ends = lines.filter(|line| line["event"] == "end");
    ends.next_back()?["outcome"].as_str().map(String::from)
}
