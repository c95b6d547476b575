//! `bpctl help`

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::ErrorKind;

use crate::args::Help;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::help::{self, Topic};

/// Prints a topic, or the help of a command.
pub fn run(cx: &Context, args: Help) -> Result<()> {
    if let [name] = args.words.as_slice()
        && let Some(topic) = Topic::named(name)
    {
        return print(cx, &topic.text().into());
    }
    if args.words.is_empty() {
        return print(cx, &help::program(false).render_help());
    }
    let line: Vec<OsString> =
        ["bpctl"].into_iter().chain(args.words.iter().map(String::as_str)).chain(["--help"]).map(Into::into).collect();
    let mut command = help::command(true);
    match command.try_get_matches_from_mut(&line) {
        Err(error) if error.kind() != ErrorKind::DisplayHelp => {
            let usage = help::usage_error(&error, &line, &command);
            Err(match args.words.as_slice() {
                [word] if error.kind() == ErrorKind::InvalidSubcommand => unknown(word, usage),
                _ => usage,
            })
        }
        Err(text) => print(cx, &text.render()),
        Ok(_) => Ok(()),
    }
}

/// The error of a word that means nothing to `help`; `usage` knows of commands alone.
fn unknown(word: &str, usage: Error) -> Error {
    let message = format!("no command or topic is called `{word}`");
    let begins_alike = |topic: &Topic| topic.name().get(..3) == word.get(..3);
    let hints = match Topic::ALL.into_iter().find(begins_alike) {
        Some(topic) => vec![format!("did you mean `bpctl help {}`?", topic.name())],
        None => usage.hints,
    };
    let topics = format!("the topics are {}", Topic::ALL.map(Topic::name).join(", "));
    Error { message, hints, ..usage }.hint(topics)
}

fn print(cx: &Context, text: &StyledStr) -> Result<()> {
    cx.ui.print_words(
        |out| if cx.system.stdout_is_terminal { write!(out, "{}", text.ansi()) } else { write!(out, "{text}") },
    )
}
