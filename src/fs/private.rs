//! Files and directories that only their owner can read, and finding those that other users can change.

use std::fs::{Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::atomic::{self, Access};

/// Another user who can change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignWriter {
    /// It belongs to another user than root.
    Owner(u32),
    /// Its group or everyone can write it.
    Others,
}

/// Finds whether another user than root can change an open file. A device such as `/dev/null` is writable by design and
/// holds nothing.
#[cfg(unix)]
pub fn foreign_writer(metadata: &Metadata) -> Option<ForeignWriter> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    if metadata.file_type().is_char_device() {
        return None;
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Some(ForeignWriter::Owner(owner));
    }
    (metadata.mode() & 0o022 != 0).then_some(ForeignWriter::Others)
}

#[cfg(not(unix))]
pub fn foreign_writer(_: &Metadata) -> Option<ForeignWriter> {
    None
}

/// Whether other users can read a file.
#[cfg(unix)]
pub fn others_can_read(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0
}

#[cfg(not(unix))]
pub fn others_can_read(_: &Metadata) -> bool {
    false
}

/// Makes new files readable by their owner alone.
pub fn options(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Creates a directory and its parents; new ones are their owner's alone.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Creates a directory in one that all users share, for this user alone.
///
/// # Errors
/// The file system's; the path exists and is not a directory, belongs to another user, or can be changed by others.
#[cfg(unix)]
pub fn create_own_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    match std::fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // A link is not followed: another user may have put it there.
    let metadata = std::fs::symlink_metadata(directory)?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    if metadata.is_dir() && is_own && metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a directory of this user alone"))
}

#[cfg(not(unix))]
pub fn create_own_directory(directory: &Path) -> io::Result<()> {
    create_directory(directory)
}

/// Distinguishes this user's directory from others in one that all users share.
#[cfg(unix)]
pub fn user_suffix() -> String {
    format!("-{}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
pub fn user_suffix() -> String {
    String::new()
}

/// Replaces a file whole, in a directory that is made if need be. Mode 0600.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    create_directory(atomic::directory_of(path))?;
    atomic::write(path, content, Access::PRIVATE)
}
