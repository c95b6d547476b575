//! The snippets of `docs/monitoring.md`, each held to the tool that reads it.

use std::process::Command;

use crate::harness::{Home, bare};
use crate::tools;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/monitoring.md")).unwrap()
}

/// The blocks whose first line begins so, each with the rest of that line.
fn blocks(kind: &str) -> Vec<(String, String)> {
    let page = page();
    let parts: Vec<&str> = page.split(&format!("\n```{kind}")).skip(1).collect();
    let block = |part: &&str| {
        let (head, rest) = part.split_once('\n').unwrap();
        (head.trim().to_owned(), rest.split("\n```").next().unwrap().to_owned() + "\n")
    };
    let blocks: Vec<_> = parts.iter().map(block).collect();
    assert!(!blocks.is_empty(), "no block of {kind}");
    blocks
}

fn accepts(program: &str, args: &[&str], files: &[String]) {
    let output = Command::new(program).args(args).args(files).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {said}");
}

#[test]
fn promtool_accepts_the_rules() {
    if !tools::has("promtool", &["--version"]) {
        return;
    }
    let home = Home::new();
    let file = home.file("rules.yml", &blocks("prometheus")[0].1).display().to_string();
    accepts("promtool", &["check", "rules"], &[file]);
}

#[test]
fn systemd_accepts_the_units() {
    if !tools::has("systemd-analyze", &["--version"]) {
        return;
    }
    let home = Home::new();
    // The program of the page is not installed here.
    let unit = |(name, text): (String, String)| {
        home.file(&name, &text.replace("/usr/bin/bpctl", env!("CARGO_BIN_EXE_bpctl"))).display().to_string()
    };
    let units: Vec<String> = blocks("systemd").into_iter().map(unit).collect();
    assert_eq!(units.len(), 2);
    accepts("systemd-analyze", &["verify", "--man=no"], &units);
}

#[test]
fn the_workflow_is_one_of_github_actions() {
    if !tools::has("check-jsonschema", &["--version"]) {
        return;
    }
    let home = Home::new();
    let text = &blocks("yaml")[0].1;
    let file = |text: &str| home.file("workflow.yml", text).display().to_string();
    accepts("check-jsonschema", &["--builtin-schema", "vendor.github-workflows"], &[file(text)]);
    // What others refuse is refused: the schema looks at steps, too.
    let wrong = file(&text.replace("        run: bpctl plan", "        runs: bpctl plan"));
    let args = ["--builtin-schema", "vendor.github-workflows"];
    assert!(!Command::new("check-jsonschema").args(args).arg(wrong).output().unwrap().status.success());
}

/// Every command line of bpctl on the page, without what a shell adds.
fn command_lines() -> Vec<Vec<String>> {
    let page = page();
    let lines = page.lines().filter(|line| !line.starts_with(['`', '|', '$']));
    let commands = lines.filter_map(|line| {
        let starts = ["/usr/bin/bpctl ", "run: bpctl ", "* bpctl "];
        let start = starts.iter().find_map(|start| Some(line.find(start)? + start.len()))?;
        let words = line[start..].split_whitespace().take_while(|word| *word != ">");
        Some(words.map(|word| word.trim_matches(['"', '\'']).to_owned()).collect())
    });
    commands.collect()
}

#[test]
fn every_command_line_is_one() {
    let lines = command_lines();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines {
        let args: Vec<&str> = line.iter().map(String::as_str).collect();
        let args: Vec<&str> = args.iter().map(|word| if word.starts_with('$') { "26h" } else { word }).collect();
        bare(&args).args(&["--help"]).run().ok();
    }
    let icinga = &blocks("icinga")[0].1;
    let options = icinga.lines().filter_map(|line| line.trim().strip_prefix("\"--")?.split('"').next());
    let options: Vec<String> = options.map(|option| format!("--{option}")).collect();
    assert_eq!(options.len(), 4, "{options:?}");
    for option in options {
        bare(&["check", &option, "26h", "--help"]).run().ok();
    }
}
