//! The manual: one page a command, made of the command line's own help, and what only the main page tells.

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::args::Cli;
use crate::config::env;
use crate::error::{Error, Exit, Result};

/// Where things are on a system with the usual directories.
const FILES: [(&str, &str); 4] = [
    ("~/.config/bpctl/config.toml", "The profiles. `bpctl config path` prints where it is."),
    ("~/.local/share/bpctl/journal.jsonl", "The journal of changes."),
    ("~/.local/share/bpctl/sandbox.json", "The state of the simulator. `bpctl sandbox path` prints where it is."),
    ("~/.cache/bpctl/", "Names and ids that completion remembers for a minute."),
];

/// A page and its place in the manual.
pub(crate) struct Page {
    /// Its name: `bpctl-policies-list`.
    pub(crate) name: String,
    /// Its text, for `man`.
    pub(crate) text: String,
}

/// Writes the whole manual, the main page first.
pub(crate) fn pages() -> Result<Vec<Page>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &["bpctl"], &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, names: &[&str], pages: &mut Vec<Page>) -> Result<()> {
    pages.push(Page { name: names.join("-"), text: page(command, names)? });
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        add(verb, &[names, &[verb.get_name()]].concat(), pages)?;
    }
    Ok(())
}

fn page(command: &Command, names: &[&str]) -> Result<String> {
    let named = command.clone().display_name(names.join("-"));
    let man = clap_mangen::Man::new(named);
    let title = names.join("-").to_uppercase();
    let mut text = String::new();
    line(&mut text, &format!(".TH \"{title}\" \"1\" \"\" \"bpctl {}\" \"bpctl manual\"", env!("CARGO_PKG_VERSION")));
    text += &section(|out| man.render_name_section(out))?;
    synopsis(&mut text, command, names);
    text += &section(|out| man.render_description_section(out))?;
    also_called(&mut text, command);
    text += &section(|out| man.render_options_section(out))?;
    if command.get_subcommands().next().is_some() {
        text += &section(|out| man.render_subcommands_section(out))?;
    }
    examples(&mut text, command);
    match names {
        [_] => main_page(&mut text),
        _ => list(&mut text, "EXIT STATUS", &[("0", "Done."), ("other", "What went wrong: see bpctl(1).")]),
    }
    see_also(&mut text, command, names);
    Ok(text)
}

