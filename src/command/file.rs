//! Files that a command writes where the user says: reports and calendars.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a file whole or not at all. What is no file (a terminal, a pipe, `/dev/null`) is written to, not replaced,
/// and a symbolic link stays one.
///
/// # Errors
/// The file system's.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&path.display().to_string(), &error);
    let target = match fs::metadata(path) {
        Ok(there) if !there.is_file() => return fs::write(path, content).map_err(failed),
        Ok(_) => fs::canonicalize(path).map_err(failed)?,
        Err(_) => PathBuf::from(path),
    };
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = builder().tempfile_in(directory).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A report is there to be read by others, unlike most temporary files; the umask still applies.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}
