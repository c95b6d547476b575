//! Parses the command line, declaring only the command that the line names.
//!
//! Declaring every command costs more than a request: each gets a copy of the options that all have. If that parse fails,
//! everything is declared and the line is parsed again, which gives the error or the help.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches, Subcommand};

use super::{
    Apply, AuthCommand, AutobackupCommand, BackupsCommand, Calendar, Check, Cli, Completions, ConfigCommand, Coverage,
    Diff, DiskCommand, Export, Global, Help, History, Lint, Man, OrgCommand, Plan, PolicyCommand, Report,
    SandboxCommand, Schema, Snapshot, TransactionsCommand, TrashCommand, Undo, VmCommand,
};

/// A command: its name, its other name, and what adds its verbs or its arguments.
type Known = (&'static str, Option<&'static str>, fn(Command) -> Command);

/// Every command of [`Cli`], to be declared alone.
const COMMANDS: [Known; 28] = [
    ("policies", Some("policy"), PolicyCommand::augment_subcommands),
    ("disk", Some("disks"), DiskCommand::augment_subcommands),
    ("vm", Some("vms"), VmCommand::augment_subcommands),
    ("trash", None, TrashCommand::augment_subcommands),
    ("history", None, History::augment_args),
    ("undo", None, Undo::augment_args),
    ("org", Some("orgs"), OrgCommand::augment_subcommands),
    ("backups", Some("backup"), BackupsCommand::augment_subcommands),
    ("autobackup", None, AutobackupCommand::augment_subcommands),
    ("transactions", Some("transaction"), TransactionsCommand::augment_subcommands),
    ("check", None, Check::augment_args),
    ("coverage", None, Coverage::augment_args),
    ("calendar", None, Calendar::augment_args),
    ("lint", None, Lint::augment_args),
    ("snapshot", None, Snapshot::augment_args),
    ("diff", None, Diff::augment_args),
    ("report", None, Report::augment_args),
    ("export", None, Export::augment_args),
    ("plan", None, Plan::augment_args),
    ("apply", None, Apply::augment_args),
    ("auth", None, AuthCommand::augment_subcommands),
    ("config", None, ConfigCommand::augment_subcommands),
    ("doctor", None, |doctor| doctor),
    ("sandbox", None, SandboxCommand::augment_subcommands),
    ("schema", None, Schema::augment_args),
    ("completions", None, Completions::augment_args),
    ("man", None, Man::augment_args),
    ("help", None, Help::augment_args),
];

impl Cli {
    /// Reads the arguments, the program's name first. `whole` gives the whole command line, with everything that its help
    /// says: it is needed only for help and errors. It gets whether a command is named.
    pub fn read(arguments: &[OsString], whole: impl FnOnce(bool) -> Command) -> Result<Self, Error> {
        let words =
            |arguments: &[OsString]| named(arguments.iter().skip(1).map(|word| word.to_str().unwrap_or_default()));
        let named = words(arguments);
        let has_command = named.is_some();
        let (named, arguments) = match named {
            Some(found) if !found.is_complete || !found.is_first => match names_first(arguments) {
                Some(arguments) => (words(&arguments), Cow::Owned(arguments)),
                None => (Some(found), Cow::Borrowed(arguments)),
            },
            named => (named, Cow::Borrowed(arguments)),
        };
        match read_narrow(named, &arguments) {
            Some(Ok(cli)) => Ok(cli),
            Some(Err(error)) if error.kind() == ErrorKind::DisplayVersion => Err(error),
            _ => {
                let whole = last_wins(whole(has_command));
                read(if has_command { whole } else { without_global(whole) }, &arguments)
            }
        }
    }

    /// Declares what can follow these words: the verb that they name, or the verbs of the command that they name, or the
    /// commands.
    pub fn declared_for<'a>(words: impl Iterator<Item = &'a str>) -> Command {
        match named(words) {
            Some(named) if named.is_complete => root(true).subcommand(named.command()),
            // The verbs need no options yet.
            Some(named) => root(false).subcommand(options(named.command(), false)),
            None => root(false).version(env!("CARGO_PKG_VERSION")).subcommands(commands()),
        }
    }
}

/// A command that a line names, with the verb that the line names.
struct Named {
    /// The command where a verb is named, without arguments.
    noun: Option<Command>,
    /// What is named last, with its arguments.
    last: Command,
    /// Nothing more is to be named: the command has no verbs, or one is named.
    is_complete: bool,
    /// Whether the line begins with the names: all options come after them.
    is_first: bool,
}

impl Named {
    fn command(self) -> Command {
        match self.noun {
            Some(noun) => noun.subcommand(self.last),
            None => self.last,
        }
    }
}

