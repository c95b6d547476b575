//! `bpctl diff`: what counts as a difference, which of them are weaker, and what an incomplete snapshot cannot prove.

use serde_json::{Value, json};

use crate::company::Company;
use crate::coverage::{disks, listed_disk};
use crate::evidence::MACHINES_PATH;
use crate::harness::{Home, Run, bare, katapult};
use crate::server::{Answer, Server};
use crate::world::{World, now, org, page, policy, vm};

fn machines(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| vm(&format!("vm_{name}"), name, &format!("{name}.acme.example"))).collect()
}

/// Machines with a disk each, named after them, a loose disk, and policies.
fn cloud(names: &[&str], policies: Vec<Value>) -> Server {
    let disk = |name: &&str| listed_disk(&format!("d_{name}"), Some(&format!("vm_{name}")));
    let mut all: Vec<Value> = names.iter().map(disk).collect();
    all.push(listed_disk("d_loose", None));
    World::new().vms(machines(names)).policies(policies).serve_but(move |request| disks(request, &all))
}

fn of(name: &str, interval: &str, retention: u32) -> Value {
    policy(&format!("p_{name}"), "VirtualMachine", &format!("vm_{name}"), name, interval, retention)
}

/// Keeps a snapshot of a cloud in a file.
fn keep(home: &Home, file: &str, server: &Server, args: &[&str]) -> String {
    let run = katapult(server, &["snapshot"]).args(args).run();
    home.file(file, &run.stdout).display().to_string()
}

/// Compares two clouds.
fn diff(old: &Server, new: &Server, args: &[&str]) -> Run {
    let home = Home::new();
    let (old, new) = (keep(&home, "old.json", old, &[]), keep(&home, "new.json", new, &[]));
    bare(&["diff", &old, &new, "-o", "json"]).args(args).run()
}

/// Type, id, change and weaker of each difference.
fn rows(run: &Run) -> Vec<(String, String, String, bool)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let row = |row: &Value| (text(row, "type"), text(row, "id"), text(row, "change"), row["weaker"].as_bool().unwrap());
    run.json().as_array().unwrap().iter().map(row).collect()
}

fn row(kind: &str, id: &str, change: &str, weaker: bool) -> (String, String, String, bool) {
    (kind.to_owned(), id.to_owned(), change.to_owned(), weaker)
}

#[test]
fn nothing_changed_is_an_empty_list() {
    let server = cloud(&["a"], vec![of("a", "daily", 7)]);
    let run = diff(&server, &server, &["--fail-on", "weaker"]).ok();
    assert_eq!(run.json(), json!([]));
}

#[test]
fn cover_that_was_lost_comes_first_and_fails_where_that_is_requested() {
    let old = cloud(&["a", "b"], vec![of("a", "daily", 7)]);
    let new = cloud(&["a", "b"], vec![of("b", "daily", 7)]);
    let wanted = [
        row("vm", "vm_a", "lost", true),
        row("policy", "p_a", "removed", true),
        row("policy", "p_b", "added", false),
        row("vm", "vm_b", "gained", false),
    ];
    assert_eq!(rows(&diff(&old, &new, &[]).ok()), wanted);
    let run = diff(&old, &new, &["--fail-on", "weaker"]).exits(10);
    assert_eq!(rows(&run), wanted, "the result is printed in any case");
    assert_eq!(run.error()["code"], "found");
    let fields = &run.json()[0]["fields"];
    assert_eq!(fields[0], json!({"field": "verdict", "before": "ok", "after": "none"}));
    assert_eq!(fields[2], json!({"field": "uncovered", "before": null, "after": "d_a"}), "{fields}");
}

