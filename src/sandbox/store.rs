//! Keeps the world in a file that several processes share.
//!
//! Writers hold an exclusive lock on a file beside it and replace the state file whole; readers read it again
//! only when it has changed. What the world means is not decided here.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Seed;
use super::seed;
use super::state::{VERSION, World};
use crate::fs::atomic::{self, Access, directory_of};
use crate::fs::lock::lock_file;
use crate::fs::private;

/// How long the lock is waited for; it is held for milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The world, in memory and perhaps in a file.
#[derive(Debug)]
pub(super) struct Store {
    file: Option<PathBuf>,
    seed: Seed,
    world: World,
    /// What the file looked like when `world` was read from it or written to it.
    stamp: Option<Stamp>,
    notices: Vec<String>,
}

/// Distinguishes one version of the file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

enum Loaded {
    World(Box<World>, Stamp),
    Missing,
    /// Why the file is invalid.
    Corrupt(String),
}

impl Store {
    /// Opens the world of a file, or one in memory; seeds it when there is none. A file that cannot be written
    /// is read, and what is changed is kept in memory only.
    pub(super) fn open(file: Option<PathBuf>, seed: Seed, now: i64) -> io::Result<Self> {
        let mut store = Self { file, world: seed::world(&seed, now), seed, stamp: None, notices: Vec::new() };
        let Some(path) = store.file.clone() else {
            return Ok(store);
        };
        match private::create_directory(directory_of(&path)).and_then(|()| open_lock(&path)) {
            Ok(_) => store.refresh(now)?,
            Err(error) => {
                if let Ok(loaded) = load(&path, &store.seed, now) {
                    store.adopt(loaded);
                }
                store.keep_in_memory(&path, &error);
            }
        }
        Ok(store)
    }

    /// Returns warnings about the file.
    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Returns the world as it is at `now`.
    pub(super) fn read(&mut self, now: i64) -> io::Result<&World> {
        self.refresh(now)?;
        self.world.settle(now);
        Ok(&self.world)
    }

    /// Changes the world and saves it, unless `change` refuses; a refusal must leave the world as it was.
    pub(super) fn write<T, E>(
        &mut self,
        now: i64,
        change: impl FnOnce(&mut World) -> Result<T, E>,
    ) -> io::Result<Result<T, E>> {
        let _lock = self.file.as_deref().map(lock).transpose()?;
        let is_new = self.refresh_locked(now)?;
        self.world.settle(now);
        let outcome = change(&mut self.world);
        if outcome.is_ok() || is_new {
            self.save()?;
        }
        Ok(outcome)
    }

    /// Reads the file again if it has changed since it was last read.
    fn refresh(&mut self, now: i64) -> io::Result<()> {
        let Some(path) = self.file.clone() else {
            return Ok(());
        };
        if self.is_current(&path) || self.adopt(load(&path, &self.seed, now)?).is_none() {
            return Ok(());
        }
        // Missing or corrupt: look again under the lock, another process may be repairing it.
        if let Err(error) = self.repair(&path, now) {
            self.keep_in_memory(&path, &error);
        }
        Ok(())
    }

    fn repair(&mut self, path: &Path, now: i64) -> io::Result<()> {
        let _lock = lock(path)?;
        if self.refresh_locked(now)? {
            self.save()?;
        }
        Ok(())
    }

    /// Reads the file again, or seeds a new world; returns whether the world is new and not yet saved.
    fn refresh_locked(&mut self, now: i64) -> io::Result<bool> {
        let Some(path) = self.file.clone() else {
            return Ok(false);
        };
        if self.is_current(&path) {
            return Ok(false);
        }
        let Some(trouble) = self.adopt(load(&path, &self.seed, now)?) else {
            return Ok(false);
        };
        self.world = seed::world(&self.seed, now);
        if let Loaded::Corrupt(reason) = trouble {
            self.set_aside(&path, &reason, now)?;
        }
        Ok(true)
    }

    /// Gives up the file, so that reading goes on.
    fn keep_in_memory(&mut self, path: &Path, error: &io::Error) {
        self.file = None;
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or_default();
        self.notices.push(format!(
            "cannot save the sandbox state in {}: {why}; changes are kept in memory and end with this command: make its directory writable to keep them",
            path.display()
        ));
    }

    fn is_current(&self, path: &Path) -> bool {
        self.stamp.is_some() && fs::metadata(path).ok().as_ref().and_then(stamp_of) == self.stamp
    }

    /// Takes over a loaded world; returns what is not one.
    fn adopt(&mut self, loaded: Loaded) -> Option<Loaded> {
        let Loaded::World(world, stamp) = loaded else {
            return Some(loaded);
        };
        self.world = *world;
        self.stamp = Some(stamp);
        None
    }

    fn set_aside(&mut self, path: &Path, reason: &str, now: i64) -> io::Result<()> {
        let aside = beside(path, &format!(".corrupt-{now}"));
        fs::rename(path, &aside)?;
        self.notices.push(format!(
            "the sandbox state {} could not be read ({reason}); it was moved to {} and a new one was made",
            path.display(),
            aside.display()
        ));
        Ok(())
    }

    fn save(&mut self) -> io::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        // Until the file is in place, memory is ahead of it; after a failure below it is read again.
        self.stamp = None;
        self.stamp = save(path, &self.world)?;
        Ok(())
    }
}

/// Replaces the file by a newly seeded world.
pub(super) fn reset(path: &Path, seed: &Seed, now: i64) -> io::Result<()> {
    private::create_directory(directory_of(path))?;
    let _lock = lock(path)?;
    save(path, &seed::world(seed, now)).map(drop)
}

fn load(path: &Path, seed: &Seed, now: i64) -> io::Result<Loaded> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Missing),
        Err(error) => return Err(io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))),
    };
    // Taken from the open file, so that it belongs to what is read below even when a writer comes between.
    let Some(stamp) = stamp_of(&file.metadata()?) else {
        return Err(io::Error::other("the file system keeps no modification times"));
    };
    let text = io::read_to_string(file);
    let text = match text {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok(Loaded::Corrupt(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    let mut world: World = match serde_json::from_str(&text) {
        Ok(world) => world,
        Err(error) => return Ok(Loaded::Corrupt(error.to_string())),
    };
    if world.version == 1 {
        world.onapp = seed::onapp(seed, now);
        world.version = VERSION;
    }
    if world.version != VERSION {
        return Ok(Loaded::Corrupt(format!("its version is {}, not {VERSION}", world.version)));
    }
    world.reindex();
    Ok(Loaded::World(Box::new(world), stamp))
}

fn save(path: &Path, world: &World) -> io::Result<Option<Stamp>> {
    atomic::write(path, &serde_json::to_vec(world)?, Access::PRIVATE)?;
    Ok(stamp_of(&fs::metadata(path)?))
}

fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock(path)?;
    if lock_file(&file, LOCK_TIMEOUT)? {
        return Ok(file);
    }
    Err(io::Error::other(format!("another process has held its lock for {} s", LOCK_TIMEOUT.as_secs())))
}

fn open_lock(path: &Path) -> io::Result<File> {
    private::options(OpenOptions::new().create(true).truncate(false).write(true)).open(beside(path, ".lock"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn stamp_of(metadata: &fs::Metadata) -> Option<Stamp> {
    Some(Stamp { modified: metadata.modified().ok()?, length: metadata.len(), inode: inode_of(metadata) })
}

#[cfg(unix)]
fn inode_of(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode_of(_metadata: &fs::Metadata) -> u64 {
    0
}
