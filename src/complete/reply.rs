//! Candidates, chosen and written as each shell takes them.

use std::fmt::Write;

use clap_complete::CompletionCandidate;

use super::attach::{DIRECTORIES, FILES};
use super::line::End;
use crate::text::escape;

/// What is answered to a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The shell knows files better.
    Files,
    /// The shell knows directories better.
    Directories,
    Words(Vec<Word>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    value: String,
    help: String,
}

impl Reply {
    /// Chooses among all that fits.
    pub(super) fn new(word: &str, candidates: &[CompletionCandidate]) -> Self {
        let values = || candidates.iter().filter_map(|candidate| candidate.get_value().to_str());
        if values().any(|value| value.ends_with(FILES)) {
            return Self::Files;
        }
        if values().any(|value| value.ends_with(DIRECTORIES)) {
            return Self::Directories;
        }
        // Options are many: where something else can stand, they come when a dash is typed.
        let is_option = |value: &str| value.starts_with('-');
        let without_options = !is_option(word) && values().any(|value| !is_option(value));
        let words = candidates.iter().filter_map(|candidate| {
            let value = name_of_noun(candidate, word).or_else(|| candidate.get_value().to_str())?;
            // What escaping would change cannot be typed either.
            let is_wanted = !(without_options && is_option(value)) && escape(value) == value;
            is_wanted.then(|| Word { value: value.to_owned(), help: help(candidate) })
        });
        Self::Words(words.collect())
    }

    /// Writes it for bash, which inserts a candidate to the letter after what it keeps: value, tab, description.
    pub(super) fn in_bash(&self, end: &End) -> String {
        self.lines(|word| Some(format!("{}\t{}", in_quotes(word.value.strip_prefix(&end.kept)?, end.quote), word.help)))
    }

    /// Writes it for zsh: `value:description`, quoted by the shell itself.
    pub(super) fn in_zsh(&self) -> String {
        self.lines(|word| {
            let value = word.value.replace('\\', "\\\\").replace(':', "\\:");
            let help = word.help.replace('\\', "\\\\");
            Some(if help.is_empty() { value } else { format!("{value}:{help}") })
        })
    }

    /// Writes it for fish: value, tab, description, quoted by the shell itself.
    pub(super) fn in_fish(&self) -> String {
        self.lines(|word| Some(format!("{}\t{}", word.value, word.help)))
    }

    fn lines(&self, line: impl Fn(&Word) -> Option<String>) -> String {
        let words = match self {
            Self::Files => return "files\n".to_owned(),
            Self::Directories => return "directories\n".to_owned(),
            Self::Words(words) => words,
        };
        words.iter().filter_map(line).fold("words\n".to_owned(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}

/// Returns the name that help shows for a command with two names (`backups`, `backup`), where both fit.
fn name_of_noun<'a>(candidate: &'a CompletionCandidate, word: &str) -> Option<&'a str> {
    candidate.get_id()?.strip_prefix("command::").filter(|name| name.starts_with(word))
}

fn help(candidate: &CompletionCandidate) -> String {
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    escape(help.lines().next().unwrap_or_default()).into_owned()
}

/// Quotes what is inserted where `quote` is open: a name can hold anything, `$(…)` included.
fn in_quotes(text: &str, quote: Option<char>) -> String {
    let is_plain = |symbol: char| symbol.is_alphanumeric() || "-_./:=@%+,".contains(symbol);
    text.chars().fold(String::new(), |mut quoted, symbol| {
        match (quote, symbol) {
            (Some('\''), '\'') => quoted.push_str("'\\''"),
            (Some('"'), '"' | '\\' | '$' | '`') => quoted.extend(['\\', symbol]),
            (None, _) if !is_plain(symbol) => quoted.extend(['\\', symbol]),
            _ => quoted.push(symbol),
        }
        quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[&str]) -> Vec<CompletionCandidate> {
        values.iter().map(CompletionCandidate::new).collect()
    }

    fn bash(value: &str, kept: &str, quote: Option<char>) -> String {
        let end = End { kept: kept.to_owned(), quote };
        Reply::new("", &words(&[value])).in_bash(&end).lines().nth(1).unwrap_or("nothing").trim_end().to_owned()
    }

    #[test]
    fn bash_gets_the_rest_quoted_as_it_stands() {
        assert_eq!(bash("name:desc", "name:", None), "desc");
        assert_eq!(bash("--vm=web-1", "--vm=", None), "web-1");
        assert_eq!(bash("DB 1", "", None), "DB\\ 1");
        assert_eq!(bash("DB 1", "", Some('"')), "DB 1");
        assert_eq!(bash("a$(b)\"`c`", "", Some('"')), "a\\$(b)\\\"\\`c\\`");
        assert_eq!(bash("it's $x", "", Some('\'')), "it'\\''s $x");
        assert_eq!(bash("$(b); ~", "", None), "\\$\\(b\\)\\;\\ \\~");
        assert_eq!(bash("other", "name:", None), "nothing");
    }

    #[test]
    fn what_cannot_be_typed_is_left_out() {
        let hostile = words(&["a\nb", "c\u{1b}[2J", "d\u{202e}e", "f"]);
        assert_eq!(Reply::new("", &hostile).in_fish(), "words\nf\t\n");
    }

    #[test]
    fn options_give_way_to_what_else_can_stand_there() {
        let both = words(&["list", "--sandbox"]);
        assert_eq!(Reply::new("", &both).in_zsh(), "words\nlist\n");
        assert_eq!(Reply::new("", &words(&["--sandbox"])).in_zsh(), "words\n--sandbox\n");
        assert_eq!(Reply::new("-", &both).in_zsh(), "words\nlist\n--sandbox\n");
    }

    #[test]
    fn zsh_splits_at_the_first_bare_colon() {
        let candidate = CompletionCandidate::new("a:b").help(Some("c: d\\e".into()));
        assert_eq!(Reply::new("", &[candidate]).in_zsh(), "words\na\\:b:c: d\\\\e\n");
    }
}
