//! The cache of completion: one file for each connection in the user's cache directory, readable by its owner alone.
//!
//! A file holds names, ids and schedules, and never a token. What distinguishes two tokens is a hash that is salted with
//! a random value of this directory, so that it says nothing about the token elsewhere. A file that cannot be read or
//! understood counts as none.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::private;

/// Seconds for which a list is used without asking again.
const MAX_AGE: i64 = 60;
/// Bytes of a file that are read: far more than completion writes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Hexadecimal digits of a salt: 128 bits.
const SALT_DIGITS: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Policies,
    /// Policies in the trash.
    Trash,
    /// Entries of the trash, of every type.
    TrashEntries,
    Machines,
    Disks,
    Organizations,
    /// Backups of an OnApp cloud.
    Backups,
}

/// A value that can be typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) value: String,
    pub(super) help: String,
    /// It is another name of an object that has a better one.
    #[serde(default)]
    pub(super) second: bool,
}

impl Item {
    /// A value that says what it is.
    pub(super) fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), help: String::new(), second: false }
    }
}

/// A list, and when it was read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct List {
    /// Unix seconds; 0 for an incomplete list.
    at: i64,
    items: Vec<Item>,
}

/// What is stored for one connection.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cache {
    connection: String,
    lists: BTreeMap<Kind, List>,
    #[serde(skip)]
    path: PathBuf,
}

/// Returns the random value that hashes of tokens are salted with, and stores a new one where there is none. Where it
/// cannot be stored, lists cannot be stored either, and any value will do.
pub(super) fn salt(directory: &Path) -> String {
    let path = directory.join("salt");
    let stored = std::fs::read_to_string(&path).ok().filter(|salt| salt.len() == SALT_DIGITS);
    stored.unwrap_or_else(|| {
        // The keys of a new state are the operating system's randomness.
        let number = || RandomState::new().hash_one(0);
        let salt = format!("{:016x}{:016x}", number(), number());
        let _ = private::write(&path, salt.as_bytes());
        salt
    })
}

impl Cache {
    /// Reads what is stored for a connection, which its description distinguishes from others.
    pub(super) fn read(directory: &Path, connection: String) -> Self {
        let mut hasher = DefaultHasher::new();
        connection.hash(&mut hasher);
        let path = directory.join(format!("completion-{:016x}.json", hasher.finish()));
        let known = read(&path).filter(|cache| cache.connection == connection);
        Self { lists: known.map(|cache| cache.lists).unwrap_or_default(), connection, path }
    }

    /// Returns a list of any age, and leaves the rest.
    pub(super) fn into_any(mut self, kind: Kind) -> Vec<Item> {
        self.lists.remove(&kind).map(|list| list.items).unwrap_or_default()
    }

    /// Returns a list that is at most a minute old.
    pub(super) fn fresh(&self, kind: Kind, now: i64) -> Option<&[Item]> {
        let list = self.lists.get(&kind)?;
        let age = now.checked_sub(list.at)?;
        (0..MAX_AGE).contains(&age).then_some(list.items.as_slice())
    }

    /// Returns a list of any age.
    pub(super) fn any(&self, kind: Kind) -> &[Item] {
        self.lists.get(&kind).map(|list| list.items.as_slice()).unwrap_or_default()
    }

    /// Stores a complete list.
    pub(super) fn set(&mut self, kind: Kind, items: Vec<Item>, now: i64) {
        self.lists.insert(kind, List { at: now, items });
    }

    /// Stores the beginning of a list, where nothing longer is known.
    pub(super) fn set_part(&mut self, kind: Kind, items: Vec<Item>) {
        if self.any(kind).len() < items.len() {
            self.lists.insert(kind, List { at: 0, items });
        }
    }

    /// Writes the file as a whole. A failure is ignored: completion works without a cache.
    pub(super) fn write(&self) {
        if let Ok(bytes) = serde_json::to_vec(self) {
            let _ = private::write(&self.path, &bytes);
        }
    }
}

fn read(path: &Path) -> Option<Cache> {
    // Checked as UTF-8 once: text by text takes longer.
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value: &str) -> Item {
        Item::plain(value)
    }

    #[test]
    fn a_salt_stays_the_same_and_belongs_to_its_directory() {
        let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let first = salt(one.path());
        assert_eq!(salt(one.path()), first);
        assert_ne!(salt(other.path()), first);
        std::fs::write(one.path().join("salt"), "short").expect("it can be written");
        assert_ne!(salt(one.path()), "short");
    }

    #[test]
    fn a_list_is_fresh_for_a_minute() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut cache = Cache::read(directory.path(), "c".to_owned());
        cache.set(Kind::Disks, vec![item("d")], 1_000);
        cache.write();
        let cache = Cache::read(directory.path(), "c".to_owned());
        for (now, is_fresh) in [(999, false), (1_000, true), (1_059, true), (1_060, false), (i64::MIN, false)] {
            assert_eq!(cache.fresh(Kind::Disks, now).is_some(), is_fresh, "{now}");
        }
        assert_eq!(cache.any(Kind::Disks), [item("d")]);
        assert!(cache.any(Kind::Machines).is_empty());
        assert!(Cache::read(directory.path(), "d".to_owned()).any(Kind::Disks).is_empty());
    }

    #[test]
    fn a_part_never_replaces_more() {
        let mut cache = Cache::read(Path::new("/nonexistent"), "c".to_owned());
        cache.set(Kind::Disks, vec![item("a"), item("b")], 0);
        cache.set_part(Kind::Disks, vec![item("c")]);
        assert_eq!(cache.any(Kind::Disks).len(), 2);
        cache.set_part(Kind::Machines, vec![item("c")]);
        assert_eq!(cache.any(Kind::Machines), [item("c")]);
        assert!(cache.fresh(Kind::Machines, 100).is_none());
    }
}
