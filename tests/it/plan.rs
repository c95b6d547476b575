//! `plan`: what would make the live policies as a file says. Sends nothing but reads.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Run, bare, katapult};
use crate::server::Server;
use crate::world::{DISK, FQDN, POLICY, VM, World, policy, vm};

/// A policy file: what is given, below the version.
fn plan(server: &Server, file: &str) -> Bpctl {
    katapult(server, &["plan", "-f", "-"]).stdin(&format!("version = 1\n{file}"))
}

fn web_1(fields: &str) -> String {
    format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\n{fields}\n")
}

fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn every_difference_is_shown_field_by_field() {
    let world = World::new().policies(vec![
        policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
        policy("dbp_9", "Disk", DISK, "System Disk", "hourly", 24),
    ]);
    let server = world.serve();
    let file = web_1("retention = 30\ntime = 3") + "[[policy]]\nvm = 'mail'\ninterval = 'weekly'\nretention = 4\n";
    let run = plan(&server, &file).run().ok();
    assert_eq!(
        lines(&run),
        [
            "+ mail weekly  keeps 4".to_owned(),
            format!("~ web-1 daily  retention 7 → 30, time 2 → 3  ({POLICY})"),
            "! dbp_9 not in the file  (System Disk hourly)".to_owned(),
            "1 to create, 1 to change, 0 to delete later; 0 up to date; 1 not in the file".to_owned(),
        ]
    );
    assert!(server.writes().is_empty());
    plan(&server, &file).arg("--detailed-exitcode").run().exits(10);
    let pruned = plan(&server, &file).args(&["--prune", "--prune-at", "@4086590400", "--utc"]).run().ok();
    let line = *lines(&pruned).iter().find(|line| line.starts_with("- ")).expect("a deletion");
    assert!(line.starts_with("- dbp_9 not in the file: deleted at ") && line.contains("2099-07-01 12:00"), "{line}");
    assert!(pruned.stdout.contains("weakens protection: policy dbp_9"), "{}", pruned.report());
    assert!(server.writes().is_empty());
}

#[test]
fn the_same_is_not_a_difference() {
    let server = World::new().serve();
    let run = plan(&server, &web_1("retention = 7")).arg("--detailed-exitcode").run().ok();
    assert_eq!(lines(&run), ["no changes; 1 up to date"]);
    // What the file does not name is left alone, and is not a difference.
    plan(&server, "").arg("--detailed-exitcode").run().ok();
    let other = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = 'weekly'\nretention = 7\n");
    plan(&server, &other).args(&["--detailed-exitcode", "--prune"]).run().exits(10);
    plan(&server, "").args(&["--detailed-exitcode", "--prune"]).run().exits(2);
}

#[test]
fn what_weakens_is_marked() {
    let run = plan(&World::new().serve(), &web_1("retention = 2")).run().ok();
    assert!(lines(&run)[1].trim().starts_with("weakens protection: retention 7 → 2"), "{}", run.report());
}

#[test]
fn another_interval_is_another_policy_unless_the_id_is_given() {
    let server = World::new().serve();
    let weekly = format!("[[policy]]\nvm = \"{FQDN}\"\ninterval = 'weekly'\nretention = 7\n");
    let run = plan(&server, &weekly).run().ok();
    assert_eq!(lines(&run)[0], "+ web-1 weekly  keeps 7");
    assert_eq!(lines(&run)[1], format!("! {POLICY} not in the file  (web-1 daily)"));
    let run = plan(&server, &format!("{weekly}id = '{POLICY}'\n")).run().ok();
    assert_eq!(lines(&run)[0], format!("~ web-1 daily  interval daily → weekly  ({POLICY})"));
    assert!(!run.stdout.contains('!'), "{}", run.report());
}

#[test]
fn what_could_mean_two_policies_is_an_error_that_names_them() {
    let twice = |id: &str| policy(id, "VirtualMachine", VM, "web-1", "daily", 7);
    let server = World::new().policies(vec![twice("dbp_a"), twice("dbp_b")]).serve();
    plan(&server, &web_1("retention = 7")).run().fails_in_words(2).mentions(&["dbp_a", "dbp_b", "line 2"]);
    let run = plan(&server, &(web_1("id = 'dbp_a'\nretention = 7") + &web_1("retention = 8"))).run().ok();
    assert_eq!(lines(&run)[0], "~ web-1 daily  retention 7 → 8  (dbp_b)", "the id leaves only one");
    let both = web_1("retention = 7") + &web_1("retention = 8");
    plan(&World::new().serve(), &both).run().fails_in_words(2).mentions(&["line 6", "line 2 already"]);
}

#[test]
fn everything_that_is_not_found_is_named_at_once() {
    let server = World::new().serve();
    let file = "[[policy]]\nvm = 'nope'\ninterval = 'daily'\nretention = 1\n[[policy]]\ndisk = 'disk_nope'\n\
                interval = 'daily'\nretention = 1\n[[policy]]\nid = 'dbp_nope'\nretention = 1\n";
    plan(&server, file).run().fails_in_words(3).mentions(&["line 2", "line 6", "line 10", "`nope`", "dbp_nope"]);
    let wrong = format!("[[policy]]\nid = '{POLICY}'\ndisk = '{DISK}'\n");
    plan(&server, &wrong).run().fails_in_words(2).mentions(&["target cannot change"]);
    plan(&server, "[[policy]]\nvm = 'mail'\ninterval = 'daily'\n")
        .run()
        .fails_in_words(2)
        .mentions(&["needs `retention`"]);
}

