//! The changes of a journal, the newest first. Reads no more of the files than is asked for, and holds no more than
//! the ends of changes whose beginning it has not reached.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::backwards::{Backwards, Piece};
use super::entry::{Entry, Json, Newer, Outcome, Recorded};
use super::file;
use super::line::{self, End, Known, Line};

/// Bytes of ends that are held: far more than there are writes at once.
const MAX_HELD: usize = 4 * 1024 * 1024;
/// Numbers that are held, of each kind.
const MAX_NUMBERS: usize = 50_000;

/// An iterator over the changes, the newest first.
pub struct Recent {
    path: PathBuf,
    lines: Lines,
    ends: HashMap<u64, Ending>,
    held: usize,
    /// Numbers of changes that were returned for an event that this bpctl does not know.
    listed: HashSet<u64>,
    undone: HashMap<u64, u64>,
    tried: HashMap<u64, u64>,
    gone: HashSet<String>,
    unreadable: u64,
}

/// What is known of a change before its beginning is reached.
#[derive(Default)]
struct Ending {
    outcome: Option<Outcome>,
    policy: Option<String>,
    after: Json,
    trash_object: Json,
    is_newer: bool,
    bytes: usize,
}

/// The lines of all files, the last one first.
pub(super) struct Lines {
    current: Option<Backwards>,
    older: VecDeque<PathBuf>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let newest = file::open_to_read(path)?;
        // Listed after the file was opened, so that none is missed that becomes full now; it is not read twice.
        let full = match file::full_files(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed?,
        };
        let mut older = VecDeque::new();
        for (_, path) in full {
            if !newest.as_ref().map_or(Ok(false), |newest| file::is_at(newest, &path))? {
                older.push_back(path);
            }
        }
        Ok(Self { current: newest.map(Backwards::new).transpose()?, older })
    }

    /// The lines of one file alone.
    pub(super) fn of(file: File) -> io::Result<Self> {
        Ok(Self { current: Some(Backwards::new(file)?), older: VecDeque::new() })
    }

    pub(super) fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if let Some(current) = &mut self.current
                && let Some(piece) = current.next_piece()?
            {
                return Ok(Some(piece));
            }
            let Some(path) = self.older.pop_front() else {
                return Ok(None);
            };
            self.current = file::open_to_read(&path)?.map(Backwards::new).transpose()?;
        }
    }
}

