//! Completion: the shell scripts, and the hidden command `bpctl __complete` that they ask for candidates.
//!
//! Nothing here fails, asks or writes to standard error: if something goes wrong, there are fewer candidates. Commands do
//! not use it.
//!
//! Asked by a script: `bpctl __complete bash BEFORE WORD AFTER` (the line up to the cursor, what bash will replace, the
//! rest of the line), and `bpctl __complete zsh|fish COUNT WORDS… WORD AFTER…` (the words between the program's
//! name and the cursor, counted; the word under the cursor up to it; the words after it). The answer's first line is
//! `words`, `files` or `directories`; for words, one candidate a line follows, as the shell takes it.

mod attach;
mod cache;
mod line;
mod live;
mod reply;
mod typed;

use std::ffi::OsString;
use std::sync::Arc;

use clap_complete::engine;

use crate::args::{Cli, Shell};
use crate::ui::{Ui, UiOptions};
use line::Position;
use reply::Reply;
use typed::Typed;

/// The hidden command's name.
const COMMAND: &str = "__complete";

/// Returns the script that registers completion of `bpctl` in a shell.
pub fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("../../completions/bpctl.bash"),
        Shell::Zsh => include_str!("../../completions/_bpctl"),
        Shell::Fish => include_str!("../../completions/bpctl.fish"),
    }
}

/// Answers a completion script, and returns whether the arguments (the program's name first) came from one.
pub fn answer(arguments: &[OsString]) -> bool {
    let [_, command, shell, rest @ ..] = arguments else {
        return false;
    };
    if command != COMMAND {
        return false;
    }
    // The report of a panic would end up in the line that the user is typing.
    std::panic::set_hook(Box::new(crate::panic_hook::end));
    let text = match shell.to_str() {
        Some("bash") => line::in_bash(rest).map(|(position, end)| reply(&position).in_bash(&end)),
        Some("zsh") => line::in_words(rest).map(|position| reply(&position).in_zsh()),
        Some("fish") => line::in_words(rest).map(|position| reply(&position).in_fish()),
        _ => None,
    };
    let ui = Ui::new(UiOptions::default());
    // A shell that no longer listens needs no answer.
    let _ = ui.print(|out| out.write_all(text.unwrap_or_default().as_bytes()));
    let _ = ui.finish();
    true
}

/// Finds what can stand at the cursor.
fn reply(position: &Position) -> Reply {
    let typed = Arc::new(Typed::read(&position.before, &position.after));
    let mut command = attach::attach(Cli::declared_for(position.before.iter().map(String::as_str)), &typed);
    let mut words: Vec<OsString> = vec!["bpctl".into()];
    words.extend(position.before.iter().map(OsString::from));
    words.push(position.word.clone().into());
    let index = words.len() - 1;
    let candidates = engine::complete(&mut command, words, index, None).unwrap_or_default();
    Reply::new(&position.word, &candidates)
}
