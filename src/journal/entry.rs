//! What the journal knows of one change, and the JSON text that it keeps of a policy.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::model::redact;

/// Deepest nesting of a line: an answer of the 128 levels that are accepted, and the line around it.
pub(super) const MAX_LEVELS: usize = 136;
/// Longest text that is kept of a value that is too large as a whole.
const MAX_TEXT: usize = 1024;

/// The kinds of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A policy was created.
    Create,
    /// Retention or schedule were changed.
    Update,
    /// The deletion was scheduled.
    ScheduleDelete,
    /// The policy was moved to the trash.
    Delete,
    /// The policy was taken from the trash.
    Restore,
    /// A backup was taken.
    CreateBackup,
    /// A VM or a disk was restored from a backup.
    RestoreBackup,
    DeleteBackup,
    /// The note of a backup was changed.
    NoteBackup,
    /// A backup was converted to a template.
    ConvertBackup,
    /// A recovery point was taken.
    CreatePoint,
    /// A VM was restored from a recovery point.
    RestorePoint,
    /// All policies of a target were switched on, or made of presets.
    EnableAutobackup,
    /// All policies of a target were switched off.
    DisableAutobackup,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Carried out and read back.
    Done,
    /// Refused, not sent, or without the effect that was asked for.
    Failed,
    /// Unknown: bpctl was stopped, or the answer was lost.
    #[default]
    Unknown,
}

/// What is recorded when a write has ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// The policy's id, where it was not known before.
    pub policy: Option<String>,
    /// As in [`Entry`].
    pub after: Json,
    /// As in [`Entry`].
    pub trash_object: Json,
}

/// A change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1; the journal assigns it.
    pub number: u64,
    /// When it began, in Unix seconds.
    pub time: i64,
    /// The profile, if one was in use.
    pub profile: Option<String>,
    /// The organization in use, as it was named or by its id; none where a write by id needed none.
    #[serde(default)]
    pub organization: Option<String>,
    /// The API's base URL, or `sandbox`.
    pub api: String,
    /// `katapult` or `onapp`; none in entries of an older bpctl.
    #[serde(default)]
    pub provider: Option<String>,
    /// The command line, without the program.
    pub command: String,
    /// The number of the first change of the same command; none in a new entry that is the first.
    #[serde(default)]
    pub command_id: Option<u64>,
    pub action: Action,
    /// The policy's id; of a create, once it is known.
    pub policy: Option<String>,
    /// The target's name.
    pub target: Option<String>,
    /// The entry that this one reverses.
    pub undoes: Option<u64>,
    /// What was asked for, in the shape of a policy: the fields of an update, `auto_move_to_trash_at` of a scheduled
    /// deletion, target and fields of a create; null for a delete and a restore, and in old entries.
    #[serde(default)]
    pub wanted: Json,
    /// The policy before; null for a create.
    pub before: Json,
    /// The policy after; null after a delete, and where it is unknown.
    #[serde(default)]
    pub after: Json,
    /// The entry in the trash that a delete has made, as `{"id", "keep_until"}`: it distinguishes this deletion from a
    /// later one of the same policy. Null where it is unknown.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub trash_object: Json,
    /// How it ended.
    #[serde(default)]
    pub outcome: Outcome,
    /// The entry that reversed this one.
    #[serde(skip)]
    pub undone_by: Option<u64>,
    /// An entry that may have reversed this one: its outcome is unknown.
    #[serde(skip)]
    pub undo_tried: Option<u64>,
    /// Its sandbox has started over since: there is nothing left to undo.
    #[serde(skip)]
    pub is_gone: bool,
}

/// A change that a newer bpctl recorded in a way that this one does not know.
#[derive(Clone, Debug)]
pub struct Newer {
    /// Its number, if it has one.
    pub number: Option<u64>,
    /// The line as it stands in the file.
    pub line: Json,
}

/// A change, as far as this bpctl can read it.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// One that it can read.
    Entry(Box<Entry>),
    /// One that it cannot.
    Newer(Newer),
}

