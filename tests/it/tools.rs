//! What tests need beside `bpctl` and may not find on a machine. Where `CI` is set, what is missing fails the test.

use std::process::Command;

/// Whether a program is installed: it starts with these arguments and succeeds.
pub fn has(program: &str, args: &[&str]) -> bool {
    let is_there = Command::new(program).args(args).output().is_ok_and(|output| output.status.success());
    is_there || missing(program)
}

/// Says that a test is skipped, and returns `false`.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
pub fn missing(what: &str) -> bool {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!is_ci, "no {what}: needed where CI is set");
    eprintln!("skipped: no {what}");
    false
}
