//! Questions at a terminal: lists to choose from, fields with defaults, confirmations; and leaving each of them.

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::harness::{bare, katapult};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::world::{DISK, FQDN, ORG_POLICIES_PATH, POLICY, VM, World, policy};

/// A world with policies to choose from; one has a name that would take over the terminal.
fn world() -> World {
    World::new().policies(vec![
        policy("dbp_first", "VirtualMachine", "vm_1", "mail", "weekly", 4),
        policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
        policy("dbp_third", "Disk", "disk_9", "evil\u{1b}[2J\u{7}name", "monthly", 12),
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
fn a_policy_is_found_by_typing() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "update", "--retention", "9"]);
    at(&terminal, "type to search");
    terminal.wait_for("web-1").wait_for("keeps 7").wait_for("next run in 3 h").wait_for(POLICY);
    terminal.type_text("web-1").wait_until("the others to go", |screen| !screen.contains("dbp_first"));
    terminal.press("enter");
    let ended = terminal.ends().exits(0).shows(&["web-1", "7 → 9"]);
    assert!(!ended.screen.contains("dbp_third"), "the list is gone: {}", ended.report());
    assert_eq!(server.writes()[0].json()["disk_backup_policy"]["id"], POLICY);
}

#[test]
fn a_policy_is_found_by_moving() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "update", "--retention", "15"]);
    at(&terminal, "type to search");
    terminal.press("down").wait_for("> web-1").press("down").wait_for("> evil").press("up").wait_for("> web-1");
    terminal.press("enter");
    terminal.ends().exits(0);
    assert_eq!(server.writes()[0].json()["disk_backup_policy"]["id"], POLICY);
}

#[test]
fn names_cannot_take_over_the_terminal() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "delete"]);
    at(&terminal, "evil\\x1b[2J\\x07name");
    terminal.press("escape");
    let ended = terminal.ends().exits(130);
    assert!(!ended.raw.contains("\u{1b}[2J") && !ended.raw.contains('\u{7}'), "{}", ended.report());
}

#[test]
fn a_question_that_is_left_changes_nothing_and_leaves_nothing_behind() {
    let lists: &[&[&str]] = &[
        &["policy", "update"],
        &["policy", "update", "--retention", "3"],
        &["policy", "schedule-delete", "--at", "+7d"],
        &["policy", "delete"],
        &["disk", "show"],
        &["policy", "create"],
    ];
    for args in lists {
        for key in ["ctrl-c", "escape"] {
            let server = world().serve();
            let terminal = asked(&server, args);
            at(&terminal, "type to search");
            terminal.press(key);
            let ended = terminal.ends().exits(130).shows(&["error: interrupted; nothing was changed"]);
            assert!(!ended.screen.contains("(interrupted)"), "said once: {}", ended.report());
            assert!(!ended.screen.contains("type to search"), "{}", ended.report());
            assert!(ended.screen.starts_with("error: "), "a list leaves no line: {}", ended.report());
            assert!(server.writes().is_empty());
        }
    }
}

#[test]
fn lines_and_confirmations_can_be_left_too() {
    let questions: &[(&[&str], &str)] = &[
        (&["policy", "update", POLICY], "Retention"),
        (&["policy", "schedule-delete", POLICY], "Delete it at"),
        (&["policy", "schedule-delete", POLICY, "--at", "+7d"], "[y/N]"),
        (&["policy", "delete", POLICY], "[y/N]"),
        (&["policy", "create", "--vm", VM, "--interval", "daily"], "Retention"),
    ];
    for (args, question) in questions {
        for key in ["ctrl-c", "ctrl-d", "escape"] {
            let server = world().serve();
            let terminal = asked(&server, args);
            at(&terminal, question);
            terminal.press(key);
            let ended = terminal.ends().exits(130);
            let error = ended.screen.lines().find(|line| line.contains("error: ")).unwrap_or_default();
            assert!(error.starts_with("error: "), "the error has a line of its own: {}", ended.report());
            assert!(server.writes().is_empty(), "{args:?}");
        }
    }
}

