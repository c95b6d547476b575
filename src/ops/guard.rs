//! Reads an object again between the preview and the write, and refuses the write if the object has changed. Sends
//! only reads.

use serde_json::{Value, json};

use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Lookup, Owner, is_gone, policy as convert};
use crate::model::{Expectation, Interval, Object, Policy, PolicyPatch, TrashObject};
use crate::text::shell_word;

/// A policy as it was read.
#[derive(Clone)]
pub struct PolicySnapshot {
    pub id: String,
    pub before: Object<Policy>,
    /// Why it could not be read. Only a deletion goes on then.
    pub unreadable: Option<String>,
}

impl PolicySnapshot {
    /// Takes a policy that was read.
    pub fn of(id: impl Into<String>, before: Object<Policy>) -> Self {
        Self { id: id.into(), before, unreadable: None }
    }

    /// Stands for a policy that could not be read.
    pub fn unread(id: impl Into<String>, error: &Error) -> Self {
        let before = Object { model: Policy::default(), raw: Value::Null };
        Self { id: id.into(), before, unreadable: Some(format!("{} ({})", error.message, error.code)) }
    }
}

/// A policy in the trash.
pub struct TrashedPolicy {
    pub id: String,
    /// Its entry in the trash, where the token may read it.
    pub entry: Option<Object<TrashObject>>,
    /// The policy before it was deleted, where that is known.
    pub known: Option<Object<Policy>>,
}

/// What a new policy belongs to.
#[derive(Clone)]
pub struct NewOwner {
    /// Where its policies are listed.
    pub owner: Owner,
    /// `virtual_machine` or `disk`: the key of the look-up.
    pub object: &'static str,
    /// How it is looked up.
    pub lookup: Lookup,
    /// Its name, for messages.
    pub label: String,
    /// The flag that lists its policies: `--vm web-1`.
    pub flag: String,
}

/// A policy that is to be created, and the policies that its owner has.
#[derive(Clone)]
pub struct NewPolicy {
    /// What it is for.
    pub owner: NewOwner,
    /// What it should be.
    pub patch: PolicyPatch,
    /// The owner's policies, as last listed; none where the token may not list them.
    pub existing: Option<Vec<Object<Policy>>>,
    /// Ids of the policies that the owner had when a plan was made.
    pub planned_beside: Option<Vec<String>>,
    /// Whether another policy of the same interval is wanted.
    pub allows_duplicate: bool,
}

/// Codes that say that the owner of a new policy does not exist.
const NO_OWNER: [&str; 3] = ["virtual_machine_not_found", "disk_not_found", "object_in_trash"];

