//! What tests need beside `bpctl` and may not find on a machine. Where `CI` is set, what is missing fails the test.

use std::io::Write;
use std::process::{Command, Stdio};

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

/// Hands a text to a program, which must succeed, and returns what it said.
pub fn accepted_by(program: &str, args: &[&str], text: &str) -> String {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {said}\n{text}");
    said
}
