//! What writes need besides a client: the journal, and the lock that keeps them apart.

use std::path::Path;
use std::time::Duration;

use super::Context;
use crate::error::{Error, Exit, Result, code, reason as error_reason};
use crate::fs::lock::lock;
use crate::fs::private::create_own_directory;
use crate::journal::Journal;

/// What the journal calls the API of the sandbox, which has an address only while it runs.
pub const SANDBOX_API: &str = "sandbox";

/// How long another bpctl is waited for before a note says so.
const LOCK_NOTICE: Duration = Duration::from_secs(1);

impl Context {
    /// The journal of writes.
    pub fn journal(&self) -> Result<Journal> {
        Ok(Journal::at(self.paths().journal_file()?))
    }

    /// Names the API in use, for the journal: its base URL, or `sandbox`.
    pub fn api_name(&self) -> Result<String> {
        let connection = self.connection(None)?;
        Ok(connection.api_url.as_ref().map_or_else(|| SANDBOX_API.to_owned(), |url| url.value.to_string()))
    }

    /// Waits until no other bpctl of this user on this machine is between reading and reading back; holds off the
    /// others until the file is dropped. Without a directory beside the journal the lock is in the session's runtime
    /// directory or among temporary files; where it cannot be there, a warning says so.
    pub async fn lock_writes(&self) -> Result<Option<std::fs::File>> {
        let paths = self.paths();
        let mut reason = match paths.lock_file() {
            Err(error) => error.message,
            Ok(path) => match self.lock_file(&path).await {
                Ok(locked) => return locked.map(Some),
                Err(error) => format!("{}: {}", path.display(), error_reason(&error)),
            },
        };
        for directory in paths.other_lock_directories().into_iter().flatten() {
            let path = directory.join("writes.lock");
            let locked = match create_own_directory(&directory) {
                Ok(()) => self.lock_file(&path).await,
                Err(error) => Err(error),
            };
            match locked {
                Ok(locked) => return locked.map(Some),
                Err(error) => reason = format!("{reason}; {}: {}", path.display(), error_reason(&error)),
            }
        }
        self.ui.warn(&format!("cannot lock out other bpctl writes on this machine: {reason}"));
        Ok(None)
    }

    /// Locks a file; says so after a second of waiting. The inner error is that of others which hold it for too long.
    async fn lock_file(&self, path: &Path) -> std::io::Result<Result<std::fs::File>> {
        let max_wait = self.limits().max_wait;
        let held = match lock(path, LOCK_NOTICE.min(max_wait)).await? {
            None if max_wait > LOCK_NOTICE => {
                self.ui.note("waiting for another bpctl of yours to finish its change");
                lock(path, max_wait.saturating_sub(LOCK_NOTICE)).await?
            }
            held => held,
        };
        Ok(held.ok_or_else(|| {
            let message = "timed out waiting for another bpctl of yours to finish its change";
            Error::new(Exit::Unreachable, code::TIMEOUT, message).hint(format!("it holds {}", path.display()))
        }))
    }
}
