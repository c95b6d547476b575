//! Hints that name commands: a command that is copied from a hint runs, and reaches the cloud that the error is about.

use std::process::Command;

use crate::harness::{Home, Run, bare, katapult};
use crate::world::{VM, World, policy};

/// The commands that an error's hint names, without the program.
fn commands(run: &Run) -> Vec<String> {
    let hint = run.error()["hint"].as_str().unwrap_or_default().to_owned();
    hint.split('`').filter_map(|part| part.strip_prefix("bpctl ")).map(str::to_owned).collect()
}

#[test]
fn a_hint_names_the_connection_that_the_command_line_named() {
    let home = Home::new();
    for (line, first, shows) in [
        ("--sandbox autobackup on --vm nosuch", "vm list --sandbox --provider onapp", "web1"),
        ("--sandbox backup create --vm nosuch", "vm list --sandbox --provider onapp", "web1"),
        ("--profile sandbox-onapp vm show nosuch", "vm list --profile sandbox-onapp", "web1"),
        ("--profile sandbox-onapp policy show nosuch", "policies list --profile sandbox-onapp", "web1"),
        ("--sandbox policy show 999999 --provider onapp", "policies list --sandbox --provider onapp", "web1"),
        ("--sandbox disk show nosuch", "disk list --sandbox", "web-1"),
        ("--sandbox check --vm nosuch --max-age 26h", "vm list --sandbox", "web-1"),
        // It names a cloud itself.
        ("--sandbox vm show nosuch", "vm list --profile sandbox-onapp", "web1"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let run = bare(&words).args(&["-o", "json"]).home(&home).run().fails_in_json(3);
        let named = commands(&run);
        assert_eq!(named.first().map(String::as_str), Some(first), "{}", run.report());
        for command in named {
            let words: Vec<&str> = command.split(' ').collect();
            let listed = bare(&words).home(&home).run().ok();
            if command == first {
                assert!(listed.stdout.contains(shows), "{}", listed.report());
            }
        }
    }
}

#[test]
fn a_hint_leaves_out_what_the_environment_says() {
    let run =
        bare(&["vm", "show", "nosuch", "-o", "json"]).env("BPCTL_PROFILE", "sandbox-onapp").run().fails_in_json(3);
    assert_eq!(commands(&run), ["vm list"], "{}", run.report());
}

#[test]
fn the_hint_of_another_connections_change_names_that_one_alone() {
    let home = Home::new();
    let sandbox = |args: &[&str]| bare(args).home(&home);
    sandbox(&["--sandbox", "policy", "update", "web-1", "--retention", "44"]).run().ok();
    let run = sandbox(&["--profile", "sandbox-onapp", "undo", "1", "--yes", "-o", "json"]).run().fails_in_json(2);
    let named = commands(&run);
    assert_eq!(named.len(), 1, "{}", run.report());
    let words: Vec<&str> = named[0].split(' ').collect();
    sandbox(&words).arg("--yes").run().ok();
}

#[test]
fn a_vm_that_does_not_exist_is_described_alike() {
    for (line, expected) in [
        ("--sandbox vm show nosuch", "no VM of the organization is called `nosuch`"),
        ("--profile sandbox-onapp vm show nosuch", "no VM of the cloud is called `nosuch`"),
        ("--profile sandbox-onapp policies list --vm nosuch", "no VM of the cloud is called `nosuch`"),
        ("--sandbox check --vm nosuch --vm other --max-age 26h", "no VM is called `nosuch` or `other`"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let run = bare(&words).args(&["-o", "json"]).run().fails_in_json(3);
        assert_eq!(run.error()["message"], expected, "{}", run.report());
    }
}

/// The words that a shell makes of a command in a hint.
fn words_in_shell(command: &str) -> Vec<String> {
    let line = format!("bpctl() {{ printf '%s\\0' \"$@\"; }}; bpctl {command}");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

/// An id is whatever the server says: what is copied must not run it.
#[test]
fn an_id_is_one_word_of_a_command_that_is_copied() {
    let id = "dbp_x'; echo pwned; '$(echo pwned)";
    let server = World::new().policies(vec![policy(id, "VirtualMachine", VM, "web-1", "daily", 7)]).serve();
    let create = ["policy", "create", "--vm", VM, "--interval", "daily", "--retention", "9", "--yes", "-o", "json"];
    let run = katapult(&server, &create).run().fails(2, "confirmation_required");
    let named = commands(&run);
    assert_eq!(named.len(), 1, "{}", run.report());
    assert_eq!(words_in_shell(&named[0])[..3], ["policy", "update", id], "{}", run.report());
}
