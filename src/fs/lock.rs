//! A lock between processes: held by an open file, so that it ends with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::private;

/// Locks the file at `path`, made with its directory if need be, until what is given is dropped; gives none when
/// others hold it for longer than `wait`. Waits in turns, so that Ctrl-C is heard. The file is never removed: that
/// would be a race.
///
/// # Errors
/// The file cannot be made or locked.
pub async fn lock(path: &Path, wait: Duration) -> io::Result<Option<File>> {
    path.parent().map_or(Ok(()), private::create_directory)?;
    let mut options = OpenOptions::new();
    let file = private::options(options.write(true).create(true).truncate(false)).open(path)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if began.elapsed() > wait => return Ok(None),
            // Of several that wait, none is always behind the others.
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(fastrand::u64(2..15))).await,
        }
    }
}