#[test]
fn rules_give_way_to_single_policies_and_to_earlier_rules() {
    let server = World::new().serve();
    let file = web_1("retention = 7")
        + "[[rule]]\nmatch = 'db*'\ninterval = 'daily'\nretention = 14\n\
           [[rule]]\nmatch = '*.acme.*'\ninterval = 'daily'\nretention = 3\n\
           [[rule]]\nmatch = 'nothing-*'\ninterval = 'daily'\nretention = 3\n";
    let run = plan(&server, &file).run().ok().mentions(&["`nothing-*` matches no VM"]);
    assert_eq!(lines(&run)[..2], ["+ DB 1 daily  keeps 14", "+ mail daily  keeps 3"]);
    assert_eq!(lines(&run)[2], "2 to create, 0 to change, 0 to delete later; 1 up to date");
}

#[test]
fn tags_are_read_from_each_machine() {
    let mut tagged = vm("vm_t", "tagged", "tagged.acme.katapult.cloud");
    tagged["tag_names"] = json!(["production"]);
    let server = World::new().vms(vec![vm(VM, "web-1", FQDN), tagged]).serve();
    let run = plan(&server, "[[rule]]\ntag = 'production'\ninterval = 'daily'\nretention = 14\n").run().ok();
    assert_eq!(lines(&run)[0], "+ tagged daily  keeps 14");
    assert_eq!(server.to("/core/v1/virtual_machines/virtual_machine").len(), 2);
}

#[test]
fn a_bad_file_is_found_before_any_request() {
    let server = World::new().serve();
    plan(&server, "[[policy]]\nvm = 'web-1'\nintervall = 'daily'\n").run().fails_in_words(2).mentions(&[
        "standard input line 4",
        "`intervall`",
        "unknown key",
    ]);
    katapult(&server, &["plan", "-f", "nowhere.toml"]).run().fails_in_words(2).mentions(&["nowhere.toml"]);
    katapult(&server, &["plan", "-f", "-", "--prune", "--prune-at", "+1m"]).run().exits(5);
    assert_eq!(server.count(), 0);
}

#[test]
fn the_file_says_which_organization_it_is_for() {
    let server = World::new().serve();
    plan(&server, "organization = 'acme'\n").run().ok();
    plan(&server, "organization = 'acme'\n").args(&["--org", crate::world::ORG]).run().ok();
    plan(&server, "organization = 'acme'\n")
        .args(&["--org", "other"])
        .run()
        .fails_in_words(2)
        .mentions(&["acme", "other"]);
}

#[test]
fn the_plan_in_json_is_self_contained() {
    let server = World::new().serve();
    let document = plan(&server, &web_1("retention = 3")).args(&["-o", "json"]).run().ok().json();
    assert_eq!((&document["bpctl_plan"], &document["organization"]), (&json!(1), &json!(crate::world::ORG)));
    let step = &document["steps"][0];
    assert_eq!((&step["action"], &step["policy"]), (&json!("update"), &json!(POLICY)));
    assert_eq!(step["target"], json!({"kind": "vm", "id": VM, "name": "web-1"}));
    let fields = |retention: i64| {
        json!({"retention": retention, "interval": "daily", "frequency": 1, "time": 2, "minute": 30,
               "auto_move_to_trash_at": null})
    };
    assert_eq!((&step["before"], &step["after"]), (&fields(7), &fields(3)));
    assert_eq!(step["weakens"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        step["requests"],
        json!([{"method": "PATCH", "path": "/disk_backup_policies/disk_backup_policy",
                "body": {"disk_backup_policy": {"id": POLICY}, "properties": {"retention": 3}}}])
    );
    let none: Value = plan(&server, "").args(&["-o", "json"]).run().ok().json();
    assert_eq!(none["steps"], json!([]));
    assert_eq!(none["unlisted"][0]["policy"], POLICY);
}

#[test]
fn a_list_with_gaps_is_not_a_base_for_a_plan() {
    let world = World::new();
    let server = world.serve_but(|request| {
        let body = json!({"pagination": {"current_page": 1, "total_pages": 1, "total": 5, "per_page": 100,
            "large_set": false}, "disk_backup_policies": []});
        (request.path() == crate::world::ORG_POLICIES_PATH).then(|| crate::server::Answer::json(200, &body))
    });
    plan(&server, "").run().fails_in_words(1).mentions(&["reported 5 policies but returned 0"]);
    katapult(&server, &["export"]).run().fails_in_words(1);
}

#[test]
fn a_file_must_be_named() {
    bare(&["plan"]).run().exits(2);
    bare(&["apply"]).run().exits(2);
    bare(&["apply", "plan.json", "--prune"]).run().exits(2);
    bare(&["plan", "-f", "x", "--prune-at", "+7d"]).run().exits(2);
}
