//! Atomic writes: after a crash, and for a reader at any moment, a file has its old content or its new content.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::iter::successors;
use std::path::{Path, PathBuf};

/// Symbolic links that are followed.
const MAX_LINKS: usize = 40;
/// The end of the names of files that are being written.
const UNFINISHED: &str = ".tmp";

/// Who may do what with a file, as Unix modes; elsewhere the directory decides.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The mode of a new file; the umask applies.
    pub new: u32,
    /// The part of its mode that an existing file keeps.
    pub kept: u32,
    /// Whether it is an error that the old owner cannot be kept. The group never is: it only loses what it could do.
    pub needs_owner: bool,
}

impl Access {
    /// Only the owner.
    pub const PRIVATE: Self = Self { new: 0o600, kept: 0o600, needs_owner: false };
    /// As before; a new file gets what the umask allows.
    pub const AS_IT_WAS: Self = Self { new: 0o666, kept: 0o777, needs_owner: false };
}

/// Replaces or creates the file at `target`, which is not a symbolic link.
///
/// # Errors
/// The file system's; then the file is as it was.
pub fn write(target: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let directory = directory_of(target);
    let name = sibling(target, ".");
    // Checked first, so that the error of a missing directory does not name the temporary file.
    fs::metadata(directory)?;
    let before = fs::symlink_metadata(target).ok();
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(UNFINISHED);
    #[cfg(unix)]
    if before.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(access.new));
    }
    // Private until the old file's mode is known.
    let mut new = builder.tempfile_in(directory)?;
    new.write_all(content)?;
    if let Some(before) = before {
        keep(new.as_file(), &before, access)?;
    }
    new.as_file().sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Returns a path and, link by link, the paths that it points to.
pub fn links(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |at: &PathBuf| Some(directory_of(at).join(fs::read_link(at).ok()?));
    successors(Some(path.to_owned()), next).take(MAX_LINKS)
}

/// Follows symbolic links, also to a file that does not exist yet: a write replaces what they point to.
pub fn target_of(path: &Path) -> PathBuf {
    links(path).last().unwrap_or_default()
}

/// Returns the directory of a file.
pub fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Names a hidden file in the same directory, which begins with the name of `target`.
pub fn sibling(target: &Path, end: &str) -> String {
    format!(".{}{end}", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes the temporary files of writes to `target` that were killed. No other process may be writing it.
pub fn remove_unfinished(target: &Path) {
    let start = sibling(target, ".");
    for entry in fs::read_dir(directory_of(target)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&start) && name.ends_with(UNFINISHED) {
            // It does no harm; the next change tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Sets the old file's owner and mode on the new one. No user gains access: a group that cannot be kept loses its own.
#[cfg(unix)]
fn keep(new: &File, before: &Metadata, access: Access) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let mode = before.mode() & access.kept;
    new.set_permissions(Permissions::from_mode(mode))?;
    let now = new.metadata()?;
    if now.uid() != before.uid() {
        match fchown(new, Some(before.uid()), Some(before.gid())) {
            Ok(()) => return Ok(()),
            Err(error) if access.needs_owner => return Err(error),
            Err(_) => {}
        }
    }
    // Fails where the user is not a member of the group.
    if now.gid() == before.gid() || fchown(new, None, Some(before.gid())).is_ok() {
        return Ok(());
    }
    new.set_permissions(Permissions::from_mode(mode & 0o707))
}

#[cfg(not(unix))]
fn keep(_: &File, _: &Metadata, _: Access) -> io::Result<()> {
    Ok(())
}

/// Syncs the directory, so that the new name survives a crash. One that cannot be read cannot be synced.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory).map_or(Ok(()), |directory| directory.sync_all())
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
