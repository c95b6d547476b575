//! The error of a write that may have been carried out: it says so, and is not one to try again without a look.

use super::answer::Settled;
use super::status::TRY_AGAIN;
use super::{Method, Repeat, Request};
use crate::error::{Error, Exit, Result, code};

/// Adds to the error of a write that it may have been carried out, now (`is_unknown`) or by an earlier attempt.
pub(super) fn conclude(
    request: &Request,
    tried: Result<Settled>,
    is_unknown: bool,
    after_lost_answer: bool,
) -> Result<Settled> {
    if request.method == Method::Get || !(is_unknown || after_lost_answer) {
        return tried;
    }
    match tried {
        Ok(Settled { result: Err(error), answer }) if !is_unknown => {
            // The earlier attempt may be the reason for this answer: the caller can judge that.
            Ok(Settled { result: Err(of_earlier_attempt(error)), answer })
        }
        Ok(Settled { result: Err(error), .. }) | Err(error) => Err(of_unknown_outcome(request.repeat, error)),
        Ok(settled) => Ok(settled),
    }
}

/// Adds to an error after which a write was not sent again that an earlier attempt of it may have been carried out.
pub(super) fn of_earlier_attempt(error: Error) -> Error {
    with_outcome_unknown(error, "an earlier attempt may have been carried out")
}

/// Leaves out of a hint what holds only where nothing was sent.
fn still_true(hint: &str) -> Option<String> {
    const NO_MORE: [&str; 3] = ["nothing was sent", "the policy was left alone", "look again and repeat the command"];
    let parts: Vec<&str> = hint.split("; ").filter(|part| !NO_MORE.contains(part)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Adds to an error that a write may have been carried out. It is no longer a plain refusal then, and not to be tried
/// again without a look.
fn with_outcome_unknown(error: Error, what: &str) -> Error {
    let exit = if error.exit == Exit::Refused { Exit::Unreachable } else { error.exit };
    let message = format!("{}; {what}", error.message.trim_end_matches('.'));
    let hints =
        error.hints.iter().filter(|hint| !hint.starts_with(TRY_AGAIN)).filter_map(|hint| still_true(hint)).collect();
    Error { exit, message, hints, ..error }.with_outcome_unknown()
}

fn of_unknown_outcome(repeat: Repeat, cause: Error) -> Error {
    match repeat {
        Repeat::Safe => with_outcome_unknown(cause, "the change may or may not have been carried out"),
        Repeat::OnlyIfNotCarriedOut => Error {
            exit: Exit::Unreachable,
            code: code::OUTCOME_UNKNOWN.into(),
            ..with_outcome_unknown(cause, "it is not known whether the request was carried out")
        },
    }
}
