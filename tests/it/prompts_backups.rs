//! Backups of an OnApp cloud that are chosen from a list, and what else their verbs ask for.

use crate::onapp_cloud::Cloud;
use crate::terminal::Terminal;

fn asked(cloud: &Cloud, args: &[&str]) -> Terminal {
    let terminal = Terminal::run(&cloud.bpctl(args));
    terminal.wait_for_prompt("(type to search)");
    terminal
}

/// Chooses the backup with this number. What is typed may match the time of another row, which then comes first.
fn choose(cloud: &Cloud, args: &[&str], number: &str) -> Terminal {
    let marked = |screen: &str| screen.lines().find(|row| row.starts_with("> ")).map(str::to_owned);
    let terminal = asked(cloud, args);
    terminal
        .type_text(number)
        .wait_until("the rows that match", |screen| screen.contains(&format!("{number}|")) && marked(screen).is_some());
    loop {
        let row = marked(&terminal.screen()).unwrap();
        if row.ends_with(&format!(" {number}")) {
            break;
        }
        terminal.press("down").wait_until("the next row", |screen| marked(screen).is_some_and(|next| next != row));
    }
    terminal.press("enter");
    terminal
}

#[test]
fn the_newest_backup_comes_first_and_a_row_says_what_it_is() {
    let cloud = Cloud::serve(&[]);
    let terminal = asked(&cloud, &["backup", "show"]);
    let screen = terminal.wait_for("win1 disk 1200").screen();
    let rows: Vec<&str> = screen.lines().skip(1).collect();
    let words = |row: &str| row.trim_start_matches("> ").split("  ").map(str::trim).map(str::to_owned).collect();
    let first: Vec<String> = words(rows[0]);
    let shown: Vec<&str> = first.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let [target, date, rest @ ..] = shown.as_slice() else { panic!("{screen}") };
    assert_eq!((*target, rest), ("db1 disk 1102", &["building", "-", "5733"][..]), "{screen}");
    assert!(date.starts_with("20") && date.ends_with(" GMT"), "an absolute time with its zone: {screen}");
    let dates = rows.iter().map(|row| row.split("  20").nth(1).unwrap().to_owned());
    assert!(dates.is_sorted_by(|newer, older| newer[..14] >= older[..14]), "{screen}");
    assert!(rows.iter().any(|row| row.contains("incremental") && row.contains("0.1 GiB")), "{screen}");
    terminal.press("escape");
    terminal.ends().exits(130);
    choose(&cloud, &["backup", "show"], "6149").ends().exits(0).shows(&["incremental", "vm 488"]);
    let point = choose(&cloud, &["backup", "show", "--point", "--vm", "files1"], "12");
    point.ends().exits(0).shows(&["Recovery point: files1", "recovery point"]);
}

#[test]
fn a_numbered_list_has_one_line_a_row() {
    let cloud = Cloud::serve(&[]);
    let dumb = cloud.bpctl(&["backup", "show"]).env("TERM", "dumb");
    for columns in [40, 80] {
        let terminal = Terminal::run_in(columns, &dumb);
        let screen = terminal.wait_for_prompt("Backup (number) [1]:").screen();
        let rows: Vec<&str> = screen.lines().filter(|line| line.starts_with(' ')).collect();
        assert_eq!((rows.len(), screen.lines().count()), (16, 17), "{columns}: {screen}");
        assert!(rows[1].starts_with("   2  web1  ") && rows[1].ends_with("  6149"), "{columns}: {screen}");
        terminal.enter("2");
        terminal.ends().exits(0).shows(&["incremental"]);
    }
}

#[test]
fn every_verb_of_one_backup_offers_the_list() {
    let cloud = Cloud::serve(&[]);
    let note = choose(&cloud, &["backup", "note"], "6149");
    note.wait_for_prompt("Note:").enter("before the upgrade");
    note.ends().exits(0).shows(&["before the upgrade"]);
    let again = Terminal::run(&cloud.bpctl(&["backup", "note", "6149"]));
    again.wait_for_prompt("Note [before the upgrade]:").press("ctrl-d");
    again.ends().exits(130);
    // The journal holds the command that needs no questions.
    let history = cloud.bpctl(&["history", "-o", "json"]).run().ok().json();
    assert_eq!(history[0]["command"], "backup note 6149 'before the upgrade'", "{history}");

    let restore = choose(&cloud, &["backup", "restore"], "6149");
    restore.wait_for_prompt("Type `web1` to confirm:").press("escape");
    restore.ends().exits(130);
    let convert = choose(&cloud, &["backup", "convert"], "6301");
    convert.wait_for_prompt("Label of the new template:").press("enter");
    convert.wait_for("error: expected a label").wait_for_prompt("template:").enter("win 2019");
    convert.wait_for_prompt("[y/N]").enter("n");
    convert.ends().exits(2);
    let delete = choose(&cloud, &["backup", "delete"], "6301");
    delete.wait_for_prompt("[y/N]").enter("y");
    delete.ends().exits(0);
}

#[test]
fn a_script_is_asked_for_nothing() {
    let cloud = Cloud::serve(&[]);
    for (args, missing) in [
        (&["backup", "show"][..], "<BACKUP>"),
        (&["backup", "show", "--point", "--vm", "files1"], "<BACKUP>"),
        (&["backup", "restore", "--yes"], "<BACKUP>"),
        (&["backup", "delete", "--yes"], "<BACKUP>"),
        (&["backup", "convert", "--label", "x", "--yes"], "<BACKUP>"),
        (&["backup", "convert", "6149", "--yes"], "--label"),
        (&["backup", "note", "6149"], "<TEXT>"),
        (&["backup", "note"], "<TEXT>"),
    ] {
        let run = cloud.bpctl(args).run().fails_in_words(2).hints();
        assert!(run.stderr.contains(&format!("{missing} is missing")), "{}", run.report());
        let ended = Terminal::run(&cloud.bpctl(args).args(&["--no-input"])).ends().exits(2);
        assert!(ended.screen.contains("is missing"), "{}", ended.report());
    }
}