#[test]
fn each_way_in_which_a_policy_changes() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut after = of("a", "daily", 14);
        change(&mut after);
        let run = diff(&cloud(&["a"], vec![of("a", "daily", 14)]), &cloud(&["a"], vec![after]), &[]).ok();
        let rows = run.json();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        (rows[0]["change"].as_str().unwrap().to_owned(), rows[0]["fields"][0].clone(), rows[0]["losses"].clone())
    };
    let field = |name: &str, before: &str, after: &str| json!({"field": name, "before": before, "after": after});
    let (change, fields, losses) = changed(&|policy| policy["retention"] = json!(7));
    assert_eq!((change.as_str(), fields), ("weaker", field("retention", "14", "7")));
    assert!(losses[0].as_str().unwrap().contains("14 → 7"), "{losses}");
    let (old, new) = (cloud(&["a"], vec![of("a", "daily", 14)]), cloud(&["a"], vec![of("a", "daily", 7)]));
    let table = diff(&old, &new, &["-o", "csv"]).ok();
    assert_eq!(table.stdout.matches("14 → 7").count(), 1, "{}", table.report());
    let (change, fields, losses) = changed(&|policy| policy["retention"] = json!(30));
    assert_eq!((change.as_str(), fields, losses), ("stronger", field("retention", "14", "30"), json!([])));
    let (change, fields, _) = changed(&|policy| policy["schedule"]["interval"] = json!("weekly"));
    assert_eq!((change.as_str(), fields), ("weaker", field("interval", "daily", "weekly")));
    let (change, fields, _) = changed(&|policy| policy["schedule"]["frequency"] = json!(3));
    assert_eq!((change.as_str(), fields), ("weaker", field("frequency", "1", "3")));
    let (change, fields, losses) = changed(&|policy| policy["schedule"]["time"] = json!(5));
    assert_eq!((change.as_str(), fields, losses), ("changed", field("time", "2", "5"), json!([])));
    let at = now() + 86_400;
    let (change, fields, losses) = changed(&|policy| policy["auto_move_to_trash_at"] = json!(at));
    assert_eq!((change.as_str(), &fields["field"], &fields["before"]), ("weaker", &json!("deletion"), &Value::Null));
    assert!(losses[0].as_str().unwrap().starts_with("its deletion is scheduled for "), "{losses}");
}

#[test]
fn a_policy_that_goes_with_its_machine_is_not_weaker() {
    let old = cloud(&["a", "b"], vec![of("a", "daily", 7), of("b", "daily", 7)]);
    let new = cloud(&["a"], vec![of("a", "daily", 7)]);
    let run = diff(&old, &new, &["--fail-on", "weaker"]).ok();
    let wanted = [("vm", "vm_b"), ("disk", "d_b"), ("policy", "p_b")].map(|(kind, id)| row(kind, id, "removed", false));
    assert_eq!(rows(&run), wanted);
    let back = diff(&new, &old, &["--fail-on", "weaker"]).ok();
    assert!(rows(&back).iter().all(|(.., change, weaker)| change == "added" && !weaker), "{}", back.report());
}

#[test]
fn a_disk_that_leaves_its_machine_loses_the_cover_of_it() {
    let world = |machine: Option<&'static str>| {
        let world = World::new().vms(machines(&["a"])).policies(vec![of("a", "daily", 7)]);
        world.serve_but(move |request| disks(request, &[listed_disk("d1", Some("vm_a")), listed_disk("d2", machine)]))
    };
    let run = diff(&world(Some("vm_a")), &world(None), &["--fail-on", "weaker"]).exits(10);
    assert_eq!(rows(&run), [row("disk", "d2", "lost", true)]);
    assert_eq!(run.json()[0]["fields"], json!([{"field": "vm", "before": "vm_a", "after": null}]));
    assert_eq!(rows(&diff(&world(None), &world(Some("vm_a")), &[]).ok()), [row("disk", "d2", "gained", false)]);
}

/// A list with gaps proves no absence.
#[test]
fn what_an_incomplete_snapshot_does_not_list_is_unknown() {
    let whole = cloud(&["a", "b"], vec![of("a", "daily", 7), of("b", "daily", 7)]);
    let world = World::new().vms(machines(&["a"])).policies(vec![of("a", "daily", 7), of("b", "daily", 7)]);
    let partial = world.serve_but(|request| {
        let mut body = page(request, "virtual_machines", &machines(&["a"]));
        body["pagination"]["total"] = json!(2);
        let all = [listed_disk("d_a", Some("vm_a")), listed_disk("d_b", Some("vm_b")), listed_disk("d_loose", None)];
        let list = (request.path() == MACHINES_PATH).then(|| Answer::json(200, &body));
        list.or_else(|| disks(request, &all))
    });
    let run = diff(&whole, &partial, &["--fail-on", "weaker"]);
    assert_eq!(run.code, 10, "the disk of b is covered by a policy whose VM is not listed: {}", run.report());
    assert!(rows(&run).contains(&row("vm", "vm_b", "unknown", false)), "{}", run.report());
    assert!(run.stderr.contains("incomplete") && run.stderr.contains("2 VMs"), "{}", run.report());
    let same = diff(&partial, &partial, &["--fail-on", "weaker"]).exits(9);
    assert_eq!((same.json(), &same.error()["code"]), (json!([]), &json!("partly_done")));
    let back = diff(&partial, &whole, &[]).exits(9);
    assert!(rows(&back).contains(&row("vm", "vm_b", "unknown", false)), "{}", back.report());
}

