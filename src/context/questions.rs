//! Questions to the user, and the command line that would have answered them.

use super::Context;
use crate::error::{Error, Result};
use crate::text::shell_word;
use crate::ui::Ui;

impl Context {
    /// Asks a question that the user must answer with yes.
    pub fn must_confirm(&self, question: &str) -> Result<()> {
        if self.ask(|ui| ui.confirm(question))? { Ok(()) } else { Err(Error::cancelled()) }
    }

    /// Asks a question that the user must answer with a name, to the letter.
    pub fn must_confirm_by_name(&self, question: &str, name: &str) -> Result<()> {
        let is_confirmed = self.ask(|ui| ui.confirm_by_name(question, name))?;
        if is_confirmed { Ok(()) } else { Err(Error::cancelled()) }
    }

    /// Asks something; the time that the user thinks does not count against `--max-wait`.
    pub fn ask<T>(&self, question: impl FnOnce(&Ui) -> Result<T>) -> Result<T> {
        let answer = question(&self.ui);
        if let Some(http) = self.http_in_use() {
            http.extend(self.ui.take_thinking_time());
        }
        answer
    }

    /// Keeps what was answered as the words that would have said the same on the command line.
    pub fn answered(&self, words: &[&str]) {
        self.answers.borrow_mut().extend(words.iter().map(|word| shell_word(word).into_owned()));
    }

    /// Returns the command line without the program, with what was answered to questions: the same command, without
    /// questions.
    pub fn command_line(&self) -> String {
        let answers = self.answers.borrow();
        std::iter::once(self.system.command_line()).chain(answers.iter().cloned()).collect::<Vec<_>>().join(" ")
    }
}
