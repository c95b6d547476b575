//! Where bpctl's files are: the user's directories, as the platform has them.
//!
//! A service, a container or a user without a passwd entry may have no home directory. Then the absolute `XDG_*`
//! directories count by themselves, and what has no place is not written.

use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use crate::error::{Error, Result};
use crate::fs::private::user_suffix;
use crate::system::System;

/// The directory of bpctl's files in each of the user's directories.
const NAME: &str = "bpctl";

/// The user's directories, as far as there are any.
pub struct Paths {
    home: std::result::Result<PathBuf, String>,
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    cache: Option<PathBuf>,
    /// Of this user and this session: `XDG_RUNTIME_DIR`.
    runtime: Option<PathBuf>,
    /// For files of all users.
    temporary: PathBuf,
}

impl Paths {
    /// Finds them.
    pub fn find(system: &System) -> Self {
        let home = home();
        let xdg = |name: &str| {
            let directory = Path::new(system.raw_variable(name)?);
            directory.is_absolute().then(|| directory.join(NAME))
        };
        let runtime = xdg("XDG_RUNTIME_DIR");
        let temporary = system.temporary_directory();
        match ProjectDirs::from("", "", NAME).filter(|_| home.is_ok()) {
            Some(project) => Self {
                home,
                config: Some(project.config_dir().to_owned()),
                data: Some(project.data_dir().to_owned()),
                cache: Some(project.cache_dir().to_owned()),
                runtime,
                temporary,
            },
            None => Self {
                home,
                config: xdg("XDG_CONFIG_HOME"),
                data: xdg("XDG_DATA_HOME"),
                cache: xdg("XDG_CACHE_HOME"),
                runtime,
                temporary,
            },
        }
    }

    /// The config file.
    pub fn config_file(&self) -> Result<PathBuf> {
        let hint = "set `HOME` or `XDG_CONFIG_HOME`, or name the file with `--config`";
        self.place(self.config.as_deref(), "config.toml", hint)
    }

    /// The sandbox's state.
    pub fn sandbox_file(&self) -> Result<PathBuf> {
        self.data_file("sandbox.json")
    }

    /// The journal of writes.
    pub fn journal_file(&self) -> Result<PathBuf> {
        self.data_file("journal.jsonl")
    }

    /// The lock of writes: beside the journal.
    ///
    /// # Errors
    /// There is no directory for it.
    pub fn lock_file(&self) -> Result<PathBuf> {
        self.data_file("journal.lock")
    }

    /// Directories for the lock of writes where it cannot be beside the journal, in the order in which they are tried.
    pub fn other_lock_directories(&self) -> [Option<PathBuf>; 2] {
        [self.runtime.clone(), Some(self.temporary.join(format!("{NAME}{}", user_suffix())))]
    }

    /// The directory of what completion remembers.
    pub fn cache_directory(&self) -> Result<PathBuf> {
        self.place(self.cache.as_deref(), "", "set `HOME` or `XDG_CACHE_HOME`")
    }

    /// Replaces `~` or a leading `~/` by the home directory.
    pub fn expand(&self, path: &Path) -> Result<PathBuf> {
        let Ok(rest) = path.strip_prefix("~") else {
            return Ok(path.to_owned());
        };
        let home = self.home.as_ref().map_err(|reason| {
            Error::config(format!("cannot resolve {}: {reason}", path.display())).hint("write the path in full")
        })?;
        Ok(if rest.as_os_str().is_empty() { home.clone() } else { home.join(rest) })
    }

    fn data_file(&self, name: &str) -> Result<PathBuf> {
        self.place(self.data.as_deref(), name, "set `HOME` or `XDG_DATA_HOME`")
    }

    fn place(&self, directory: Option<&Path>, name: &str, hint: &str) -> Result<PathBuf> {
        match (directory, &self.home) {
            (Some(directory), _) if name.is_empty() => Ok(directory.to_owned()),
            (Some(directory), _) => Ok(directory.join(name)),
            (None, Err(reason)) => Err(Error::config(reason.clone()).hint(hint)),
            (None, Ok(home)) => Err(Error::config(format!("no directory for bpctl's files in {}", home.display()))),
        }
    }
}

/// Finds the home directory (`HOME`, then the passwd entry), or says why there is none.
fn home() -> std::result::Result<PathBuf, String> {
    let Some(directories) = BaseDirs::new() else {
        return Err("no home directory: `HOME` is not set, and the user has no passwd entry".to_owned());
    };
    let home = directories.home_dir();
    // One that does not exist yet is where files would be; `/dev/null` is what services without a home are given.
    if !home.is_absolute() || (home.exists() && !home.is_dir()) {
        return Err(format!("no home directory: `{}` is not a directory", home.display()));
    }
    Ok(home.to_owned())
}