/// Keys that come faster than they are read: none is lost, and Ctrl-C among them still is Ctrl-C, at whatever moment
/// of the prompt's work it comes.
#[test]
fn keys_can_come_faster_than_they_are_read() {
    let server = world().serve();
    for count in 0..20 {
        let terminal = asked(&server, &["policy", "update", "--retention", "9"]);
        at(&terminal, "type to search");
        for _ in 0..count {
            terminal.type_text("z");
        }
        terminal.press("ctrl-c");
        let ended = terminal.ends().exits(130);
        assert!(ended.screen.starts_with("error: "), "{}", ended.report());
    }
    assert!(server.writes().is_empty());
    let terminal = asked(&server, &["policy", "update", POLICY]);
    at(&terminal, "Retention");
    terminal.type_text("21\r\r\r\r\r");
    terminal.ends().exits(0).shows(&["retention  7 → 21"]);
}

#[test]
fn an_update_without_fields_asks_for_them_with_the_present_values() {
    let world = world();
    let server = world.serve();
    let terminal = asked(&server, &["policy", "update", POLICY]);
    at(&terminal, "Retention: backups to keep [7]:");
    terminal.enter("none").wait_for("error: expected a whole number, at least 1");
    terminal.enter("0").wait_until("a second error", |screen| screen.matches("error: expected").count() == 2);
    terminal.type_text("99").press("ctrl-u").enter("21");
    at(&terminal, "Interval (type to search):");
    terminal.wait_for("> daily").press("enter");
    at(&terminal, "Frequency: every N intervals [1]:");
    terminal.press("enter");
    at(&terminal, "Time: hour of the day in server time, 0 to 23 [2]:");
    terminal.type_text("44").press("backspace").press("enter");
    at(&terminal, "Minute: 0 to 59 [30]:");
    terminal.press("enter");
    terminal.ends().exits(0).shows(&["retention  7 → 21", "time       2 → 4"]);
    let sent = server.writes();
    assert_eq!(sent.len(), 1);
    let schedule = json!({"interval": "daily", "frequency": 1, "minute": 30, "time": 4});
    assert_eq!(sent[0].json()["properties"], json!({"retention": 21, "schedule": schedule}));
}

#[test]
fn no_key_is_lost_between_two_others() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "update", POLICY]);
    at(&terminal, "Retention: backups to keep [7]:");
    // A terminal that edits lines by itself, even for the moment between two keys, swallows Ctrl-U and Backspace.
    for key in ["9", "ctrl-u", "5", "backspace"].repeat(100) {
        match key.len() {
            1 => terminal.type_text(key),
            _ => terminal.press(key),
        };
        for _ in 0..100 {
            assert!(!terminal.edits_lines(), "between two keys");
        }
    }
    terminal.enter("21").wait_for("Retention: backups to keep [7]: 21\n").press("ctrl-c");
    terminal.ends().exits(130);
}

#[test]
fn an_update_that_is_answered_with_the_present_values_sends_nothing() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "update", POLICY]);
    for question in ["Retention", "Interval", "Frequency", "Time", "Minute"] {
        at(&terminal, question);
        terminal.press("enter");
    }
    terminal.ends().exits(0).shows(&["already up to date"]);
    assert!(server.writes().is_empty());
}

#[test]
fn a_policy_that_changed_under_an_open_question_is_left_alone() {
    let world = World::new();
    let server = world.serve();
    let terminal = asked(&server, &["policy", "update", POLICY, "--retention", "3"]);
    at(&terminal, "[y/N]");
    let world = world.policy(|policy| policy["retention"] = 30.into());
    terminal.enter("y");
    terminal.ends().exits(5).shows(&["(changed)"]);
    assert!(server.writes().is_empty());
    assert_eq!(world.current()["retention"], 30);
}

