//! Files that are replaced whole: a reader, and a crash, sees the old content or the new, never a part.

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
    /// A file that was not there before; the umask applies.
    pub new: u32,
    /// What a file that was there keeps of its mode.
    pub kept: u32,
    /// Whether it is an error that the old owner cannot be kept. The group never is: it only loses what it could do.
    pub needs_owner: bool,
}

impl Access {
    /// The owner alone.
    pub const PRIVATE: Self = Self { new: 0o600, kept: 0o600, needs_owner: false };
    /// Whoever could before; a new file is for all that the umask allows.
    pub const AS_IT_WAS: Self = Self { new: 0o666, kept: 0o777, needs_owner: false };
}

/// Replaces the file at `target`, which is no symbolic link, or makes it.
///
/// # Errors
/// The file system's; then the file is as it was.
pub fn write(target: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let directory = directory_of(target);
    let name = sibling(target, ".");
    // Found here, a directory that is not there is told without the name of a file that nobody asked for.
    fs::metadata(directory)?;
    let before = fs::symlink_metadata(target).ok();
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(UNFINISHED);
    #[cfg(unix)]
    if before.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(access.new));
    }
    // Until it is known who could read the old one, nobody else can read the new one.
    let mut new = builder.tempfile_in(directory)?;
    new.write_all(content)?;
    if let Some(before) = before {
        keep(new.as_file(), &before, access)?;
    }
    new.as_file().sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Gives a path and what it stands for, link by link.
pub fn links(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |at: &PathBuf| Some(directory_of(at).join(fs::read_link(at).ok()?));
    successors(Some(path.to_owned()), next).take(MAX_LINKS)
}

/// Follows symbolic links, to where nothing is yet as well: what they point at is replaced, not they.
pub fn target_of(path: &Path) -> PathBuf {
    links(path).last().unwrap_or_default()
}

/// Gives the directory that a file is in.
pub fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Names a file beside `target`: hidden, and recognisable as its own.
pub fn sibling(target: &Path, end: &str) -> String {
    format!(".{}{end}", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what was left behind when somebody was killed while replacing `target`. Nobody else may be replacing it.
pub fn remove_unfinished(target: &Path) {
    let start = sibling(target, ".");
    for entry in fs::read_dir(directory_of(target)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&start) && name.ends_with(UNFINISHED) {
            // It is in nobody's way; the next change tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Gives the new file the old one's owner and mode. Nobody gains: a group that cannot be kept loses what it could do.
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
    // The group may be one of which the user is no member.
    match now.gid() == before.gid() || fchown(new, None, Some(before.gid())).is_ok() {
        true => Ok(()),
        false => new.set_permissions(Permissions::from_mode(mode & 0o707)),
    }
}

#[cfg(not(unix))]
fn keep(_: &File, _: &Metadata, _: Access) -> io::Result<()> {
    Ok(())
}

/// Makes the new name last. A directory that cannot be read cannot be synced: the file is in its place all the same.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory).map_or(Ok(()), |directory| directory.sync_all())
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
