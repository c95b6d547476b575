//! The one place that prints, and the one that asks.
//!
//! Results go to standard output, everything else to standard error. Text is made safe for a terminal here,
//! whoever wrote it. With JSON errors, notes wait until it is known that no error follows: then standard error
//! holds the error object alone.

mod hidden;
mod output;
mod progress;
mod prompt;
mod wrap;

pub use progress::Bar;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use dialoguer::console::Term;

use crate::error::{Error, Report, Result};
use crate::fs::detached;
use crate::http::Progress as Reports;
use crate::text::{escape, to_ascii};
use output::Output;
use progress::Progress;
use wrap::{width_of, wrapped};

/// How the program speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct UiOptions {
    /// Errors as JSON, notes held back.
    pub is_json: bool,
    /// `-q`
    pub is_quiet: bool,
    /// Results are not printed: something else is.
    pub is_result_hidden: bool,
    /// `-v` and `-vv`
    pub verbosity: u8,
    /// Colours on standard error.
    pub has_color: bool,
    /// Standard error is a terminal.
    pub is_terminal: bool,
    /// The terminal knows no control sequences (`TERM=dumb`).
    pub is_dumb: bool,
    /// bpctl's own symbols are to be ASCII on standard error.
    pub is_ascii: bool,
    /// The same on standard output.
    pub is_output_ascii: bool,
    /// Standard output is a terminal.
    pub is_output_terminal: bool,
    /// Questions can be asked: both ends are terminals, and `--no-input` is not given.
    pub can_ask: bool,
}

/// Standard output, standard error and the keyboard.
pub struct Ui {
    options: UiOptions,
    out: Rc<RefCell<Output>>,
    held_back: Rc<RefCell<Vec<String>>>,
    /// What `-q` left unsaid: a question may be about it.
    unsaid: RefCell<Vec<String>>,
    thinking: Cell<Duration>,
    /// Whether a question of this run was asked already: what is typed then may be meant for the next one.
    has_asked: Cell<bool>,
    progress: Rc<Progress>,
    /// Begins each line, where several profiles are listed.
    speaker: Option<String>,
}

impl Ui {
    /// Takes hold of the standard streams.
    pub fn new(options: UiOptions) -> Self {
        Self {
            options,
            progress: Rc::new(Progress::new(options.is_terminal && !options.is_quiet && !options.is_dumb)),
            out: Rc::new(RefCell::new(Output::new())),
            held_back: Rc::default(),
            unsaid: RefCell::new(Vec::new()),
            thinking: Cell::new(Duration::ZERO),
            has_asked: Cell::new(false),
            speaker: None,
        }
    }

    /// Makes one that speaks for a profile, with the same progress and output.
    pub fn on_profile(&self, name: &str) -> Self {
        let (out, progress) = (Rc::clone(&self.out), Rc::clone(&self.progress));
        Self { out, progress, speaker: Some(name.to_owned()), ..Self::new(self.options) }
    }

    /// Keeps results for a jq expression. `is_terminal` says where they go.
    pub fn filter_by(&self, expression: &str, is_terminal: bool) {
        self.out.borrow_mut().filter_by(expression.to_owned(), is_terminal);
    }

    /// Prints what the jq expression makes of the results that were kept; nothing where there is none.
    ///
    /// # Errors
    /// Why it cannot be applied, or takes longer than `limit`; the stream's.
    pub async fn print_filtered(&self, limit: Duration) -> Result<()> {
        let Some(jq) = self.out.borrow_mut().take_filter() else {
            return Ok(());
        };
        let applied = jq.apply(|line| self.print(|out| writeln!(out, "{line}")));
        let too_long = || output::failure("the command's time limit has expired");
        tokio::time::timeout(limit, applied).await.unwrap_or_else(|_| Err(too_long()))?;
        self.flush()
    }

    /// Takes over what another held back.
    pub fn adopt(&self, other: &Self) {
        self.held_back.borrow_mut().append(&mut other.held_back.borrow_mut());
    }

    /// Returns whether questions can be asked.
    pub fn can_ask(&self) -> bool {
        self.options.can_ask
    }

    pub fn verbosity(&self) -> u8 {
        self.options.verbosity
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// The stream's; a closed pipe ends the program quietly.
    pub fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        if self.options.is_result_hidden {
            return write(&mut io::sink()).map_err(|error| Error::io("standard output", &error));
        }
        self.print_always(write)
    }

