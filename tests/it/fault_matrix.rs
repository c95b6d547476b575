//! Every fault at every place of every operation: the exit code and error code of `tests/fixtures/fault_matrix.txt`, in
//! bounded time and memory, and nothing said that is not true.
//!
//! What is expected is data; what holds for every cell is code. The cells run side by side, each in a world of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::faults::{fault, right_answer};
use crate::harness::{Bpctl, Home, Run, katapult, onapp};
use crate::matrix::{Cell, Operation, Place, cells, journaled, outcome, refusing};
use crate::server::{Answer, Request, Server};
use crate::side_by_side;
use crate::world::{DISK, POLICY, VM, World};

const TABLE: &str = "tests/fixtures/fault_matrix.txt";
/// The most memory that any answer may make a command take, in bytes.
const MAX_MEMORY: u64 = 200 << 20;
/// Beyond `--max-wait`, what starting a process and a busy machine may take.
const SLACK: Duration = Duration::from_secs(10);

const READS: [Operation; 4] = [
    ("list", &["policies", "list", "--vm", VM]),
    ("show", &["policy", "show", POLICY]),
    ("disk show", &["disk", "show", DISK]),
    ("backups", &["backups", "list", "--vm", "488"]),
];
const WRITES: [Operation; 4] = [
    ("update", &["policy", "update", POLICY, "--retention", "14"]),
    ("schedule-delete", &["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"]),
    ("delete", &["policy", "delete", POLICY, "--yes"]),
    ("create", &["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"]),
];
/// Faults that end when the time is up; all others get all the time they want, since a busy machine is not a fault.
const SLOW: [&str; 3] = ["stalled", "silent", "byte-a-second"];

/// The operations that the columns of the table stand for.
fn operations(place: Place) -> &'static [Operation] {
    if place == Place::Read { &READS } else { &WRITES }
}

fn serve(cell: &Cell, world: &World) -> Server {
    if cell.fault == "refused" {
        return refuse(cell.place, world);
    }
    let (right, idle) = (world.clone(), world.clone());
    let right = move |request: &Request| right_answer(&right, request);
    cell.serve(right, move |request| idle.answer_only(request), fault(&cell.fault))
}

fn refuse(place: Place, world: &World) -> Server {
    let world = world.clone();
    refusing(place, move |request| right_answer(&world, request))
}

fn bpctl(cell: &Cell, server: &Server) -> Bpctl {
    let bpctl = match cell.command {
        "backups" => onapp(server, cell.args),
        _ => katapult(server, cell.args),
    };
    let (timeout, max_wait) = limits(cell);
    bpctl.args(&["-o", "json", "--retries", "1", "--timeout", timeout, "--max-wait", max_wait])
}

fn limits(cell: &Cell) -> (&'static str, &'static str) {
    match cell.fault.as_str() {
        // What it holds grows with the time that it has: a JSON array is printed when it is whole.
        "pages-endless" => ("2s", "2s"),
        slow if SLOW.contains(&slow) => ("2s", "6s"),
        _ => ("30s", "40s"),
    }
}

fn check(cell: &Cell) -> Result<(), String> {
    let world = World::new();
    let before = world.live_policies();
    let server = serve(cell, &world);
    let home = Home::new();
    let started = Instant::now();
    let (run, memory) = bpctl(cell, &server).home(&home).spawn().wait_measuring();
    let took = started.elapsed();
    let actual = outcome(&run);
    let mut wrong = Vec::new();
    if !cell.expects(&actual) {
        wrong.push(format!("expected {}, is {actual}", cell.expected));
    }
    let longest = time(limits(cell).1) + SLACK;
    if took > longest {
        wrong.push(format!("took {took:?}"));
    }
    if memory > MAX_MEMORY {
        wrong.push(format!("took {} MiB", memory >> 20));
    }
    let is_short = ["pages-repeating", "pages-shifting"].contains(&cell.fault.as_str());
    if is_short && !run.stderr.contains("but returned") {
        wrong.push("the list looks whole".to_owned());
    }
    if cell.place != Place::Read {
        wrong.extend(truth(cell, &run, &before, &world.live_policies(), &home).into_iter().map(String::from));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("=== {}: {}\n{}", cell.name(), wrong.join("; "), run.report())) }
}

/// What must be true of every write, whatever came in between.
fn truth(cell: &Cell, run: &Run, before: &[Value], now: &[Value], home: &Home) -> Vec<&'static str> {
    let is_done = match cell.command {
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
    if changed == "yes" && !is_done && is_silent(cell) {
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
    if !is_done && is_silent(cell) && only_if_done.iter().any(|words| error_text.contains(words)) {
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
fn is_silent(cell: &Cell) -> bool {
    let lies = ["wrong-type", "missing-fields", "unknown-words", "nulls"];
    cell.place == Place::Undone && !lies.contains(&cell.fault.as_str())
}

fn time(text: &str) -> Duration {
    Duration::from_secs(text.trim_end_matches('s').parse().unwrap())
}

#[test]
fn the_fault_matrix() {
    let cells = cells(TABLE, operations);
    let count = cells.len();
    assert!(count > 400, "the table has {count} cells");
    let failures = side_by_side::play(&cells, |cell| SLOW.contains(&cell.fault.as_str()), failure);
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} of {count} cells failed\n{}", failures.len(), failures.join("\n"));
}

fn failure(cell: &Cell) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| check(cell))) {
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
        let server = refuse(Place::Undone, &World::new());
        let run = katapult(&server, args).args(&["-o", "json", "--retries", "0"]).home(&home).run().fails(7, "network");
        assert!(!run.error()["message"].to_string().contains("carried out"), "{command}: {}", run.report());
        assert_eq!(journaled(&home).as_deref(), Some("failed"), "{command}: {}", run.report());
    }
}
