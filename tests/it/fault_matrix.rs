//! Every fault at every place of every operation: the exit code and error code of `tests/fixtures/fault_matrix.txt`, in
//! bounded time and memory, and nothing said that is not true.
//!
//! What is expected is data; what holds for every cell is code. The cells run side by side, each in a world of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::faults::{fault, right_answer};
use crate::harness::{Bpctl, Home, Run, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::side_by_side;
use crate::world::{DISK, POLICY, VM, World};

const TABLE: &str = "tests/fixtures/fault_matrix.txt";
/// The most memory that any answer may make a command take, in bytes.
const MAX_MEMORY: u64 = 200 << 20;
/// Beyond `--max-wait`, what starting a process and a busy machine may take.
const SLACK: Duration = Duration::from_secs(10);

const READS: [(&str, &[&str]); 4] = [
    ("list", &["policies", "list", "--vm", VM]),
    ("show", &["policy", "show", POLICY]),
    ("disk show", &["disk", "show", DISK]),
    ("backups", &["backups", "list", "--vm", "488"]),
];
const WRITES: [(&str, &[&str]); 4] = [
    ("update", &["policy", "update", POLICY, "--retention", "14"]),
    ("schedule-delete", &["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"]),
    ("delete", &["policy", "delete", POLICY, "--yes"]),
    ("create", &["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"]),
];
/// Faults that end when the time is up; all others get all the time they want, since a busy machine is not a fault.
const SLOW: [&str; 3] = ["stalled", "silent", "byte-a-second"];

/// Where in an operation the fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the reads of an operation that only reads.
    Read,
    /// At the write, which is carried out.
    Done,
    /// At the write, which is not carried out.
    Undone,
    /// At the reads after the write.
    After,
}

/// A cell of the table.
struct Cell {
    fault: String,
    place: Place,
    /// The fault passes after it has happened once.
    is_once: bool,
    command: &'static str,
    args: &'static [&'static str],
    expected: String,
}

fn cells() -> Vec<Cell> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.flat_map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let [fault, place, expected @ ..] = words.as_slice() else { panic!("not a row: {row}") };
        let (place, is_once) = match place.strip_prefix("once-") {
            Some(place) => (place, true),
            None => (*place, false),
        };
        let (place, commands) = match place {
            "read" => (Place::Read, &READS),
            "done" => (Place::Done, &WRITES),
            "undone" => (Place::Undone, &WRITES),
            "after" => (Place::After, &WRITES),
            _ => panic!("no place is called {place}"),
        };
        assert_eq!(expected.len(), commands.len(), "{row}");
        let cell = |(expected, (command, args)): (&&str, &(&'static str, &'static [&'static str]))| Cell {
            fault: (*fault).to_owned(),
            place,
            is_once,
            command,
            args,
            expected: (*expected).to_owned(),
        };
        expected.iter().zip(commands).filter(|(expected, _)| **expected != "-").map(cell).collect::<Vec<_>>()
    })
    .collect()
}

impl Cell {
    fn name(&self) -> String {
        let once = if self.is_once { "once " } else { "" };
        format!("{} {once}{:?} {}", self.fault, self.place, self.command)
    }