impl Recent {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            lines: Lines::open(path)?,
            ends: HashMap::new(),
            held: 0,
            listed: HashSet::new(),
            undone: HashMap::new(),
            tried: HashMap::new(),
            gone: HashSet::new(),
            unreadable: 0,
        })
    }

    /// Returns a sentence about what could not be read so far.
    pub fn warning(&self) -> Option<String> {
        match self.unreadable {
            0 => None,
            1 => Some("1 line of the journal cannot be read and is left out".to_owned()),
            count => Some(format!("{count} lines of the journal cannot be read and are left out")),
        }
    }

    fn next_recorded(&mut self) -> io::Result<Option<Recorded>> {
        while let Some(piece) = self.lines.next_piece()? {
            let line = match &piece {
                Piece::Line(bytes) if bytes.trim_ascii().is_empty() => continue,
                Piece::Line(bytes) => line::read(bytes),
                Piece::TooLong => None,
            };
            match line {
                Some(line) => {
                    if let Some(recorded) = self.take(line) {
                        return Ok(Some(recorded));
                    }
                }
                None => self.unreadable += 1,
            }
        }
        Ok(None)
    }

    fn take(&mut self, line: Line) -> Option<Recorded> {
        match line {
            Line::Begin(entry) => return self.begun(*entry),
            Line::NewerBegin(newer) => return self.newer_begun(newer),
            Line::NewerEvent(newer) => return self.newer_event(newer),
            Line::End(end) => self.ended(end),
            Line::Known(Known { number, policy }) => self.ending(number, policy.len(), |ending| {
                ending.policy.get_or_insert(policy);
            }),
            Line::NewerEnd(number) => self.ending(number, 0, |ending| ending.is_newer = true),
            Line::Reset(reset) if self.gone.len() < MAX_NUMBERS => {
                self.gone.insert(reset.api);
            }
            Line::Reset(_) => self.unreadable += 1,
        }
        None
    }

    /// Notes something of a change whose beginning comes later.
    fn ending(&mut self, number: u64, bytes: usize, note: impl FnOnce(&mut Ending)) {
        if self.held + bytes > MAX_HELD || self.ends.len() >= MAX_NUMBERS {
            self.unreadable += 1;
            return;
        }
        let ending = self.ends.entry(number).or_default();
        note(ending);
        ending.bytes += bytes;
        self.held += bytes;
    }

    fn ended(&mut self, end: End) {
        let bytes = end.after.len() + end.trash_object.len() + end.policy.as_ref().map_or(0, String::len);
        self.ending(end.number, bytes, |ending| {
            // The last line about an outcome is the one that counts.
            if ending.outcome.is_none() {
                (ending.outcome, ending.after) = (Some(end.outcome), end.after);
                ending.trash_object = end.trash_object;
            }
            ending.policy = ending.policy.take().or(end.policy);
        });
    }

    fn take_ending(&mut self, number: u64) -> Ending {
        let ending = self.ends.remove(&number).unwrap_or_default();
        self.held -= ending.bytes;
        ending
    }

    fn begun(&mut self, mut entry: Entry) -> Option<Recorded> {
        let ending = self.take_ending(entry.number);
        if self.listed.remove(&entry.number) {
            return None;
        }
        if ending.is_newer {
            let line = Json::from(entry.to_json());
            return Some(Recorded::Newer(Newer { number: Some(entry.number), line }));
        }
        // An empty id takes back the one before: the answer named an object that is not the new one.
        entry.policy = ending.policy.or(entry.policy).filter(|id| !id.is_empty());
        if let Some(outcome) = ending.outcome {
            (entry.outcome, entry.after) = (outcome, ending.after);
            entry.trash_object = ending.trash_object;
        }
        if entry.target.is_none() && !entry.after.is_null() {
            entry.target = entry.after.value()["target"]["value"]["name"].as_str().map(str::to_owned);
        }
        entry.undone_by = self.undone.remove(&entry.number);
        entry.undo_tried = self.tried.remove(&entry.number);
        entry.is_gone = self.gone.contains(&entry.api);
        self.note_undo(&entry);
        Some(Recorded::Entry(Box::new(entry)))
    }

    /// Notes what an entry reverses. An undo that was undone itself no longer counts.
    fn note_undo(&mut self, entry: &Entry) {
        let reversed = entry.undoes.filter(|number| *number < entry.number);
        let numbers = match entry.outcome {
            Outcome::Done if entry.undone_by.is_none() => &mut self.undone,
            Outcome::Unknown => &mut self.tried,
            _ => return,
        };
        if let Some(number) = reversed.filter(|_| numbers.len() < MAX_NUMBERS) {
            numbers.entry(number).or_insert(entry.number);
        }
    }

    fn newer_begun(&mut self, newer: Newer) -> Option<Recorded> {
        if let Some(number) = newer.number {
            self.take_ending(number);
            if self.listed.remove(&number) {
                return None;
            }
        }
        Some(Recorded::Newer(newer))
    }

    /// Lists a change for an event that this bpctl does not know: whether its beginning is in the file, and can be
    /// read, would be known too late.
    fn newer_event(&mut self, newer: Newer) -> Option<Recorded> {
        if let Some(number) = newer.number {
            if self.listed.len() >= MAX_NUMBERS {
                self.unreadable += 1;
                return None;
            }
            if !self.listed.insert(number) {
                return None;
            }
        }
        Some(Recorded::Newer(newer))
    }
}

impl Iterator for Recent {
    type Item = io::Result<Recorded>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_recorded().transpose()?;
        Some(next.map_err(|error| named(&self.path, &error)))
    }
}

/// Names the journal in an error.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
