//! `history` and `undo` on an OnApp cloud: what is put back, what is left alone, and what has no way back.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request};

fn policy(cloud: &Cloud, id: &str) -> Value {
    cloud.bpctl(&["policy", "show", id, "-o", "json"]).run().ok().json()
}

fn settings(policy: &Value) -> [Value; 5] {
    ["duration", "period", "rotation_period", "start_at", "status"].map(|name| policy[name].clone())
}

fn ids(cloud: &Cloud) -> Vec<String> {
    let run = cloud.bpctl(&["policies", "list", "-o", "id"]).run().ok();
    run.stdout.lines().map(str::to_owned).collect()
}

fn history(cloud: &Cloud) -> Value {
    cloud.bpctl(&["history", "-o", "json"]).run().ok().json()
}

/// A command of another user of the same cloud.
fn by_another(cloud: &Cloud, home: &Home, args: &[&str]) -> Bpctl {
    cloud.bpctl(args).home(home)
}

#[test]
fn an_update_is_undone_by_the_old_values() {
    for mode in [&[][..], &["--onapp", "old-replies"]] {
        let cloud = Cloud::serve(mode);
        let before = policy(&cloud, "31");
        let changed =
            ["policy", "update", "31", "--retention", "9", "--interval", "weekly", "--frequency", "2", "--yes"];
        cloud.bpctl(&changed).args(&["--time", "5", "--minute", "45", "--utc"]).run().ok();
        let after = policy(&cloud, "31");
        assert_eq!((&after["period"], &after["duration"]), (&json!("weeks"), &json!(2)));
        assert!(after["start_at"].as_str().unwrap().contains("T05:45:00"), "{after}");
        // Fewer backups are kept on the way back.
        cloud.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
        let undone = cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().ok().json();
        let same = |one: &Value, name: &str| assert_eq!(one[name], before[name], "{name}");
        ["duration", "period", "rotation_period", "status"].iter().for_each(|name| same(&undone, name));
        let clock = |policy: &Value| policy["start_at"].as_str().unwrap()[11..16].to_owned();
        assert_eq!(clock(&undone), clock(&before));
        let history = history(&cloud);
        assert_eq!((&history[0]["undoes"], &history[1]["undone_by"]), (&json!(1), &json!(2)));
        assert_eq!((&history[0]["provider"], &history[0]["action"]), (&json!("onapp"), &json!("update")));
        // The undo itself can be undone.
        cloud.bpctl(&["undo", "2", "--yes"]).run().ok();
        assert_eq!(policy(&cloud, "31")["period"], "weeks");
    }
}