    /// A server that is right until the place is reached.
    fn serve(&self, world: &World) -> Server {
        let (world, place, is_once) = (world.clone(), self.place, self.is_once);
        if self.fault == "refused" {
            return refusing(world, place);
        }
        let spoil = fault(&self.fault);
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
                return right_answer(&world, request);
            }
            let answer = match place {
                Place::Undone => world.answer_only(request),
                _ => right_answer(&world, request),
            };
            spoil(request, answer)
        })
    }

    fn bpctl(&self, server: &Server) -> Bpctl {
        let bpctl = match self.command {
            "backups" => onapp(server, self.args),
            _ => katapult(server, self.args),
        };
        let (timeout, max_wait) = self.limits();
        bpctl.args(&["-o", "json", "--retries", "1", "--timeout", timeout, "--max-wait", max_wait])
    }

    fn limits(&self) -> (&'static str, &'static str) {
        match self.fault.as_str() {
            // What it holds grows with the time that it has: a JSON array is printed when it is whole.
            "pages-endless" => ("2s", "2s"),
            slow if SLOW.contains(&slow) => ("2s", "6s"),
            _ => ("30s", "40s"),
        }
    }

    fn check(&self) -> Result<(), String> {
        let world = World::new();
        let before = world.live_policies();
        let server = self.serve(&world);
        let home = Home::new();
        let started = Instant::now();
        let (run, memory) = self.bpctl(&server).home(&home).spawn().wait_measuring();
        let took = started.elapsed();
        let actual = outcome(&run);
        let mut wrong = Vec::new();
        if !self.expected.split('|').any(|expected| expected == actual) {
            wrong.push(format!("expected {}, is {actual}", self.expected));
        }
        let longest = time(self.limits().1) + SLACK;
        if took > longest {
            wrong.push(format!("took {took:?}"));
        }
        if memory > MAX_MEMORY {
            wrong.push(format!("took {} MiB", memory >> 20));
        }
        let is_short = ["pages-repeating", "pages-shifting"].contains(&self.fault.as_str());
        if is_short && !run.stderr.contains("but returned") {
            wrong.push("the list looks whole".to_owned());
        }
        if self.place != Place::Read {
            wrong.extend(self.truth(&run, &before, &world.live_policies(), &home).into_iter().map(String::from));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("=== {}: {}\n{}", self.name(), wrong.join("; "), run.report()))
        }
    }

    /// What must be true of every write, whatever came in between.
    fn truth(&self, run: &Run, before: &[Value], now: &[Value], home: &Home) -> Vec<&'static str> {
        let is_done = match self.command {
            "update" => now[0]["retention"] == 14,
            "schedule-delete" => now[0]["auto_move_to_trash_at"].is_i64(),
            "delete" => now.is_empty(),
            _ => now.len() == before.len() + 1,
        };
        let mut wrong = Vec::new();
        if !is_done && now != before {
            wrong.push("the state is not that before and not that after");
        }
        if run.code == 0 && !is_done {
            wrong.push("reported as done, and it is not");
        }
        let error_text = match run.code {
            0 => String::new(),
            _ => run.error().to_string(),
        };
        let changed = if run.code == 0 { Value::Null } else { run.error()["changed"].clone() };
        if changed == "no" && is_done {
            wrong.push("it is done, and `changed` says that it is not");
        }
        if changed == "yes" && !is_done && self.is_silent() {
            wrong.push("it is not done, and `changed` says that it is");
        }
        if run.code != 0 && run.error()["retryable"] == true && changed != "no" {
            wrong.push("`retryable`, although it may be done twice then");
        }
        let leaves_open = ["may have been carried out", "may or may not", "not known", "accepted", "new policy"];
        if run.code != 0 && is_done && !leaves_open.iter().any(|words| error_text.contains(words)) {
            wrong.push("it is done, and the error does not say that it may be");
        }
        let only_if_done = ["found a new policy", "the change was accepted"];
        if !is_done && self.is_silent() && only_if_done.iter().any(|words| error_text.contains(words)) {
            wrong.push("it is not done, and the error says that it is");
        }
        if error_text.contains("no new policy found") && is_done {
            wrong.push("it is done, and the error says that it is not");
        }
        match (journaled(home).as_deref(), is_done) {
            (Some("done"), false) => wrong.push("the journal says that it is done"),
            (Some("failed"), true) => wrong.push("the journal says that it failed"),
            (None, _) => wrong.push("the journal has no end of it"),
            _ => {}
        }
        wrong
    }

    /// Whether the server never said that the write was carried out.
    fn is_silent(&self) -> bool {
        let lies = ["wrong-type", "missing-fields", "unknown-words", "nulls"];
        self.place == Place::Undone && !lies.contains(&self.fault.as_str())
    }
}

/// How a run ended, as the table spells it.
pub fn outcome(run: &Run) -> String {
    if run.code == 0 {
        return "0".to_owned();
    }
    let error = run.error();
    let word = |name: &str| error[name].as_str().unwrap_or("?").to_owned();
    let again = if error["retryable"] == true { "+" } else { "" };
    format!("{}:{}={}{again}", run.code, word("code"), word("changed"))
}

/// Right until the place is reached; there its port refuses connections.
fn refusing(world: World, place: Place) -> Server {
    let is_last = move |request: &Request| match place {
        Place::After => request.is_write(),
        _ => true,
    };
    let script = move |request: &Request| {
        if is_last(request) { right_answer(&world, request).last() } else { right_answer(&world, request) }
    };
    let server = Server::start(script);
    if place == Place::Read {
        server.close();
    }
    server
}

fn time(text: &str) -> Duration {
    Duration::from_secs(text.trim_end_matches('s').parse().unwrap())
}

