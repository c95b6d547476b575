//! Messages in a terminal: broken between words, never within a word or a command that would fit.

use unicode_width::UnicodeWidthStr;

use crate::harness::{Bpctl, bare, katapult};
use crate::onapp_cloud::Cloud;
use crate::terminal::{Ended, Terminal};
use crate::world::{POLICY, World};

/// Asserts that each of these stands on one line, and that no line is wider than the terminal.
fn stand_whole<'a>(ended: &Ended, columns: usize, pieces: impl Iterator<Item = &'a str>) {
    let lines: Vec<&str> = ended.screen.lines().collect();
    assert!(lines.iter().all(|line| line.width() <= columns), "{columns}: {}", ended.report());
    for piece in pieces.filter(|piece| piece.width() <= columns) {
        assert!(lines.iter().any(|line| line.contains(piece)), "`{piece}` is broken at {columns}: {}", ended.report());
    }
}

/// What stands in backticks, and the words outside.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    text.split('`').step_by(2).flat_map(str::split_whitespace).chain(quoted)
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn errors_and_hints_are_broken_between_words() {
    let server = World::new().serve();
    let commands: [&dyn Fn() -> Bpctl; 4] = [
        &|| katapult(&server, &["vm", "show", "nothing"]),
        &|| katapult(&server, &["policy", "create", "--no-input"]),
        &|| bare(&["vm", "list"]),
        &|| bare(&["--sandbox", "policies", "list", "--vm", "488"]),
    ];
    for command in commands {
        let piped = command().run();
        assert!(piped.stderr.lines().any(|line| line.width() > 60), "one line a message: {}", piped.report());
        for columns in [40, 60, 80] {
            let ended = Terminal::run_in(columns, &command()).ends().exits(piped.code);
            stand_whole(&ended, columns, pieces(&piped.stderr));
            assert_eq!(without_spaces(&ended.screen), without_spaces(&piped.stderr), "{}", ended.report());
        }
    }
    // JSON is for programs: it stays as it is.
    let json = Terminal::run_in(40, &bare(&["vm", "list", "-o", "json"])).ends().exits(4);
    assert!(json.raw.trim_end().lines().count() == 1, "{}", json.report());
}

#[test]
fn previews_and_questions_are_broken_between_words() {
    let cloud = Cloud::serve(&[]);
    for (args, words) in [
        (&["backup", "delete", "5721"][..], "the newest finished backup of db1 disk 1102, 5721, is deleted for good;"),
        (&["policy", "delete", "31"], "warning: policy 31 of web1 is deleted"),
    ] {
        for columns in [40, 60] {
            let terminal = Terminal::run_in(columns, &cloud.bpctl(args));
            terminal.wait_for_prompt("[y/N]").press("escape");
            let ended = terminal.ends().exits(130);
            stand_whole(&ended, columns, pieces(words));
        }
    }
    let dry = Terminal::run_in(40, &cloud.bpctl(&["policy", "delete", "31", "--dry-run"])).ends().exits(0);
    stand_whole(&dry, 40, pieces("dry run: would send weakens protection: policy 31 of web1 is deleted"));
}

#[test]
fn a_question_that_is_wider_than_the_terminal_is_drawn_once() {
    let server = World::new().serve();
    let terminal = Terminal::run_in(40, &katapult(&server, &["policy", "update", POLICY]));
    terminal.wait_for_prompt("[7]:").press("enter");
    terminal.wait_for_prompt("Interval (type to search):").press("enter");
    terminal.wait_for_prompt("Frequency").press("enter");
    terminal.wait_for_prompt("23 [2]:").type_text("1").type_text("2").press("backspace").type_text("7");
    terminal.wait_for("[2]: 17");
    let screen = terminal.screen();
    assert_eq!(screen.matches("Time: hour of the day").count(), 1, "{screen}");
    assert!(screen.lines().all(|line| line.width() <= 40), "{screen}");
    terminal.press("escape");
    terminal.ends().exits(130);
}

#[test]
fn help_is_broken_between_words() {
    let help = || bare(&["policies", "update", "--help"]);
    let piped = help().run().ok().stdout;
    for columns in [40, 80] {
        let ended = Terminal::run_in(columns, &help()).ends().exits(0);
        stand_whole(&ended, columns, piped.split_whitespace());
    }
}
