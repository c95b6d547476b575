//! What to do about a command line that cannot be read: the error of the clap library, with hints that know bpctl.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command};

use crate::error::Error;

/// Words of other programs, and the commands and verbs that they mean here.
const SYNONYMS: [(&str, &str); 26] = [
    ("add", "create"),
    ("change", "update"),
    ("describe", "show"),
    ("destroy", "delete"),
    ("edit", "update"),
    ("get", "show"),
    ("info", "show"),
    ("instance", "vm"),
    ("instances", "vm"),
    ("ls", "list"),
    ("machine", "vm"),
    ("machines", "vm"),
    ("modify", "update"),
    ("new", "create"),
    ("organization", "org"),
    ("organizations", "org"),
    ("remove", "delete"),
    ("rm", "delete"),
    ("schedule", "policies"),
    ("schedules", "policies"),
    ("server", "vm"),
    ("servers", "vm"),
    ("signin", "login"),
    ("view", "show"),
    ("volume", "disk"),
    ("volumes", "disk"),
];

/// Options of other programs, and what to use instead.
const OPTIONS: [(&str, &str); 13] = [
    ("--csv", "use `-o csv`"),
    ("--force", "use `--yes` to answer confirmations"),
    ("--format", "use `-o FORMAT`"),
    ("--id", "use `-o id`"),
    ("--json", "use `-o json`"),
    ("--jsonl", "use `-o jsonl`"),
    ("--organization", "use `--org`"),
    ("--password", SECRET),
    ("--table", "use `-o table`"),
    ("--token", SECRET),
    ("--version", "use `bpctl --version`"),
    ("--wide", "use `-o wide`"),
    ("--yaml", "use `-o yaml`"),
];

const SECRET: &str = "set BPCTL_TOKEN or run `bpctl auth login`: other users can see the arguments of a program";

/// Turns the library's error into bpctl's own. `command` is the whole command line, as [`super::command`] gives it.
pub(crate) fn usage_error(error: &clap::Error, arguments: &[OsString], command: &Command) -> Error {
    let place = Place::find(command, arguments);
    let usage = Error::usage(message(error, &place));
    let hints = match error.kind() {
        ErrorKind::InvalidSubcommand => subcommand(error, &place),
        ErrorKind::UnknownArgument => separate_value(error, &place, arguments).or_else(|| argument(error, &place)),
        ErrorKind::InvalidValue => {
            value(error, ContextKind::SuggestedValue).map(|similar| format!("did you mean `{similar}`?"))
        }
        ErrorKind::MissingRequiredArgument => place.example().map(|example| format!("for example: `{example}`")),
        _ => None,
    };
    let help = format!("see `{} -h`", place.path);
    hints.into_iter().chain([help]).fold(usage, Error::hint)
}

/// Takes the library's sentence, without its prefix, its tips and the usage that follow.
fn message(error: &clap::Error, place: &Place<'_>) -> String {
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        return format!("`{}` needs a command: {}", place.path, names(place.command).join(", "));
    }
    let text = error.render().to_string();
    let lines: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let sentence = lines.join(" ");
    sentence.strip_prefix("error: ").unwrap_or(&sentence).to_owned()
}

/// The command that a line has come to.
struct Place<'a> {
    root: &'a Command,
    command: &'a Command,
    path: String,
}

impl<'a> Place<'a> {
    fn find(root: &'a Command, arguments: &[OsString]) -> Self {
        let mut place = Self { root, command: root, path: root.get_name().to_owned() };
        let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
        while let Some(word) = words.next() {
            if word.starts_with('-') {
                if takes_next(place.command, word) {
                    words.next();
                }
                continue;
            }
            let Some(inner) = place.command.find_subcommand(word) else {
                break;
            };
            place = Self { root, command: inner, path: format!("{} {}", place.path, inner.get_name()) };
        }
        place
    }

    /// Returns the first example of the command's help.
    fn example(&self) -> Option<String> {
        let help = self.command.get_after_long_help()?.to_string();
        let first = help.lines().skip_while(|line| *line != "Examples:").nth(1)?;
        Some(first.trim().to_owned())
    }
}

/// Whether the word after an option is the option's value.
fn takes_next(command: &Command, option: &str) -> bool {
    let takes_value = |action: &ArgAction| matches!(action, ArgAction::Set | ArgAction::Append);
    command.get_arguments().filter(|arg| takes_value(arg.get_action())).any(|arg| {
        let long = arg.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long));
        long || arg.get_short().is_some_and(|short| option.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])))
    })
}

/// Finds what an unknown command or verb may have meant.
fn subcommand(error: &clap::Error, place: &Place<'_>) -> Option<String> {
    let word = value(error, ContextKind::InvalidSubcommand)?.to_lowercase();
    if place.command.get_name() == place.root.get_name() && word == "version" {
        return Some("use `bpctl --version`".to_owned());
    }
    let meant = SYNONYMS.iter().find(|(other, _)| *other == word).map_or(word.as_str(), |(_, here)| here);
    if let Some(known) = place.command.find_subcommand(meant) {
        return Some(format!("use `{} {}`", place.path, known.get_name()));
    }
    let nouns: Vec<&str> = place
        .root
        .get_subcommands()
        .filter(|noun| noun.get_subcommands().any(|verb| verb.get_name() == meant))
        .map(Command::get_name)
        .collect();
    match (nouns.as_slice(), value(error, ContextKind::SuggestedSubcommand)) {
        ([first, others @ ..], _) if place.command.get_name() == place.root.get_name() => {
            let others =
                if others.is_empty() { String::new() } else { format!("; also {meant}: {}", others.join(", ")) };
            Some(format!("use `bpctl {first} {meant}`{others}"))
        }
        (_, Some(similar)) => Some(format!("did you mean `{} {similar}`?", place.path)),
        (_, None) => {
            let names = names(place.command);
            (!names.is_empty()).then(|| format!("`{}` has {}", place.path, names.join(", ")))
        }
    }
}

/// Finds what an unknown option may have meant.
fn argument(error: &clap::Error, place: &Place<'_>) -> Option<String> {
    let option = value(error, ContextKind::InvalidArg)?;
    let option = option.split('=').next().unwrap_or_default();
    if let Some((_, instead)) = OPTIONS.iter().find(|(other, _)| *other == option) {
        return Some((*instead).to_owned());
    }
    if let Some(similar) = value(error, ContextKind::SuggestedArg) {
        return Some(format!("did you mean `{similar}`?"));
    }
    // An option of a verb, before the verb.
    let names: Vec<&str> = names(place.command);
    (!names.is_empty()).then(|| format!("name a command first: {}", names.join(", ")))
}

/// What to write where the value of an option that takes it only after `=` stands apart from it.
fn separate_value(error: &clap::Error, place: &Place<'_>, arguments: &[OsString]) -> Option<String> {
    let word = value(error, ContextKind::InvalidArg)?;
    let at = arguments.iter().position(|argument| *argument == *word)?;
    let option = arguments.get(at.checked_sub(1)?)?.to_str()?.strip_prefix("--")?;
    let known = place.command.get_arguments().find(|known| known.get_long() == Some(option))?;
    known.is_require_equals_set().then(|| format!("write `--{option}={word}`"))
}

fn names(command: &Command) -> Vec<&str> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set()).map(Command::get_name).collect()
}

fn value(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        // The most similar one comes last.
        ContextValue::Strings(texts) => texts.last().cloned(),
        _ => None,
    }
}
