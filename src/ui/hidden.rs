//! Asking for a secret without showing it.
//!
//! The prompt reads a whole line at once, which a signal does not end: it is read apart, so that Ctrl-C still ends the
//! program, and the terminal is put back whatever happens.

use std::time::Instant;

use dialoguer::Password;

use super::Ui;
use crate::error::{Error, Result};
use crate::fs::detached;
use crate::secret::Secret;
use crate::text::escape;

impl Ui {
    /// Asks for a secret; what is typed is not shown. An empty answer is given as it is.
    ///
    /// # Errors
    /// The terminal's.
    pub async fn ask_secret(&self, prompt: &str) -> Result<Secret> {
        self.flush()?;
        let began = Instant::now();
        let settings = Settings::remember();
        let prompt = escape(prompt).into_owned();
        let read = move || Password::new().with_prompt(prompt).allow_empty_password(true).interact().map(Secret::new);
        let typed = detached::spawn(read).await;
        settings.forget();
        self.thinking.set(self.thinking.get() + began.elapsed());
        match typed {
            Ok(Ok(secret)) => Ok(secret),
            Ok(Err(dialoguer::Error::IO(error))) => Err(Error::io("the terminal", &error)),
            Err(error) => Err(Error::io("the terminal", &error)),
        }
    }
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
