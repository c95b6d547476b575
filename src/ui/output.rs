//! Standard output: as it is written, or as `--jq` has it.

use std::io::{self, BufWriter, Stdout, Write};

use tokio::sync::mpsc;

use crate::error::{Error, Exit, Result, code};
use crate::fs::detached;
use crate::text::escape;
use crate::view::JqFilter;

/// Standard output.
pub(super) struct Output {
    stream: BufWriter<Stdout>,
    jq: Option<Jq>,
}

/// An expression, and the JSON that it was not applied to yet.
pub(super) struct Jq {
    expression: String,
    json: Vec<u8>,
    is_terminal: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { stream: BufWriter::with_capacity(64 * 1024, io::stdout()), jq: None }
    }

    /// Keeps everything from now on for an expression.
    pub(super) fn filter_by(&mut self, expression: String, is_terminal: bool) {
        self.jq = Some(Jq { expression, json: Vec::new(), is_terminal });
    }

    /// Gives what was kept, once.
    pub(super) fn take_filter(&mut self) -> Option<Jq> {
        self.jq.take()
    }

    /// Hands on to the reader what was written so far.
    ///
    /// # Errors
    /// The stream's.
    pub(super) fn send(&mut self) -> Result<()> {
        self.stream.flush().map_err(|error| Error::io("standard output", &error))
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

impl Jq {
    /// Lines that wait to be written, at most.
    const AHEAD: usize = 256;

    /// Applies the expression, and hands over what it makes line by line. On a thread of its own: an expression may take
    /// forever, and Ctrl-C is heard meanwhile.
    ///
    /// # Errors
    /// Those of `write`, and why the expression cannot be applied.
    pub(super) async fn apply(self, mut write: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let Self { expression, json, is_terminal } = self;
        let (sender, mut lines) = mpsc::channel(Self::AHEAD);
        let applied = detached::spawn(move || {
            JqFilter::parse(&expression)?.apply(&json, |line| sender.blocking_send(line).is_ok())
        });
        // Where writing fails, this closes the channel, and the expression ends.
        let written = async move {
            while let Some(line) = lines.recv().await {
                write(&if is_terminal { escape(&line) } else { line.as_str().into() })?;
            }
            Ok(())
        };
        let (applied, written) = futures_util::future::join(applied, written).await;
        written?;
        applied.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| failure(&why))
    }
}

/// The error of an expression.
pub(super) fn failure(why: &str) -> Error {
    Error::new(Exit::Failure, code::JQ, format!("`--jq`: {why}"))
}
