//! The questions of `policy create`, and the list of the trash, asked over the simulator: the company has everything.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, TOKEN, bare};
use crate::onapp_cloud::Cloud;
use crate::simulator::{Simulator, serve};
use crate::terminal::Terminal;

fn simulator() -> Simulator {
    serve(&Home::new(), &["--ephemeral"])
}

fn in_simulator(simulator: &Simulator, home: &Home, args: &[&str]) -> Bpctl {
    bare(args).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", &simulator.url).home(home)
}

fn policies_of(simulator: &Simulator, flag: &str, owner: &str) -> Vec<Value> {
    let run = in_simulator(simulator, &Home::new(), &["policies", "list", flag, owner, "--detail", "-o", "json"]);
    run.run().ok().json().as_array().unwrap().clone()
}

#[test]
fn a_create_asks_for_what_is_missing_and_shows_the_command() {
    let (simulator, home) = (simulator(), Home::new());
    let before = policies_of(&simulator, "--vm", "web-1");
    let terminal = Terminal::run(&in_simulator(&simulator, &home, &["policy", "create"]));
    terminal.wait_for_prompt("Back up (type to search):");
    terminal.type_text("web-1.").wait_until("machines and their disks", |screen| screen.contains("VM  "));
    terminal.wait_for("> web-1").press("enter");
    terminal.wait_for_prompt("Interval (type to search):");
    terminal.type_text("week").wait_for("> weekly").press("enter");
    terminal.wait_for_prompt("Retention: backups to keep [8]:");
    terminal.press("enter");
    terminal.wait_for_prompt("Time: hour of the day in server time, 0 to 23 [2]:");
    terminal.enter("5");
    terminal.wait_for_prompt("Minute: 0 to 59 [0]:");
    terminal.press("enter");
    terminal.wait_for_prompt("[y/N]");
    terminal.enter("y");
    let ended = terminal.ends().exits(0);
    let line = ended.screen.replace('\n', "");
    let command = "bpctl policy create --vm web-1";
    let rest = "--interval weekly --retention 8 --time 5 --minute 0`";
    assert!(line.contains(command) && line.contains(rest), "{}", ended.report());
    assert!(line.contains("POST /virtual_machines/virtual_machine/disk_backup_policies"), "{}", ended.report());
    let after = policies_of(&simulator, "--vm", "web-1");
    assert_eq!(after.len(), before.len() + 1);
    let new = after.iter().find(|policy| !before.iter().any(|old| old["id"] == policy["id"])).unwrap();
    assert_eq!((&new["retention"], &new["schedule"]["interval"]), (&json!(8), &json!("weekly")));
    assert_eq!((&new["schedule"]["time"], &new["schedule"]["minute"]), (&json!(5), &json!(0)));
    // The journal holds the command that needs no questions.
    let history = in_simulator(&simulator, &home, &["history", "-o", "json"]).run().ok().json();
    let command = history[0]["command"].as_str().unwrap();
    assert!(command.starts_with("policy create --vm web-1") && command.ends_with("--minute 0"), "{command}");
}

#[test]
fn a_create_does_not_ask_for_what_was_given() {
    let (simulator, home) = (simulator(), Home::new());
    let given = ["policy", "create", "--vm", "web-1", "--interval", "hourly", "--minute", "7"];
    let terminal = Terminal::run(&in_simulator(&simulator, &home, &given));
    terminal.wait_for_prompt("Retention: backups to keep [24]:");
    terminal.press("enter");
    terminal.wait_for_prompt("[y/N]");
    terminal.enter("n");
    let ended = terminal.ends().exits(2);
    for question in ["Back up", "Interval", "Time", "Minute"] {
        assert!(!ended.screen.contains(&format!("{question} ")), "{question}: {}", ended.report());
        assert!(!ended.screen.contains(&format!("{question}:")), "{question}: {}", ended.report());
    }
    // With all that is required nothing is asked, not even whether.
    let whole = ["policy", "create", "--vm", "web-1", "--interval", "monthly", "--retention", "3"];
    let ended = Terminal::run(&in_simulator(&simulator, &home, &whole)).ends().exits(0);
    assert!(!ended.screen.contains("[y/N]"), "{}", ended.report());
}

