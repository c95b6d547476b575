//! The files under `man/` are what the program prints: `BLESS=1 cargo test --test it generated` writes them again.
//! Those under `completions/` are written by hand, and built into the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::bare;
use crate::tools;

type Files = BTreeMap<String, String>;

fn committed(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)
}

fn read(directory: &Path) -> Files {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Files::new();
    };
    let path = entries.map(|entry| entry.unwrap().path());
    path.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

fn manual() -> Files {
    let directory = TempDir::new().unwrap();
    bare(&["man", "--dir"]).arg(directory.path().display().to_string()).run().ok();
    read(directory.path())
}

/// Fails when the committed files are not the generated ones, no more and no fewer; under `BLESS` makes them so.
#[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
fn hold(directory: &str, generated: &Files) {
    assert!(generated.len() > 2, "{generated:?}");
    let path = committed(directory);
    if std::env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        std::fs::create_dir_all(&path).unwrap();
        for name in read(&path).keys().filter(|name| !generated.contains_key(*name)) {
            std::fs::remove_file(path.join(name)).unwrap();
        }
        for (name, text) in generated {
            std::fs::write(path.join(name), text).unwrap();
        }
    }
    let known = read(&path);
    let names = known.keys().chain(generated.keys()).collect::<std::collections::BTreeSet<_>>();
    let stale: Vec<_> = names.into_iter().filter(|name| known.get(*name) != generated.get(*name)).collect();
    assert!(stale.is_empty(), "stale in {directory}/: {stale:?}; run `BLESS=1 cargo test --test it generated`");
}

#[test]
fn each_shell_gets_its_own_script() {
    for (shell, name) in [("bash", "bpctl.bash"), ("zsh", "_bpctl"), ("fish", "bpctl.fish")] {
        let printed = bare(&["completions", shell]).run().ok().stdout;
        assert_eq!(printed, std::fs::read_to_string(committed("completions").join(name)).unwrap(), "{shell}");
    }
}

#[test]
fn manual_pages_are_those_that_the_program_writes() {
    hold("man", &manual());
    assert_eq!(bare(&["man"]).run().ok().stdout, manual()["bpctl.1"]);
}

/// The command that a page is about, as its synopsis has it.
fn command(page: &str) -> String {
    let synopsis = page.split(".SH SYNOPSIS\n\\fB").nth(1).unwrap_or_else(|| panic!("no synopsis: {page}"));
    synopsis.split("\\fR").next().unwrap().replace("\\-", "-")
}

#[test]
fn a_page_has_every_option_of_its_command() {
    for (name, page) in manual().into_iter().filter(|(_, page)| page.contains(".SH SYNOPSIS\n")) {
        let command = command(&page);
        assert_eq!(format!("{}.1", command.replace(' ', "-")), name);
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let help = bare(&words).args(&["--help"]).run().ok().stdout;
        let options: Vec<&str> = help
            .lines()
            // Options are indented; prose may begin a line with one.
            .filter(|line| line.starts_with("  ") && line.trim_start().starts_with('-'))
            .filter_map(|line| line.split_whitespace().find_map(|word| word.strip_prefix("--")))
            .collect();
        assert!(options.len() > 20, "{name}: {options:?}");
        for option in options {
            let option = option.split(['=', '<', '.', ',', '[']).next().unwrap();
            let header = format!("\\fB\\-\\-{}\\fR", option.replace('-', "\\-"));
            assert!(page.contains(&header), "{name} lacks --{option}");
        }
    }
}

#[test]
fn pages_point_to_pages_that_there_are() {
    let manual = manual();
    for (name, page) in &manual {
        assert!(page.contains(".SH \"SEE ALSO\"\n\\fB"), "{name}");
        for pointer in page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").split_whitespace() {
            let Some((target, _)) = pointer.split_once("(1)") else {
                continue;
            };
            assert!(manual.contains_key(&format!("{target}.1")), "{name} points to {pointer}");
        }
    }
    for topic in ["exit-codes", "environment", "formatting", "times", "files", "options"] {
        let page = &manual[&format!("bpctl-{topic}.1")];
        assert!(page.contains(&format!("\nbpctl\\-{} \\- ", topic.replace('-', "\\-"))), "{page}");
        assert!(manual["bpctl.1"].contains(&format!("\\fBbpctl\\-{}\\fR(1)", topic.replace('-', "\\-"))), "{topic}");
    }
    for section in ["EXIT STATUS", "ENVIRONMENT", "FILES"] {
        assert!(manual["bpctl.1"].contains(&format!(".SH \"{section}\"\n")), "{section}");
    }
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "9", "10", "130"] {
        assert!(manual["bpctl.1"].contains(&format!("\n\\fB{code}\\fR\n")), "{code}");
    }
}

#[test]
fn pages_are_well_formed() {
    if !tools::has("mandoc", &["-T", "utf8", "/dev/null"]) {
        return;
    }
    let directory = TempDir::new().unwrap();
    bare(&["man", "--dir"]).arg(directory.path().display().to_string()).run().ok();
    for name in read(directory.path()).keys() {
        let page = directory.path().join(name);
        let output = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&page).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // A page without a date is the same whenever it is made.
        let complaints: Vec<&str> = text.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
