//! The options on the line being typed that choose the cloud, and so the values.

use std::path::PathBuf;
use std::time::Duration;

use crate::args::Global;

/// Network time of one completion, all requests together.
pub(super) const BUDGET: Duration = Duration::from_millis(300);

/// What has been typed so far. A line that is still being typed need not be valid as a whole.
#[derive(Debug, Default)]
pub(super) struct Typed {
    global: Global,
    words: Vec<String>,
}

impl Typed {
    /// Reads the options before and after the cursor; the last of a repeated option counts, as on the command line.
    pub(super) fn read(before: &[String], after: &[String]) -> Self {
        let mut global = Global {
            timeout: Some(BUDGET),
            max_wait: Some(BUDGET),
            retries: Some(0),
            no_input: true,
            quiet: true,
            ..Global::default()
        };
        // Separately: the value of an option right before the cursor is not typed yet.
        scan(&mut global, before);
        scan(&mut global, after);
        Self { global, words: before.iter().chain(after).cloned().collect() }
    }

    /// Returns whether this word is on the line already.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// Returns the words after one, without options.
    pub(super) fn words_after(&self, word: &str) -> impl Iterator<Item = &str> {
        let words = self.words.iter().map(String::as_str).skip_while(move |known| *known != word).skip(1);
        words.filter(|word| !word.starts_with('-'))
    }

    /// Returns the options for a command that never waits long.
    pub(super) fn global(&self) -> Global {
        self.global.clone()
    }
}

fn scan(global: &mut Global, words: &[String]) {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        match name {
            "--" => break,
            "--sandbox" => global.sandbox = true,
            "--profile" | "--config" | "--org" | "--provider" | "--api-url" => {
                if let Some(value) = joined.or_else(|| words.next()) {
                    set(global, name, value);
                }
            }
            _ => {}
        }
    }
}

fn set(global: &mut Global, name: &str, value: &str) {
    match name {
        "--profile" => global.profile = Some(value.to_owned()),
        "--config" => global.config = Some(PathBuf::from(value)),
        "--org" => global.org = Some(value.to_owned()),
        "--provider" => global.provider = value.parse().ok(),
        _ => global.api_url = Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Global {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Typed::read(&words, &[]).global()
    }

    #[test]
    fn both_spellings_are_read() {
        for line in ["--profile a --org=b --sandbox x", "--profile=a x --sandbox --org b"] {
            let global = read(line);
            assert_eq!((global.profile.as_deref(), global.org.as_deref()), (Some("a"), Some("b")), "{line}");
            assert!(global.sandbox, "{line}");
        }
    }

    #[test]
    fn half_a_line_is_accepted() {
        assert_eq!(read("policies list --profile").profile, None);
        assert_eq!(read("--profile a -- --profile b").profile.as_deref(), Some("a"));
        assert!(read("--provider nonsense").provider.is_none());
    }

    #[test]
    fn an_option_before_the_cursor_takes_nothing_from_after_it() {
        let typed = Typed::read(&["--org".to_owned()], &["--sandbox".to_owned()]).global();
        assert_eq!((typed.org, typed.sandbox), (None, true));
    }
}
