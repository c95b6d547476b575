//! The words to avoid, which CONTRIBUTING.md lists beside its glossary, stand nowhere in the project.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "CONTRIBUTING.md";
const PLACES: [&str; 8] = ["src", "tests", "docs", "man", "README.md", "CHANGELOG.md", "SECURITY.md", "completions"];
/// How many of the words are left: of a file, or of a directory that ends with `/`. A number may only become smaller.
const LEFT: [(&str, usize); 4] =
    [("completions/bpctl.bash", 1), ("src/config/", 1), ("src/onapp/", 8), ("src/sandbox/", 3)];

/// Reads the words: the last column of the glossary, and the first of the table that begins with `avoid`.
fn words_to_avoid() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let rows = |head: &str, column: usize| -> Vec<String> {
        let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
        let rows = rows.take_while(|line| line.starts_with('|'));
        rows.map(|row| row.split('|').nth(column + 1).unwrap().trim().to_owned()).collect()
    };
    let cells = [rows("| term |", 2), rows("| avoid |", 0)].concat();
    // What stands in brackets is a remark.
    let cells = cells.iter().map(|cell| cell.split(" (").next().unwrap());
    cells.flat_map(|cell| cell.split(", ")).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// All files of the places, by their names in the repository.
fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = PLACES.iter().map(|place| root.join(place)).collect();
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    files.sort();
    files
}

/// A text as one line of words: no signs of comments, names of code taken apart.
fn plain(text: &str) -> String {
    let line = |line: &str| line.trim_start().trim_start_matches(['/', '#', '!', '>']).trim().replace('_', " ");
    let words = text.lines().map(line).collect::<Vec<_>>().join(" ").to_lowercase().replace("\\-", "-");
    format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Where a word stands, with what is around it.
fn found(text: &str, word: &str) -> Vec<String> {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut places = Vec::new();
    for (at, _) in text.match_indices(word) {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let is_word = !is_letter(before.chars().next_back()) && !is_letter(after.chars().next());
        let is_plain = word == "is no" && (after.starts_with(" longer") || before.ends_with("there "));
        if is_word && !is_plain {
            let start = before.char_indices().rev().nth(30).map_or(0, |(start, _)| start);
            let end = after.char_indices().nth(20).map_or(text.len(), |(end, _)| at + word.len() + end);
            places.push(text[start..end].trim().to_owned());
        }
    }
    places
}

#[test]
fn words_to_avoid_are_avoided() {
    let words = words_to_avoid();
    assert!(words.len() > 20, "{PAGE} lists {words:?}");
    let mut left: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    // This file names some of them, and others wrote the schemas.
    let is_ours = |file: &&String| *file != "tests/it/words.rs" && !file.starts_with("tests/fixtures/schemas/");
    for file in files().iter().filter(is_ours) {
        let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else { continue };
        let text = plain(&text);
        let allowed = LEFT.iter().find(|(place, _)| file == place || place.ends_with('/') && file.starts_with(place));
        let (place, allowed) = allowed.copied().unwrap_or(("everywhere else", 0));
        let places = left.entry(place).or_insert((allowed, Vec::new()));
        for word in &words {
            places.1.extend(found(&text, word).into_iter().map(|around| format!("{file}: `{word}` in: {around}")));
        }
    }
    for (place, (allowed, places)) in &left {
        let list = places.join("\n");
        assert!(
            places.len() <= *allowed,
            "{place}: {} of the words in {PAGE}, {allowed} allowed:\n{list}",
            places.len()
        );
    }
}

#[test]
fn a_word_is_found_as_a_whole_and_across_lines() {
    let text = plain(
        "/// It is\n/// no file; is no longer one; there is no other.\n fn tell_it() { amend() } // \"Nobody's\"",
    );
    let count = |word| found(&text, word).len();
    assert_eq!(["is no", "tell", "mend", "nobody", "nor"].map(count), [1, 1, 0, 1, 0], "{text}");
    let words = words_to_avoid();
    for word in ["nobody", "is no", "rehearsal", "lost its way"] {
        assert!(words.iter().any(|known| known == word), "{word} is not in {words:?}");
    }
}