    /// Writes to standard output, where results are hidden as well.
    ///
    /// # Errors
    /// Those of [`Self::print`].
    pub fn print_always(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        // What is printed may stay in the buffer.
        self.progress.hide();
        write(&mut *self.out.borrow_mut()).map_err(|error| Error::io("standard output", &error))
    }

    /// Writes words for people to standard output, in ASCII where that may have no other signs, and broken into lines where
    /// it is a terminal.
    ///
    /// # Errors
    /// The stream's; a closed pipe ends the program quietly.
    pub fn print_words(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let room = self.options.is_output_terminal.then(|| width_of(&Term::stdout())).flatten();
        if !self.options.is_output_ascii && room.is_none() {
            return self.print(write);
        }
        let mut text = Vec::new();
        write(&mut text).map_err(|error| Error::io("standard output", &error))?;
        let text = String::from_utf8_lossy(&text);
        let text = if self.options.is_output_ascii { to_ascii(&text) } else { text };
        self.print(|out| match room {
            Some(room) => text.lines().try_for_each(|line| writeln!(out, "{}", wrapped(line, room))),
            None => out.write_all(text.as_bytes()),
        })
    }

    /// Hands on to the reader of standard output what was written so far.
    pub fn flush(&self) -> Result<()> {
        self.progress.clear();
        self.out.borrow_mut().send()
    }

    /// Prints a note. With `-q` it is printed only if a question follows.
    pub fn note(&self, text: &str) {
        let text = self.spoken(text);
        if !self.options.is_quiet {
            self.emit(text);
        } else if self.options.can_ask {
            self.unsaid.borrow_mut().push(text);
        }
    }

    /// Prints what `-q` held back: a question needs what it is about.
    pub fn print_unsaid(&self) {
        self.unsaid.take().iter().for_each(|text| self.line(text));
    }

    pub fn warn(&self, text: &str) {
        self.emit(format!("{} {}", self.painted("warning:", "33"), self.spoken(text)));
    }

    fn spoken(&self, text: &str) -> String {
        match &self.speaker {
            Some(name) => escape(&format!("{name}: {text}")).into_owned(),
            None => escape(text).into_owned(),
        }
    }

    fn emit(&self, text: String) {
        // On a terminal a note may belong to a question that follows.
        if self.options.is_json && !self.options.is_terminal {
            self.held_back.borrow_mut().push(text)
        } else {
            self.line(&text)
        }
    }

    /// Ends a successful run: prints what was held back.
    pub fn finish(&self) -> Result<()> {
        self.flush()?;
        self.held_back.borrow_mut().drain(..).for_each(|text| self.line(&text));
        Ok(())
    }

    /// Prints an error, in words or as one JSON object.
    pub fn error(&self, error: &Error) {
        // Rows that were handed in before the error are part of what happened; a broken stream is not news.
        let _ = self.out.borrow_mut().send();
        if self.options.is_json {
            return self.laid_out(&error.to_json().to_string());
        }
        if error.report == Report::Cancelled {
            return self.line(&escape(&error.message));
        }
        let code = match error.code.as_ref() {
            // The message says as much.
            "usage" | "config" | "io" | "interrupted" => String::new(),
            code => format!(" ({code})"),
        };
        let message = crate::text::escape(&error.message);
        self.line(&format!("{} {message}{}", self.painted("error:", "31;1"), crate::text::escape(&code)));
        for hint in &error.hints {
            self.line(&format!("{} {}", self.painted("hint:", "36"), crate::text::escape(hint)));
        }
        if let Some(id) = &error.request_id {
            self.line(&format!("request id: {}", crate::text::escape(id)));
        }
    }

    /// Prints text that is already laid out (help, usage) to standard error.
    pub fn raw_error(&self, text: &str) {
        self.laid_out(text.trim_end());
    }

    fn painted(&self, text: &str, color: &str) -> String {
        if self.options.has_color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Writes a message to standard error, above any bar that is drawn there.
    fn line(&self, text: &str) {
        self.progress.clear();
        error_line(&fitted(self.options, &self.readable(text)));
    }

    /// Writes what is not broken into lines: it has its own.
    fn laid_out(&self, text: &str) {
        self.progress.clear();
        error_line(&self.readable(text));
    }

    /// Replaces bpctl's own symbols where the terminal may have no signs for them.
    fn readable<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.options.is_ascii { to_ascii(text) } else { text.into() }
    }

    /// Begins a task that may take a while; it is shown as progress until the result is dropped.
    pub fn progress(&self, what: &str) -> Bar {
        self.progress.begin(what)
    }

