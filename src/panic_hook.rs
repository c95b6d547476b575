//! Reports a panic: one line instead of a backtrace, and exit code 1.
//!
//! A panic's message can hold an API's answer or a secret, so only the parts that are written in the source are shown.

use std::io::Write;
use std::panic::PanicHookInfo;

use crate::error::Exit;
use crate::text::escape;

/// Reports a panic and ends the process: the state of what panicked is not known.
pub fn report(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let words = match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(written), _) => written,
        (None, Some(formatted)) => harmless(formatted),
        (None, None) => "",
    };
    let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
    // Nothing can be done when standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{}", report_text(words, &place));
    end(panic);
}

/// Ends the process without a message: completion must print nothing but candidates.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "an abort would leave a core dump, which holds the token")]
pub fn end(_: &PanicHookInfo<'_>) {
    std::process::exit(Exit::Failure as i32);
}

/// Keeps the kernel from writing this process's memory to a file when it dies (SIGQUIT, say): the token is in it. What
/// `token_command` starts has the same limit, which it may raise again.
#[cfg(unix)]
pub fn leave_no_core_dump() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    // A system that refuses this writes what it would have written anyway.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}

#[cfg(not(unix))]
pub fn leave_no_core_dump() {}

fn report_text(words: &str, place: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let words = if words.is_empty() { "internal error" } else { words };
    format!(
        "error: bpctl {version} has a bug at {}: {}\nhint: please report this line; whether a change was carried out: `bpctl history`",
        escape(place),
        escape(words),
    )
}

/// Cuts a formatted message where values may begin: after a colon, or at a quotation.
fn harmless(formatted: &str) -> &str {
    let end = formatted.find([':', '`', '\'', '"', '{', '(', '\n']).unwrap_or(formatted.len());
    formatted[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs itself as a process of its own, which the panic ends; a variable in the environment distinguishes the two.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the child process has to know that it is the one to panic")]
    fn a_silent_panic_ends_the_process_like_any_failure() {
        const WORD: &str = "BPCTL_TEST_PANICS";
        if std::env::var_os(WORD).is_some() {
            std::panic::set_hook(Box::new(end));
            panic!("tok-123");
        }
        let args = ["--exact", "--nocapture", "panic_hook::tests::a_silent_panic_ends_the_process_like_any_failure"];
        let mut itself = std::process::Command::new(std::env::current_exe().unwrap());
        let ended = itself.args(args).env(WORD, "1").output().unwrap();
        assert_eq!(ended.status.code(), Some(Exit::Failure as i32), "it was unwound or aborted");
        assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    #[test]
    fn values_in_a_panic_are_not_shown() {
        for (message, shown) in [
            ("called `Result::unwrap()` on an `Err` value: Error { token }", "called"),
            ("no such key: tok-123", "no such key"),
            ("byte index 3 is out of bounds of `tok-123`", "byte index 3 is out of bounds of"),
            ("index out of bounds: the len is 3 but the index is 5", "index out of bounds"),
            ("tok \"tok-123\"", "tok"),
            ("", ""),
        ] {
            assert_eq!(harmless(message), shown);
        }
    }

    #[test]
    fn the_report_is_one_line_and_a_hint() {
        let report = report_text("it is\nbroken \x1b[2J", "src/x.rs:7");
        assert_eq!(report.lines().count(), 2);
        assert!(report.contains("src/x.rs:7: it is\\nbroken \\x1b[2J"));
        assert!(report.contains("report"));
    }
}