impl NewPolicy {
    /// Lists the owner's policies.
    ///
    /// # Errors
    /// The API's, unless the token may create policies but not list them, or a duplicate is wanted anyway.
    pub async fn list(&mut self, api: &Katapult) -> Result<()> {
        self.existing = match api.all_policies(&self.owner.owner).await {
            Ok(listed) => {
                listed.walk.refuse_gap("policies")?;
                Some(listed.rows)
            }
            Err(error) if NO_OWNER.contains(&error.code.as_ref()) => return Err(error),
            Err(error) if error.exit == Exit::Auth || (self.allows_duplicate && error.status.is_some()) => None,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// Ids of the owner's policies, as last listed.
    pub fn existing_ids(&self) -> Option<Vec<&str>> {
        match &self.existing {
            Some(existing) => Some(existing.iter().filter_map(|policy| policy.model.id.as_deref()).collect()),
            None => Some(self.planned_beside.as_ref()?.iter().map(String::as_str).collect()),
        }
    }

    /// The id of a policy of the same interval that the owner has.
    pub fn duplicate(&self) -> Option<&str> {
        let existing = self.existing.iter().flatten();
        existing
            .filter(|policy| policy.model.schedule.interval == self.patch.interval)
            .map(|policy| policy.model.id_text())
            .next()
    }

    /// Refuses to add a policy beside one that may be the same, but cannot be read.
    ///
    /// # Errors
    /// `unreadable`, naming it.
    pub fn refuse_unreadable(&self) -> Result<()> {
        if self.allows_duplicate {
            return Ok(());
        }
        let existing = self.existing.as_deref().unwrap_or_default();
        refuse_unreadable_beside(&self.owner.label, self.patch.interval.as_ref(), existing)
    }

    /// Lists the owner's policies once more, right before the create.
    ///
    /// # Errors
    /// `changed` when a policy of the same interval has appeared; `unreadable`.
    pub async fn read_again(&mut self, api: &Katapult) -> Result<()> {
        let shown = self.existing_ids().map(|ids| ids.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let known = self.planned_beside.clone().or(shown);
        self.list(api).await?;
        self.refuse_unreadable()?;
        let (Some(known), Some(existing)) = (known, &self.existing) else {
            return Ok(());
        };
        let is_new = |policy: &&Object<Policy>| policy.model.id.as_ref().is_some_and(|id| !known.contains(id));
        let has_same_interval = |policy: &&Object<Policy>| policy.model.schedule.interval == self.patch.interval;
        match existing.iter().filter(is_new).find(has_same_interval) {
            None => Ok(()),
            Some(policy) => {
                let (id, label) = (policy.model.id_text(), &self.owner.label);
                let message = format!("{label} got another policy with this interval in the meantime: {id}");
                Err(Error::new(Exit::Refused, code::CHANGED, message)
                    .hint(format!("`bpctl policy show {id}` shows it", id = shell_word(id))))
            }
        }
    }
}

/// Refuses to add a policy of an interval beside one of `existing` that may be the same, but cannot be read.
///
/// # Errors
/// `unreadable`, naming it.
pub fn refuse_unreadable_beside(label: &str, interval: Option<&Interval>, existing: &[Object<Policy>]) -> Result<()> {
    // One of another interval is another policy, whatever its target is.
    let may_be_same = |policy: &&Object<Policy>| {
        policy.model.schedule.interval.as_ref() == interval || policy.model.unreadable_interval().is_some()
    };
    let unreadable = |policy: &Object<Policy>| Some((policy.model.id_text().to_owned(), policy.model.unreadable()?));
    match existing.iter().filter(may_be_same).find_map(unreadable) {
        None => Ok(()),
        Some((id, reason)) => Err(unreadable_error(&format!("policy {id} of {label}"), &reason)
            .hint("`--allow-duplicate` creates another policy beside it")),
    }
}

/// Reads a policy again, which must be as it was.
///
/// # Errors
/// `changed`, and the API's.
pub async fn read_again(api: &Katapult, policy: &mut PolicySnapshot) -> Result<()> {
    let read = match api.policy(&policy.id).await {
        Err(error) if is_gone(&error) => {
            return Err(Error { status: error.status, ..changed(&policy.id, "it was deleted since it was shown") });
        }
        read => read,
    };
    if policy.unreadable.is_some() {
        return match read {
            Ok(_) => Err(changed(&policy.id, "it can be read now, so what would be lost must be shown first")),
            Err(error) if is_unreadable(&error) => Ok(()),
            Err(error) => Err(error),
        };
    }
    let mut before = read?;
    // Lists hold what some single answers leave out.
    before.model.complete(&policy.before.model);
    if before.model.differs_from(&policy.before.model) {
        return Err(changed(&policy.id, "it was changed since it was shown")
            .detail(json!({"then": policy.before.raw, "now": before.raw})));
    }
    policy.before = before;
    Ok(())
}

/// Reads a policy again before a write that had to wait. Where an earlier attempt of it may have been carried out, the
/// policy may also be as that left it.
///
/// # Errors
/// `changed`, and the API's.
pub async fn check_again(
    api: &Katapult,
    policy: &PolicySnapshot,
    after_lost_answer: bool,
    is_made: impl FnOnce(&Policy) -> bool,
) -> Result<()> {
    let checked = read_again(api, &mut policy.clone()).await;
    if after_lost_answer { or_made(checked, |now| is_made(&convert(now))) } else { checked }
}

/// Accepts an object that an earlier attempt may have changed or removed: the answer to the next attempt shows which.
/// `is_made` gets the object as it is.
pub fn or_made(checked: Result<()>, is_made: impl FnOnce(&Value) -> bool) -> Result<()> {
    match checked {
        // Of what has changed, only what is gone was answered with an error's status.
        Err(error) if error.code == code::CHANGED && (error.status.is_some() || is_made(&error.detail["now"])) => {
            Ok(())
        }
        checked => checked,
    }
}

/// Reads the entry in the trash again, which must be the same: a policy may be restored and deleted again. What the
/// token may not read, and what is not there, the restoration finds out.
///
/// # Errors
/// `changed`, and the API's.
pub async fn read_trash_again(api: &Katapult, trashed: &TrashedPolicy) -> Result<()> {
    let Some(shown) = trashed.entry.as_ref().and_then(|entry| entry.model.id.as_deref()) else {
        return Ok(());
    };
    let lookup = Lookup { key: "object_id", value: trashed.id.clone() };
    let entry = match api.trash_object(&lookup).await {
        Err(error) if matches!(error.exit, Exit::Auth | Exit::NotFound) => return Ok(()),
        read => read?,
    };
    if entry.model.id.as_deref() == Some(shown) {
        return Ok(());
    }
    Err(changed(&trashed.id, "it was restored and deleted again since it was shown"))
}

/// Whether an error says that this one object cannot be read, rather than that it is gone or out of reach.
pub fn is_unreadable(error: &Error) -> bool {
    // An answer for another object has a detail: it says nothing about this one.
    let is_misshapen = error.code == code::INVALID_RESPONSE && error.status == Some(200) && error.detail.is_null();
    error.status == Some(500) || error.code == "generic_runtime_error" || is_misshapen
}

/// Refuses a policy that is not as `--if` expects.
///
/// # Errors
/// `changed`.
pub fn check_expectations(expectations: &[Expectation], id: &str, policy: &Policy) -> Result<()> {
    let differences = expectations.iter().filter_map(|expectation| expectation.difference(policy));
    let differences: Vec<String> = differences.collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(changed(id, &differences.join("; ")))
}

/// The error for a policy that is not as expected.
pub fn changed(id: &str, how: &str) -> Error {
    Error::new(Exit::Refused, code::CHANGED, format!("policy {id} is not as expected: {how}"))
        .hint(format!("the policy was left alone; `bpctl policy show {id}` shows it", id = shell_word(id)))
}

/// The error for something that stands in the way of a write because it cannot be read.
pub fn unreadable_error(what: &str, reason: &str) -> Error {
    Error::new(Exit::Refused, code::UNREADABLE, format!("{what} cannot be understood: {reason}"))
}