#[test]
fn the_time_of_a_deletion_is_asked_for_and_shown_resolved() {
    let server = world().serve();
    let terminal = asked(&server, &["policy", "schedule-delete", POLICY]);
    at(&terminal, "Delete it at");
    terminal.enter("someday").wait_for("invalid time `someday`; expected");
    terminal.enter("+1m").wait_for("it must be at least 5 minutes");
    terminal.enter("2099-07-01 14:00").wait_for("2099-07-01T13:00:00Z");
    at(&terminal, "[y/N]");
    terminal.enter("y");
    terminal.ends().exits(0).shows(&["Wed 2099-07-01 14:00 BST"]);
    assert_eq!(server.writes()[0].json()["timestamp"], 4_086_594_000_i64);
}

#[test]
fn a_disk_is_chosen_from_a_list() {
    let server = world().serve();
    let terminal = asked(&server, &["disk", "show"]);
    at(&terminal, "type to search");
    terminal.wait_for("System Disk").wait_for("25 GiB").wait_for(FQDN).wait_for(DISK).press("enter");
    terminal.ends().exits(0).shows(&["nvme"]);
}

#[test]
fn a_list_in_a_narrow_terminal_keeps_the_ids_whole() {
    let long = "a-name-that-is-much-too-long-".repeat(9);
    let server = World::new()
        .policies(
            ["dbp_one", "dbp_two"].map(|id| policy(id, "VirtualMachine", VM, &long, "daily", 7)).into_iter().collect(),
        )
        .serve();
    let terminal = asked(&server, &["policy", "update", "--retention", "8"]);
    at(&terminal, "dbp_two");
    assert!(terminal.screen().lines().all(|line| line.chars().count() <= 119), "{}", terminal.screen());
    terminal.press("down").wait_until("the second", |screen| {
        screen.lines().any(|line| line.starts_with('>') && line.ends_with("dbp_two"))
    });
    terminal.press("enter");
    terminal.ends().exits(0);
    assert_eq!(server.writes()[0].json()["disk_backup_policy"]["id"], "dbp_two");
}

#[test]
fn nothing_is_asked_without_a_terminal() {
    let server = world().serve();
    let missing: &[(&[&str], &str)] = &[
        (&["policy", "update"], "POLICY"),
        (&["policy", "update", "--retention", "9"], "POLICY"),
        (&["policy", "update", POLICY], "--retention"),
        (&["policy", "schedule-delete", "--at", "+7d", "--yes"], "POLICY"),
        (&["policy", "schedule-delete", POLICY, "--yes"], "--at"),
        (&["policy", "delete", "--yes"], "POLICY"),
        (&["policy", "restore"], "POLICY"),
        (&["disk", "show"], "DISK"),
        (&["policy", "create"], "--vm"),
        (&["policy", "create", "--vm", VM], "--interval"),
        (&["policy", "create", "--vm", VM, "--interval", "daily"], "--retention"),
    ];
    for (args, named) in missing {
        katapult(&server, args).run().fails_in_words(2).mentions(&[named]).hints();
        bare(args).args(&["-o", "json"]).run().fails(2, "usage");
        // On a terminal the same, with `--no-input`.
        let ended = asked(&server, &[*args, &["--no-input"]].concat()).ends().exits(2);
        assert!(ended.screen.contains(named), "{}", ended.report());
    }
    assert_eq!(server.count(), 0, "nothing is sent");
}

#[test]
fn nothing_to_choose_from_is_said() {
    let server = World::new().policies(Vec::new()).serve();
    asked(&server, &["policy", "delete"]).ends().exits(3).shows(&["no policies in this organization"]);
    assert_eq!(server.to(ORG_POLICIES_PATH).len(), 1);
}

