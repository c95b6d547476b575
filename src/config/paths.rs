//! Where bpctl's files are: the user's directories, as the platform has them.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::error::{Error, Result};

/// The user's directories.
pub struct Paths(ProjectDirs);

impl Paths {
    /// Finds them.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn find() -> Result<Self> {
        ProjectDirs::from("", "", "bpctl").map(Self).ok_or_else(|| {
            Error::config("no home directory was found").hint("set `HOME`, or name the file with `--config`")
        })
    }

    /// The config file.
    pub fn config_file(&self) -> PathBuf {
        self.0.config_dir().join("config.toml")
    }

    /// The sandbox's state.
    pub fn sandbox_file(&self) -> PathBuf {
        self.0.data_dir().join("sandbox.json")
    }

    /// The journal of writes.
    pub fn journal_file(&self) -> PathBuf {
        self.0.data_dir().join("journal.jsonl")
    }

    /// The directory of what completion remembers.
    pub fn cache_directory(&self) -> &Path {
        self.0.cache_dir()
    }
}