#[test]
fn without_a_second_snapshot_it_compares_with_now() {
    let company = Company::new();
    let file = company.home.file("monday.json", &company.run(&["snapshot", "--require", "daily"]).ok().stdout);
    let file = file.display().to_string();
    company.bpctl(&["diff", &file, "--fail-on", "weaker"]).run().ok().mentions(&["no differences"]);
    company.run(&["policy", "delete", &company.web_1(), "--yes"]).ok();
    let run = company.run(&["diff", &file, "--fail-on", "weaker"]).exits(10);
    assert!(run.stdout.contains("lost") && run.stdout.contains("web-1.acme.katapult.cloud"), "{}", run.report());
    run.mentions(&["weaker: 2", "policy web-1"]);
    // From standard input as well.
    let text = std::fs::read_to_string(&file).unwrap();
    company.bpctl(&["diff", "-", "--fail-on", "weaker"]).stdin(&text).run().exits(10);
}

/// Other requirements are not a change of the cloud.
#[test]
fn both_sides_are_judged_by_the_requirements_of_the_older_one() {
    let (home, server) = (Home::new(), cloud(&["a"], vec![of("a", "daily", 7)]));
    let strict = keep(&home, "strict.json", &server, &["--require", "hourly"]);
    let plain = keep(&home, "plain.json", &server, &[]);
    let run = bare(&["diff", &plain, &strict]).run().ok().mentions(&["different requirements"]);
    assert_eq!(run.stdout, "", "{}", run.report());
}

#[test]
fn details_that_one_side_did_not_read_are_not_compared() {
    let (home, server) = (Home::new(), cloud(&["a"], vec![of("a", "daily", 7)]));
    let full = keep(&home, "full.json", &server, &[]);
    let mut short: Value = serde_json::from_str(&std::fs::read_to_string(&full).unwrap()).unwrap();
    short["detailed"] = json!(false);
    for name in ["frequency", "time", "minute"] {
        short["policies"][0]["schedule"][name] = Value::Null;
    }
    let short = home.file("short.json", &short.to_string()).display().to_string();
    for pair in [[&full, &short], [&short, &full]] {
        let run = bare(&["diff", pair[0], pair[1], "--fail-on", "weaker"]).run().ok();
        run.mentions(&["not compared", "no differences"]);
    }
}

#[test]
fn what_is_not_a_snapshot_of_this_organization_is_refused() {
    let (home, server) = (Home::new(), cloud(&["a"], vec![]));
    let file = keep(&home, "a.json", &server, &[]);
    let mut snapshot: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    // Fields of a later bpctl are no obstacle; a later version is.
    snapshot["later"] = json!({"field": [1]});
    let later = home.file("later.json", &format!("\u{feff}{snapshot}")).display().to_string();
    bare(&["diff", &file, &later]).run().ok();
    snapshot["version"] = json!(2);
    let newer = home.file("newer.json", &snapshot.to_string()).display().to_string();
    bare(&["diff", &file, &newer, "-o", "json"]).run().fails(2, "usage").mentions(&["snapshot version 2"]);
    for version in ["0", "99", "18446744073709551615"] {
        snapshot["version"] = serde_json::from_str(version).unwrap();
        let other = home.file("other.json", &snapshot.to_string()).display().to_string();
        bare(&["diff", &other, &file, "-o", "json"]).run().fails(2, "usage").mentions(&["this bpctl reads 1"]);
    }
    let whole = std::fs::read_to_string(&file).unwrap();
    for (name, text) in [
        ("empty", ""),
        ("plan", "{\"bpctl_plan\": 1}"),
        ("half", "{\"version\": 1, \"time\": \"x\"}"),
        ("cut", &whole[..whole.len() / 2]),
        ("list", "[]"),
        ("words", "not JSON"),
        ("version", "{\"version\": \"1\"}"),
        ("negative", "{\"version\": -1}"),
        ("deep", &"[".repeat(100_000)),
        ("wrong", &whole.replacen("\"machines\": [", "\"machines\": [7,", 1)),
    ] {
        let wrong = home.file(name, text).display().to_string();
        bare(&["diff", &wrong, &file, "-o", "json"]).run().fails(2, "usage").mentions(&["not a snapshot"]);
    }
    bare(&["diff", "-", "-", "-o", "json"]).run().fails(2, "usage");
    bare(&["diff", "no-such-file", &file, "-o", "json"]).run().fails(2, "usage");
    bare(&["diff", &home.path("").display().to_string(), &file, "-o", "json"]).run().fails(2, "usage");
    let other = World::new().orgs(vec![org("org_other", "Other", "other")]).serve();
    katapult(&other, &["diff", &file, "-o", "json"]).run().fails(2, "usage").mentions(&["different organizations"]);
}

