//! The journal's files: the one that is written, and the full ones before it.
//!
//! `journal.jsonl` is renamed to `journal.1.jsonl`, `journal.2.jsonl` … when it is full. Whoever writes holds the lock
//! on the file that is written. Only regular files are opened: a pipe would block, and a device has no end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backwards::Backwards;
use super::line::{Head, MAX_LINE};
use crate::fs::lock::lock_file;
use crate::fs::private;

/// How long another bpctl may hold the file, which needs milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the file for reading; none where it does not exist.
pub(super) fn open_to_read(path: &Path) -> io::Result<Option<File>> {
    match check_is_regular(path).and_then(|()| File::open(path)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the file for this process alone, and makes it where it does not exist.
pub(super) fn open_locked(path: &Path) -> io::Result<File> {
    loop {
        let file = open_to_write(path)?;
        if !lock_file(&file, LOCK_TIMEOUT)? {
            let message = format!("another bpctl has held it for {} s", LOCK_TIMEOUT.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        // While this waited, another may have renamed the file because it was full.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

fn open_to_write(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent().filter(|_| !path.exists()) {
        private::create_directory(directory).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot create the directory {}: {error}", directory.display()))
        })?;
    }
    match check_is_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        checked => checked?,
    }
    private::options(OpenOptions::new().read(true).append(true).create(true)).open(path)
}

fn check_is_regular(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Returns whether an open file is the one that has the name.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A full file is longer than the one that is written.
#[cfg(not(unix))]
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let length = file.metadata()?.len();
    match std::fs::metadata(path) {
        Ok(named) => Ok(named.len() == length),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// When a line must be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durable {
    /// Before anything else is done.
    Now,
    /// With the next line that must be, or with [`sync`]. Another process sees it at once.
    Later,
}

/// Appends a line. Where that fails, the file ends as before: a part of a line would be in the way of the next one.
pub(super) fn append(file: &mut File, line: &[u8], durable: Durable) -> io::Result<()> {
    let before = file.metadata()?.len();
    let written = file.write_all(line).and_then(|()| match durable {
        Durable::Now => file.sync_data(),
        Durable::Later => Ok(()),
    });
    if written.is_err() {
        // The next one that writes repairs what this cannot.
        let _ = file.set_len(before);
    }
    written
}

/// Waits until all lines are on the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    // Windows takes it only of a file that is open for writing.
    match check_is_regular(path).and_then(|()| OpenOptions::new().append(true).open(path)) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the file end with a whole line, and returns where the rest went. A line without its end was being written
/// when bpctl was killed, and nothing was reported of it.
pub(super) fn repair_tail(file: &mut File, path: &Path) -> io::Result<Option<PathBuf>> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == *b"\n" {
        return Ok(None);
    }
    let end = Backwards::new(file.try_clone()?)?.end_of_whole_lines()?;
    if is_whole_line(file, end)? {
        file.write_all(b"\n")?;
        return Ok(None);
    }
    let (mut aside, aside_path) = new_file_aside(path)?;
    file.seek(SeekFrom::Start(end))?;
    io::copy(file, &mut aside)?;
    aside.sync_all()?;
    file.set_len(end)?;
    Ok(Some(aside_path))
}

/// Whether a whole line begins at `start` and lacks nothing but its end: an editor may have taken that away.
fn is_whole_line(file: &mut File, start: u64) -> io::Result<bool> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    Read::take(&*file, MAX_LINE as u64).read_to_end(&mut tail)?;
    Ok(Head::read(&tail).is_some())
}

/// Makes a file beside the journal that was not there before.
fn new_file_aside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 1_u32;
    loop {
        let path = path.with_extension(format!("torn-{number}"));
        match private::options(OpenOptions::new().write(true).create_new(true)).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            opened => return Ok((opened?, path)),
        }
    }
}

/// Puts a full file aside, with all its lines on the disk; its lock must be held.
pub(super) fn put_aside(file: &File, path: &Path) -> io::Result<()> {
    file.sync_data()?;
    let number = full_files(path)?.first().map_or(0, |(number, _)| *number);
    std::fs::rename(path, path.with_extension(format!("{}.jsonl", number + 1)))
}

/// Lists the full files with their numbers, the newest first.
pub(super) fn full_files(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let start = format!("{}.", path.file_stem().unwrap_or_default().to_string_lossy());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&start)?.strip_suffix(".jsonl")?.parse().ok());
        files.extend(number.map(|number| (number, directory.join(&name))));
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files)
}
