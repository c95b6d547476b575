//! Policies of an OnApp cloud that cannot be understood: they stop what may repeat or delete them, and are named.

use serde_json::{Value, json};

use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

type Spoil = fn(&mut Value);

/// Ways in which the daily policy of `web1` cannot be understood.
fn unreadable() -> [(&'static str, Spoil); 8] {
    [
        ("target null", |policy| policy["target_id"] = Value::Null),
        ("target empty", |policy| policy["target_id"] = json!("")),
        ("type missing", |policy| policy["target_type"] = Value::Null),
        ("type unknown", |policy| policy["target_type"] = json!("Comet")),
        ("type unknown, of another number", |policy| {
            (policy["target_type"], policy["target_id"]) = (json!("Comet"), json!(1));
        }),
        ("period unknown", |policy| policy["period"] = json!("fortnights")),
        ("period null", |policy| policy["period"] = Value::Null),
        ("period a number", |policy| policy["period"] = json!(7)),
    ]
}

/// A cloud whose policy 31 is spoiled in every answer.
fn spoiled(cloud: &Cloud, spoil: Spoil) -> Server {
    cloud.behind(move |request: &Request, pass| {
        let answer = pass();
        let is_list = request.path().ends_with("/schedules.json");
        if request.is_write() || !(is_list || request.path().ends_with("/schedules/31.json")) {
            return answer;
        }
        let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
        let rows = if is_list { body.as_array_mut().unwrap().iter_mut().collect() } else { vec![&mut body] };
        rows.into_iter().map(|row| &mut row["schedule"]).filter(|policy| policy["id"] == 31).for_each(spoil);
        Answer::json(answer.status(), &body)
    })
}

fn entry(interval: &str, retention: u32) -> String {
    format!("\n[[policy]]\nvm = \"web1\"\ninterval = \"{interval}\"\nretention = {retention}\n")
}

#[test]
fn one_that_cannot_be_understood_blocks_creates_and_prunes() {
    for (what, spoil) in unreadable() {
        let cloud = Cloud::serve(&[]);
        let server = spoiled(&cloud, spoil);
        let apply = |text: &str, more: &[&str]| {
            let file = cloud.home.file("p.toml", &format!("version = 1\n{text}")).display().to_string();
            cloud.through(&server, &["apply", "-f", &file, "--yes", "-o", "json"]).args(more).run()
        };
        let both = entry("daily", 7) + &entry("weekly", 4);
        let prune = ["--prune", "--max-deletions", "9"];
        for (text, more) in
            [(&both, &[][..]), (&both, &["--keep-going"]), (&entry("weekly", 4), &prune), (&both, &prune)]
        {
            let error = apply(text, more).fails(5, "unreadable").error();
            assert!(error["message"].as_str().unwrap().contains("policy 31 "), "{what}: {error}");
            assert_eq!(error["changed"], "no", "{what}: {error}");
        }
        assert!(server.writes().is_empty(), "{what}");
        let file = cloud.home.path("p.toml").display().to_string();
        cloud.through(&server, &["plan", "-f", &file]).run().mentions(&["policy 31 "]);
        // What concerns another policy goes on, and a create for another VM unless the target may be that VM.
        apply(&entry("weekly", 9), &[]).ok();
        assert_eq!(server.writes().len(), 1, "{what}");
        for read in [&["policies", "list"][..], &["policy", "show", "31"], &["coverage"]] {
            cloud.through(&server, read).run().ok();
        }
    }
}

#[test]
fn a_create_beside_one_that_cannot_be_understood_is_refused() {
    for (what, spoil) in unreadable() {
        let cloud = Cloud::serve(&[]);
        let server = spoiled(&cloud, spoil);
        let create = ["policy", "create", "--vm", "web1", "--interval", "daily", "--retention", "7", "-o", "json"];
        let error = cloud.through(&server, &create).run().fails(5, "unreadable").error();
        assert!(error["message"].as_str().unwrap().contains("policy 31 of web1"), "{what}: {error}");
        assert!(server.writes().is_empty(), "{what}");
        cloud.through(&server, &create).arg("--allow-duplicate").run().ok();
    }
}

#[test]
fn the_number_of_another_kind_of_object_is_not_a_vm() {
    let cloud = Cloud::serve(&[]);
    let server = spoiled(&cloud, |policy| policy["target_type"] = json!("Comet"));
    // `web1` has one policy that is surely its own.
    let run = cloud.through(&server, &["policy", "pause", "web1", "--yes", "-o", "id"]).run().ok();
    assert_eq!(run.stdout, "32\n");
    // Undone, the deletion of 31 would make a policy of the VM with that number.
    cloud.through(&server, &["policy", "delete", "31", "--yes"]).run().ok();
    cloud.through(&server, &["undo", "--yes", "-o", "json"]).run().fails(5, "no_way_back");
}
