//! Files and directories that only their owner can read.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::atomic::{self, Access};

/// Makes new files readable by their owner alone.
pub fn options(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Creates a directory and its parents; new ones are their owner's alone.
///
/// # Errors
/// The file system's.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Replaces a file whole, in a directory that is made if need be. Mode 0600.
///
/// # Errors
/// The file system's.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    create_directory(atomic::directory_of(path))?;
    atomic::write(path, content, Access::PRIVATE)
}
