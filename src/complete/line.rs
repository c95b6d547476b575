//! Finds the words before, under and after the cursor.
//!
//! Bash splits a line at every `:` and `=` and keeps the quotes, so its line is split again here. Zsh and fish pass the
//! words as their own parsers see them.

use std::ffi::OsString;

/// The place that is to be completed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The words between the program's name and the cursor.
    pub(super) before: Vec<String>,
    /// The word under the cursor, up to it.
    pub(super) word: String,
    /// The words after it.
    pub(super) after: Vec<String>,
}

/// What bash will put in front of a candidate by itself, and how it is quoted there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// The beginning of the word that bash keeps, without quotes.
    pub(super) kept: String,
    /// The quote that is open where a candidate goes.
    pub(super) quote: Option<char>,
}

/// Reads `COUNT WORDS… WORD AFTER…`.
pub(super) fn in_words(arguments: &[OsString]) -> Option<Position> {
    let texts: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let (count, words) = texts.split_first()?;
    let count: usize = count.parse().ok()?;
    let (before, rest) = words.split_at_checked(count)?;
    let (word, after) = match rest.split_first() {
        Some((word, after)) => (word.as_str(), after),
        None => ("", rest),
    };
    // An opening quote does not belong to the word.
    let word = split(word).pop().unwrap_or_default().text;
    Some(Position { before: before.to_vec(), word, after: after.to_vec() })
}

/// Reads `BEFORE WORD AFTER`, the line beginning with the program's name.
pub(super) fn in_bash(arguments: &[OsString]) -> Option<(Position, End)> {
    let texts: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let [before, replaced, after] = texts.as_slice() else {
        return None;
    };
    let mut words = split(before);
    let last = words.pop()?;
    if words.is_empty() {
        return None;
    }
    let kept = last.raw.strip_suffix(replaced.as_str()).unwrap_or_default();
    let kept = split_one(kept);
    let before = words.into_iter().skip(1).map(|word| word.text).collect();
    let after = split(after).into_iter().map(|word| word.text).filter(|word| !word.is_empty()).collect();
    let end = End { kept: kept.text, quote: kept.quote };
    Some((Position { before, word: last.text, after }, end))
}

/// One word on a line.
#[derive(Debug, Default)]
struct Word {
    /// As it stands in the line.
    raw: String,
    text: String,
    /// The quote that is still open at its end.
    quote: Option<char>,
}

fn split_one(text: &str) -> Word {
    let mut words = split(text);
    match words.len() {
        1 => words.remove(0),
        _ => Word::default(),
    }
}

/// Splits a line into words as a shell does; the last one is empty when the line ends between words.
fn split(line: &str) -> Vec<Word> {
    let mut words = vec![Word::default()];
    let mut symbols = line.chars();
    while let Some(symbol) = symbols.next() {
        let is_blank = symbol.is_whitespace();
        let Some(word) = words.last_mut() else {
            return words;
        };
        if is_blank && word.quote.is_none() {
            if !word.raw.is_empty() {
                words.push(Word::default());
            }
            continue;
        }
        word.raw.push(symbol);
        match (word.quote, symbol) {
            (None, '\'' | '"') => word.quote = Some(symbol),
            (Some(quote), _) if quote == symbol => word.quote = None,
            (None | Some('"'), '\\') => {
                let Some(next) = symbols.next() else {
                    return words;
                };
                word.raw.push(next);
                if word.quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                    word.text.push('\\');
                }
                word.text.push(next);
            }
            _ => word.text.push(symbol),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(before: &str, word: &str) -> (Vec<String>, String, String, Option<char>) {
        let arguments = [before, word, " --sandbox"].map(OsString::from);
        let (position, end) = in_bash(&arguments).expect("it can be read");
        assert_eq!(position.after, ["--sandbox"]);
        (position.before, position.word, end.kept, end.quote)
    }

    fn expected(
        before: &[&str],
        word: &str,
        kept: &str,
        quote: Option<char>,
    ) -> (Vec<String>, String, String, Option<char>) {
        (before.iter().map(ToString::to_string).collect(), word.to_owned(), kept.to_owned(), quote)
    }

    // The second text of each is what bash 5.2 hands over as the word to be replaced.
    #[test]
    fn bash_keeps_what_stands_before_a_break_or_a_quote() {
        assert_eq!(bash("bpctl --vm=", ""), expected(&[], "--vm=", "--vm=", None));
        assert_eq!(bash("bpctl --vm=we", "we"), expected(&[], "--vm=we", "--vm=", None));
        assert_eq!(bash("bpctl --sort name:d", "d"), expected(&["--sort"], "name:d", "name:", None));
        assert_eq!(bash("bpctl show \"DB 1", "DB 1"), expected(&["show"], "DB 1", "", Some('"')));
        assert_eq!(bash("bpctl --vm='DB ", "DB "), expected(&[], "--vm=DB ", "--vm=", Some('\'')));
        assert_eq!(bash("bpctl show DB\\ 1", "DB\\ 1"), expected(&["show"], "DB 1", "", None));
        assert_eq!(bash("bpctl show \"a b\"c", "\"a b\"c"), expected(&["show"], "a bc", "", None));
        assert_eq!(bash("bpctl  vm   ", ""), expected(&["vm"], "", "", None));
    }

    #[test]
    fn half_a_line_is_accepted() {
        assert_eq!(in_bash(&["bpctl", "bpctl", ""].map(OsString::from)), None);
        assert_eq!(in_bash(&[]), None);
        assert_eq!(bash("bpctl \\", "\\").1, "");
        assert_eq!(in_words(&["3", "a"].map(OsString::from)), None);
        assert_eq!(in_words(&["x"].map(OsString::from)), None);
    }

    #[test]
    fn words_are_counted() {
        let position = in_words(&["1", "vm", "sh", "--sandbox"].map(OsString::from)).expect("it can be read");
        assert_eq!((position.before, position.word), (vec!["vm".to_owned()], "sh".to_owned()));
        assert_eq!(position.after, ["--sandbox"]);
    }
}
