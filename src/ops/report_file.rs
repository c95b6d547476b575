//! Files that a command writes where the user says: reports and calendars.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{Error, Report, Result};
use crate::fs::atomic::{self, Access};
use crate::fs::detached;

/// Names of standard output.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
/// What is below these stands for something that is open already.
const OPEN_ALREADY: [&str; 3] = ["/dev/stderr", "/dev/fd", "/proc"];

/// Where it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// To standard output: nothing else belongs there.
    ToOutput,
    /// To a file, or to what is none.
    ToFile,
}

enum Place {
    Output,
    /// A terminal, a pipe, a device, or what another program has open: what it holds must not be cut off.
    Stream,
    /// A file, which need not be there yet.
    File(PathBuf),
}

/// Writes a file whole or not at all. What is not a regular file (a terminal, a pipe, `/dev/null`) is written to, not replaced,
/// and a symbolic link stays one. `-` and the system's names for it stand for standard output.
pub async fn write(cx: &Context, path: &Path, content: String) -> Result<Written> {
    // A pipe whose reader is gone did not get its report: no reason to end quietly.
    let failed = |error: io::Error| Error { report: Report::Error, ..Error::path(path, &error) };
    match place(path).map_err(failed)? {
        Place::Output => cx.ui.print(|out| out.write_all(content.as_bytes())).map(|()| Written::ToOutput),
        Place::File(target) => {
            atomic::write(&target, content.as_bytes(), Access::AS_IT_WAS).map_err(failed)?;
            Ok(Written::ToFile)
        }
        Place::Stream => {
            let path = path.to_owned();
            // A pipe opens when it has a reader.
            let written =
                detached::spawn(move || OpenOptions::new().append(true).open(path)?.write_all(content.as_bytes()));
            written.await.flatten().map_err(failed)?;
            Ok(Written::ToFile)
        }
    }
}

fn place(path: &Path) -> io::Result<Place> {
    for at in atomic::links(path) {
        if STANDARD_OUTPUT.iter().any(|name| at == Path::new(name)) {
            return Ok(Place::Output);
        }
        if OPEN_ALREADY.iter().any(|name| at.starts_with(name)) {
            return Ok(Place::Stream);
        }
    }
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => Ok(Place::Stream),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(Place::File(atomic::target_of(path))),
    }
}
