//! Adds completers to the declared command line, chosen by the name of an argument or of its value.

use std::ffi::OsStr;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::cache::{Item, Kind};
use super::live;
use super::typed::Typed;
use crate::args::Cli;
use crate::config::{PROFILE_KEYS, Provider};
use crate::help::{Topic, columns};
use crate::model::Interval;
use crate::model::lint::RULES;

/// Stands for a file, which the shell completes. No value is the same: it has a control character.
pub(super) const FILES: &str = "\u{1}files";
/// Stands for a directory.
pub(super) const DIRECTORIES: &str = "\u{1}directories";

/// What `--if` can expect of a policy.
const FIELDS: [&str; 9] = [
    "retention=",
    "interval=hourly",
    "interval=daily",
    "interval=weekly",
    "interval=monthly",
    "frequency=",
    "time=",
    "minute=",
    "target=",
];

/// Adds completers to every argument that has candidates.
pub(super) fn attach(mut command: Command, typed: &Arc<Typed>) -> Command {
    // Options of every command reach the verbs here.
    command.build();
    walk(command, &Place::default(), typed)
}

/// The command that an argument belongs to.
#[derive(Clone, Default)]
struct Place {
    noun: String,
    verb: String,
}

impl Place {
    fn path(&self) -> String {
        if self.noun == self.verb { self.noun.clone() } else { format!("{} {}", self.noun, self.verb) }
    }
}

fn walk(command: Command, place: &Place, typed: &Arc<Typed>) -> Command {
    command.mut_args(|arg| complete(arg, place, typed)).mut_subcommands(|inner| {
        let name = inner.get_name().to_owned();
        let noun = if place.noun.is_empty() { name.clone() } else { place.noun.clone() };
        walk(inner, &Place { noun, verb: name }, typed)
    })
}

fn complete(arg: Arg, place: &Place, typed: &Arc<Typed>) -> Arg {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string()).unwrap_or_default();
    let (id, hint) = (arg.get_id().as_str().to_owned(), arg.get_value_hint());
    let kind = match value.as_str() {
        "POLICY" if place.verb == "restore" => Some(Kind::Trash),
        "POLICY" => Some(Kind::Policies),
        "VM" => Some(Kind::Machines),
        "DISK" => Some(Kind::Disks),
        "ORG" => Some(Kind::Organizations),
        "BACKUP" if !typed.has("--point") => Some(Kind::Backups),
        "ID" if place.noun == "trash" => Some(Kind::TrashEntries),
        _ => None,
    };
    if let Some(kind) = kind {
        let (typed, suits, is_positional) =
            (Arc::clone(typed), Provider::only_one_with(&place.noun), arg.is_positional());
        return with(arg, move || {
            let mut items = live::items(&typed, kind, suits);
            // Where several can be named, one that is named already is not offered again.
            items.retain(|item| !(is_positional && typed.has(&item.value)));
            items
        });
    }
    match (id.as_str(), value.as_str(), hint) {
        ("profile", ..) | (_, "PROFILE", _) => {
            let typed = Arc::clone(typed);
            with(arg, move || live::profiles(&typed))
        }
        ("number", ..) if ["history", "undo"].contains(&place.noun.as_str()) => {
            let (typed, can_be_undone) = (Arc::clone(typed), place.noun == "undo");
            with(arg, move || live::changes(&typed, can_be_undone))
        }
        ("command", ..) if place.noun == "undo" => {
            let typed = Arc::clone(typed);
            with(arg, move || live::commands(&typed))
        }
        ("words", ..) if place.noun == "help" => {
            let typed = Arc::clone(typed);
            with(arg, move || of_help(&typed))
        }
        ("explain", ..) => with(arg, codes),
        ("provider", ..) => with_words(arg, Provider::ALL.map(Provider::name).to_vec()),
        ("filters", ..) => with(arg, {
            let columns = columns(&place.path());
            move || columns.iter().map(|column| Item::plain(format!("{column}="))).collect()
        }),
        ("columns", ..) => with_words(arg, columns(&place.path())),
        ("sort", ..) => with_sort(arg, columns(&place.path())),
        (_, "FIELD=VALUE", _) => with_words(arg, FIELDS.to_vec()),
        (_, "INTERVAL", _) => with_words(arg, Interval::KNOWN.to_vec()),
        ("key", ..) if place.noun == "config" => with_words(arg, [&["default_profile"][..], &PROFILE_KEYS].concat()),
        (_, _, ValueHint::DirPath) | (_, "DIR", _) => with_shell(arg, DIRECTORIES),
        (_, _, ValueHint::AnyPath | ValueHint::FilePath) | (_, "FILE", _) => with_shell(arg, FILES),
        _ => arg,
    }
}

/// What `help` can be asked about next: a command or a topic, then a verb of the command.
fn of_help(typed: &Typed) -> Vec<Item> {
    let words: Vec<&str> = typed.words_after("help").collect();
    let about = |command: &Command| Item {
        help: command.get_about().map(ToString::to_string).unwrap_or_default(),
        ..Item::plain(command.get_name())
    };
    let all = Cli::command();
    match words.as_slice() {
        [] => all.get_subcommands().map(about).chain(Topic::ALL.map(|topic| Item::plain(topic.name()))).collect(),
        [noun] => all.find_subcommand(noun).into_iter().flat_map(Command::get_subcommands).map(about).collect(),
        _ => Vec::new(),
    }
}

/// The codes of `lint`, and the word for all of them.
fn codes() -> Vec<Item> {
    let codes = RULES.iter().map(|rule| Item { help: rule.title.to_owned(), ..Item::plain(rule.code) });
    codes.chain([Item::plain("all")]).collect()
}

fn with(arg: Arg, items: impl Fn() -> Vec<Item> + Send + Sync + 'static) -> Arg {
    arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        items().into_iter().filter(|item| item.value.starts_with(&*typed)).map(candidate).collect()
    }))
}

fn candidate(item: Item) -> CompletionCandidate {
    let help = Some(item.help).filter(|help| !help.is_empty());
    CompletionCandidate::new(item.value).help(help.map(Into::into)).hide(item.second)
}

fn with_words(arg: Arg, words: Vec<&'static str>) -> Arg {
    arg.add(ArgValueCandidates::new(move || words.iter().map(CompletionCandidate::new).collect()))
}

/// `COL`, and `COL:desc` once the column is written out.
fn with_sort(arg: Arg, columns: Vec<&'static str>) -> Arg {
    arg.add(ArgValueCandidates::new(move || {
        let descending = columns.iter().map(|column| CompletionCandidate::new(format!("{column}:desc")).hide(true));
        columns.iter().map(CompletionCandidate::new).chain(descending).collect()
    }))
}

fn with_shell(arg: Arg, what: &'static str) -> Arg {
    arg.add(ArgValueCompleter::new(move |_: &OsStr| vec![CompletionCandidate::new(what)]))
}
