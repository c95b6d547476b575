//! `export`: the live policies as a file.

use serde_json::json;

use crate::harness::{Home, bare, katapult};
use crate::world::{DISK, ORG, VM, World, policy, vm};

#[test]
fn the_document_says_what_is_live() {
    let world = World::new().policies(vec![
        policy("dbp_1", "VirtualMachine", VM, "web-1", "daily", 7),
        policy("dbp_2", "Disk", DISK, "System Disk", "weekly", 4),
        policy("dbp_3", "VirtualMachine", "vm_gone", "old", "monthly", 12),
    ]);
    let server = world.serve();
    let run = katapult(&server, &["export"]).run().ok();
    let (header, rest) = run.stdout.split_once("\nversion = 1\n").expect("a version");
    assert!(header.lines().all(|line| line.starts_with('#') || line.is_empty()), "{}", run.report());
    assert_eq!(
        rest,
        format!(
            "organization = \"acme\"\n\n[[policy]]\n# System Disk of web-1.acme.katapult.cloud\ndisk = \"{DISK}\"\n\
             interval = \"weekly\"\nfrequency = 1\ntime = 2\nminute = 30\nretention = 4\n\n[[policy]]\n# old is not among the listed \
             VMs and disks; it may be in the trash\ntarget = \"vm_gone\"\ninterval = \"monthly\"\nfrequency = 1\ntime = 2\n\
             minute = 30\nretention = 12\n\n[[policy]]\nvm = \"web-1.acme.katapult.cloud\"\ninterval = \"daily\"\n\
             frequency = 1\ntime = 2\nminute = 30\nretention = 7\n"
        )
    );
    assert!(server.writes().is_empty());
    assert_eq!(run.stderr, "");
    let json = katapult(&server, &["export", "-o", "json", "--org", ORG]).run().ok().json();
    assert_eq!((&json["version"], &json["organization"]), (&json!(1), &json!(ORG)));
    assert_eq!(json["policy"][1]["target"], "vm_gone");
    assert_eq!(katapult(&server, &["export", "-o", "toml"]).run().ok().stdout, run.stdout);
    for format in ["csv", "id", "wide"] {
        katapult(&server, &["export", "-o", format]).run().fails_in_words(2);
    }
    katapult(&server, &["policies", "list", "-o", "toml"]).run().fails_in_words(2).mentions(&["export"]);
}

/// The help says what can be read back: it does.
#[test]
fn only_toml_is_read_back() {
    let (server, home) = (World::new().serve(), Home::new());
    let kept = |name: &str, format: &str| {
        let run = katapult(&server, &["export", "-o", format]).run().ok();
        home.file(name, &run.stdout).display().to_string()
    };
    let plan = |file: &str| katapult(&server, &["plan", "-f", file, "--detailed-exitcode"]).run();
    plan(&kept("live.toml", "toml")).ok();
    for format in ["json", "yaml"] {
        plan(&kept(&format!("live.{format}"), format)).fails_in_words(2);
    }
    let help = bare(&["export", "--help"]).run().ok().stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("`plan` and `apply` read TOML only"), "{help}");
}

#[test]
fn an_id_stands_where_target_and_interval_are_not_enough() {
    let twice = |id: &str| policy(id, "VirtualMachine", VM, "web-1", "daily", 7);
    let world = World::new().policies(vec![twice("dbp_b"), twice("dbp_a")]);
    let run = katapult(&world.serve(), &["export"]).run().ok();
    let ids: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("id = ")).collect();
    assert_eq!(ids, ["id = \"dbp_a\"", "id = \"dbp_b\""]);
}

#[test]
fn names_cannot_break_out_of_the_document() {
    let name = "x\"\n[[policy]]\n\u{1b}[31m\u{202e}";
    let world = World::new().vms(vec![vm(VM, name, name)]).policies(vec![policy(
        "dbp_1",
        "VirtualMachine",
        VM,
        name,
        "daily",
        7,
    )]);
    let run = katapult(&world.serve(), &["export"]).run().ok();
    assert_eq!(run.stdout.matches("\n[[policy]]\n").count(), 1, "{}", run.report());
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.report());
}

#[test]
fn no_secret_is_in_it() {
    let home = Home::new();
    let run = bare(&["--sandbox", "export", "--show-secrets"]).home(&home).run().ok();
    assert!(!run.stdout.to_lowercase().contains("password"), "{}", run.report());
}