fn named<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Named> {
    let known = |word: &str| COMMANDS.iter().find(|(name, other, _)| *name == word || *other == Some(word));
    let (place, (name, other, build)) = words.by_ref().enumerate().find_map(|(at, word)| Some((at, known(word)?)))?;
    let bare = || Command::new(*name).aliases(*other);
    let command = build(bare());
    let is_first = place == 0;
    if !command.has_subcommands() {
        return Some(Named { noun: None, last: command, is_complete: true, is_first });
    }
    match words.enumerate().find_map(|(at, word)| Some((at, command.find_subcommand(word)?))) {
        Some((at, verb)) => {
            Some(Named { noun: Some(bare()), last: verb.clone(), is_complete: true, is_first: is_first && at == 0 })
        }
        None => Some(Named { noun: None, last: command, is_complete: false, is_first }),
    }
}

/// The program with its options, which reach its commands where these are `global`.
fn root(is_global: bool) -> Command {
    options(Command::new("bpctl").disable_help_subcommand(true), is_global)
}

fn options(command: Command, is_global: bool) -> Command {
    let command = last_wins(Global::augment_args(command));
    if is_global { command } else { without_global(command) }
}

/// Keeps the options of every command from being copied to each, where none is run.
fn without_global(command: Command) -> Command {
    command.mut_args(|option| option.global(false))
}

/// The commands with what they do, without their verbs and arguments.
fn commands() -> Vec<Command> {
    let all = Cli::command();
    let about = |name: &str| all.find_subcommand(name).and_then(Command::get_about).cloned().unwrap_or_default();
    COMMANDS.iter().map(|(name, other, _)| Command::new(*name).visible_aliases(*other).about(about(name))).collect()
}

/// Lets an option of every command be given twice, the last one counting: scripts have their own, and add the user's.
/// Of what a command changes, nothing is given twice.
fn last_wins(command: Command) -> Command {
    command.mut_args(|option| {
        if !option.is_global_set() || !matches!(option.get_action(), ArgAction::Set | ArgAction::SetTrue) {
            return option;
        }
        let itself = option.get_id().clone();
        option.overrides_with(itself)
    })
}

/// Moves the names of the command and of its verb in front of the options before and between them. clap checks conflicts
/// only among the options on one side of a name, and of an option that is repeated on several sides it keeps those of one:
/// a filter would be lost. Gives none where what is named cannot be found so.
fn names_first(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let (program, words) = arguments.split_first()?;
    let (before, noun, words) = at_name(words)?;
    let has_verb = !named(std::iter::once(noun.to_str()?))?.is_complete;
    let (between, verb, words) = if has_verb { at_name(words)? } else { (&[][..], noun, words) };
    let names = if has_verb { vec![noun, verb] } else { vec![noun] };
    Some(std::iter::once(program).chain(names).chain(before).chain(between).chain(words).cloned().collect())
}

/// Divides words at the first that is not an option of every command or its value.
fn at_name(words: &[OsString]) -> Option<(&[OsString], &OsString, &[OsString])> {
    let command = Command::new("bpctl").no_binary_name(true).disable_help_flag(true).allow_external_subcommands(true);
    let matches = matches(options(command, false), words).ok()?;
    let after = matches.subcommand()?.1.get_many::<OsString>("").map_or(0, Iterator::count);
    let (before, from_name) = words.split_at_checked(words.len().checked_sub(after + 1)?)?;
    let (name, after) = from_name.split_first()?;
    // What follows it is never an option.
    (!before.iter().any(|word| word == "--")).then_some((before, name, after))
}

/// Reads a line with no more declared than what it names. Gives none where that can only end in an error or in help,
/// which need everything.
fn read_narrow(named: Option<Named>, arguments: &[OsString]) -> Option<Result<Cli, Error>> {
    let has = |words: [&str; 2]| arguments.iter().any(|argument| words.iter().any(|word| argument == word));
    match named {
        _ if has(["-h", "--help"]) => None,
        Some(named) if named.is_complete && named.is_first => Some(read_named(named, arguments)),
        _ if has(["-V", "--version"]) => Some(read(root(false).version(env!("CARGO_PKG_VERSION")), arguments)),
        _ => None,
    }
}

/// Reads a line that begins with a command's name: the options belong to what is named last, and the program itself has
/// none.
fn read_named(named: Named, arguments: &[OsString]) -> Result<Cli, Error> {
    let depth = if named.noun.is_some() { 2 } else { 1 };
    let named = Named { last: options(named.last, false), ..named };
    let mut matches =
        matches(Command::new("bpctl").disable_help_subcommand(true).subcommand(named.command()), arguments)?;
    let last = (0..depth).try_fold(&matches, |matches, _| Some(matches.subcommand()?.1));
    let global = last.map_or_else(|| Ok(Global::default()), Global::from_arg_matches)?;
    Ok(Cli { command: super::Command::from_arg_matches_mut(&mut matches)?, global })
}

fn read(command: Command, arguments: &[OsString]) -> Result<Cli, Error> {
    Cli::from_arg_matches_mut(&mut matches(command, arguments)?)
}

