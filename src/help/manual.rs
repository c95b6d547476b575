//! The manual: a page for each command, made from its help, and a page for each topic.

use clap::{Arg, ArgAction, Command};

use super::layout::Block;
use super::roff::{line, list, plain};
use super::topic::{FILES, Topic};
use crate::config::env;
use crate::error::{Error, Exit, Result};

pub(crate) struct Page {
    /// Its name: `bpctl-policies-list`.
    pub(crate) name: String,
    /// Its text, for `man`.
    pub(crate) text: String,
}

/// Writes the whole manual, the main page first.
pub(crate) fn pages() -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    add(&super::command(true), &["bpctl"], &mut pages)?;
    for topic in Topic::ALL {
        pages.push(Page { name: format!("bpctl-{}", topic.name()), text: topic_page(topic)? });
    }
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
    let mut text = title(&names.join("-"));
    text += &section(|out| man.render_name_section(out))?;
    synopsis(&mut text, command, names);
    text += &section(|out| man.render_description_section(out))?;
    also_called(&mut text, command);
    text += &section(|out| man.render_options_section(out))?;
    if command.get_subcommands().next().is_some() {
        text += &section(|out| man.render_subcommands_section(out))?;
    }
    columns_section(&mut text, &names[1..].join(" "));
    examples(&mut text, command);
    match names {
        [_] => main_page(&mut text),
        _ => list(&mut text, "EXIT STATUS", &[("0", "Done."), ("other", "What went wrong: see bpctl-exit-codes(1).")]),
    }
    see_also(&mut text, command, names);
    Ok(text)
}

fn topic_page(topic: Topic) -> Result<String> {
    let name = format!("bpctl-{}", topic.name());
    let mut text = title(&name);
    line(&mut text, ".SH NAME");
    line(&mut text, &format!("{} \\- {}", plain(&name), plain(topic.title())));
    if topic == Topic::Options {
        let man = clap_mangen::Man::new(super::options());
        text += &section(|out| man.render_options_section(out))?;
    } else {
        line(&mut text, ".SH DESCRIPTION");
        topic.blocks().iter().for_each(|block| described(&mut text, block));
    }
    line(&mut text, ".SH \"SEE ALSO\"");
    line(&mut text, "\\fBbpctl\\fR(1)");
    Ok(text)
}

fn described(text: &mut String, block: &Block) {
    match block {
        Block::Heading(title) => line(text, &format!(".SS \"{title}\"")),
        Block::Text(words) => {
            // A heading begins a paragraph by itself.
            let follows_heading = text.lines().next_back().is_some_and(|last| last.starts_with(".S"));
            if !follows_heading {
                line(text, ".PP");
            }
            line(text, &plain(words));
        }
        Block::Terms(rows) => {
            super::roff::terms(text, rows.iter().map(|(term, meaning)| (term.as_str(), meaning.as_str())))
        }
    }
}

fn title(name: &str) -> String {
    format!(".TH \"{}\" \"1\" \"\" \"bpctl {}\" \"bpctl manual\"\n", name.to_uppercase(), env!("CARGO_PKG_VERSION"))
}

fn columns_section(text: &mut String, command: &str) {
    let columns = super::columns(command);
    if !columns.is_empty() {
        line(text, ".SH COLUMNS");
        line(text, &plain(&columns.join(", ")));
    }
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

/// Shows the command's own options; those of every command are one word.
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

/// Shows the formats and examples of the help as they are laid out there.
fn examples(text: &mut String, command: &Command) {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    for part in help.split("\n\n") {
        if let Some(formats) = part.strip_prefix("Formats: ") {
            line(text, ".SH FORMATS");
            line(text, &plain(formats));
        }
        if let Some(examples) = part.strip_prefix("Examples:\n") {
            line(text, ".SH EXAMPLES\n.nf");
            examples.lines().for_each(|shown| line(text, &plain(shown.strip_prefix("  ").unwrap_or(shown))));
            line(text, ".fi");
        }
    }
}

fn main_page(text: &mut String) {
    let codes: Vec<(String, &str)> =
        Exit::ALL.iter().map(|(exit, words)| ((*exit as u8).to_string(), *words)).collect();
    let codes: Vec<(&str, &str)> = codes.iter().map(|(code, words)| (code.as_str(), *words)).collect();
    list(text, "EXIT STATUS", &codes);
    list(text, "ENVIRONMENT", &env::ALL);
    list(text, "FILES", &FILES);
}

/// Points to the pages above and below; the main page to the commands and topics.
fn see_also(text: &mut String, command: &Command, names: &[&str]) {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let below = verbs.map(|verb| format!("{}-{}", names.join("-"), verb.get_name()));
    let above = (1..names.len()).map(|length| names[..length].join("-"));
    let topics = Topic::ALL.iter().filter(|_| names.len() == 1).map(|topic| format!("bpctl-{}", topic.name()));
    let pages: Vec<String> =
        above.chain(below).chain(topics).map(|name| format!("\\fB{}\\fR(1)", plain(&name))).collect();
    line(text, ".SH \"SEE ALSO\"");
    line(text, &pages.join(",\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_keeps_its_hyphen() {
        let pages = pages().expect("they can be rendered");
        let page = pages.iter().find(|page| page.name == "bpctl-policies-schedule-delete").expect("the page is there");
        let synopsis = "\\fBbpctl policies schedule\\-delete\\fR [\\fB\\-\\-at\\fR \\fIWHEN\\fR] ";
        assert!(page.text.contains(synopsis), "{}", page.text);
        assert!(page.text.contains("[\\fB\\-\\-max\\-changes\\fR \\fIN\\fR]"), "{}", page.text);
    }
}
