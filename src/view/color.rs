//! Colours of states and verdicts. The word itself always says as much.

/// Ends a colour.
pub(super) const RESET: &str = "\x1b[0m";
pub(super) const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";

/// Returns the control sequence for a state; none for a word without a colour.
pub(super) fn of_state(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "ok" | "built" | "ready" | "done" | "attached" | "started" | "complete" | "completed" | "passed" => Some(GREEN),
        "partial" | "weak" | "warning" | "unknown" | "building" | "pending" | "locked" | "not built" | "not_built"
        | "not tried" | "skipped" | "to be deleted" => Some(YELLOW),
        "none" | "critical" | "error" | "failed" | "stale" | "cancelled" => Some(RED),
        _ => None,
    }
}
