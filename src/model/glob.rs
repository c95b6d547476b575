//! Name patterns: `*` is any text, `?` one character, everything else itself, whatever its case.

use std::fmt;
use std::str::FromStr;

use super::Machine;

/// A pattern over names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    written: String,
    pattern: Vec<char>,
}

impl Glob {
    /// Returns whether the whole text is as the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let (mut at, mut in_text) = (0, 0);
        // Where to go on when what follows the last `*` does not fit: let it swallow one character more.
        let mut retry: Option<(usize, usize)> = None;
        while in_text < text.len() {
            match self.pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, in_text));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || *wanted == text[in_text] => {
                    at += 1;
                    in_text += 1;
                }
                _ => {
                    let Some((after_star, swallowed)) = retry else {
                        return false;
                    };
                    retry = Some((after_star, swallowed + 1));
                    (at, in_text) = (after_star, swallowed + 1);
                }
            }
        }
        self.pattern[at..].iter().all(|rest| *rest == '*')
    }

    /// Returns whether a machine's name or FQDN is as the pattern says.
    pub fn matches_machine(&self, machine: &Machine) -> bool {
        [&machine.name, &machine.fqdn].into_iter().flatten().any(|name| self.matches(name))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            Err("expected a name or a pattern, as in `db-*`".to_owned())
        } else {
            Ok(Self { written: text.to_owned(), pattern: text.to_lowercase().chars().collect() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        let matches = |pattern: &str, text: &str| pattern.parse::<Glob>().unwrap().matches(text);
        for (pattern, text) in [
            ("db-*", "db-1"),
            ("DB-?", "db-1"),
            ("*", ""),
            ("*-1.*", "db-1.acme.katapult.cloud"),
            ("a*b*c", "a-b-b-c"),
            ("web-1", "Web-1"),
            ("*ab", "aab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("db-*", "mydb-1"), ("db-?", "db-10"), ("?", ""), ("a*b", "abc"), ("db", "db-1")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!("  ".parse::<Glob>().is_err());
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        let glob: Glob = format!("{}b", "*a".repeat(50)).parse().unwrap();
        assert!(!glob.matches(&"a".repeat(5_000)));
    }
}
