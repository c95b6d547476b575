//! Compares what was wanted with what the API holds after a write. Pure: reads nothing, sends nothing.

use serde_json::{Value, json};

use crate::error::{Changed, Error, Exit, Result, code};
use crate::model::{Change, Interval, Policy};
use crate::time::utc;

/// A field that is not as wanted: name, wanted, actual.
type Difference = (&'static str, String, Option<String>);

/// Whether the old value of a field that was to change is still seen: the change may become visible later.
pub fn is_still_old(change: &Change, before: &Policy, after: &Policy) -> bool {
    let wanted = change.applied_to(before).settings();
    let fields = before.settings().into_iter().zip(wanted).zip(after.settings());
    fields.into_iter().any(|(((_, old), (_, wanted)), (_, actual))| old != wanted && actual == old)
}

/// Checks the fields that were to change, and those that were not.
///
/// # Errors
/// `not_applied`, with both values of each field: the API silently ignores arguments that it does not know
/// (inferred), and whether it leaves other fields alone is not documented.
pub fn verify(change: &Change, before: &Policy, after: &Policy) -> Result<()> {
    let is_wanted = |name: &str| change.differences.iter().any(|difference| difference.0 == name);
    let is_known = !matches!(after.schedule.interval, Some(Interval::Other(_)));
    let wanted = change.applied_to(before).settings().into_iter().zip(after.settings());
    let (missed, others): (Vec<_>, Vec<_>) = wanted
        .filter_map(|((name, wanted), (_, actual))| Some((name, wanted?, actual)))
        .filter(|(_, wanted, actual)| actual.as_ref() != Some(wanted))
        // A field that was not to change, and that the answer leaves out or spells in a new way, does not contradict it.
        .filter(|(name, _, actual)| is_wanted(name) || actual.is_some() && (is_known || *name != "interval"))
        .partition(|(name, ..)| is_wanted(name));
    not_applied(&missed)?;
    let mut changes: Vec<String> =
        others.iter().map(|(name, was, actual)| format!("{name}: was {was}, is {}", value(actual))).collect();
    match (before.auto_move_to_trash_at, after.auto_move_to_trash_at) {
        (was, is) if was == is => {}
        (_, Some(at)) => changes.push(format!("a deletion is scheduled for {}", utc(at))),
        (_, None) => changes.push("the deletion is not scheduled any more".to_owned()),
    }
    if changes.is_empty() {
        return Ok(());
    }
    let message = format!("the change was made, but something else changed with it ({})", changes.join("; "));
    Err(Error::new(Exit::Failure, code::NOT_APPLIED, message)
        .hint("the server did it, or someone else at the same time")
        .changed(Changed::Yes))
}

/// Builds the error for values that the server did not take.
///
/// # Errors
/// `not_applied`, when there are any.
pub fn not_applied(missed: &[Difference]) -> Result<()> {
    if missed.is_empty() {
        return Ok(());
    }
    let fields: Vec<String> =
        missed.iter().map(|(name, wanted, actual)| format!("{name}: wanted {wanted}, is {}", value(actual))).collect();
    let detail =
        missed.iter().map(|(name, wanted, actual)| ((*name).to_owned(), json!({"asked": wanted, "actual": actual})));
    let message = format!("the server accepted the request, but the change is not visible ({})", fields.join("; "));
    Err(Error::new(Exit::Failure, code::NOT_APPLIED, message)
        .detail(Value::Object(detail.collect()))
        .with_outcome_unknown())
}

fn value(actual: &Option<String>) -> &str {
    actual.as_deref().unwrap_or("not set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PolicyPatch, Schedule};

    fn policy(retention: i64, interval: Interval) -> Policy {
        let schedule = Schedule { interval: Some(interval), ..Schedule::default() };
        Policy { retention: Some(retention), schedule, ..Policy::default() }
    }

    #[test]
    fn a_change_that_is_not_visible_yet_is_distinguished_from_another_value() {
        let before = policy(7, Interval::Daily);
        let change = PolicyPatch { retention: Some(30), ..PolicyPatch::default() }.against(&before);
        assert!(is_still_old(&change, &before, &policy(7, Interval::Daily)));
        assert!(!is_still_old(&change, &before, &policy(30, Interval::Daily)));
        assert!(!is_still_old(&change, &before, &policy(14, Interval::Daily)));
        assert_eq!(verify(&change, &before, &policy(14, Interval::Daily)).unwrap_err().code, "not_applied");
        assert!(verify(&change, &before, &policy(30, Interval::Daily)).is_ok());
    }

    #[test]
    fn a_field_that_changes_unasked_is_an_error_that_says_the_change_was_made() {
        let before = policy(7, Interval::Daily);
        let change = PolicyPatch { retention: Some(30), ..PolicyPatch::default() }.against(&before);
        let error = verify(&change, &before, &policy(30, Interval::Weekly)).unwrap_err();
        assert_eq!((error.code.as_ref(), error.changed), ("not_applied", Changed::Yes));
        let unknown = policy(30, Interval::Other("fortnightly".to_owned()));
        assert!(verify(&change, &before, &unknown).is_ok());
    }
}
