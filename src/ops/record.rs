//! Recording a write in the journal, around the write itself. A journal that fails never stops a write: it is told.

use serde_json::Value;

use crate::context::Context;
use crate::error::{Changed, Error, Result};
use crate::journal::{Action, Entry, Outcome};
use crate::model::{Object, Policy};

/// What a write is about to do.
pub struct Intent<'a> {
    /// What is done.
    pub action: Action,
    /// The policy's id; none for a create.
    pub policy: Option<&'a str>,
    /// The target's name.
    pub target: Option<&'a str>,
    /// The policy before.
    pub before: &'a Value,
    /// The journal entry that this reverses.
    pub undoes: Option<u64>,
}

/// A write that was begun.
pub struct Record<'a> {
    cx: &'a Context,
    number: Option<u64>,
}

impl<'a> Record<'a> {
    /// Records that a write begins. A journal that cannot be written is warned of, and does not stop the write.
    pub fn begin(cx: &'a Context, intent: &Intent<'_>) -> Self {
        let begun = entry(cx, intent)
            .and_then(|entry| cx.journal()?.begin(entry).map_err(|error| Error::io("the journal", &error)));
        let number = match begun {
            Ok((number, warning)) => {
                warning.iter().for_each(|warning| cx.ui.warn(warning));
                Some(number)
            }
            Err(error) => {
                warn(cx, &error);
                None
            }
        };
        Self { cx, number }
    }

    /// Records how it ended.
    pub fn end(self, outcome: Outcome, policy: Option<String>, after: Value) {
        let Some(number) = self.number else {
            return;
        };
        let ended = self.cx.journal().and_then(|journal| {
            journal.end(number, outcome, policy, after).map_err(|error| Error::io("the journal", &error))
        });
        if let Err(error) = ended {
            warn(self.cx, &error);
        }
    }

    /// Records the end of a write whose result is the policy as it is now.
    pub fn settle(self, result: Result<Object<Policy>>) -> Result<Object<Policy>> {
        match &result {
            Ok(after) => self.end(Outcome::Done, after.model.id.clone(), after.raw.clone()),
            Err(error) => self.end(outcome(error), None, Value::Null),
        }
        result
    }
}

/// Tells what an error says of the write.
pub fn outcome(error: &Error) -> Outcome {
    if error.changed == Changed::No { Outcome::Failed } else { Outcome::Unknown }
}

fn entry(cx: &Context, intent: &Intent<'_>) -> Result<Entry> {
    let connection = cx.connection(None)?;
    Ok(Entry {
        number: 0,
        time: cx.system.now().as_second(),
        profile: connection.profile.as_ref().map(|profile| profile.value.clone()),
        api: cx.api_name()?,
        command: cx.command_line(),
        action: intent.action,
        policy: intent.policy.map(str::to_owned),
        target: intent.target.map(str::to_owned),
        undoes: intent.undoes,
        before: intent.before.clone(),
        after: Value::Null,
        outcome: Outcome::Unknown,
    })
}

fn warn(cx: &Context, error: &Error) {
    cx.ui.warn(&format!("this change is not recorded, so `bpctl undo` will not know of it: {}", error.message));
}