    /// Shows progress as long as it is polled; never ends.
    pub async fn animate(&self) {
        self.progress.animate().await;
    }

    /// Makes what the HTTP client speaks through.
    pub fn http_progress(&self) -> HttpProgress {
        HttpProgress {
            options: self.options,
            progress: Rc::clone(&self.progress),
            held_back: Rc::clone(&self.held_back),
            last: RefCell::new(None),
        }
    }

    /// Reads standard input to its end, or to one byte more than `most`. Ctrl-C is heard meanwhile.
    pub async fn read_bytes(&self, most: u64) -> Result<Vec<u8>> {
        let read = detached::spawn(move || {
            let mut bytes = Vec::new();
            io::stdin().lock().take(most + 1).read_to_end(&mut bytes).map(|_| bytes)
        });
        self.progress.hold(true);
        let read = read.await.flatten();
        self.progress.hold(false);
        read.map_err(|error| Error::io("standard input", &error))
    }

    /// Reads standard input as text to its end, at most so many bytes. Ctrl-C is heard meanwhile.
    pub async fn read_input(&self, most: u64) -> Result<String> {
        let bytes = self.read_bytes(most).await?;
        if bytes.len() as u64 > most {
            return Err(Error::usage(format!("standard input is longer than {most} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            Error::io("standard input", &io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
        })?;
        Ok(crate::text::without_mark(&text).to_owned())
    }

    /// Takes the time that questions took since the last call.
    pub fn take_thinking_time(&self) -> Duration {
        self.thinking.take()
    }
}

/// Writes a line to standard error. When that fails, nothing is left to report it to.
fn error_line(text: &str) {
    // In one piece: standard error has no buffer.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Breaks a message into lines where standard error is a terminal.
fn fitted(options: UiOptions, text: &str) -> Cow<'_, str> {
    match options.is_terminal.then(|| width_of(&Term::stderr())).flatten() {
        Some(width) => wrapped(text, width),
        None => text.into(),
    }
}

/// Prints what the HTTP client reports.
pub struct HttpProgress {
    options: UiOptions,
    progress: Rc<Progress>,
    held_back: Rc<RefCell<Vec<String>>>,
    last: RefCell<Option<(String, Instant)>>,
}

impl HttpProgress {
    /// Returns whether a wait is new: requests side by side all wait for the same thing.
    fn is_news(&self, reason: &str, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        let is_known = |(known, last_end): &(String, Instant)| {
            known == reason && end.saturating_duration_since(*last_end) < Duration::from_secs(1)
        };
        if self.last.borrow().as_ref().is_some_and(is_known) {
            return false;
        }
        *self.last.borrow_mut() = Some((reason.to_owned(), end));
        true
    }

    fn line(&self, text: &str) {
        self.progress.clear();
        error_line(&fitted(self.options, text));
    }
}

/// A terminal shows every wait that can be noticed, a script only those that `-v` asks for.
fn is_worth_showing(options: UiOptions, wait: Duration) -> bool {
    let is_noticed = options.is_terminal && wait >= Duration::from_secs(1);
    (is_noticed || options.verbosity > 0) && !options.is_quiet
}

impl Reports for HttpProgress {
    fn waiting(&self, reason: &str, wait: Duration) {
        self.progress.wait(reason, wait);
        let is_shown = is_worth_showing(self.options, wait);
        if is_shown && (self.options.verbosity > 0 || self.is_news(reason, wait)) {
            self.line(&format!("waiting {:.1} s: {}", wait.as_secs_f64(), escape(reason)));
        }
    }

    fn warn(&self, text: &str) {
        let text = format!("warning: {}", escape(text));
        if self.options.is_json && !self.options.is_terminal {
            self.held_back.borrow_mut().push(text);
        } else {
            self.line(&text);
        }
    }

    fn trace_level(&self) -> u8 {
        self.options.verbosity
    }

    fn trace(&self, text: &str) {
        self.progress.clear();
        error_line(&escape(text));
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
    fn waits_are_shown_to_people() {
        let (long, short) = (Duration::from_secs(3), Duration::from_millis(300));
        let terminal = UiOptions { is_terminal: true, ..UiOptions::default() };
        assert!(is_worth_showing(terminal, long));
        assert!(!is_worth_showing(terminal, short));
        assert!(!is_worth_showing(UiOptions { is_quiet: true, ..terminal }, long));
        assert!(!is_worth_showing(UiOptions::default(), long));
        assert!(is_worth_showing(UiOptions { verbosity: 1, ..UiOptions::default() }, short));
    }
}
