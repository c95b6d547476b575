//! What bpctl says about itself: help, topics, manual pages and the hints of usage errors.
//!
//! Everything is made from the command line's declarations in [`crate::args`], so that it cannot differ from what bpctl
//! accepts. Nothing here prints or reads anything.

mod columns;
mod layout;
mod manual;
mod overview;
mod roff;
mod suggest;
mod text;
mod topic;

use clap::{Arg, Args, Command, CommandFactory};

use crate::args::{Cli, Global};

pub(crate) use columns::columns;
pub(crate) use manual::pages;
pub(crate) use suggest::usage_error;
pub(crate) use topic::Topic;

/// Lines of a terminal that is not made larger: `-h` shows examples where they still fit.
const SCREEN: usize = 24;
/// The last line of every command's help.
const REST: &str = "Options of every command: bpctl help options";

/// Returns the whole command line, with everything that its help says.
pub(crate) fn command(wants_everything: bool) -> Command {
    let mut command = program(wants_everything);
    // Hands the options of every command down to the verbs.
    command.build();
    command.mut_subcommands(|noun| complete(noun, ""))
}

/// Returns the command line with only the program's own help: `--help` lists every command and option, `-h` gives the
/// overview. What the help of commands says takes longer to put together.
pub(crate) fn program(wants_everything: bool) -> Command {
    let command = Cli::command().mut_args(|arg| {
        let is_global = arg.is_global_set();
        arg.hide_short_help(is_global)
    });
    if wants_everything { command.after_help(overview::TOPICS) } else { command.override_help(overview::styled()) }
}

/// Returns the options of every command, alone.
fn options() -> Command {
    Global::augment_args(Command::new("bpctl")).disable_help_flag(true).max_term_width(80).help_template("{all-args}")
}

/// Adds to a command's help what its declaration does not say: columns, and where the other options are.
fn complete(command: Command, noun: &str) -> Command {
    let path = if noun.is_empty() { command.get_name().to_owned() } else { format!("{noun} {}", command.get_name()) };
    let columns = columns::columns(&path);
    let columns = (!columns.is_empty()).then(|| text::wrap(&format!("Columns: {}", columns.join(", ")), 80, 2));
    let examples =
        command.get_after_help().map(|help| help.to_string().replace("Examples:", &text::heading("Examples:")));
    let end = columns.into_iter().chain([REST.to_owned()]).collect::<Vec<_>>().join("\n");
    let parts = |examples: Option<String>| examples.into_iter().chain([end.clone()]).collect::<Vec<_>>().join("\n\n");
    let (short, long) = (parts(None), parts(examples));
    let fits = lines(&command) + 1 + long.lines().count() <= SCREEN;
    let command = command.after_help(if fits { long.clone() } else { short }).after_long_help(long);
    command.mut_subcommands(|verb| complete(verb, &path))
}

/// Counts the lines of a command's `-h` before what comes after its options.
fn lines(command: &Command) -> usize {
    let is_short = |arg: &&Arg| !arg.is_hide_set() && !arg.is_hide_short_help_set() && arg.get_help_heading().is_none();
    let (arguments, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(is_short).partition(|arg| arg.is_positional());
    let section = |count: usize| if count == 0 { 0 } else { count + 2 };
    // What it does, an empty line, and how it is used.
    3 + section(command.get_subcommands().count()) + section(arguments.len()) + section(options.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `look` with each command and the words that name it.
    fn each(command: &Command, path: &str, look: &mut dyn FnMut(&Command, &str)) {
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name());
            look(inner, &path);
            each(inner, &path, look);
        }
    }

    #[test]
    fn short_help_fits_a_screen_and_says_where_the_rest_is() {
        let (mut count, mut wrong) = (0, Vec::new());
        each(&command(true), "bpctl", &mut |command, path| {
            let help = command.clone().render_help().to_string();
            let wide = help.lines().filter(|line| line.chars().count() > 80);
            wrong.extend(wide.map(|line| format!("{path} is too wide: {line}")));
            if help.lines().count() > SCREEN {
                wrong.push(format!("{path} has {} lines:\n{help}", help.lines().count()));
            }
            if !help.trim_end().ends_with(REST) || help.contains("--concurrency") {
                wrong.push(format!("{path} shows the options of every command:\n{help}"));
            }
            count += 1;
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count > 40, "{count}");
    }

    #[test]
    fn long_help_has_everything() {
        each(&command(true), "bpctl", &mut |command, path| {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("--concurrency") && help.contains("--dry-run"), "{path}:\n{help}");
            let columns = columns(path.trim_start_matches("bpctl "));
            assert!(columns.iter().all(|column| help.contains(column)), "{path}:\n{help}");
            let needs_examples = command.get_arguments().any(is_own);
            assert!(!needs_examples || help.contains("Examples:"), "{path}:\n{help}");
        });
    }

    fn is_own(arg: &Arg) -> bool {
        arg.get_help_heading().is_none() && arg.get_id() != "help"
    }

    /// Takes the command lines out of an example, quotes read as a shell does.
    fn command_lines(example: &str) -> Vec<Vec<String>> {
        let parts = example.split(" | ").flat_map(|part| part.split(" && "));
        let parts =
            parts.map(|part| part.split("  (").next().unwrap_or_default().split(" > ").next().unwrap_or_default());
        parts
            .filter(|part| part.trim().starts_with("bpctl "))
            .map(|part| {
                let quoted = part.trim().split('\'').enumerate();
                quoted
                    .flat_map(|(place, text)| match place % 2 {
                        1 => vec![text.to_owned()],
                        _ => text.split_whitespace().map(str::to_owned).collect(),
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn every_example_can_be_typed() {
        let mut count = 0;
        each(&command(true), "bpctl", &mut |command, path| {
            let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
            for line in examples.take_while(|line| line.starts_with("  ")).flat_map(command_lines) {
                let words: Vec<std::ffi::OsString> = line.iter().map(Into::into).collect();
                let read = Cli::read(&words, |_| Cli::command());
                assert!(read.is_ok(), "{path}: {line:?}: {}", read.expect_err("it fails"));
                count += 1;
            }
        });
        assert!(count > 40, "{count}");
    }
}