#[test]
fn history_says_what_changed() {
    let cloud = Cloud::serve(&[]);
    cloud.bpctl(&["policy", "update", "31", "--retention", "9"]).run().ok();
    cloud.bpctl(&["policy", "pause", "31", "--yes"]).run().ok();
    cloud.bpctl(&["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "3"]).run().ok();
    let run = cloud.bpctl(&["history", "--columns", "change,target,difference", "-o", "csv"]).run().ok();
    let rows: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert!(rows[0].starts_with("create,test1,\"daily at ") && rows[0].contains("keeps 3"), "{}", run.report());
    assert_eq!(rows[1..], ["update,web1,enabled true → false", "update,web1,retention 7 → 9"]);
}

#[test]
fn a_pause_and_a_resumption_are_undone() {
    let cloud = Cloud::serve(&[]);
    let before = policy(&cloud, "31");
    cloud.bpctl(&["policy", "pause", "31", "--yes"]).run().ok();
    cloud.bpctl(&["undo"]).run().ok();
    assert_eq!(settings(&policy(&cloud, "31")), settings(&before));
    cloud.bpctl(&["policy", "resume", "43"]).run().ok();
    // To pause it again takes protection away.
    cloud.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
    cloud.bpctl(&["undo", "--yes"]).run().ok();
    assert_eq!(policy(&cloud, "43")["status"], "disabled");
}

#[test]
fn a_policy_that_is_resumed_does_not_make_up_for_missed_runs() {
    let cloud = Cloud::serve(&[]);
    let building = ["backups", "list", "--disk", "1102", "-o", "id", "--filter", "state = building"];
    let count = || cloud.bpctl(&building).run().ok().stdout.lines().count();
    let (before, begun) = (policy(&cloud, "43"), count());
    let resumed = cloud.bpctl(&["policy", "resume", "43", "-o", "json"]).run().ok().json();
    let [then, now] = [&before, &resumed].map(|policy| policy["start_at"].as_str().unwrap().to_owned());
    assert!(now > then && now[11..] == then[11..], "{then} {now}");
    assert_eq!(count(), begun);
}

#[test]
fn a_create_is_undone_by_a_deletion() {
    let cloud = Cloud::serve(&[]);
    let before = ids(&cloud);
    cloud.bpctl(&["policy", "create", "--disk", "1180", "--interval", "weekly"]).run().ok();
    assert_eq!(ids(&cloud).len(), before.len() + 1);
    cloud.bpctl(&["undo", "-o", "json"]).run().fails(2, "confirmation_required");
    cloud.bpctl(&["undo", "--yes"]).run().ok().mentions(&["backups that the policy has made are kept"]);
    assert_eq!(ids(&cloud), before);
}

#[test]
fn a_policy_whose_number_belongs_to_another_target_by_now_is_left_alone() {
    static TARGET: Mutex<Option<(&str, u64)>> = Mutex::new(None);
    let cloud = Cloud::serve(&[]);
    let server = cloud.behind(|request: &Request, pass| {
        let answer = pass();
        let Some((kind, id)) = *TARGET.lock().unwrap() else { return answer };
        let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
        if request.method != "GET" || body["schedule"].is_null() {
            return answer;
        }
        (body["schedule"]["target_type"], body["schedule"]["target_id"]) = (json!(kind), json!(id));
        Answer::json(200, &body)
    });
    let run = |args: &[&str]| cloud.through(&server, args).args(&["-o", "json"]).run();
    let created = run(&["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "1"]).ok().json();
    let vm = created["target_id"].as_u64().unwrap();
    for other in [("VirtualMachine", vm + 1), ("Disk", vm)] {
        *TARGET.lock().unwrap() = Some(other);
        run(&["undo", "--yes"]).fails(5, "changed");
    }
    *TARGET.lock().unwrap() = None;
    run(&["policy", "update", &created["id"].to_string(), "--frequency", "2", "--yes"]).ok();
    *TARGET.lock().unwrap() = Some(("Disk", vm));
    run(&["undo", "--yes"]).fails(5, "changed");
    assert_eq!(server.writes().len(), 2);
    *TARGET.lock().unwrap() = None;
    run(&["undo", "--yes"]).ok();
    run(&["undo", "--yes"]).ok();
}

#[test]
fn a_deletion_is_undone_by_a_new_policy_of_the_same_fields() {
    let cloud = Cloud::serve(&[]);
    for id in ["31", "43"] {
        let before = policy(&cloud, id);
        cloud.bpctl(&["policy", "delete", id, "--yes"]).run().ok();
        let run = cloud.bpctl(&["undo", "-o", "json"]).run().ok();
        let run = run.mentions(&["created again with a new id", &format!("policy {id} has made")]);
        let made = run.json();
        assert_ne!(made["id"], before["id"]);
        for name in ["duration", "period", "rotation_period", "status", "target_id", "target_type"] {
            assert_eq!(made[name], before[name], "{id} {name}");
        }
        // A policy that was paused stays paused, and one that works runs next when the old one would have.
        if id == "31" {
            assert_eq!(made["start_at"], before["start_at"]);
        }
        cloud.bpctl(&["undo", "1", "-o", "json"]).run().fails(2, "usage");
    }
    assert_eq!(ids(&cloud).len(), 7);
}

#[test]
fn what_someone_else_changed_since_is_left_alone() {
    let (cloud, other) = (Cloud::serve(&[]), Home::new());
    cloud.bpctl(&["policy", "update", "31", "--retention", "9"]).run().ok();
    by_another(&cloud, &other, &["policy", "update", "31", "--retention", "10"]).run().ok();
    let error = cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "changed").error();
    assert_eq!((&error["changed"], &error["detail"]["now"]["rotation_period"]), (&json!("no"), &json!(10)));
    assert_eq!(policy(&cloud, "31")["rotation_period"], 10);
    // A new policy that was changed since is not deleted.
    let made =
        cloud.bpctl(&["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "3", "-o", "json"]);
    let id = made.run().ok().json()["id"].to_string();
    by_another(&cloud, &other, &["policy", "pause", &id, "--yes"]).run().ok();
    cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "changed");
    by_another(&cloud, &other, &["policy", "delete", &id, "--yes"]).run().ok();
    cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "changed");
    // A deleted policy that someone has made again is not doubled.
    cloud.bpctl(&["policy", "delete", "32", "--yes"]).run().ok();
    by_another(&cloud, &other, &["policy", "create", "--vm", "web1", "--interval", "weekly", "--retention", "4"])
        .run()
        .ok();
    cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "changed");
}

#[test]
fn notes_are_put_back_and_only_ones_own() {
    let (cloud, other) = (Cloud::serve(&[]), Home::new());
    let note = |id: &str| cloud.bpctl(&["backup", "show", id, "-o", "json"]).run().ok().json()["note"].clone();
    let before = note("6117");
    cloud.bpctl(&["backup", "note", "6117", "keep"]).run().ok();
    assert_eq!(cloud.bpctl(&["undo", "-o", "json"]).run().ok().json()["note"], before);
    assert_eq!(note("6117"), before);
    cloud.bpctl(&["backup", "note", "6130", "keep"]).run().ok();
    by_another(&cloud, &other, &["backup", "note", "6130", "theirs"]).run().ok();
    cloud.bpctl(&["undo", "-o", "json"]).run().fails(5, "changed");
    assert_eq!(note("6130"), "theirs");
}

#[test]
fn backups_have_no_way_back_and_the_hint_says_what_can_be_done() {
    let hint = |cloud: &Cloud, args: &[&str]| {
        cloud.bpctl(args).run().ok();
        let error = cloud.bpctl(&["undo", "--yes", "-o", "json"]).run().fails(5, "no_way_back").error();
        assert_eq!(error["changed"], "no");
        error["hint"].as_str().unwrap().to_owned()
    };
    // Each with a cloud of its own: the transactions of one VM wait for each other.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let created = hint(&Cloud::serve(&[]), &["backup", "create", "--disk", "1180", "--wait"]);
            assert!(created.starts_with("`bpctl backup delete "), "{created}");
        });
        scope.spawn(|| {
            let plain = hint(&Cloud::serve(&[]), &["backup", "restore", "6142", "--yes", "--wait"]);
            assert!(plain.contains("--backup-first"), "{plain}");
        });
        scope.spawn(|| {
            let cloud = Cloud::serve(&[]);
            let restored = hint(&cloud, &["backup", "restore", "6142", "--backup-first", "--yes", "--wait"]);
            let newest = history(&cloud)[1]["policy"].as_str().unwrap().to_owned();
            assert!(restored.contains(&format!("`bpctl backup restore {newest}`")), "{restored}");
        });
        scope.spawn(|| {
            // `bpctl backup delete` does not take recovery points.
            let cloud = Cloud::serve(&[]);
            let taken = hint(&cloud, &["backup", "create", "--vm", "files1", "--resource", "3", "--wait"]);
            let id = history(&cloud)[0]["policy"].as_str().unwrap().to_owned();
            let show = format!("backup show {id} --point --vm files1");
            assert!(taken.contains("in the control panel") && taken.contains(&format!("`bpctl {show}`")), "{taken}");
            assert!(!taken.contains("backup delete"), "{taken}");
            cloud.bpctl(&show.split(' ').collect::<Vec<_>>()).run().ok();
        });
        scope.spawn(|| {
            let restore = ["backup", "restore", "13", "--point", "--vm", "files1", "--yes", "--wait"];
            let plain = hint(&Cloud::serve(&[]), &restore);
            assert!(plain.contains("`bpctl backups list --vm files1 --kind points`"), "{plain}");
        });
        scope.spawn(|| {
            let cloud = Cloud::serve(&[]);
            let converted = hint(&cloud, &["backup", "convert", "6117", "--label", "web", "--yes"]);
            assert!(converted.contains("bpctl backup show 6117"), "{converted}");
            let deleted = hint(&cloud, &["backup", "delete", "6130", "--yes"]);
            assert!(deleted.contains("bpctl backups create"), "{deleted}");
        });
    });
}

