//! Confirmations at a terminal: a line is the answer, and what was typed before the question is none.

use crate::harness::{Home, katapult};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::world::{POLICY, VM, World, policy};

/// A world with policies to choose from.
fn world() -> World {
    World::new().policies(vec![
        policy("dbp_first", "VirtualMachine", "vm_1", "mail", "weekly", 4),
        policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
    ])
}

fn asked(server: &Server, args: &[&str]) -> Terminal {
    Terminal::run(&katapult(server, args))
}

/// Waits for a question: its text is there, and keys are read one by one.
fn at(terminal: &Terminal, text: &str) {
    terminal.wait_for_prompt(text);
}

#[test]
fn no_is_the_default_answer() {
    for (key, code) in [("enter", 2), ("n", 2), ("q", 130), ("y", 0)] {
        let server = world().serve();
        let terminal = asked(&server, &["policy", "schedule-delete", POLICY, "--at", "+7d"]);
        at(&terminal, "[y/N]");
        match key {
            "enter" => terminal.press(key),
            letter => terminal.enter(letter),
        };
        terminal.ends().exits(code);
        assert_eq!(server.writes().len(), usize::from(code == 0), "{key}");
    }
}

#[test]
fn no_is_not_an_error() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "delete", POLICY]);
    at(&terminal, "[y/N]");
    terminal.enter("n");
    let ended = terminal.ends().exits(2).shows(&["\ncancelled; nothing was changed"]);
    assert!(!ended.screen.contains("error:"), "{}", ended.report());
}

#[test]
fn keys_pressed_before_a_question_do_not_answer_it() {
    let server = world().serve();
    let yes: &[(&[&str], &str)] = &[
        (&["policy", "delete", POLICY], "[y/N]"),
        (&["policy", "delete"], "type to search"),
        (&["policy", "schedule-delete", POLICY, "--at", "+7d"], "[y/N]"),
    ];
    for (args, question) in yes {
        let terminal = asked(&server, args);
        terminal.type_text("yum install\ry\ryes\r");
        assert!(!terminal.screen().contains(question), "{args:?}: typed too late to prove anything");
        at(&terminal, question);
        terminal.press("ctrl-c");
        let ended = terminal.ends().exits(130);
        assert_eq!(ended.screen.matches("[y/N]").count(), usize::from(*question == "[y/N]"), "{}", ended.report());
    }
    assert!(server.writes().is_empty());
    // An answer is a line: the first key alone decides nothing, and nothing of it is left for the shell.
    let terminal = asked(&server, &["policy", "delete", POLICY]);
    at(&terminal, "[y/N]");
    terminal.type_text("yes").wait_for("[y/N] yes");
    assert!(server.writes().is_empty());
    terminal.press("enter");
    terminal.ends().exits(0);
    assert_eq!(server.writes().len(), 1);
}

#[test]
fn a_word_with_a_y_in_it_is_not_a_yes() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "schedule-delete", POLICY, "--at", "+7d"]);
    at(&terminal, "[y/N]");
    for (count, word) in [(2, "maybe"), (3, "okay"), (4, " y")] {
        terminal.enter(word).wait_until("the question again", |screen| screen.matches("[y/N]").count() == count);
    }
    terminal.enter("no");
    terminal.ends().exits(2).shows(&["y or n?"]);
    assert!(server.writes().is_empty());
}

#[test]
fn a_question_about_several_gives_their_number_and_who_is_left_out() {
    let cases: &[(&[&str], &str)] = &[
        (&["policy", "delete"], "Delete 2 policies? [y/N]"),
        (&["policy", "update", "--retention", "3"], "Change 2 policies? [y/N]"),
        (&["policy", "schedule-delete", "--at", "+7d"], "Schedule the deletion of 2 policies? [y/N]"),
    ];
    for (args, question) in cases {
        let server = world().serve();
        let terminal = asked(&server, &[*args, &["dbp_first", POLICY, "nix"]].concat());
        at(&terminal, question);
        let screen = terminal.screen();
        assert!(screen.contains("warning: policy nix is left out"), "reported before the question: {screen}");
        terminal.enter("n");
        terminal.ends().exits(2);
        assert!(server.writes().is_empty());
    }
    // Of two that are named, one changes.
    let server = world().serve();
    let terminal = asked(&server, &["policy", "update", "--retention", "4", "dbp_first", POLICY]);
    at(&terminal, "Change it? [y/N]");
    terminal.enter("y");
    terminal.ends().exits(0);
}

#[test]
fn what_a_question_is_about_is_shown_even_when_quiet() {
    let home = Home::new();
    let file = home.file("p.toml", "version = 1\n[[policy]]\nvm = \"web-1\"\ninterval = \"daily\"\nretention = 3\n");
    let file = file.display().to_string();
    let cases: &[(&[&str], &str)] = &[
        (
            &["policies", "update", "--match", "web-*", "--retention", "50"],
            "web-1 (daily at 02:30 server time, keeps 7",
        ),
        (&["policy", "update", POLICY, "--retention", "3"], "web-1 (daily at 02:30 server time, keeps 7"),
        (&["policy", "schedule-delete", POLICY, "--at", "+7d"], "web-1 (daily at 02:30 server time, keeps 7"),
        (&["policy", "delete", POLICY], "web-1 (daily at 02:30 server time, keeps 7"),
        (&["apply", "-f", &file], "~ web-1 daily"),
    ];
    for (args, about) in cases {
        let server = world().serve();
        let terminal = asked(&server, &[*args, &["-q"]].concat());
        at(&terminal, "[y/N]");
        let screen = terminal.screen();
        let (line, warning) = (screen.find(about), screen.find("warning: "));
        assert!(line.is_some(), "`{about}` is missing: {screen}");
        assert!(warning.is_none() || line < warning, "first what it is about: {screen}");
        terminal.enter("n");
        terminal.ends().exits(2);
        // Where nothing is asked, quiet is quiet.
        let ended = asked(&server, &[*args, &["-q", "--yes", "-o", "id"]].concat()).ends();
        assert!(!ended.screen.contains(about), "{}", ended.report());
    }
}

#[test]
fn a_terminal_without_cursor_control_gets_plain_questions() {
    let server = world().serve();
    let asked = |args: &[&str]| Terminal::run(&katapult(&server, args).env("TERM", "dumb"));
    let terminal = asked(&["policy", "delete"]);
    at(&terminal, "Policy (number) [1]:");
    terminal.wait_for("   1  mail").wait_for("   2  web-1").enter("9").wait_for("expected a number from 1 to 2");
    at(&terminal, "Policy (number) [1]:");
    terminal.enter("2");
    at(&terminal, "[y/N]");
    terminal.type_text("x").press("backspace").enter("n");
    let ended = terminal.ends().exits(2).shows(&["cancelled; nothing was changed"]);
    assert!(!ended.raw.contains('\u{1b}'), "{:?}", ended.raw);
    let terminal = asked(&["policy", "delete", POLICY]);
    at(&terminal, "[y/N]");
    terminal.press("escape");
    terminal.ends().exits(130);
    assert!(server.writes().is_empty());
    let terminal = asked(&["policy", "delete", POLICY]);
    at(&terminal, "[y/N]");
    terminal.enter("y");
    terminal.ends().exits(0);
    assert_eq!(server.writes().len(), 1);
}
