//! Follows the README word by word in an empty home: every shell block, line by line, in a terminal, as a reader would.
//!
//! Three things differ. `cargo run --` is the program that was built already, `cargo install` and `cargo test` are left
//! out, since these tests are part of that. The lines under "Credentials" reach the simulator instead of a real
//! cloud, and `…` there is a token. Every question is answered with y, and a token is typed where one is asked for.
//!
//! A line ends with the exit code that its comment says, else with 0. What the README shows of the output is compared
//! without what the clock decides.

use std::path::Path;

use crate::documents::normal;
use crate::harness::{Home, TOKEN};
use crate::pictures::words;
use crate::simulator::serve;
use crate::terminal::Terminal;
use crate::tools;

/// A block: its language, the heading that it stands under, its lines.
struct Block {
    language: String,
    heading: String,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut heading, mut is_inside) = (Vec::<Block>::new(), String::new(), false);
    for line in text.lines() {
        match (is_inside, line.strip_prefix("```"), line.strip_prefix("## ")) {
            (true, Some(_), _) => is_inside = false,
            (true, None, _) => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            (false, Some(language), _) => {
                is_inside = true;
                blocks.push(Block { language: language.to_owned(), heading: heading.clone(), lines: Vec::new() });
            }
            (false, None, Some(title)) => heading = title.to_owned(),
            (false, None, None) => {}
        }
    }
    blocks
}

/// The reader's shell.
struct Shell {
    home: Home,
    /// What the lines before have set.
    set: Vec<String>,
    /// The simulator's address, as Katapult's.
    cloud: String,
}

impl Shell {
    /// Runs a line to its end; gives what it showed.
    fn run(&self, line: &str, is_at_cloud: bool) -> (i32, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_bpctl")).parent().unwrap();
        let mut environment = vec![
            ("HOME".to_owned(), self.home.path("").display().to_string()),
            ("PATH".to_owned(), format!("{}:/usr/local/bin:/usr/bin:/bin", program.display())),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TZ".to_owned(), "Europe/London".to_owned()),
            // What `man` shows is not read key by key.
            ("MANPAGER".to_owned(), "cat".to_owned()),
        ];
        if is_at_cloud {
            environment.push(("BPCTL_API_URL".to_owned(), self.cloud.clone()));
        }
        let script = [&["cd".to_owned()][..], &self.set, &[line.to_owned()]].concat().join("\n");
        let terminal = Terminal::spawn("/bin/bash", &["-c".to_owned(), script], &environment, Some(self.home.clone()));
        terminal.answer(&[("[y/N]", "y"), ("(hidden):", TOKEN)]);
        let ended = terminal.ends();
        (ended.code, ended.screen)
    }
}

/// A command as a reader would type it, without its comment; none where the line is left out.
fn command(line: &str) -> Option<String> {
    let command = line.split("  #").next().unwrap_or_default().trim();
    let is_left_out = command.is_empty()
        || command.starts_with('#')
        || command.starts_with("cargo install")
        || command.starts_with("cargo test")
        || (command.contains(" man -M ") && !tools::has("man", &["--version"]))
        || (command.contains("jq ") && !tools::has("jq", &["--version"]));
    (!is_left_out).then(|| command.replace("cargo run --", "bpctl").replace('…', TOKEN))
}

/// The exit code that the comment of a line says.
fn exit_code(line: &str) -> i32 {
    let named = line.split("exit code ").nth(1).and_then(|rest| rest.split_whitespace().next());
    named.map_or(0, |code| code.parse().unwrap())
}

#[test]
fn every_shell_block_works_in_an_empty_home() {
    if !tools::has("bash", &["--version"]) {
        return;
    }
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let server = Home::new();
    let simulator = serve(&server, &["--ephemeral"]);
    let mut shell = Shell { home: Home::new(), set: Vec::new(), cloud: simulator.url.clone() };
    let (mut count, mut wrong) = (0, Vec::new());
    for block in blocks(&text) {
        let is_at_cloud = block.heading == "Credentials";
        match block.language.as_str() {
            "console" => count += examples(&shell, &block),
            "sh" => {
                for line in &block.lines {
                    let Some(command) = command(line) else { continue };
                    let is_setting = command.starts_with("export ") || command.starts_with("id=");
                    if is_setting {
                        shell.set.push(command);
                        continue;
                    }
                    count += 1;
                    let (code, screen) = shell.run(&command, is_at_cloud);
                    if code != exit_code(line) || screen.contains("error:") && code == 0 {
                        wrong.push(format!("$ {command}\n{screen}\nexit code {code}"));
                    }
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "the README says what does not work:\n{}", wrong.join("\n\n"));
    assert!(count > 30, "{count} commands");
}

/// Runs the commands of a block that shows their output; a question that it ends with is left open.
fn examples(shell: &Shell, block: &Block) -> usize {
    let text = block.lines.join("\n");
    let examples = text.split("$ ").filter(|example| !example.trim().is_empty()).collect::<Vec<_>>();
    for example in &examples {
        let (command, shown) = example.split_once('\n').unwrap_or((example, ""));
        let (_, screen) = shell.run(command, false);
        let begin: Vec<String> = words(&normal(shown));
        let actual = words(&normal(&screen));
        assert!(actual.starts_with(&begin), "README: `{command}` does not show\n{shown}\nbut\n{screen}");
        assert!(
            actual.len() == begin.len() || shown.trim_end().ends_with("[y/N]"),
            "README: `{command}` shows more:\n{screen}"
        );
    }
    examples.len()
}
