//! What each module of `src/` uses of the others, read from the sources: `use` lines and paths in code.
//!
//! It follows re-exports to the file that defines a name. `mod` declarations, re-exports themselves and what is
//! compiled for unit tests only are not uses. It knows no macros: a path that a macro makes up is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Names = Vec<String>;

/// A module: the root is the empty path.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Names that other modules see here and that are defined elsewhere, `*` for all of a module's.
    exports: Vec<(String, Names)>,
    /// Absolute paths that the code names.
    paths: Vec<Names>,
}

/// All modules of the crate.
#[derive(Default)]
pub struct Imports {
    modules: BTreeMap<Names, Module>,
}

/// One file uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub from: String,
    pub to: String,
    /// The rooms as they are named: where a re-export leads is the other room's affair.
    pub rooms: (String, String),
    /// What is used is defined by a module that contains this one.
    pub is_of_parent: bool,
}

impl Imports {
    /// Reads a crate from `lib.rs` on; paths of files are relative to the directory.
    pub fn read(directory: &Path) -> Self {
        Self::of(|file| fs::read_to_string(directory.join(file)).ok())
    }

    /// The same, from any store of files.
    pub fn of(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut imports = Self::default();
        let mut open = vec![(Names::new(), "lib.rs".to_owned())];
        while let Some((path, file)) = open.pop() {
            let text = read(&file).unwrap_or_else(|| panic!("src/{file} is declared and cannot be read"));
            for child in imports.add(&path, &file, &tokens(&text)) {
                let flat = format!("{}.rs", child.join("/"));
                let nested = format!("{}/mod.rs", child.join("/"));
                let file = if read(&flat).is_some() { flat } else { nested };
                open.push((child, file));
            }
        }
        imports
    }

    /// Adds the modules of a file; returns those that stand in files of their own.
    fn add(&mut self, path: &[String], file: &str, tokens: &[String]) -> Vec<Names> {
        let mut reader = Reader { tokens, at: 0 };
        let (mut scopes, mut elsewhere) = (vec![(path.to_vec(), 0)], Vec::new());
        let mut depth = 0;
        self.modules.insert(path.to_vec(), Module { file: file.to_owned(), ..Module::default() });
        while let Some(token) = reader.next() {
            let here = scopes.last().unwrap().0.clone();
            let module = self.modules.get_mut(&here).unwrap();
            match token {
                "#" if reader.is_test_attribute() => reader.skip_item(),
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if scopes.len() > 1 && scopes.last().unwrap().1 == depth {
                        scopes.pop();
                    }
                }
                "mod" if reader.peek(1) == Some(";") || reader.peek(1) == Some("{") => {
                    let name = reader.next().unwrap().to_owned();
                    let child = [here, vec![name.clone()]].concat();
                    module.children.insert(name);
                    if reader.peek(0) == Some("{") {
                        scopes.push((child.clone(), depth));
                        self.modules.insert(child, Module { file: file.to_owned(), ..Module::default() });
                    } else {
                        elsewhere.push(child);
                    }
                }
                "use" => {
                    let is_export = reader.is_after_visibility();
                    for (path, name) in reader.tree(&Names::new()) {
                        match absolute(&here, &module.children, &path) {
                            Some(path) if is_export => module.exports.push((name, path)),
                            Some(path) => module.paths.push(path),
                            None => {}
                        }
                    }
                }
                word if is_word(word) && reader.peek(0) == Some("::") && reader.before() != Some("::") => {
                    let path = reader.path(word);
                    module.paths.extend(absolute(&here, &module.children, &path));
                }
                _ => {}
            }
        }
        elsewhere
    }

    /// All uses between files, each once.
    pub fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for (here, module) in &self.modules {
            for path in &module.paths {
                let definer = self.defining(path, 0);
                let to = self.modules[&definer].file.clone();
                if to != module.file {
                    let is_of_parent = here.starts_with(&definer);
                    let rooms = (room(here), path.first().cloned().unwrap_or_default());
                    uses.insert(Use { from: module.file.clone(), to, rooms, is_of_parent });
                }
            }
        }
        uses
    }

    /// The module that defines what an absolute path names.
    fn defining(&self, path: &[String], steps: usize) -> Names {
        assert!(steps < 20, "re-exports go in a circle: {path:?}");
        let mut here = Names::new();
        for (index, name) in path.iter().enumerate() {
            let module = &self.modules[&here];
            if module.children.contains(name) {
                here.push(name.clone());
                continue;
            }
            let exported = module.exports.iter().find(|(known, _)| known == name);
            if let Some((_, target)) = exported {
                return self.defining(&[target, &path[index + 1..]].concat(), steps + 1);
            }
            return here;
        }
        here
    }
}

/// The first name of a path; a file at the top of `src/` is a room, too.
fn room(path: &[String]) -> String {
    path.first().cloned().unwrap_or_else(|| "lib".to_owned())
}