#[test]
fn all_changes_of_one_command_are_undone_together() {
    let cloud = Cloud::serve(&[]);
    let before = ["31", "32"].map(|id| settings(&policy(&cloud, id)));
    cloud.bpctl(&["policy", "pause", "31", "32", "--yes"]).run().ok();
    let run = cloud.bpctl(&["undo", "--command", "1", "-o", "id"]).run().ok();
    assert_eq!(run.stdout, "32\n31\n", "{}", run.report());
    assert_eq!(["31", "32"].map(|id| settings(&policy(&cloud, id))), before);
}

/// Two policies of the same interval: the first that is made again does not stand in the way of the second.
#[test]
fn two_that_are_alike_are_both_made_again() {
    let cloud = Cloud::serve(&[]);
    let create = ["policy", "create", "--vm", "web1", "--interval", "daily", "--retention", "5", "--yes"];
    cloud.bpctl(&create).arg("--allow-duplicate").run().ok();
    let before = ids(&cloud).len();
    let delete =
        ["policies", "delete", "--match", "web1", "--filter", "interval = daily", "--filter", "type = vm", "--yes"];
    cloud.bpctl(&delete).run().ok();
    assert_eq!(ids(&cloud).len(), before - 2);
    cloud.bpctl(&["undo", "--command", "2", "--yes"]).run().ok();
    assert_eq!(ids(&cloud).len(), before);
}

#[test]
fn changes_of_the_two_simulators_are_not_mixed_up() {
    let home = Home::new();
    let run = |args: &[&str]| crate::harness::bare(args).home(&home).run();
    run(&["--profile", "sandbox-onapp", "policy", "update", "31", "--retention", "9"]).ok();
    run(&["--profile", "sandbox", "undo", "1", "--yes"]).fails_in_words(2).mentions(&["was made on onapp"]);
    run(&["--profile", "sandbox-onapp", "undo", "1", "--yes"]).ok();
}