#[test]
fn a_create_asks_nothing_for_what_does_not_exist() {
    for flag in ["--vm", "--disk"] {
        let server = world().serve();
        let ended = asked(&server, &["policy", "create", flag, "nix"]).ends().exits(3);
        assert!(ended.screen.starts_with("error: "), "{flag}: {}", ended.report());
        // Where nothing is to be asked, the owner is looked for once.
        let count = server.count();
        katapult(&server, &["policy", "create", flag, "nix", "--interval", "daily", "--retention", "3"]).run().exits(3);
        assert_eq!(server.count(), 2 * count, "{flag}");
    }
}

#[test]
fn a_list_leaves_nothing_behind_in_a_terminal_of_any_width() {
    let policies = (1..=20).map(|number| {
        let id = format!("dbp_ZhXaEO3MfXAPWl{number:02}");
        policy(&id, "VirtualMachine", "vm_1", &format!("shop-{number:02}.acme.example.com"), "monthly", 12)
    });
    let server = World::new().policies(policies.collect()).serve();
    for columns in [24, 40, 60, 72, 80] {
        let terminal = Terminal::run_in(columns, &katapult(&server, &["policy", "update", "--retention", "13"]));
        terminal.wait_for_prompt("dbp_ZhXaEO3MfXAPWl0");
        for _ in 0..5 {
            terminal.press("down");
        }
        // A screen that is being drawn is seen now and then, so each is waited for.
        terminal.wait_until("the sixth alone", |screen| {
            let active: Vec<&str> = screen.lines().filter(|line| line.starts_with("> ")).collect();
            screen.lines().count() == 13 && active.len() == 1 && active[0].ends_with("dbp_ZhXaEO3MfXAPWl06")
        });
        // A text that is longer than the line, and back again.
        let long = "dbp_".repeat(40);
        terminal
            .type_text(&long)
            .wait_until("nothing but the text", |screen| screen.lines().count() == 1 && screen.contains("dbp_|"));
        for _ in 0..long.len() - 2 {
            terminal.press("backspace");
        }
        terminal.wait_until("the list", |screen| screen.contains(" db|") && screen.lines().count() == 13);
        let screen = terminal.screen();
        assert!(screen.lines().all(|line| line.chars().count() < columns), "{columns} columns:\n{screen}");
        assert!(
            screen.lines().skip(1).all(|line| line.contains(" dbp_ZhXaEO3MfXAPWl")),
            "{columns} columns:\n{screen}"
        );
        terminal.press("ctrl-c");
        let ended = terminal.ends().exits(130);
        assert!(ended.screen.starts_with("error: "), "{columns} columns, the list is gone: {}", ended.report());
    }
}

/// The signal of a new width ends no question, answers none, and loses nothing that was typed.
#[test]
fn a_question_outlives_a_change_of_the_terminals_width() {
    let server = World::new().serve();
    let question = Terminal::run(&katapult(&server, &["policy", "delete", POLICY]));
    question.wait_for_prompt("[y/N]").type_text("y").resize(40).resize(120).resize(60).enter("es");
    question.ends().exits(0);
    assert_eq!(server.writes().len(), 1);

    let server = World::new().serve();
    let list = Terminal::run(&katapult(&server, &["policy", "show"]));
    at(&list, "type to search");
    list.type_text(&POLICY[..6]).wait_for(&format!("{}|", &POLICY[..6])).resize(120).resize(100).press("enter");
    list.ends().exits(0).shows(&[POLICY, "Retention:"]);
}

