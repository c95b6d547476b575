//! The one place that prints, and the one that asks.
//!
//! Results go to standard output, everything else to standard error. Text is made safe for a terminal here,
//! whoever wrote it. With JSON errors, notes wait until it is known that no error follows: then standard error
//! holds the error object alone.

use std::cell::{Cell, RefCell};
use std::io::{self, BufWriter, Read, Stdout, Write};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::http::Progress;
use crate::view::escape_lines;

/// How the program speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Errors as JSON, notes held back.
    pub is_json: bool,
    /// `-q`
    pub is_quiet: bool,
    /// `-v` and `-vv`
    pub verbosity: u8,
    /// Colours on standard error.
    pub has_color: bool,
    /// Standard error is a terminal.
    pub is_terminal: bool,
    /// Questions can be asked: both ends are terminals, and `--no-input` is not given.
    pub can_ask: bool,
}

/// Standard output, standard error and the keyboard.
pub struct Ui {
    manner: Manner,
    out: RefCell<BufWriter<Stdout>>,
    held_back: RefCell<Vec<String>>,
    thinking: Cell<Duration>,
}

impl Ui {
    /// Takes hold of the standard streams.
    pub fn new(manner: Manner) -> Self {
        Self {
            manner,
            out: RefCell::new(BufWriter::with_capacity(64 * 1024, io::stdout())),
            held_back: RefCell::new(Vec::new()),
            thinking: Cell::new(Duration::ZERO),
        }
    }

    /// Tells whether questions can be asked.
    pub fn can_ask(&self) -> bool {
        self.manner.can_ask
    }

    /// Tells how verbose the user wants it.
    pub fn verbosity(&self) -> u8 {
        self.manner.verbosity
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// The stream's; a closed pipe ends the program quietly.
    pub fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        write(&mut *self.out.borrow_mut()).map_err(|error| Error::io("standard output", &error))
    }

    /// Hands on to the reader of standard output what was written so far.
    ///
    /// # Errors
    /// The stream's.
    pub fn flush(&self) -> Result<()> {
        self.out.borrow_mut().flush().map_err(|error| Error::io("standard output", &error))
    }

    /// Tells something that is good to know.
    pub fn note(&self, text: &str) {
        if self.manner.is_quiet {
            return;
        }
        self.tell(escape_lines(text).into_owned());
    }

    /// Warns.
    pub fn warn(&self, text: &str) {
        self.tell(format!("{} {}", self.painted("warning:", "33"), escape_lines(text)));
    }

    fn tell(&self, text: String) {
        // On a terminal a note may belong to a question that follows.
        match self.manner.is_json && !self.manner.is_terminal {
            true => self.held_back.borrow_mut().push(text),
            false => error_line(&text),
        }
    }

    /// Ends a successful run: what was held back is told.
    ///
    /// # Errors
    /// Standard output's.
    pub fn finish(&self) -> Result<()> {
        self.flush()?;
        self.held_back.borrow_mut().drain(..).for_each(|text| error_line(&text));
        Ok(())
    }

    /// Prints an error, in words or as one JSON object.
    pub fn error(&self, error: &Error) {
        // Rows that were handed in before the error are part of what happened; a broken stream is not news.
        let _ = self.out.borrow_mut().flush();
        if self.manner.is_json {
            return error_line(&error.to_json().to_string());
        }
        let code = match error.code.as_ref() {
            "usage" | "config" | "io" => String::new(),
            code => format!(" ({code})"),
        };
        let message = crate::view::escape(&error.message);
        error_line(&format!("{} {message}{}", self.painted("error:", "31;1"), crate::view::escape(&code)));
        for hint in &error.hints {
            error_line(&format!("{} {}", self.painted("hint:", "36"), crate::view::escape(hint)));
        }
        if let Some(id) = &error.request_id {
            error_line(&format!("request id: {}", crate::view::escape(id)));
        }
    }

    /// Prints text that is already laid out (help, usage) to standard error.
    pub fn raw_error(&self, text: &str) {
        error_line(text.trim_end());
    }

    fn painted(&self, text: &str, color: &str) -> String {
        match self.manner.has_color {
            true => format!("\x1b[{color}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// Asks a question with yes or no; no is the default.
    ///
    /// # Errors
    /// Ctrl-C at the question.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        let question = escape_lines(question).into_owned();
        self.ask(|| dialoguer::Confirm::new().with_prompt(question).default(false).interact())
    }

    /// Runs a prompt, and takes the time that the user thinks out of the command's.
    ///
    /// # Errors
    /// Ctrl-C at the prompt.
    pub fn ask<T>(&self, prompt: impl FnOnce() -> dialoguer::Result<T>) -> Result<T> {
        self.flush()?;
        let began = Instant::now();
        let answer = prompt();
        self.thinking.set(self.thinking.get() + began.elapsed());
        answer.map_err(|dialoguer::Error::IO(error)| {
            // A prompt that is left hides the cursor.
            let _ = dialoguer::console::Term::stderr().show_cursor();
            match error.kind() {
                io::ErrorKind::Interrupted => Error::interrupted("interrupted; nothing was changed"),
                _ => Error::io("the terminal", &error),
            }
        })
    }

    /// Reads standard input to its end, bounded.
    ///
    /// # Errors
    /// It cannot be read, is too long, or is not text.
    pub fn read_input(&self, most: u64) -> Result<String> {
        let mut text = String::new();
        let read = io::stdin().lock().take(most + 1).read_to_string(&mut text);
        read.map_err(|error| Error::io("standard input", &error))?;
        match text.len() as u64 > most {
            true => Err(Error::usage(format!("standard input is longer than {most} bytes"))),
            false => Ok(text),
        }
    }

    /// Takes the time that questions took since the last call.
    pub fn take_thinking_time(&self) -> Duration {
        self.thinking.take()
    }
}

/// Writes a line to standard error. Nobody is left to tell when that fails.
fn error_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What the HTTP client may tell.
pub struct HttpProgress {
    manner: Manner,
}

impl HttpProgress {
    /// Speaks in the given manner.
    pub fn new(manner: Manner) -> Self {
        Self { manner }
    }
}

/// A person at a terminal is told of every wait that can be noticed, a script only if it asks.
fn is_worth_telling(manner: Manner, wait: Duration) -> bool {
    let is_noticed = manner.is_terminal && wait >= Duration::from_secs(1);
    (is_noticed || manner.verbosity > 0) && !manner.is_quiet
}

impl Progress for HttpProgress {
    fn waiting(&self, reason: &str, wait: Duration) {
        if is_worth_telling(self.manner, wait) {
            error_line(&format!("waiting {:.1} s: {}", wait.as_secs_f64(), escape_lines(reason)));
        }
    }

    fn trace_level(&self) -> u8 {
        self.manner.verbosity
    }

    fn trace(&self, text: &str) {
        error_line(&escape_lines(text));
    }

    #[expect(clippy::disallowed_methods, reason = "waits are measured on the real clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_to_people() {
        let (long, short) = (Duration::from_secs(3), Duration::from_millis(300));
        let terminal = Manner { is_terminal: true, ..Manner::default() };
        assert!(is_worth_telling(terminal, long));
        assert!(!is_worth_telling(terminal, short));
        assert!(!is_worth_telling(Manner { is_quiet: true, ..terminal }, long));
        assert!(!is_worth_telling(Manner::default(), long));
        assert!(is_worth_telling(Manner { verbosity: 1, ..Manner::default() }, short));
    }
}
