//! Several writes, one after the other: each is read back before the next begins. What became of each is kept, for
//! the results and for an interruption.

use serde_json::json;

use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::progress_tally::{State, names};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct FailurePolicy {
    /// Whether to go on after a failure. A failure of the way to the API stops in any case.
    pub keep_going: bool,
    /// So many come first: a failure among them stops in any case.
    pub canary: usize,
    /// From here on, protection is taken away that what comes before replaces: none of it after a failure.
    pub removals_from: usize,
}

impl FailurePolicy {
    /// Goes on after a failure, or stops: no item depends on another.
    pub fn of(keep_going: bool) -> Self {
        Self { keep_going, canary: 0, removals_from: usize::MAX }
    }
}

/// What became of one write.
pub enum Outcome<T> {
    /// Carried out and checked.
    Done(T),
    /// Refused, or not known.
    Failed(Error),
    /// A failure before it stopped the series.
    NotTried,
}

/// What became of every write, in order.
pub struct Sequence<T> {
    /// The label of each, and its outcome.
    pub results: Vec<(String, Outcome<T>)>,
    /// Whether a write was sent for one that is done.
    pub has_written: bool,
}

impl<T> Sequence<T> {
    /// Runs `step` for each item.
    pub async fn run<I>(
        cx: &Context,
        items: Vec<(String, I)>,
        failure_policy: FailurePolicy,
        mut step: impl AsyncFnMut(I) -> Result<T>,
    ) -> Self {
        cx.tally.begin(items.iter().map(|(label, _)| label.clone()));
        let bar = cx.ui.progress("changing");
        bar.length(items.len());
        let mut results = Vec::new();
        let (mut is_stopped, mut has_failed) = (false, false);
        for (number, (label, item)) in items.into_iter().enumerate() {
            if is_stopped || has_failed && number >= failure_policy.removals_from {
                results.push((label, Outcome::NotTried));
                continue;
            }
            if number == failure_policy.canary && number > 0 {
                cx.ui.note("canary verified; continuing");
            }
            cx.tally.start(number);
            let outcome = match step(item).await {
                Ok(done) => Outcome::Done(done),
                Err(error) => {
                    has_failed = true;
                    is_stopped = is_cut_off(&error) || !failure_policy.keep_going || number < failure_policy.canary;
                    Outcome::Failed(error)
                }
            };
            cx.tally.set(number, if matches!(outcome, Outcome::Done(_)) { State::Done } else { State::Failed });
            bar.step(1);
            results.push((label, outcome));
        }
        drop(bar);
        cx.tally.close();
        Self { results, has_written: false }
    }
}

/// Whether the API could not be reached, so that the next write would fail, too.
fn is_cut_off(error: &Error) -> bool {
    match error.exit {
        Exit::RateLimited => true,
        Exit::Unreachable => error.status.is_none_or(|status| (502..=504).contains(&status)),
        _ => false,
    }
}

/// Removes from the hint of one write that nothing was sent: of others, something was.
fn without_nothing_sent(hint: &str) -> Option<String> {
    const NOTHING_SENT: &str = "nothing was sent";
    let parts: Vec<&str> = hint.split("; ").filter(|part| *part != NOTHING_SENT).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Sums up what failed: one error as it is, several in one.
///
/// `has_written` says whether anything was sent for what is `done`: an object that is already as wanted counts as done,
/// too.
///
/// # Errors
/// The first error when nothing was done; exit 9 when only some was.
pub fn sum_up(
    plural: &str,
    done: &[String],
    mut failed: Vec<(String, Error)>,
    not_tried: &[String],
    has_written: bool,
) -> Result<()> {
    if failed.is_empty() && not_tried.is_empty() {
        return Ok(());
    }
    if done.is_empty() && not_tried.is_empty() && failed.len() == 1 {
        return Err(failed.remove(0).1);
    }
    let mut words: Vec<String> =
        failed.iter().map(|(label, error)| format!("{label}: {} ({})", error.message, error.code)).collect();
    if !not_tried.is_empty() {
        words.push(format!("not tried after that: {}", names(not_tried)));
    }
    // An unknown outcome, or a change that was made, outweighs failures that surely changed nothing.
    let open = failed.iter().find(|(_, error)| error.outcome_unknown());
    let made = failed.iter().find(|(_, error)| error.changed == Changed::Yes);
    let (exit, code) = match (done.is_empty(), open.or(made).or(failed.first())) {
        (true, Some((_, worst))) => (worst.exit, worst.code.clone()),
        _ => (Exit::Partly, code::PARTLY_DONE.into()),
    };
    let changed = failed.iter().map(|(_, error)| error.changed).max().unwrap_or_default();
    let changed = if has_written { Changed::Yes } else { changed };
    let results: Vec<_> =
        failed.iter().map(|(label, error)| json!({"id": label, "error": error.to_json()["error"]})).collect();
    let count = failed.len() + done.len() + not_tried.len();
    let message = format!("{} of {count} {plural} failed: {}", failed.len(), words.join("; "));
    let mut hints: Vec<String> = failed.iter().flat_map(|(_, error)| error.hints.clone()).collect();
    if changed != Changed::No {
        hints = hints.into_iter().filter_map(|hint| without_nothing_sent(&hint)).collect();
    }
    hints.dedup();
    let detail = json!({"done": done, "failed": results, "not_tried": not_tried});
    let worst = open.or(failed.first()).map(|(_, error)| error).filter(|_| done.is_empty());
    let (status, request_id) = worst.map_or((None, None), |worst| (worst.status, worst.request_id.clone()));
    Err(Error { hints, changed, status, request_id, ..Error::new(exit, code, message).detail(detail) })
}
