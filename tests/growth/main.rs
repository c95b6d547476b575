//! The cost of a row does not rise with the number of rows: what is allocated, what is sent, and what is read of the
//! journal, each at two sizes. Nothing here measures time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a failed test, and the place says why")]
#![expect(clippy::disallowed_methods, reason = "tests stand outside: they have their own environment and clock")]

mod allocations;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/harness.rs"]
mod harness;
mod memory;
mod requests;
#[path = "../../benches/rows.rs"]
mod rows;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/server.rs"]
mod server;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/world.rs"]
mod world;

/// Asserts that a row of many costs no more than a row of few; a tenth more is allowed, for buffers that double.
fn costs_as_much(what: &str, [few, many]: [usize; 2], cost: impl Fn(usize) -> u64) {
    let (small, large) = (cost(few), cost(many));
    assert!(small > 0, "{what}: nothing was counted");
    let factor = (large as f64 / many as f64) / (small as f64 / few as f64);
    assert!(factor <= 1.1, "{what}: {small} for {few} rows, {large} for {many}: {factor:.2} times as much a row");
}

#[test]
fn a_rising_cost_is_found() {
    let is_found =
        |cost: fn(usize) -> u64| std::panic::catch_unwind(|| costs_as_much("it", [10, 1_000], cost)).is_err();
    assert!(!is_found(|rows| 500 + 3 * rows as u64));
    assert!(is_found(|rows| rows as u64 * (100 + rows as u64)));
}