#[test]
fn names_in_a_snapshot_are_inert_on_the_terminal() {
    let home = Home::new();
    let name = "\u{1b}[31mred\u{7}";
    let with = |policies: Vec<Value>| World::new().vms(vec![vm("vm_a", "x", name)]).policies(policies).serve();
    let old = keep(&home, "old.json", &with(vec![of("a", "daily", 7)]), &[]);
    let new = keep(&home, "new.json", &with(vec![]), &[]);
    let run = bare(&["diff", &old, &new, "--fail-on", "weaker"]).run().exits(10);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{}", run.report());
    assert!(run.stdout.contains("\\x1b[31mred"), "{}", run.report());
}

#[test]
fn it_works_on_onapp_where_a_policy_that_is_paused_is_weaker() {
    let home = Home::new();
    let run = |args: &[&str]| bare(args).args(&["--profile", "sandbox-onapp"]).home(&home).run();
    let keep = |name: &str| home.file(name, &run(&["snapshot"]).ok().stdout).display().to_string();
    let before = keep("before.json");
    run(&["diff", &before, "--fail-on", "weaker"]).ok();
    let policies = run(&["policies", "list", "-o", "json"]).ok().json();
    let enabled = policies.as_array().unwrap().iter().find(|policy| policy["status"] == "enabled").unwrap();
    let id = enabled["id"].to_string();
    let difference = |before: &str| {
        let all = run(&["diff", before, "-o", "json"]).ok().json();
        all.as_array().unwrap().iter().find(|row| row["type"] == "policy" && row["id"] == id).unwrap().clone()
    };
    run(&["policy", "pause", &id, "--yes"]).ok();
    run(&["diff", &before, "--fail-on", "weaker"]).exits(10);
    let paused = difference(&before);
    assert_eq!((&paused["change"], &paused["weaker"]), (&json!("weaker"), &json!(true)), "{paused}");
    assert_eq!(paused["fields"], json!([{"field": "status", "before": "enabled", "after": "disabled"}]));
    assert_eq!(paused["losses"], json!(["it was paused: it makes no more backups until it is resumed"]));
    // A snapshot of an earlier version knows no policy that is not enabled, and no status.
    let mut early: Value = serde_json::from_str(&run(&["snapshot"]).ok().stdout).unwrap();
    early.as_object_mut().unwrap().shift_remove("idle");
    early["policies"].as_array_mut().unwrap().iter_mut().for_each(|policy| {
        policy.as_object_mut().unwrap().shift_remove("status");
    });
    let early = home.file("early.json", &early.to_string()).display().to_string();
    let same = bare(&["diff", &early, &keep("paused.json")]).run().ok();
    assert!(!same.stdout.contains("policy"), "{}", same.report());
    let unclear = bare(&["diff", &before, &early, "-o", "json"]).run().ok();
    assert!(unclear.stdout.contains("the policy was removed or is not enabled"), "{}", unclear.report());
    // The way back, and the removal of a policy that made no backups.
    let while_paused = keep("paused.json");
    run(&["policy", "resume", &id]).ok();
    assert_eq!(difference(&while_paused)["change"], "stronger");
    run(&["policy", "delete", &id, "--yes"]).ok();
    let removed = difference(&before);
    assert_eq!((&removed["change"], &removed["weaker"]), (&json!("removed"), &json!(true)));
    assert_eq!(removed["losses"], json!(["the policy was removed: it makes no more backups"]));
    assert_eq!(difference(&while_paused)["weaker"], false, "it made none");
    // The same cloud through another account is another thing.
    let other = std::fs::read_to_string(&before).unwrap().replace("@127.0.0.1", "-else@127.0.0.1");
    let other = home.file("other.json", &other).display().to_string();
    run(&["diff", &other, "-o", "json"]).fails(2, "usage").mentions(&["different organizations"]);
}

/// A disk that belongs to another VM is covered by other policies.
#[test]
fn a_disk_that_moved_to_a_vm_with_worse_cover_is_weaker() {
    let serve = |owner: &'static str| {
        let all = [("d_a", "vm_a"), ("d_b", "vm_b"), ("d_x", owner)].map(|(id, vm)| listed_disk(id, Some(vm)));
        let policies = vec![of("a", "daily", 30), of("b", "monthly", 1)];
        World::new().vms(machines(&["a", "b"])).policies(policies).serve_but(move |request| disks(request, &all))
    };
    let (before, after) = (serve("vm_a"), serve("vm_b"));
    assert_eq!(rows(&diff(&before, &after, &["--fail-on", "weaker"]).exits(10)), [row("disk", "d_x", "weaker", true)]);
    assert_eq!(rows(&diff(&after, &before, &["--fail-on", "weaker"]).ok()), [row("disk", "d_x", "changed", false)]);
}
