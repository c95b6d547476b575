//! Asking for a secret without showing it.
//!
//! Keys are read on a thread of their own: a signal then still ends the program, and the terminal is restored whatever
//! happens.

use std::io;
use std::time::Instant;

use dialoguer::console::{Key, Term};
use zeroize::Zeroizing;

use super::Ui;
use super::prompt::{BetweenKeys, CLEAR_LINE, END_OF_INPUT, interrupted};
use crate::error::{Error, Result};
use crate::fs::detached;
use crate::secret::Secret;
use crate::text::escape;

/// Room for any token: a longer one would leave pieces of itself in memory when the text moves.
const CAPACITY: usize = 16 * 1024;

impl Ui {
    /// Asks for a secret; what is typed is not shown. An empty answer is returned as it is.
    pub async fn ask_secret(&self, prompt: &str) -> Result<Secret> {
        self.flush()?;
        let began = Instant::now();
        self.progress.hold(true);
        let settings = Settings::remember();
        let between_keys = BetweenKeys::hold();
        let prompt = format!("{}: ", escape(prompt));
        let typed = detached::spawn(move || read_hidden(&prompt)).await.flatten();
        drop(between_keys);
        self.progress.hold(false);
        self.thinking.set(self.thinking.get() + began.elapsed());
        settings.forget();
        typed.map_err(|error| Error::io("the terminal", &error))?.ok_or_else(interrupted)
    }
}

/// Reads a line without showing it; none when the prompt is left. `dialoguer`'s own does not hear Escape.
fn read_hidden(prompt: &str) -> io::Result<Option<Secret>> {
    let term = Term::stderr();
    term.write_str(prompt)?;
    let mut typed = Zeroizing::new(String::with_capacity(CAPACITY));
    let answer = loop {
        match term.read_key_raw()? {
            Key::Enter => break Some(Secret::new(typed.as_str())),
            Key::Escape | Key::CtrlC | Key::Char(END_OF_INPUT) => break None,
            Key::Backspace => drop(typed.pop()),
            Key::Char(CLEAR_LINE) => typed.clear(),
            Key::Char(symbol) => typed.push(symbol),
            _ => {}
        }
    };
    term.write_line("")?;
    Ok(answer)
}

/// The terminal's settings before the prompt, restored when a prompt is left without an answer.
struct Settings {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
    is_left: bool,
}

impl Settings {
    fn remember() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
            is_left: true,
        }
    }

    fn forget(mut self) {
        self.is_left = false;
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        if !self.is_left {
            return;
        }
        #[cfg(unix)]
        if let Some(before) = &self.before {
            // There is nothing else to try with a terminal that refuses.
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), rustix::termios::OptionalActions::Flush, before);
        }
        // The error goes on a line of its own.
        super::error_line("");
    }
}
