//! Standard output: as it is written, or as `--jq` has it.

use std::io::{self, BufWriter, Stdout, Write};

use crate::error::{Error, Exit, Result, code};
use crate::text::escape;
use crate::view::JqFilter;

/// Standard output.
pub(super) struct Output {
    stream: BufWriter<Stdout>,
    jq: Option<Jq>,
}

/// An expression, and the JSON that it was not applied to yet.
struct Jq {
    filter: JqFilter,
    json: Vec<u8>,
    is_terminal: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { stream: BufWriter::with_capacity(64 * 1024, io::stdout()), jq: None }
    }

    /// Applies an expression to everything from now on. What is written until [`Self::send`] must be whole values.
    pub(super) fn filter_by(&mut self, filter: JqFilter, is_terminal: bool) {
        self.jq = Some(Jq { filter, json: Vec::new(), is_terminal });
    }

    /// Hands on to the reader what was written so far.
    ///
    /// # Errors
    /// The stream's, or why an expression cannot be applied.
    pub(super) fn send(&mut self) -> Result<()> {
        let of_stream = |error: &io::Error| Error::io("standard output", error);
        let Some(Jq { filter, json, is_terminal }) = &mut self.jq else {
            return self.stream.flush().map_err(|error| of_stream(&error));
        };
        let mut written = Ok(());
        let applied = filter.apply(&std::mem::take(json), |line| {
            let line = if *is_terminal { escape(&line) } else { line.into() };
            written = writeln!(self.stream, "{line}");
            written.is_ok()
        });
        written.and_then(|()| self.stream.flush()).map_err(|error| of_stream(&error))?;
        applied.map_err(|why| Error::new(Exit::Failure, code::IO, format!("`--jq`: {why}")))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.jq {
            Some(jq) => jq.json.write(bytes),
            None => self.stream.write(bytes),
        }
    }

    /// Nothing: only [`Self::send`] hands on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
