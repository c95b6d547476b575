//! What the campaign needs to know of a provider: its cloud, which is the truth, the commands that are tried, and the
//! laws that hold there alone.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display, Formatter};

use fastrand::Rng;
use serde_json::Value;

use crate::fault::Fault;
use crate::harness::{Bpctl, Home};
use crate::laws::Case;
use crate::server::{Answer, Request};

/// A provider. Objects have ids that say what they are where numbers alone do not: `schedule/31`.
pub trait Provider: Sized + Send + Sync + 'static {
    /// What another user does.
    type Deed: Clone + Debug + Send + Sync;
    /// What a command is to bring about.
    type Intent: Clone + Debug + PartialEq;
    /// What goes wrong with its reads besides [`READ_FAULTS`](crate::fault::READ_FAULTS).
    const MORE_READ_FAULTS: &'static [Fault];
    const WRITE_FAULTS: &'static [Fault];
    /// Whether a POST is never repeated after a lost answer; else that holds for creations alone.
    const SENDS_POSTS_ONCE: bool;

    /// Where its cloud listens.
    fn authority(&self) -> &str;
    /// All objects that exist.
    fn ids(&self) -> BTreeSet<String>;
    /// An object as it stands, without what moves by itself; null where it does not exist.
    fn object(&self, id: &str) -> Value;
    /// The object that a request is about, if it names one.
    fn asked(&self, request: &Request) -> Option<String>;
    fn kind(&self, request: &Request) -> Kind;
    fn body(&self, request: &Request) -> Value;
    /// Whether the target of a creation has such an object already.
    fn is_double(&self, request: &Request) -> bool;
    /// The objects that change with this one.
    fn related(&self, id: &str) -> Vec<String>;
    /// Does what another user does; returns the objects that it changed.
    fn act(&self, deed: &Self::Deed) -> Vec<String>;
    /// An answer as it comes without a fault.
    fn right_answer(&self, request: &Request, status: u16, body: Vec<u8>) -> Answer;
    /// A list without what was just made, which is not visible yet; `None` where an answer of before has to do.
    fn without(&self, request: &Request, made: &[String], body: &[u8]) -> Option<Vec<u8>>;
    /// What a fault makes of it, where that is not the same everywhere.
    fn spoilt_answer(&self, fault: Fault, request: &Request) -> Answer;

    /// `bpctl` as a user of this provider runs it.
    fn bpctl(&self, args: &[&str], server: &str, home: &Home) -> Bpctl;
    /// A command of one user. `files` are the policy file and the plan that the user has written before.
    fn command(&self, rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> Command<Self::Intent>;
    /// What another user does that crosses a command, if anything does.
    fn rival(&self, rng: &mut Rng, command: &Command<Self::Intent>) -> Option<Self::Deed>;
    /// Two changes of one object that do not touch each other: both must last.
    fn crossing(&self, rng: &mut Rng, ids: &[String]) -> Option<[Command<Self::Intent>; 2]>;
    fn deed(&self, rng: &mut Rng, ids: &[String]) -> Self::Deed;

    /// Whether a write takes protection away, or anything that cannot be taken back.
    fn weakens(sent: &Sent) -> bool;
    /// What a write touches of its object.
    fn touched(kind: Kind, object: &Value) -> Value;
    /// Says in which way what was asked for is not so, after exit code 0.
    fn success(case: &Case<Self>) -> Vec<String>;
    /// Which writes a command does not stand for: another object, or another verb.
    fn out_of_scope(case: &Case<Self>, sent: &Sent) -> bool;
    /// Whether a command must succeed where nothing goes wrong and all is allowed.
    fn should_succeed(case: &Case<Self>) -> bool;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Create,
    Update,
    ScheduleDelete,
    Delete,
    Restore,
    CreateBackup,
    RestoreBackup,
    DeleteBackup,
    NoteBackup,
    ConvertBackup,
    CreatePoint,
    RestorePoint,
    EnableAutobackup,
    DisableAutobackup,
}

impl Kind {
    /// Its name in the journal.
    pub fn action(self) -> &'static str {
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

    pub fn is_creation(self) -> bool {
        matches!(self, Self::Create | Self::CreateBackup | Self::CreatePoint)
    }

    /// Whether a cloud only queues it, so that an answer which claims success is all that is seen without `--wait`.
    pub fn is_queued(self) -> bool {
        matches!(self, Self::RestoreBackup | Self::DeleteBackup | Self::ConvertBackup | Self::RestorePoint)
    }

    /// Whether the journal names the object of such a write when it begins.
    pub fn names_its_object(self) -> bool {
        !self.is_creation() && !matches!(self, Self::EnableAutobackup | Self::DisableAutobackup)
    }
}

/// A write that a user's process sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub kind: Kind,
    /// Method and path.
    pub line: String,
    /// The object that it is about; of a creation the new one, where it was made.
    pub object: Option<String>,
    /// All that it made.
    pub made: Vec<String>,
    pub body: Value,
    /// The object right before; null where it did not exist.
    pub before: Value,
    /// And right after.
    pub after: Value,
    pub fault: Option<Fault>,
    pub is_done: bool,
    /// An answer went out that claims success.
    pub is_accepted: bool,
    /// The answer named what it made.
    pub is_named: bool,
    /// Another's write came after the object was last read: no client can notice.
    pub is_raced: bool,
    /// Another's write came between two readings of the object: it was seen.
    pub is_seen: bool,
    /// The target of a create had a live policy of the same interval.
    pub is_double: bool,
}

impl Sent {
    pub fn is_post(&self) -> bool {
        self.line.starts_with("POST ")
    }

    /// The id as bpctl prints it.
    pub fn plain_id(&self) -> Option<&str> {
        self.object.as_deref().map(plain)
    }
}

/// An id as bpctl prints it.
pub fn plain(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, id)| id)
}

impl Display for Sent {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        let words = [
            (self.is_done, "done"),
            (self.is_accepted, "accepted"),
            (self.is_raced, "raced"),
            (self.is_seen, "seen"),
            (self.is_double, "double"),
        ];
        let words: Vec<&str> = words.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word).collect();
        write!(
            out,
            "{:?} {:?} made {:?} ({}) {} {}",
            self.kind,
            self.object,
            self.made,
            words.join(", "),
            self.line,
            self.body
        )?;
        write!(out, "\n    before: {}\n    after: {}", self.before, self.after)
    }
}

#[derive(Clone, Debug)]
pub struct Command<I> {
    pub args: Vec<String>,
    pub intent: I,
    /// It only looks: it must not write.
    pub only_looks: bool,
    /// It is `undo`.
    pub is_undo: bool,
    /// `--yes` is given.
    pub has_consent: bool,
    /// `--allow-duplicate` is given.
    pub allows_double: bool,
}
