//! The journal: every write, in an append-only file of the user's data directory, mode 0600, without secrets.
//!
//! A write is recorded twice: when it begins, before anything is sent, and when it has ended. An entry without an
//! end is a write whose outcome is not known: bpctl was stopped in between. Nothing here talks to an API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::redact;

/// Deepest nesting of a line: an answer of the 128 levels that are accepted, and the line around it. Lines that nest
/// deeper are not ours.
const MOST_LEVELS: usize = 136;
/// How long another bpctl is waited for, which needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

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
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Carried out and read back.
    Done,
    /// Refused or not reached: surely not carried out, or carried out otherwise than asked.
    Failed,
    /// Not known: bpctl was stopped, or the answer was lost.
    Unknown,
}

/// A write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// When it began, in Unix seconds.
    pub time: i64,
    /// The profile, if one was in use.
    pub profile: Option<String>,
    /// The API's base URL, or `sandbox`.
    pub api: String,
    /// The command line, without the program.
    pub command: String,
    /// What was done.
    pub action: Action,
    /// The policy's id; of a create, once it is known.
    pub policy: Option<String>,
    /// The target's name.
    pub target: Option<String>,
    /// The entry that this one reverses.
    pub undoes: Option<u64>,
    /// The policy before; null for a create.
    pub before: Value,
    /// The policy after; null after a delete, and where it is not known.
    #[serde(default)]
    pub after: Value,
    /// How it ended.
    #[serde(default = "unknown")]
    pub outcome: Outcome,
}

fn unknown() -> Outcome {
    Outcome::Unknown
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line {
    Begin(Box<Entry>),
    End {
        number: u64,
        outcome: Outcome,
        policy: Option<String>,
        after: Value,
    },
    /// What was written at an API before this line is gone from there: the sandbox starts over.
    Reset {
        api: String,
    },
}

/// The journal's file.
pub struct Journal {
    path: PathBuf,
}

/// What was read.
#[derive(Debug, Default)]
pub struct History {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Numbers of entries whose world is gone: there is nothing left to undo.
    pub gone: BTreeSet<u64>,
    /// What the user should know of the file.
    pub warnings: Vec<String>,
}

impl Journal {
    /// Names the file; touches nothing.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Records that a write begins, and gives its number and what the user should know of the file.
    /// `entry.number` is assigned here.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(&self, mut entry: Entry) -> io::Result<(u64, Option<String>)> {
        redact(&mut entry.before);
        let mut file = self.locked()?;
        let warning = self.mend(&mut file)?;
        let bytes = all(&mut file)?;
        // A line that is not text must not stop all further writes: it is left out, as any unreadable one.
        let known = read(&String::from_utf8_lossy(&bytes)).entries;
        let last = known.iter().map(|entry| entry.number).max().unwrap_or(0);
        entry.number =
            last.checked_add(1).ok_or_else(|| io::Error::other(format!("no number is left after {last}")))?;
        let number = entry.number;
        append(&mut file, &Line::Begin(Box::new(entry)))?;
        Ok((number, warning))
    }

    /// Records how a write ended.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn end(&self, number: u64, outcome: Outcome, policy: Option<String>, mut after: Value) -> io::Result<()> {
        redact(&mut after);
        let mut file = self.locked()?;
        // Another bpctl may have been killed in the middle of a line since this write began.
        self.mend(&mut file)?;
        append(&mut file, &Line::End { number, outcome, policy, after })
    }

    /// Records that an API starts over, as the sandbox does; where nothing was ever recorded, nothing is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reset(&self, api: &str) -> io::Result<()> {
        if !self.path.try_exists()? {
            return Ok(());
        }
        let mut file = self.locked()?;
        self.mend(&mut file)?;
        append(&mut file, &Line::Reset { api: api.to_owned() })
    }

    /// Reads the history; a file that does not exist is an empty one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn history(&self) -> io::Result<History> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(read(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(History::default()),
            Err(error) => Err(error),
        }
    }

    /// Gives the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self) -> io::Result<File> {
        if let Some(directory) = self.path.parent() {
            crate::fs::private::create_directory(directory)?;
        }
        crate::fs::private::options(OpenOptions::new().read(true).append(true).create(true)).open(&self.path)
    }

    /// Opens the file for this process alone. One that was stopped while it had the file is not waited for without end.
    fn locked(&self) -> io::Result<File> {
        let file = self.open()?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                    let words = format!("another bpctl holds {} for {} s", self.path.display(), PATIENCE.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, words));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Sees to it that the file ends with a whole line, and tells what was done. A line without its end was being
    /// written when bpctl was killed, and nothing was reported of it: it is put aside.
    fn mend(&self, file: &mut File) -> io::Result<Option<String>> {
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last == *b"\n" {
            return Ok(None);
        }
        let bytes = all(file)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (mut aside, path) = self.new_file_aside()?;
        aside.write_all(&bytes[whole..])?;
        aside.sync_all()?;
        file.set_len(whole as u64)?;
        Ok(Some(format!("the journal ended in a line that was cut off; it was moved to {}", path.display())))
    }

    /// Makes a file beside the journal that was not there before.
    fn new_file_aside(&self) -> io::Result<(File, PathBuf)> {
        let mut number = 1_u32;
        loop {
            let path = self.path.with_extension(format!("torn-{number}"));
            match crate::fs::private::options(OpenOptions::new().write(true).create_new(true)).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                opened => return Ok((opened?, path)),
            }
        }
    }
}