#[test]
fn a_create_on_an_onapp_cloud_asks_too() {
    let cloud = Cloud::serve(&[]);
    let terminal = Terminal::run(&cloud.bpctl(&["policy", "create"]));
    terminal.wait_for_prompt("Back up (type to search):");
    let screen = terminal.wait_for("db1 disk 1102").screen();
    assert!(!screen.contains("swap") && !screen.contains("win1  "), "what cannot be backed up so: {screen}");
    terminal.type_text("701").wait_for("> test1").press("enter");
    terminal.wait_for_prompt("Interval (type to search):");
    terminal.wait_for("yearly").type_text("week").wait_for("> weekly").press("enter");
    terminal.wait_for_prompt("Retention: backups to keep [8]:").press("enter");
    terminal.wait_for_prompt("[y/N]").enter("y");
    let ended = terminal.ends().exits(0).shows(&["new policy for test1 (weekly", "Target:       vm  test1  701"]);
    let command = "`bpctl policy create --vm 701 --interval weekly --retention 8`";
    assert!(ended.screen.contains(command), "{}", ended.report());
    // A policy of a disk keeps one backup: nothing is asked about that.
    let terminal = Terminal::run(&cloud.bpctl(&["policy", "create", "--disk", "1180"]));
    terminal.wait_for_prompt("Interval (type to search):").press("enter");
    terminal.wait_for_prompt("[y/N]").enter("n");
    terminal.ends().exits(2);
    for (args, missing) in [
        (&[][..], "`--vm` or `--disk`"),
        (&["--vm", "web1"], "`--interval`"),
        (&["--vm", "web1", "--interval", "daily"], "`--retention`"),
    ] {
        let run = cloud.bpctl(&["policy", "create"]).args(args).run().fails_in_words(2).hints();
        assert!(run.stderr.contains(&format!("{missing} is missing")), "{}", run.report());
    }
}

#[test]
fn a_deleted_policy_is_chosen_from_the_trash() {
    let (simulator, home) = (simulator(), Home::new());
    let id = policies_of(&simulator, "--vm", "web-1")[0]["id"].as_str().unwrap().to_owned();
    in_simulator(&simulator, &home, &["policy", "delete", &id, "--yes"]).run().ok();
    let terminal = Terminal::run(&in_simulator(&simulator, &home, &["policy", "restore"]));
    terminal.wait_for_prompt("Policy in the trash (type to search):");
    terminal.wait_for(&id).type_text(&id);
    terminal.wait_until("the others to go", |screen| {
        screen.lines().filter(|line| line.contains("expires in")).count() == 1
    });
    terminal.press("enter");
    terminal.ends().exits(0).shows(&[&id]);
    assert!(policies_of(&simulator, "--vm", "web-1").iter().any(|policy| policy["id"] == id));
}

#[test]
fn an_update_on_an_onapp_cloud_asks_for_the_fields_with_the_present_values() {
    let cloud = Cloud::serve(&[]);
    let shown = |policy: &str| cloud.bpctl(&["policy", "show", policy, "-o", "json"]).run().ok().json();
    let before = shown("31");
    let home = Home::new();
    let asked =
        |policy: &str| Terminal::run(&cloud.bpctl(&["policy", "update", policy]).env("TZ", "Asia/Kolkata").home(&home));
    let utc: jiff::Timestamp = before["start_at"].as_str().unwrap().parse().unwrap();
    let local = utc.in_tz("Asia/Kolkata").unwrap();
    let terminal = asked("31");
    terminal.wait_for_prompt(&format!("Retention: backups to keep [{}]:", before["rotation_period"]));
    terminal.enter("90");
    terminal.wait_for_prompt("Interval (type to search):");
    terminal.wait_for("> daily").press("enter");
    terminal.wait_for_prompt("Frequency: every N intervals [1]:");
    terminal.press("enter");
    terminal.wait_for_prompt(&format!("Time: hour of the day, 0 to 23 [{}]:", local.hour()));
    terminal.press("enter");
    terminal.wait_for_prompt(&format!("Minute: 0 to 59 [{}]:", local.minute()));
    terminal.enter(&((local.minute() + 1) % 60).to_string());
    terminal.ends().exits(0);
    let after = shown("31");
    assert_eq!((&after["rotation_period"], &after["period"]), (&json!(90), &before["period"]));
    let moved: jiff::Timestamp = after["start_at"].as_str().unwrap().parse().unwrap();
    let moved = moved.in_tz("Asia/Kolkata").unwrap();
    assert_eq!((moved.hour(), moved.minute()), (local.hour(), (local.minute() + 1) % 60));
    let history = cloud.bpctl(&["history", "-o", "json"]).home(&home).run().ok().json();
    let command = history[0]["command"].as_str().unwrap();
    let clock = format!("--time {} --minute {}", moved.hour(), moved.minute());
    assert!(command.starts_with("policy update 31 --retention 90") && command.ends_with(&clock), "{command}");

    // The cloud keeps one backup of a disk: its retention is not asked for.
    let disk = shown("41");
    let terminal = asked("41");
    terminal.wait_for_prompt("Interval (type to search):");
    terminal.press("enter");
    terminal.wait_for_prompt("Frequency: every N intervals");
    terminal.press("enter");
    terminal.wait_for_prompt("Time: ");
    terminal.press("enter");
    terminal.wait_for_prompt("Minute: ");
    terminal.press("enter");
    let ended = terminal.ends().exits(0).shows(&["no changes: policy 41 is already up to date"]);
    assert!(!ended.screen.contains("Retention: backups"), "{}", ended.report());
    assert_eq!(shown("41"), disk);
}
