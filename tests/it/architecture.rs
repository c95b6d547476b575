//! The boundaries of `docs/architecture.md`: which room may use which, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file at the most.
const LONGEST: usize = 500;

/// Each room of `src/`, and the rooms that it may name. What is not listed here is an error, so that a new room is
/// thought about.
const ROOMS: [(&str, &[&str]); 25] = [
    ("args", &["config", "model", "time"]),
    ("command", &["*"]),
    ("ops", &["*"]),
    ("complete", &["*"]),
    ("config", &["error", "fs", "http", "katapult", "onapp", "secret", "system"]),
    ("context", &["*"]),
    ("error", &[]),
    ("fs", &[]),
    ("help", &["args", "config", "error"]),
    ("http", &["error", "secret"]),
    ("journal", &["fs", "model"]),
    ("katapult", &["error", "http", "model"]),
    ("lib", &["*"]),
    ("main", &["*"]),
    ("model", &["time"]),
    ("onapp", &["error", "http", "model"]),
    ("panic_hook", &["error", "text"]),
    ("policyfile", &["error", "model", "text", "time"]),
    ("progress_tally", &["error"]),
    ("run", &["*"]),
    ("sandbox", &["sandbox"]),
    ("secret", &[]),
    ("system", &["secret"]),
    ("text", &[]),
    ("time", &[]),
];
/// Rooms at the edge of the program, which show things.
const EDGE: [(&str, &[&str]); 2] = [
    ("ui", &["error", "fs", "http", "secret", "text", "view"]),
    ("view", &["args", "config", "journal", "model", "text", "time"]),
];

fn sources(directory: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
                false => {}
            }
        }
    }
    files
}

/// Names the room that a file stands in: the first part of its path below `src`.
fn room(file: &Path) -> String {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Gives the rooms that a source names as `crate::room`.
fn named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
        .collect()
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in sources("src") {
        let here = room(&file);
        let allowed = ROOMS.iter().chain(&EDGE).find(|(name, _)| *name == here);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!("{}: room `{here}` is not in the table", file.display()));
            continue;
        };
        for there in named(&fs::read_to_string(&file).unwrap()) {
            let is_module = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&there).exists()
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(format!("{there}.rs")).exists();
            let is_fine = there == here || !is_module || allowed.contains(&"*") || allowed.contains(&there.as_str());
            if !is_fine {
                wrong.push(format!("{}: `{here}` may not use `{there}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(sources)
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_test_file_is_run() {
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/main.rs")).unwrap();
    for file in sources("tests/it") {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if name != "main" {
            assert!(list.contains(&format!("mod {name};")), "tests/it/main.rs leaves out {name}");
        }
    }
}