/// Renders a part of a page, without what it repeats of the page's beginning.
fn section(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Result<String> {
    let mut bytes = Vec::new();
    render(&mut bytes).map_err(|error| Error::io("manual page", &error))?;
    let text = String::from_utf8_lossy(&bytes);
    // The beginning defines the apostrophe for old programs; all that are in use know the plain escape.
    let kept = text.lines().filter(|line| !line.starts_with(".ie \\n(.g") && !line.starts_with(".el .ds Aq"));
    let text = kept.map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    let text = text.replace("\\*(Aq", "\\(aq").replace("\n.br\n\n.br\n", "\n.sp\n").replace('…', "\\&...");
    Ok(text.replace("\n\n", "\n"))
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Makes text safe for `man`: nothing of it is a request or an escape.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    match text.starts_with('.') {
        true => format!("\\&{text}"),
        false => text,
    }
}

/// Shows the command's own options; those of every command are said in one word.
fn synopsis(text: &mut String, command: &Command, names: &[&str]) {
    let mut words = vec![format!("\\fB{}\\fR", plain(&names.join(" ")))];
    let own = |arg: &&Arg| !arg.is_hide_set() && arg.get_help_heading().is_none() && arg.get_id() != "help";
    let is_version = |arg: &&Arg| arg.get_id() == "version";
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(own).filter(|arg| !is_version(arg)).partition(|arg| arg.is_positional());
    words.extend(options.into_iter().map(usage));
    words.push("[\\fIoptions\\fR]".to_owned());
    words.extend(positional.into_iter().map(usage));
    if command.get_subcommands().next().is_some() {
        words.push("\\fIcommand\\fR".to_owned());
    }
    line(text, ".SH SYNOPSIS");
    line(text, &words.join(" "));
}

fn usage(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_value_names().unwrap_or_default().iter().map(|name| plain(name)).collect();
    let takes_values = arg.is_positional() || matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = format!("\\fI{}\\fR", values.join(" "));
    let word = match (arg.get_long(), takes_values) {
        (Some(long), true) => format!("\\fB\\-\\-{}\\fR {value}", plain(long)),
        (Some(long), false) => format!("\\fB\\-\\-{}\\fR", plain(long)),
        (None, _) => value,
    };
    let many = matches!(arg.get_action(), ArgAction::Append) || arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    let word = if many { format!("{word}\\&...") } else { word };
    if arg.is_required_set() { word } else { format!("[{word}]") }
}

fn also_called(text: &mut String, command: &Command) {
    let names: Vec<String> = command.get_visible_aliases().map(|name| format!("\\fB{}\\fR", plain(name))).collect();
    if !names.is_empty() {
        line(text, ".PP");
        line(text, &format!("Also called {}.", names.join(", ")));
    }
}

/// Shows the examples of the help as they are laid out there. The exit codes that follow have their own section.
fn examples(text: &mut String, command: &Command) {
    let help = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let help = help.unwrap_or_default();
    let lines: Vec<&str> = help
        .lines()
        .filter(|line| line.trim() != "EXAMPLES:")
        .take_while(|line| !line.starts_with("Exit codes:"))
        .collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        return;
    }
    line(text, ".SH EXAMPLES\n.nf");
    for shown in lines {
        match shown.trim().is_empty() {
            true => line(text, ".sp"),
            false => line(text, &plain(shown.strip_prefix("  ").unwrap_or(shown))),
        }
    }
    while text.ends_with("\n.sp\n") {
        text.truncate(text.len() - 4);
    }
    line(text, ".fi");
}

fn main_page(text: &mut String) {
    let codes: Vec<(String, &str)> =
        Exit::ALL.iter().map(|(exit, words)| ((*exit as u8).to_string(), *words)).collect();
    let codes: Vec<(&str, &str)> = codes.iter().map(|(code, words)| (code.as_str(), *words)).collect();
    list(text, "EXIT STATUS", &codes);
    list(text, "ENVIRONMENT", &env::ALL);
    list(text, "FILES", &FILES);
}

fn list(text: &mut String, title: &str, rows: &[(&str, &str)]) {
    line(text, &format!(".SH \"{title}\""));
    for (name, meaning) in rows {
        line(text, ".TP");
        line(text, &format!("\\fB{}\\fR", plain(name)));
        line(text, &plain(meaning));
    }
}

/// Points to the pages above and below; the main page to the nouns.
fn see_also(text: &mut String, command: &Command, names: &[&str]) {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let below = verbs.map(|verb| format!("{}-{}", names.join("-"), verb.get_name()));
    let above = (1..names.len()).map(|length| names[..length].join("-"));
    let pages: Vec<String> = above.chain(below).map(|name| format!("\\fB{}\\fR(1)", plain(&name))).collect();
    line(text, ".SH \"SEE ALSO\"");
    line(text, &pages.join(",\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_request() {
        assert_eq!(plain(".so /etc/passwd"), "\\&.so /etc/passwd");
        assert_eq!(plain("'at' \\n -v `x`"), "\\(aqat\\(aq \\en \\-v \\(gax\\(ga");
    }

    #[test]
    fn a_verb_keeps_its_hyphen() {
        let pages = pages().expect("they can be rendered");
        let page = pages.iter().find(|page| page.name == "bpctl-policies-schedule-delete").expect("the page is there");
        let synopsis = "\\fBbpctl policies schedule\\-delete\\fR [\\fB\\-\\-at\\fR \\fIWHEN\\fR] [\\fIoptions\\fR]";
        assert!(page.text.contains(synopsis), "{}", page.text);
    }
}