/// How the journal says that the last write ended.
pub fn journaled(home: &Home) -> Option<String> {
    let text = std::fs::read_to_string(home.path("data/bpctl/journal.jsonl")).ok()?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ends = lines.filter(|line| line["event"] == "end");
    ends.next_back()?["outcome"].as_str().map(String::from)
}

#[test]
fn the_fault_matrix() {
    let cells = cells();
    let count = cells.len();
    assert!(count > 400, "the table has {count} cells");
    let failures = side_by_side::play(&cells, |cell| SLOW.contains(&cell.fault.as_str()), failure);
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} of {count} cells failed\n{}", failures.len(), failures.join("\n"));
}

fn failure(cell: &Cell) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| cell.check())) {
        Ok(checked) => checked.err(),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map_or("it panicked", String::as_str);
            Some(format!("=== {}: {words}", cell.name()))
        }
    }
}

#[test]
fn the_world_itself_is_right() {
    // Without a fault every operation succeeds: else the matrix would prove nothing.
    for (command, args) in READS.iter().chain(&WRITES) {
        let world = World::new();
        let inner = world.clone();
        let server = Server::start(move |request| -> Answer { right_answer(&inner, request) });
        let bpctl = if *command == "backups" { onapp(&server, args) } else { katapult(&server, args) };
        bpctl.args(&["-o", "json"]).run().ok();
    }
}

/// Serves a world whose first write is answered by `lost`, carried out or not, and every later one by `then`.
fn first_write_lost(world: &World, is_done: bool, then: Option<Answer>) -> Server {
    let (world, writes) = (world.clone(), AtomicUsize::new(0));
    Server::start(move |request| match request.is_write().then(|| writes.fetch_add(1, Ordering::SeqCst)) {
        Some(0) => {
            let _ = if is_done { right_answer(&world, request) } else { world.answer_only(request) };
            Answer::reset()
        }
        Some(_) => then.clone().unwrap_or_else(|| right_answer(&world, request)),
        None => right_answer(&world, request),
    })
}

#[test]
fn a_refusal_after_a_lost_answer_does_not_hide_that_it_may_be_done() {
    for (then, exit) in [
        (Answer::error(429, "rate_limit_reached").header("Retry-After", "3600"), 6),
        (Answer::error(503, "service_unavailable"), 7),
        (Answer::error(403, "permission_denied"), 4),
        (Answer::error(404, "route_not_found"), 3),
    ] {
        for (command, args) in &WRITES[..3] {
            let (world, home) = (World::new(), Home::new());
            let server = first_write_lost(&world, true, Some(then.clone()));
            let run =
                katapult(&server, args).args(&["-o", "json", "--retries", "1"]).home(&home).run().fails_in_json(exit);
            let message = run.error()["message"].to_string();
            assert!(message.contains("an earlier attempt may have been carried out"), "{command}: {}", run.report());
            assert_eq!(journaled(&home).as_deref(), Some("unknown"), "{command}: {}", run.report());
        }
    }
}

#[test]
fn a_create_whose_answer_was_lost_is_looked_for() {
    for (is_done, seen) in [(true, "found a new policy: dbp_new1"), (false, "no new policy found")] {
        let (world, home) = (World::new(), Home::new());
        let server = first_write_lost(&world, is_done, None);
        let run = katapult(&server, WRITES[3].1).args(&["-o", "json"]).home(&home).run().fails(7, "outcome_unknown");
        let error = run.error();
        assert!(error["message"].to_string().contains(seen), "{}", run.report());
        assert!(error["hint"].to_string().contains("bpctl policies list --vm"), "{}", run.report());
        assert_eq!(server.writes().len(), 1, "a create is not repeated");
        assert_eq!(journaled(&home).as_deref(), Some("unknown"), "{}", run.report());
    }
}

#[test]
fn a_write_that_was_not_begun_is_not_said_to_be_open() {
    // The port refuses the write: surely nothing was carried out, and nothing needs looking at.
    for (command, args) in &WRITES {
        let home = Home::new();
        let server = refusing(World::new(), Place::Undone);
        let run = katapult(&server, args).args(&["-o", "json", "--retries", "0"]).home(&home).run().fails(7, "network");
        assert!(!run.error()["message"].to_string().contains("carried out"), "{command}: {}", run.report());
        assert_eq!(journaled(&home).as_deref(), Some("failed"), "{command}: {}", run.report());
    }
}
