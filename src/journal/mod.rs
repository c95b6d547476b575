//! The journal: every write, in an append-only file of the user's data directory, mode 0600, without secrets.
//!
//! A write is recorded when it begins, before anything is sent, when the id of a new object is known, and when it has
//! ended. An entry without an end is a write whose outcome is unknown: bpctl was stopped in between. The beginning is on the
//! disk before anything is sent. The end reaches the disk with the next beginning, or when the command ends; if the power
//! fails before that, the outcome reads as unknown. What is read is read from the end of the file, so that the cost of a write and
//! of a look back does not grow with the journal. Nothing here talks to an API.

mod backwards;
mod entry;
mod file;
mod line;
mod recent;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use entry::{Action, Ended, Entry, Json, Newer, Outcome, Recorded};
use file::Durable;
use line::{Head, NewLine};
use recent::Lines;
pub use recent::Recent;

/// Bytes at which the file is put aside and a new one begun.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// Bytes before the end of a file of an older bpctl in which a newer one may have left a higher number than the last.
const MAX_NUMBER_SEARCH: usize = 1024 * 1024;

pub struct Journal {
    path: PathBuf,
    max_file: u64,
}

impl Journal {
    /// Names the file; touches nothing.
    pub fn at(path: PathBuf) -> Self {
        Self { path, max_file: MAX_FILE }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that a write begins, and returns its number and a warning about the file, if there is one.
    ///
    /// `entry.number` is assigned here, and `entry.command_id` where it is none.
    pub fn begin(&self, mut entry: Entry) -> io::Result<(u64, Option<String>)> {
        self.named(|| {
            let (mut file, warning) = self.open()?;
            if file.metadata()?.len() >= self.max_file && file::put_aside(&file, &self.path).is_ok() {
                file = file::open_locked(&self.path)?;
            }
            let last = self.last_number(&file)?;
            entry.number =
                last.checked_add(1).ok_or_else(|| io::Error::other(format!("no number is left after {last}")))?;
            entry.command_id.get_or_insert(entry.number);
            let text = line::begin(&mut entry)?;
            file::append(&mut file, &text, Durable::Now)?;
            Ok((entry.number, warning))
        })
    }

    /// Records the id of the object that a write has made, before anything else is done with it.
    pub fn note_object(&self, number: u64, id: &str) -> io::Result<()> {
        self.append(&line::write(&NewLine::Known { number, policy: id })?, Durable::Now)
    }

    /// Records how a write ended; [`Self::sync`] has it on the disk.
    pub fn end(&self, number: u64, ended: &Ended) -> io::Result<()> {
        self.append(&line::end(number, ended)?, Durable::Later)
    }

    /// Waits until everything recorded is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.named(|| file::sync(&self.path))
    }

    /// Records that an API starts over, as the sandbox does; where nothing was ever recorded, nothing is.
    pub fn reset(&self, api: &str) -> io::Result<()> {
        if self.named(|| self.path.try_exists())? {
            self.append(&line::write(&NewLine::Reset { api })?, Durable::Now)?;
        }
        Ok(())
    }

    /// Returns the changes, the newest first; they are read as they are asked for. A file that does not exist is an
    /// empty one.
    pub fn recent(&self) -> io::Result<Recent> {
        self.named(|| Recent::open(&self.path))
    }

    /// Finds a change by its number.
    pub fn find(&self, number: u64) -> io::Result<Option<Recorded>> {
        let is_it = |recorded: &io::Result<Recorded>| recorded.as_ref().map_or(true, |it| it.number() == Some(number));
        self.recent()?.find(is_it).transpose()
    }

    fn append(&self, line: &[u8], durable: Durable) -> io::Result<()> {
        self.named(|| {
            let (mut file, _) = self.open()?;
            file::append(&mut file, line, durable)
        })
    }

    /// Opens the file for this process alone, ending with a whole line. Another bpctl may have been killed in the
    /// middle of one.
    fn open(&self) -> io::Result<(File, Option<String>)> {
        let mut file = file::open_locked(&self.path)?;
        let aside = file::repair_tail(&mut file, &self.path)?;
        let warning = |aside: PathBuf| {
            format!("the journal ended in a line that was cut off; it was moved to {}", aside.display())
        };
        Ok((file, aside.map(warning)))
    }

    /// Returns the highest number that was ever given, also by newer versions; 0 where there is none. `file` is the
    /// locked one: its last lines nearly always suffice, and the full files need not be looked for.
    fn last_number(&self, file: &File) -> io::Result<u64> {
        match last_number(Lines::of(file.try_clone()?)?)? {
            (last, true) => Ok(last),
            (_, false) => Ok(last_number(Lines::open(&self.path)?)?.0),
        }
    }

    /// Names the file in the errors of what is done with it.
    fn named<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        work().map_err(|error| recent::named(&self.path, &error))
    }
}

/// Returns the highest number in the last lines, and whether no line before them has a higher one.
fn last_number(mut lines: Lines) -> io::Result<(u64, bool)> {
    let (mut last, mut searched, mut is_begun) = (0, 0, false);
    while let Some(piece) = lines.next_piece()? {
        let backwards::Piece::Line(line) = piece else {
            continue;
        };
        searched += line.len();
        let Some(head) = Head::read(&line) else {
            continue;
        };
        last = last.max(head.number().unwrap_or(0));
        is_begun |= head.is_begin();
        if head.is_numbered_in_order() || (is_begun && searched > MAX_NUMBER_SEARCH) {
            return Ok((last, true));
        }
    }
    Ok((last, false))
}