fn all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn append(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

fn read(text: &str) -> History {
    let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    let mut unreadable = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match parse(line) {
            Some(Line::Begin(entry)) => {
                entries.insert(entry.number, *entry);
            }
            Some(Line::End { number, outcome, policy, after }) => {
                if let Some(entry) = entries.get_mut(&number) {
                    entry.outcome = outcome;
                    entry.after = after;
                    entry.policy = policy.or_else(|| entry.policy.take());
                    let name = entry.after["target"]["value"]["name"].as_str().map(str::to_owned);
                    entry.target = entry.target.take().or(name);
                }
            }
            Some(Line::Reset { api }) => {
                gone.extend(entries.values().filter(|entry| entry.api == api).map(|entry| entry.number));
            }
            None => unreadable += 1,
        }
    }
    let warnings = match unreadable {
        0 => Vec::new(),
        count => vec![format!("{count} lines of the journal cannot be read and are left out")],
    };
    History { entries: entries.into_values().collect(), gone, warnings }
}

fn parse(line: &str) -> Option<Line> {
    let mut reader = serde_json::Deserializer::from_str(line);
    if deepest(line) > MOST_LEVELS {
        return None;
    }
    // The depth is known: serde_json's own limit would refuse what was written here.
    reader.disable_recursion_limit();
    let line = Line::deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(line)
}

/// Counts the levels of a line of JSON, by its brackets outside of strings.
fn deepest(line: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in line.bytes() {
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

impl Action {
    /// Gives the verb.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::ScheduleDelete => "schedule-delete",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
}

impl Outcome {
    /// Gives the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Entry {
        Entry {
            number: 0,
            time: 1,
            profile: None,
            api: "sandbox".to_owned(),
            command: "policy delete p".to_owned(),
            action: Action::Delete,
            policy: Some("p".to_owned()),
            target: None,
            undoes: None,
            before: json!({"retention": 7, "target": {"value": {"initial_root_password": "secret"}}}),
            after: Value::Null,
            outcome: Outcome::Unknown,
        }
    }

    #[test]
    fn what_began_and_did_not_end_is_of_unknown_outcome() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("deep/journal.jsonl"));
        assert_eq!(journal.begin(entry()).unwrap(), (1, None));
        assert_eq!(journal.begin(entry()).unwrap(), (2, None));
        journal.end(1, Outcome::Done, None, json!({"x": 1})).unwrap();
        let history = journal.history().unwrap();
        let outcomes: Vec<_> = history.entries.iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Unknown]);
        assert!(!std::fs::read_to_string(journal.path()).unwrap().contains("secret"));
    }

    fn tear(journal: &Journal, with: &[u8]) {
        let mut file = OpenOptions::new().append(true).open(journal.path()).unwrap();
        file.write_all(with).unwrap();
    }

    #[test]
    fn a_torn_end_is_put_aside_and_nothing_else_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        journal.begin(entry()).unwrap();
        for (number, torn) in [(2, "torn-1"), (3, "torn-2")] {
            tear(&journal, b"{\"event\":\"beg");
            let (given, warning) = journal.begin(entry()).unwrap();
            assert_eq!(given, number);
            assert!(warning.unwrap().contains(torn));
            let aside = std::fs::read_to_string(directory.path().join(format!("journal.{torn}"))).unwrap();
            assert_eq!(aside, "{\"event\":\"beg");
        }
        let history = journal.history().unwrap();
        assert_eq!((history.entries.len(), history.warnings.len()), (3, 0));
    }

    #[test]
    fn an_end_is_not_lost_in_a_line_that_another_left_torn() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        journal.begin(entry()).unwrap();
        tear(&journal, b"{\"event\":\"beg");
        journal.end(1, Outcome::Done, None, Value::Null).unwrap();
        assert_eq!(journal.history().unwrap().entries[0].outcome, Outcome::Done);
    }

    #[test]
    fn the_deepest_answer_is_read_back_and_its_number_is_not_given_again() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        let deep = (0..128).fold(json!("\\\"[{"), |inner, _| json!([inner]));
        assert_eq!(journal.begin(Entry { before: deep.clone(), ..entry() }).unwrap(), (1, None));
        journal.end(1, Outcome::Done, None, deep.clone()).unwrap();
        assert_eq!(journal.begin(entry()).unwrap(), (2, None));
        tear(&journal, format!("{}\n", "[".repeat(1_000_000)).as_bytes());
        let history = journal.history().unwrap();
        assert_eq!((history.entries.len(), history.warnings.len()), (2, 1));
        assert!(history.entries[0].before == deep && history.entries[0].after == deep);
    }

    #[test]
    fn when_no_number_is_left_nothing_is_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        journal.begin(entry()).unwrap();
        let text = std::fs::read_to_string(journal.path()).unwrap();
        tear(&journal, text.replace("\"number\":1,", &format!("\"number\":{},", u64::MAX)).as_bytes());
        let error = journal.begin(entry()).unwrap_err().to_string();
        assert!(error.contains("18446744073709551615"), "{error}");
        assert_eq!(journal.history().unwrap().entries.len(), 2);
    }

    #[test]
    fn another_that_holds_the_file_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        let held = journal.locked().unwrap();
        let waiting = std::thread::spawn(move || journal.begin(entry()).map(|(number, _)| number));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        drop(held);
        assert_eq!(waiting.join().unwrap().unwrap(), 1);
    }

    #[test]
    fn lines_that_are_no_text_stop_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("journal.jsonl"));
        journal.begin(entry()).unwrap();
        tear(&journal, b"\xff\xfe\0\0\n");
        assert_eq!(journal.begin(entry()).unwrap(), (2, None));
        let history = journal.history().unwrap();
        assert_eq!((history.entries.len(), history.warnings.len()), (2, 1));
    }
}
