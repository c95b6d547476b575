//! A lock between processes: held by an open file, so that it ends with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::private;

/// What came of one attempt.
enum Attempt {
    Locked,
    /// Another process holds it: try again after this time.
    TryAgain(Duration),
    TimedOut,
}

fn attempt(file: &File, began: Instant, timeout: Duration) -> io::Result<Attempt> {
    match file.try_lock() {
        Ok(()) => Ok(Attempt::Locked),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) if began.elapsed() > timeout => Ok(Attempt::TimedOut),
        // A random time, so that of several that wait none is always behind the others.
        Err(TryLockError::WouldBlock) => Ok(Attempt::TryAgain(Duration::from_millis(fastrand::u64(2..15)))),
    }
}

/// Locks the file at `path` until the returned file is dropped; returns none when others hold it for longer than
/// `timeout`. A file that does not exist is made, with its directory. It is never removed: that would be a race.
pub async fn lock(path: &Path, timeout: Duration) -> io::Result<Option<File>> {
    path.parent().filter(|_| !path.exists()).map_or(Ok(()), private::create_directory)?;
    let mut options = OpenOptions::new();
    let file = private::options(options.write(true).create(true).truncate(false)).open(path)?;
    let began = Instant::now();
    loop {
        match attempt(&file, began, timeout)? {
            Attempt::Locked => return Ok(Some(file)),
            Attempt::TryAgain(wait) => tokio::time::sleep(wait).await,
            Attempt::TimedOut => return Ok(None),
        }
    }
}

/// Locks an open file and blocks meanwhile, for a lock that is held for milliseconds; returns whether it did so within
/// `timeout`.
pub fn lock_file(file: &File, timeout: Duration) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        match attempt(file, began, timeout)? {
            Attempt::Locked => return Ok(true),
            Attempt::TryAgain(wait) => std::thread::sleep(wait),
            Attempt::TimedOut => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(path: &Path) -> Option<File> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(lock(path, Duration::from_millis(20))).unwrap()
    }

    #[test]
    fn a_lock_is_waited_for_and_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/lock");
        let held = locked(&path);
        assert!(held.is_some());
        assert!(locked(&path).is_none());
        let other = File::open(&path).unwrap();
        assert!(!lock_file(&other, Duration::from_millis(20)).unwrap());
        let waiting = std::thread::spawn(move || lock_file(&other, Duration::from_secs(60)).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        drop(held);
        assert!(waiting.join().unwrap());
    }
}