/// JSON that is kept as text, which is smaller than a [`Value`] and need not be parsed to be passed over. What comes
/// from a [`Value`] holds no secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Default for Json {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl From<Value> for Json {
    fn from(mut value: Value) -> Self {
        redact(&mut value);
        // A value always has a text.
        serde_json::value::to_raw_value(&value).map(Self).unwrap_or_default()
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        value.clone().into()
    }
}

impl Json {
    pub(super) fn from_line(line: &str) -> Option<Self> {
        Some(Self(serde_json::from_str(line).ok()?))
    }

    pub fn value(&self) -> Value {
        if levels(self.0.get().as_bytes()) > MAX_LEVELS {
            return Value::Null;
        }
        let mut reader = serde_json::Deserializer::from_str(self.0.get());
        // The depth is known: serde_json's own limit would refuse what was written here.
        reader.disable_recursion_limit();
        Value::deserialize(&mut reader).unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Returns whether there is nothing.
    pub fn is_null(&self) -> bool {
        self.0.get() == "null"
    }

    pub(super) fn len(&self) -> usize {
        self.0.get().len()
    }

    /// Leaves out lists and long texts; leaves out everything where that is not enough.
    pub(super) fn shortened(&self, max_bytes: usize) -> Self {
        let short = Self::from(without_bulk(self.value()));
        if short.len() > max_bytes { Self::default() } else { short }
    }
}

fn without_bulk(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Null,
        Value::String(text) if text.len() > MAX_TEXT => Value::Null,
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| (name, without_bulk(field)));
            Value::Object(fields.filter(|(_, field)| !field.is_null()).collect::<Map<_, _>>())
        }
        value => value,
    }
}

/// Counts the levels of a JSON text by its brackets outside of strings.
pub(super) fn levels(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Entry {
    /// Returns the entry as `history -o json` prints it.
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "time": self.time,
            "profile": self.profile,
            "organization": self.organization,
            "api": self.api,
            "provider": self.provider,
            "command": self.command,
            "command_id": self.command_id,
            "action": self.action,
            "policy": self.policy,
            "target": self.target,
            "undoes": self.undoes,
            "undone_by": self.undone_by,
            "wanted": self.wanted.value(),
            "before": self.before.value(),
            "after": self.after.value(),
            "trash_object": self.trash_object.value(),
            "outcome": self.outcome,
        })
    }
}

impl Newer {
    /// Returns the line as `history -o json` prints it.
    pub fn to_json(&self) -> Value {
        let mut value = self.line.value();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("made_by_newer_version".to_owned(), Value::Bool(true));
        }
        value
    }
}

impl Recorded {
    /// Returns the number, if it has one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Entry(entry) => Some(entry.number),
            Self::Newer(newer) => newer.number,
        }
    }

    /// Returns the entry, if this bpctl can read it.
    pub fn entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(*entry),
            Self::Newer(_) => None,
        }
    }

    /// Returns the change as `history -o json` prints it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Entry(entry) => entry.to_json(),
            Self::Newer(newer) => newer.to_json(),
        }
    }
}

impl Action {
    /// Whether it is about a backup, not a policy.
    pub fn is_of_backup(self) -> bool {
        let backups =
            [Self::CreateBackup, Self::RestoreBackup, Self::DeleteBackup, Self::NoteBackup, Self::ConvertBackup];
        backups.contains(&self)
    }

    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::ScheduleDelete => "schedule-delete",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::CreateBackup => "create-backup",
            Self::RestoreBackup => "restore-backup",
            Self::DeleteBackup => "delete-backup",
            Self::NoteBackup => "note-backup",
            Self::ConvertBackup => "convert-backup",
            Self::CreatePoint => "create-point",
            Self::RestorePoint => "restore-point",
            Self::EnableAutobackup => "enable-autobackup",
            Self::DisableAutobackup => "disable-autobackup",
        }
    }
}

impl Outcome {
    /// Returns the word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}
