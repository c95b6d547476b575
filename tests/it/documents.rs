//! Runs the worked examples of the documents, so that they stay true.
//!
//! A block that begins with ```` ```console ```` is run in one home directory a page, with a fresh simulator: each
//! line `$ bpctl …` is a command, the lines up to the next `$` are what a terminal would show, standard output and
//! standard error as they come. `…` stands for anything in a line (times vary), a line that is `…` alone for any
//! lines; runs of blanks count as one. `$ echo $?` shows the exit code of the command before, and `> FILE` keeps
//! standard output. A block ```` ```toml FILE ```` is a file of that home.

use std::path::{Path, PathBuf};

use crate::harness::{Home, bare};

/// One command of a page, and what it should show.
#[derive(Debug)]
struct Example {
    command: String,
    expected: Vec<String>,
}

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        match line {
            "```console" => is_inside = true,
            "```" => is_inside = false,
            _ if !is_inside => {}
            _ => match (line.strip_prefix("$ "), examples.last_mut()) {
                (Some(command), _) => examples.push(Example { command: command.to_owned(), expected: Vec::new() }),
                (None, Some(example)) => example.expected.push(normal(line)),
                (None, None) => panic!("a console block begins with something else than `$ `: {line}"),
            },
        }
    }
    examples
}

/// The files that a page gives in full.
fn files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        match (line.strip_prefix("```toml "), files.last_mut()) {
            (Some(name), _) => {
                files.push((name.to_owned(), String::new()));
                is_inside = true;
            }
            _ if line == "```" => is_inside = false,
            (None, Some((_, content))) if is_inside => *content += &format!("{line}\n"),
            _ => {}
        }
    }
    files
}

/// Column widths follow from times: only whether there is a blank counts.
pub fn normal(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits a command line at blanks; single and double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for symbol in line.chars() {
        match (quote, symbol) {
            (Some(open), _) if symbol == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(symbol);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(symbol),
        }
    }
    words.extend(word);
    words
}

/// Whether a line is as expected; `…` stands for anything.
fn line_fits(expected: &str, actual: &str) -> bool {
    let parts: Vec<&str> = expected.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return expected == actual;
    };
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn fits(expected: &[String], actual: &[String]) -> bool {
    match (expected.first().map(String::as_str), actual.first()) {
        (None, None) => true,
        (Some("…"), _) if fits(&expected[1..], actual) => true,
        (Some("…"), Some(_)) => fits(expected, &actual[1..]),
        (Some(line), Some(found)) => line_fits(line, found) && fits(&expected[1..], &actual[1..]),
        _ => false,
    }
}

/// Runs all examples of a page of `docs/`.
pub fn check(name: &str) {
    let path = page(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let examples = examples(&text);
    assert!(!examples.is_empty(), "{name} has no ```console block");
    let home = Home::new();
    for (file, content) in files(&text) {
        home.file(&file, &content);
    }
    let mut code = 0;
    for example in examples {
        let words = words(&example.command);
        let shown = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["echo", "$?"] => code.to_string(),
            ["bpctl", args @ .., ">", file] => {
                // This way of running does not stand in the home: its files are named in full.
                let in_full = |arg: &&str| {
                    if home.path(arg).is_file() { home.path(arg).display().to_string() } else { (*arg).to_owned() }
                };
                let run = args.iter().map(in_full).fold(bare(&[]), |run, arg| run.arg(arg));
                let run = run.env("TZ", "UTC").env("LANG", "C.UTF-8").home(&home).run();
                code = run.code;
                home.file(file, &run.stdout);
                run.stderr
            }
            ["bpctl", args @ ..] => {
                let run = bare(args).env("TZ", "UTC").env("LANG", "C.UTF-8").home(&home).run_as_shown();
                code = run.0;
                run.1
            }
            _ => panic!("{name}: only `bpctl …` and `echo $?` can be run: {}", example.command),
        };
        let actual: Vec<String> = shown.lines().map(normal).collect();
        let trimmed = example.expected.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        assert!(
            fits(&example.expected[..trimmed], &actual),
            "{name}: `{}` does not show what the page says\n--- the page\n{}\n--- shown (exit code {code})\n{shown}",
            example.command,
            example.expected.join("\n"),
        );
    }
}

#[test]
fn the_pattern_matches_what_it_should() {
    let lines = |text: &str| text.lines().map(normal).collect::<Vec<_>>();
    for (expected, actual, does_fit) in [
        ("a  b", "a b", true),
        ("a b", "a  c", false),
        ("in … h", "in 3 h", true),
        ("in … h", "in 3 days", false),
        ("… and …", "x and y", true),
        ("a\n…\nb", "a\n1\n2\nb", true),
        ("a\n…\nb", "a\nb", true),
        ("a\n…", "b", false),
        ("a", "a\nb", false),
        ("a\nb", "a", false),
        ("ab…ba", "aba", false),
    ] {
        assert_eq!(fits(&lines(expected), &lines(actual)), does_fit, "{expected:?} {actual:?}");
    }
    assert_eq!(words("bpctl --at 'in 3 h' \"\" x"), ["bpctl", "--at", "in 3 h", "", "x"]);
}

#[test]
fn coverage() {
    check("coverage.md");
}

#[test]
fn evidence() {
    check("evidence.md");
}

#[test]
fn monitoring() {
    check("monitoring.md");
}

#[test]
fn calendar() {
    check("calendar.md");
}

#[test]
fn lint() {
    check("lint.md");
}

#[test]
fn changing_policies_safely() {
    check("changing-policies-safely.md");
}

#[test]
fn policy_files() {
    check("policy-files.md");
}

#[test]
fn bulk_changes() {
    check("bulk-changes.md");
}

#[test]
fn several_profiles() {
    check("several-profiles.md");
}

#[test]
fn onapp() {
    check("onapp.md");
}

#[test]
fn sandbox() {
    check("sandbox.md");
}

#[test]
fn the_readmes_bulk_change_finds_something_in_the_sandbox() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("update --match")).expect("an example of a bulk change");
    let words = words(line);
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    bare(&args).args(&["--sandbox", "--dry-run"]).run().ok().mentions(&["2 of 2 matching policies change"]);
    for page in ["bulk-changes.md", "several-profiles.md"] {
        assert!(readme.contains(&format!("(docs/{page})")), "the README has no link to {page}");
    }
}

#[test]
fn the_readme_names_every_error_code() {
    let help = bare(&["help", "exit-codes"]).run().ok().stdout;
    let codes = help.split("Error codes:").nth(1).unwrap().lines().filter_map(|line| {
        let (code, meaning) = line.strip_prefix("  ")?.split_once(' ')?;
        let is_code = !code.is_empty() && meaning.trim_start().starts_with(|first: char| first.is_ascii_digit());
        is_code.then(|| code.to_owned())
    });
    let codes: Vec<String> = codes.collect();
    assert!(codes.len() > 20 && codes.contains(&"busy".to_owned()), "{codes:?}");
    let readme = std::fs::read_to_string(page("../README.md")).unwrap();
    let named = readme.split("bpctl's own are").nth(1).unwrap().split("explains them").next().unwrap();
    let missing: Vec<&String> = codes.iter().filter(|code| !named.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
