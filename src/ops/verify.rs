//! Compares what was wanted with what the API holds after a write. Pure: reads nothing, sends nothing.

use serde_json::{Value, json};

use crate::error::{Changed, Error, Exit, Result, code};
use crate::model::{Change, Interval, Loss, Policy, PolicyPatch};
use crate::time::utc;

/// A field that does not have the value that was wanted.
pub struct Missed {
    pub name: &'static str,
    /// The value before; none where it is not known.
    pub was: Option<String>,
    pub wanted: String,
    pub is: Option<String>,
}

impl Missed {
    /// Whether it has another value than before: the write did something.
    fn has_moved(&self) -> bool {
        self.was.is_some() && self.is.is_some() && self.was != self.is
    }

    fn describe(&self, is_changed: bool) -> String {
        let was = self.was.as_ref().filter(|_| is_changed).map_or_else(String::new, |was| format!("was {was}, "));
        format!("{}: {was}wanted {}, is {}", self.name, self.wanted, value(&self.is))
    }
}

/// What a write did, apart from the fields that it missed.
#[derive(Default)]
pub struct SideEffects {
    /// Whether anything is not as it was before. A missed field with another value than before counts by itself.
    pub is_changed: bool,
    /// Other fields that changed, in words.
    pub others: Vec<String>,
    /// Protection that is lost, and that the change as wanted would not have taken away.
    pub losses: Vec<Loss>,
}

impl SideEffects {
    fn describe(&self) -> String {
        let losses = describe_losses(&self.losses);
        if self.others.is_empty() {
            return losses;
        }
        format!("; something else changed ({}){losses}", self.others.join("; "))
    }
}

fn describe_losses(losses: &[Loss]) -> String {
    if losses.is_empty() {
        return String::new();
    }
    let losses: Vec<&str> = losses.iter().map(|loss| loss.0.as_str()).collect();
    format!("; protection is weaker than before: {}", losses.join("; "))
}

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
    let fields = change.applied_to(before).settings().into_iter().zip(before.settings()).zip(after.settings());
    let (missed, others): (Vec<_>, Vec<_>) = fields
        .filter_map(|(((name, wanted), (_, was)), (_, is))| Some(Missed { name, was, wanted: wanted?, is }))
        .filter(|field| field.is.as_ref() != Some(&field.wanted))
        // A field that was not to change, and that the answer leaves out or spells in a new way, does not contradict it.
        .filter(|field| is_wanted(field.name) || field.is.is_some() && (is_known || field.name != "interval"))
        .partition(|field| is_wanted(field.name));
    let mut changes: Vec<String> =
        others.iter().map(|field| format!("{}: was {}, is {}", field.name, field.wanted, value(&field.is))).collect();
    match (before.auto_move_to_trash_at, after.auto_move_to_trash_at) {
        (was, is) if was == is => {}
        (_, Some(at)) => changes.push(format!("a deletion is scheduled for {}", utc(at))),
        (_, None) => changes.push("the deletion is not scheduled any more".to_owned()),
    }
    let losses = new_losses(change, before, after);
    if !missed.is_empty() {
        let is_applied = change.differences.iter().any(|(name, ..)| missed.iter().all(|field| field.name != *name));
        let is_changed = is_applied || !changes.is_empty();
        return Err(not_applied(&missed, &SideEffects { is_changed, others: changes, losses }));
    }
    if changes.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the change was made, but something else changed with it ({}){}",
        changes.join("; "),
        describe_losses(&losses)
    );
    Err(Error::new(Exit::Failure, code::NOT_APPLIED, message)
        .hint("the server did it, or someone else at the same time")
        .changed(Changed::Yes))
}

/// The protection that is lost, and that the change as wanted would not have taken away.
pub fn new_losses(change: &Change, before: &Policy, after: &Policy) -> Vec<Loss> {
    // A new policy replaces nothing.
    if before.id.is_none() {
        return Vec::new();
    }
    let expected = change.losses(before);
    let losses = PolicyPatch::of(after).against(before).losses(before);
    losses.into_iter().filter(|loss| !expected.contains(loss)).collect()
}

/// The error of values that the server did not take. A value other than the old and the wanted one shows that the write
/// was carried out.
pub fn not_applied(missed: &[Missed], effects: &SideEffects) -> Error {
    let is_changed = effects.is_changed || missed.iter().any(Missed::has_moved);
    let what = if is_changed { "did not apply it as requested" } else { "the change is not visible" };
    let fields: Vec<String> = missed.iter().map(|field| field.describe(is_changed)).collect();
    let message = format!("the server accepted the request, but {what} ({}){}", fields.join("; "), effects.describe());
    let detail = |field: &Missed| {
        let detail = json!({"before": field.was, "asked": field.wanted, "actual": field.is});
        (field.name.to_owned(), detail)
    };
    Error::new(Exit::Failure, code::NOT_APPLIED, message)
        .detail(Value::Object(missed.iter().map(detail).collect()))
        .changed(if is_changed { Changed::Yes } else { Changed::Maybe })
}

fn value(actual: &Option<String>) -> &str {
    actual.as_deref().unwrap_or("not set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schedule;

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
