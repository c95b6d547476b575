//! Changing the config file: under a lock, and by replacing it as a whole, so that neither a second bpctl nor a kill at
//! any moment can lose what it held. Comments and order stay. Never makes a file readable for more users.

use std::fs::{self, File as Handle};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Document, DocumentMut, Item, Table, TableLike, Value, value};

use super::file::File;
use super::key::{Key, check_name};
use crate::error::{Error, Result};
use crate::fs::atomic::{self, Access, directory_of, remove_unfinished, sibling, target_of};
use crate::fs::lock::lock;
use crate::fs::private;

/// How long to wait for another bpctl; a change takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(20);
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The config file, held for a change until this is dropped.
pub struct Edit {
    /// The file itself, behind any symbolic link.
    target: PathBuf,
    file: File,
    /// Comments of a file that holds nothing else.
    header: String,
    document: DocumentMut,
    /// How lines end: the library writes line feeds alone.
    has_crlf: bool,
    /// None in a dry run.
    _lock: Option<Handle>,
}

impl Edit {
    /// Refuses a path that is not a regular file, such as a device or a pipe: the change would replace it. Opens
    /// nothing, since opening a pipe waits for its writer.
    pub fn check(path: &Path) -> Result<()> {
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => {
                Err(Error::config(format!("{} is not a regular file; not modified", path.display()))
                    .hint("name a file with `--config` or `BPCTL_CONFIG`"))
            }
            _ => Ok(()),
        }
    }

    /// Locks and reads the file at `path`; one that does not exist is empty. Creates its directory.
    pub async fn begin(path: &Path) -> Result<Self> {
        Self::check(path)?;
        let target = target_of(path);
        private::create_directory(directory_of(&target)).map_err(|error| Error::path(directory_of(&target), &error))?;
        let lock = lock_of(&target).await?;
        // It may hold a token.
        remove_unfinished(&target);
        Self::read(target, Some(lock))
    }

    /// The same for a dry run: touches nothing, and is not for saving.
    pub fn begin_dry_run(path: &Path) -> Result<Self> {
        Self::check(path)?;
        Self::read(target_of(path), None)
    }

    fn read(target: PathBuf, lock: Option<Handle>) -> Result<Self> {
        let failed = |error: &io::Error| Error::path(&target, error);
        let file = File::read(&target)?;
        let text =
            if file.exists { fs::read_to_string(&target).map_err(|error| failed(&error))? } else { String::new() };
        let has_crlf = text.contains("\r\n");
        let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => (BYTE_ORDER_MARK, rest),
            None => ("", text.as_str()),
        };
        let mut document = parsed(text, &target)?;
        let mut header = mark.to_owned();
        if document.is_empty() {
            header.push_str(document.trailing().as_str().unwrap_or_default());
            document.set_trailing("");
        }
        Ok(Self { target, file, header, document, has_crlf, _lock: lock })
    }

    /// The file as it was read under the lock.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Sets a key; a new profile is made.
    pub fn set(&mut self, key: &Key, value: impl Into<Value>) -> Result<()> {
        match key {
            Key::DefaultProfile => self.set_default_profile(value.into())?,
            Key::Profile { profile, field } => put(self.profile(profile)?, field, value.into()),
        }
        Ok(())
    }

    /// Removes a key, and returns whether it was set. The comments above it stay.
    pub fn remove(&mut self, key: &Key) -> Result<bool> {
        let text = self.document.to_string();
        if let Some(lines) = lines_of(&text, key) {
            let rest = format!("{}{}", &text[..lines.start], &text[lines.end..]);
            self.document = parsed(&rest, &self.target)?;
            return Ok(true);
        }
        let Key::Profile { profile, field } = key else {
            return Ok(self.document.remove("default_profile").is_some());
        };
        let profiles = self.document.get_mut("profiles").and_then(Item::as_table_like_mut);
        let profile = profiles.and_then(|table| table.get_mut(profile)).and_then(Item::as_table_like_mut);
        Ok(profile.is_some_and(|table| table.remove(field).is_some()))
    }

    /// Sets the one key at the top. Where there is none yet, it goes below the comments that the file begins with.
    fn set_default_profile(&mut self, value: Value) -> Result<()> {
        let text = self.document.to_string();
        let is_table_alone =
            !self.document.is_empty() && text.lines().find(|line| is_content(line)).is_some_and(is_header);
        if !is_table_alone {
            put(self.document.as_table_mut(), "default_profile", value);
            return Ok(());
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let before_table = lines.iter().take_while(|line| !is_content(line));
        let place =
            before_table.enumerate().filter(|(_, line)| line.trim().is_empty()).last().map_or(0, |(n, _)| n + 1);
        let (top, rest) = lines.split_at(place);
        let text = format!("{}default_profile = {value}\n\n{}", top.concat(), rest.concat());
        self.document = parsed(&text, &self.target)?;
        Ok(())
    }

    /// Returns a profile's table, which is created if needed.
    fn profile(&mut self, name: &str) -> Result<&mut dyn TableLike> {
        let is_first = self.document.is_empty();
        let profiles = self.document.entry("profiles").or_insert_with(|| {
            let mut table = Table::new();
            // No line `[profiles]` of its own.
            table.set_implicit(true);
            Item::Table(table)
        });
        let profiles = profiles.as_table_like_mut().ok_or_else(|| Error::config("`profiles`: expected a table"))?;
        if !profiles.contains_key(name) {
            check_name(name)?;
            let mut table = Table::new();
            table.decor_mut().set_prefix(if is_first { "" } else { "\n" });
            profiles.insert(name, Item::Table(table));
        }
        let profile = profiles.get_mut(name).and_then(Item::as_table_like_mut);
        profile.ok_or_else(|| Error::config(format!("`profiles.{name}`: expected a table")))
    }

    /// The file as it will be.
    pub fn outcome(&self) -> Result<File> {
        File::parse(&self.target, &self.text())
    }

    fn text(&self) -> String {
        let text = format!("{}{}", self.header, self.document);
        if self.has_crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
    }

    /// Writes the file: whole beside it, then in its place.
    ///
    /// # Errors
    /// It cannot be written; then it is as it was.
    pub fn save(self) -> Result<()> {
        // What the reader would refuse is never written.
        let after = self.outcome()?;
        // With a token in it, other users may not read it.
        let kept = if after.holds_token() { 0o700 } else { 0o777 };
        atomic::write(&self.target, self.text().as_bytes(), Access { new: 0o600, kept, needs_owner: true })
            .map_err(|error| Error::path(&self.target, &error).hint("the file is as it was"))
    }
}

fn parsed(text: &str, path: &Path) -> Result<DocumentMut> {
    text.parse().map_err(|_| Error::config(format!("{}: not TOML", path.display())))
}

/// Finds the lines of a profile's key; none when they hold other keys too, as in an inline table.
fn lines_of(text: &str, key: &Key) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let (key, item) = match key {
        Key::DefaultProfile => document.as_table().get_key_value("default_profile")?,
        Key::Profile { profile, field } => {
            document.get("profiles")?.as_table()?.get(profile)?.as_table()?.get_key_value(field)?
        }
    };
    let (start, end) = (key.span()?.start, item.span()?.end);
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Some(start..end)
}

/// Whether a line holds more than whitespace and a comment.
fn is_content(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

/// Puts a value where the old one stood, with the comments around it.
fn put(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                *new.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(new);
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// Waits for the lock of the file at `target`.
async fn lock_of(target: &Path) -> Result<Handle> {
    let path = directory_of(target).join(sibling(target, ".lock"));
    let held = lock(&path, LOCK_WAIT).await.map_err(|error| Error::path(&path, &error))?;
    held.ok_or_else(|| {
        Error::config(format!("another bpctl is changing {}", target.display()))
            .hint(format!("it holds the lock of `{}`", path.display()))
    })
}