#[test]
fn wide_names_stand_in_columns_and_are_found() {
    let whale = "\u{1f40b} 漢字漢字漢字漢字漢字漢字漢字漢字";
    let policies = vec![
        policy(POLICY, "VirtualMachine", VM, whale, "daily", 7),
        policy("dbp_second", "VirtualMachine", "vm_2", "漢字", "weekly", 4),
        policy("dbp_third", "VirtualMachine", "vm_3", "plain", "weekly", 4),
    ];
    let server = World::new().policies(policies).serve();
    for columns in [60, 120] {
        let show = katapult(&server, &["policy", "show"]).env("LANG", "C.UTF-8");
        let terminal = Terminal::run_in(columns, &show);
        at(&terminal, "type to search");
        let screen = terminal.wait_for("dbp_third").screen();
        let lines: Vec<&str> = screen.lines().filter(|line| line.contains("dbp_")).collect();
        assert_eq!(lines.len(), 3, "one line a row: {screen}");
        let place = |line: &str| line.split("dbp_").next().unwrap().width();
        assert!(
            lines.iter().all(|line| place(line) == place(lines[0]) && line.width() < columns),
            "{columns}: {screen}"
        );
        assert!(columns < 120 || lines[0].contains(whale), "there is room for all of it: {screen}");
        for (typed, left) in [("漢", 2), ("third", 1)] {
            terminal.type_text(typed).wait_until("fewer rows", |screen| screen.matches("dbp_").count() == left);
            for _ in typed.chars() {
                terminal.press("backspace");
            }
            terminal.wait_until("all rows", |screen| screen.matches("dbp_").count() == 3);
        }
        terminal.press("down").press("enter");
        let ended = terminal.ends().exits(0).shows(&["Target:"]);
        assert_eq!(ended.screen.matches("(type to search)").count(), 0, "the list is gone: {}", ended.report());
        assert!(ended.screen.contains("dbp_second"), "{}", ended.report());
    }
}

#[test]
fn objects_of_an_onapp_cloud_are_chosen_too() {
    let cloud = Cloud::serve(&[]);
    for (args, typed, shown) in [
        (&["vm", "show"][..], "win", "Windows"),
        (&["disk", "show"], "1200", "1200"),
        (&["policy", "show"], "disk 1200", "every 2 weeks"),
    ] {
        let terminal = Terminal::run(&cloud.bpctl(args));
        at(&terminal, "type to search");
        terminal.type_text(typed).press("enter");
        terminal.ends().exits(0).shows(&[shown]);
        let alone = cloud.bpctl(args).args(&["-o", "json"]).run().fails(2, "usage");
        assert!(alone.error()["message"].as_str().unwrap().contains("is missing"), "{}", alone.report());
    }
    // A VM with several policies stands for a list of them.
    let terminal = Terminal::run(&cloud.bpctl(&["policy", "update", "web1", "--retention", "9"]));
    at(&terminal, "type to search");
    let screen = terminal.wait_for("interval weekly").screen();
    assert_eq!(screen.lines().count(), 3, "{screen}");
    terminal.press("down").press("enter");
    terminal.ends().exits(0).shows(&["32 of web1", "retention  4 → 9"]);
    let script = cloud.bpctl(&["policy", "show", "web1"]).run().fails_in_words(2);
    script.mentions(&["31 (daily at", "32 (weekly at", "of web1)", "ambiguous_name"]);
    let terminal = Terminal::run(&cloud.bpctl(&["policy", "pause"]));
    at(&terminal, "type to search");
    terminal.type_text("31").press("enter");
    terminal.wait_for_prompt("[y/N]").enter("y");
    terminal.ends().exits(0).shows(&["disabled"]);
    let names = "31\n32\n";
    cloud.bpctl(&["policy", "resume", "-", "--yes"]).stdin(names).run().ok();
}

#[test]
fn a_list_to_choose_from_names_what_it_leaves_out() {
    let cloud = Cloud::serve(&[]);
    let server = cloud.behind(|request, right| match request.path() {
        path if path.ends_with("/settings/disks.json") => Answer::empty(403),
        path if path.ends_with("/virtual_machines/488/disks.json") => Answer::empty(500),
        _ => right(),
    });
    let terminal = Terminal::run(&cloud.through(&server, &["disk", "show", "--retries", "0"]));
    at(&terminal, "type to search");
    terminal.wait_for("the list is incomplete, 1 VMs could not be read: web1");
    terminal.type_text("1200").press("enter");
    terminal.ends().exits(0).shows(&["1200"]);
}