/// Resolves `crate`, `self`, `super` and names of child modules; `None` for what other crates define.
fn absolute(here: &[String], children: &BTreeSet<String>, path: &[String]) -> Option<Names> {
    let (first, rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Names::new(),
        "self" => here.to_vec(),
        "super" => here[..here.len() - 1].to_vec(),
        child if children.contains(child) => [here, &[child.to_owned()]].concat(),
        _ => return None,
    };
    let supers = rest.iter().take_while(|name| *name == "super").count();
    base.truncate(base.len() - supers);
    base.extend_from_slice(&rest[supers..]);
    Some(base)
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.tokens.get(self.at - 1).map(String::as_str)
    }

    fn peek(&self, ahead: usize) -> Option<&'a str> {
        self.tokens.get(self.at + ahead).map(String::as_str)
    }

    /// What stands before the token that was read last.
    fn before(&self) -> Option<&'a str> {
        self.tokens.get(self.at.checked_sub(2)?).map(String::as_str)
    }

    /// Whether the token that was read last comes after `pub` or `pub(…)`.
    fn is_after_visibility(&self) -> bool {
        matches!(self.before(), Some("pub" | ")"))
    }

    /// Whether an attribute begins here that leaves an item to the tests.
    fn is_test_attribute(&self) -> bool {
        let words: Vec<_> = self.tokens[self.at..].iter().take_while(|token| *token != "]").collect();
        words.len() > 1 && words[1] == "cfg" && words.iter().any(|word| *word == "test") && words[3] != "not"
    }

    /// Goes to the end of an item and of its attributes.
    fn skip_item(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.next() {
            match token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(token, ";" | "}") {
                return;
            }
        }
    }

    /// A path whose first name has been read.
    fn path(&mut self, first: &str) -> Names {
        let mut path = vec![first.to_owned()];
        while self.peek(0) == Some("::") && self.peek(1).is_some_and(is_word) {
            self.at += 1;
            path.extend(self.next().map(str::to_owned));
        }
        path
    }

    /// The paths of a `use`, each with the name that it gets; the reader stands behind what was read.
    fn tree(&mut self, prefix: &[String]) -> Vec<(Names, String)> {
        let (mut path, mut all) = (prefix.to_vec(), Vec::new());
        while let Some(token) = self.peek(0) {
            match token {
                "," | "}" | ";" => break,
                "{" => {
                    self.at += 1;
                    while self.peek(0) != Some("}") {
                        all.extend(self.tree(&path));
                        if self.peek(0) == Some(",") {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return all;
                }
                "as" => {
                    let name = self.peek(1).unwrap_or("_").to_owned();
                    self.at += 2;
                    return vec![(path, name)];
                }
                "::" => self.at += 1,
                word => {
                    // `{self, …}` names the module itself.
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    self.at += 1;
                }
            }
        }
        let name = path.last().cloned().unwrap_or_default();
        vec![(path, name)]
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Takes a source apart: words, `::`, and single signs. Comments, texts, characters and lifetimes are left out.
fn tokens(text: &str) -> Names {
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut tokens) = (0, Names::new());
    while at < letters.len() {
        let rest = &letters[at..];
        at += match rest {
            ['/', '/', ..] => length(rest, |letter| letter != '\n'),
            ['/', '*', ..] => end_of(rest, &['*', '/']),
            ['"', ..] => quoted(rest),
            ['\'', '\\', ..] => 2 + quoted_from(&rest[2..], '\''),
            ['\'', _, '\'', ..] => 3,
            ['\'', ..] => 1 + length(&rest[1..], |letter| letter.is_alphanumeric() || letter == '_'),
            [':', ':', ..] => {
                tokens.push("::".to_owned());
                2
            }
            [first, ..] if first.is_alphanumeric() || *first == '_' => {
                let length = length(rest, |letter| letter.is_alphanumeric() || letter == '_');
                let word: String = rest[..length].iter().collect();
                match (word.as_str(), raw_text(&rest[length..])) {
                    ("r" | "br" | "cr", Some(raw)) => length + raw,
                    _ => {
                        tokens.push(word);
                        length
                    }
                }
            }
            [sign, ..] => {
                if !sign.is_whitespace() {
                    tokens.push(sign.to_string());
                }
                1
            }
            [] => break,
        };
    }
    tokens
}

fn length(letters: &[char], is_part: impl Fn(char) -> bool) -> usize {
    letters.iter().take_while(|letter| is_part(**letter)).count()
}

fn end_of(letters: &[char], end: &[char]) -> usize {
    letters.windows(end.len()).position(|window| window == end).map_or(letters.len(), |at| at + end.len())
}

/// The length of a text with its quotation marks.
fn quoted(letters: &[char]) -> usize {
    1 + quoted_from(&letters[1..], '"')
}

/// The length of the rest of a text, with its last mark.
fn quoted_from(letters: &[char], mark: char) -> usize {
    let mut at = 0;
    while at < letters.len() && letters[at] != mark {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of `#"…"#` or `"…"`, where such a thing begins here.
fn raw_text(letters: &[char]) -> Option<usize> {
    let marks = length(letters, |letter| letter == '#');
    if letters.get(marks) != Some(&'"') {
        return None;
    }
    let end = [vec!['"'], vec!['#'; marks]].concat();
    Some(marks + 1 + end_of(&letters[marks + 1..], &end))
}

/// Files that use each other in a circle, each circle sorted: the strongly connected parts of more than one file.
pub fn circles<'a>(edges: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Vec<String>> {
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges {
        reached.entry(from).or_default().insert(to);
    }
    // Which file reaches which, by Warshall: some hundred files are few.
    let middles: Vec<&str> = reached.keys().copied().collect();
    for middle in middles {
        let beyond = reached[middle].clone();
        for targets in reached.values_mut() {
            if targets.contains(middle) {
                targets.extend(&beyond);
            }
        }
    }
    let circle = |file: &&str| -> Vec<String> {
        let back = |other: &&&str| reached.get(**other).is_some_and(|targets| targets.contains(file));
        reached[*file].iter().filter(back).map(ToString::to_string).collect()
    };
    let circles: BTreeSet<Vec<String>> = reached.keys().map(circle).filter(|circle| circle.len() > 1).collect();
    circles.into_iter().collect()
}

/// All Rust files below a directory of the repository.
pub fn sources(directory: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
