//! Recording a write in the journal, around the write itself. A journal that fails never stops a write: bpctl warns
//! once per command.

use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{Changed, Error, Result};
use crate::journal::{Action, Ended, Entry, Json, Outcome};
use crate::model::{Object, Policy, TrashObject};

/// What a write is about to do.
pub struct Intent<'a> {
    /// The kind of write.
    pub action: Action,
    /// The policy's id; none for a create.
    pub policy: Option<&'a str>,
    /// The target's name.
    pub target: Option<&'a str>,
    /// The fields as they should be, in the shape of a policy; null for a delete and a restore.
    pub wanted: Value,
    pub before: &'a Value,
    /// The journal entry that this reverses.
    pub undoes: Option<u64>,
    /// Where to look for what became of it, as a hint.
    pub look: String,
}

/// A write that was begun.
pub struct Record<'a> {
    cx: &'a Context,
    number: Option<u64>,
}

impl<'a> Record<'a> {
    /// Records that a write begins.
    pub fn begin(cx: &'a Context, intent: &Intent<'_>) -> Self {
        let begun = entry(cx, intent).and_then(|entry| cx.journal()?.begin(entry).map_err(|error| failed(&error)));
        let number = match begun {
            Ok((number, warning)) => {
                warning.iter().for_each(|warning| cx.ui.warn(warning));
                cx.first_change.set(cx.first_change.get().or(Some(number)));
                Some(number)
            }
            Err(error) => {
                warn(cx, &error);
                None
            }
        };
        cx.tally.send(&intent.look);
        Self { cx, number }
    }

    /// Records the id of the object that the write has made, as soon as the answer names it: whatever happens from
    /// now on, `undo` knows it.
    pub fn note_object(&self, id: &str) {
        let Some(number) = self.number else {
            return;
        };
        let noted =
            self.cx.journal().and_then(|journal| journal.note_object(number, id).map_err(|error| failed(&error)));
        if let Err(error) = noted {
            warn_once(self.cx, &error, |reason| format!("the id {id} of the new object is not recorded: {reason}"));
        }
    }

    /// Takes back the id that was recorded: it is not that of the new object, and `undo` must not touch it.
    pub fn forget_object(&self) {
        self.note_object("");
    }

    /// Records how it ended.
    pub fn end(self, outcome: Outcome, policy: Option<String>, after: Value) {
        self.end_with(&Ended { outcome, policy, after: after.into(), trash_object: Json::default() });
    }

    /// Records a deletion, and its entry in the trash where that is known.
    pub fn end_deletion(self, id: &str, trash_object: &TrashObject) {
        let (policy, trash_object) = (Some(id.to_owned()), identity(trash_object));
        self.end_with(&Ended { outcome: Outcome::Done, policy, trash_object, ..Ended::default() });
    }

    fn end_with(self, ended: &Ended) {
        let Some(number) = self.number else {
            return;
        };
        end(self.cx, number, ended);
    }

    /// Records the end of a write whose result is the policy as it is now.
    pub fn finish(self, result: Result<Object<Policy>>) -> Result<Object<Policy>> {
        match result {
            Ok(after) => {
                self.end(Outcome::Done, after.model.id.clone(), after.raw.clone());
                Ok(after)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Records that the write failed, or that its outcome is unknown.
    pub fn fail(self, error: Error) -> Error {
        self.end(outcome(&error), None, Value::Null);
        error
    }

    /// The same, of a create whose new object is known.
    pub fn fail_with(self, error: Error, id: &str) -> Error {
        self.end(outcome(&error), Some(id.to_owned()), Value::Null);
        error
    }
}

/// Records how a change ended.
pub fn end(cx: &Context, number: u64, ended: &Ended) {
    let recorded = cx.journal().and_then(|journal| journal.end(number, ended).map_err(|error| failed(&error)));
    if let Err(error) = recorded {
        warn_of_end(cx, &error);
    }
}

/// Has all that was recorded on the disk, before the command reports it.
pub fn sync(cx: &Context) {
    if cx.first_change.get().is_none() {
        return;
    }
    if let Err(error) = cx.journal().and_then(|journal| journal.sync().map_err(|error| failed(&error))) {
        warn_once(cx, &error, |reason| format!("the journal may not be on the disk yet: {reason}"));
    }
}

/// What distinguishes an entry in the trash from a later one of the same object; null where it has no id.
fn identity(entry: &TrashObject) -> Json {
    match &entry.id {
        Some(id) => json!({"id": id, "keep_until": entry.keep_until}).into(),
        None => Json::default(),
    }
}

fn outcome(error: &Error) -> Outcome {
    if error.changed == Changed::No { Outcome::Failed } else { Outcome::Unknown }
}

/// Warns that changes are made without being recorded.
fn warn(cx: &Context, error: &Error) {
    warn_once(cx, error, |reason| format!("changes are not recorded: {reason}; `bpctl undo` will not know of them"));
}

/// Warns that a change is recorded, but not how it ended.
fn warn_of_end(cx: &Context, error: &Error) {
    warn_once(cx, error, |reason| {
        format!("how a change ended is not recorded: {reason}; `bpctl history` shows its outcome as unknown")
    });
}

/// Warns once for each command.
fn warn_once(cx: &Context, error: &Error, sentence: impl FnOnce(&str) -> String) {
    if cx.has_warned_of_journal.replace(true) {
        return;
    }
    let reason = std::iter::once(&error.message).chain(&error.hints).cloned().collect::<Vec<_>>().join("; ");
    cx.ui.warn(&sentence(&reason));
}

fn entry(cx: &Context, intent: &Intent<'_>) -> Result<Entry> {
    let connection = cx.connection(None)?;
    Ok(Entry {
        number: 0,
        time: cx.system.now().as_second(),
        profile: connection.profile.as_ref().map(|profile| profile.value.clone()),
        organization: cx.known_organization()?.map(str::to_owned),
        api: cx.api_name()?,
        provider: Some(connection.provider.value.name().to_owned()),
        command: cx.command_line(),
        command_id: cx.first_change.get(),
        action: intent.action,
        policy: intent.policy.map(str::to_owned),
        target: intent.target.map(str::to_owned),
        undoes: intent.undoes,
        wanted: (&intent.wanted).into(),
        before: intent.before.into(),
        after: Json::default(),
        trash_object: Json::default(),
        outcome: Outcome::Unknown,
        undone_by: None,
        undo_tried: None,
        is_gone: false,
    })
}

fn failed(error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "make room for it",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => {
            "make its directory writable, or name another one with `XDG_DATA_HOME`"
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidData => "move it away",
        _ => return Error::io("the journal", error),
    };
    Error::io("the journal", error).hint(hint)
}