fn matches(command: Command, arguments: &[OsString]) -> Result<ArgMatches, Error> {
    // Leaked: it is needed to the end of the process, and taking it apart would cost more than a request.
    Box::leak(Box::new(command)).try_get_matches_from_mut(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn every_command_is_declared_alone_as_with_the_others() {
        let whole = Cli::command();
        assert_eq!(whole.get_subcommands().count(), COMMANDS.len());
        for command in whole.get_subcommands() {
            let name = command.get_name();
            let others: Vec<&str> = command.get_all_aliases().collect();
            let (_, other, build) = COMMANDS.iter().find(|(known, ..)| *known == name).expect("it is known");
            assert_eq!(others, other.iter().copied().collect::<Vec<_>>(), "{name}");
            let alone = build(Command::new("alone"));
            let verbs = |command: &Command| command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
            let args = |command: &Command| command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
            let (verbs, args): (Vec<Vec<String>>, Vec<Vec<String>>) =
                ([command, &alone].map(verbs).into(), [command, &alone].map(args).into());
            assert_eq!((&verbs[0], &args[0]), (&verbs[1], &args[1]), "{name}");
        }
    }

    #[test]
    fn no_argument_of_a_command_has_the_id_of_an_option_of_every_command() {
        for (name, ..) in COMMANDS {
            let verbs: Vec<String> = match named([name].into_iter()) {
                Some(Named { last, is_complete: false, .. }) => {
                    last.get_subcommands().map(|verb| verb.get_name().to_owned()).collect()
                }
                _ => vec![String::new()],
            };
            for verb in verbs {
                let named = named([name, &verb].into_iter()).expect("it is known");
                assert!(named.is_complete && named.is_first, "{name} {verb}");
                options(named.last, false).debug_assert();
            }
        }
    }

    #[test]
    fn a_line_is_read_as_the_whole_command_line_reads_it() {
        let lines = [
            "bpctl",
            "bpctl --help",
            "bpctl -V",
            "bpctl --version policies",
            "bpctl -o json policies list --vm web-1 --utc",
            "bpctl policy list --disk d -o json",
            "bpctl --profile policies vm list",
            "bpctl --profile vm policies list --vm vm",
            "bpctl --profile policy policies list web-1",
            "bpctl --profile policies list vm list",
            "bpctl policies --org list list list",
            "bpctl policies",
            "bpctl policies list --help",
            "bpctl policies list --no-such-flag",
            "bpctl help policies update",
            "bpctl help",
            "bpctl polices list",
            "bpctl --no-such-flag",
            "bpctl --output nonsense vm list",
            "bpctl vm show",
            "bpctl doctor -v",
            "bpctl doctor --utc --tz Europe/Berlin",
            "bpctl policies list -h",
            "bpctl -h policies list",
            "bpctl policies list --version",
            "bpctl policies -V",
            "bpctl check --vm web-1 --profile work,home",
            "bpctl policies update x --retention 7 -o json --dry-run",
            "bpctl policies update x --retention 7 --print-request curl --jq .id",
            "bpctl undo 1 -y --no-input",
            "bpctl sandbox serve --org acme",
        ];
        for line in lines {
            let arguments = words(line);
            let whole = Cli::command().try_get_matches_from(&arguments).and_then(|found| Cli::from_arg_matches(&found));
            let text = |read: Result<Cli, Error>| match read {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(text(Cli::read(&arguments, |_| Cli::command())), text(whole), "{line}");
        }
    }

    #[test]
    fn an_option_counts_on_every_side_of_the_names() {
        let read = |line: &str| Cli::read(&words(line), |_| Cli::command());
        for line in [
            "bpctl --filter a=1 policies --filter b=2 list --filter c=3",
            "bpctl --filter a=1 --filter b=2 policies list --filter c=3",
            "bpctl -o id --filter a=1 policies --sort id list --filter b=2 -o json --filter c=3",
            "bpctl --profile policies --filter a=1 --filter b=2 policy list --filter c=3",
        ] {
            assert_eq!(read(line).unwrap().global.filters, ["a=1", "b=2", "c=3"], "{line}");
        }
        let last = read("bpctl -o id policies -o csv list -o json --utc").unwrap();
        assert_eq!(last.global.output, Some(crate::args::Format::Json));
        for line in [
            "bpctl --utc policies list --tz Europe/Berlin",
            "bpctl --tz Europe/Berlin policies --utc list",
            "bpctl --api-url http://localhost policies list --sandbox",
            "bpctl --sandbox check --api-url http://localhost",
            "bpctl --jq .id policies list --print-request curl",
            "bpctl --all-profiles policies list --profile work",
        ] {
            assert_eq!(read(line).unwrap_err().kind(), ErrorKind::ArgumentConflict, "{line}");
        }
    }
}
