//! Policy files on an OnApp cloud: `export`, `plan` and `apply`, what they refuse, and what they leave alone.

use serde_json::{Value, json};

use crate::harness::{Home, Run};
use crate::onapp_cloud::Cloud;

fn file(cloud: &Cloud, text: &str) -> String {
    cloud.home.file("policies.toml", text).display().to_string()
}

fn exported(cloud: &Cloud) -> String {
    cloud.bpctl(&["export"]).run().ok().stdout
}

fn plan(cloud: &Cloud, file: &str, more: &[&str]) -> Value {
    cloud.bpctl(&["plan", "-f", file, "-o", "json"]).args(more).run().ok().json()
}

fn policies(cloud: &Cloud) -> Vec<Value> {
    cloud.bpctl(&["policies", "list", "-o", "json"]).run().ok().json().as_array().unwrap().clone()
}

fn actions(plan: &Value) -> Vec<String> {
    plan["steps"].as_array().unwrap().iter().map(|step| step["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_export_plans_to_nothing() {
    for mode in [&[][..], &["--onapp", "old-replies"]] {
        let cloud = Cloud::serve(mode);
        let text = exported(&cloud);
        for words in ["vm = \"web1\"", "disk = \"1101\"", " of db1\n", "enabled = false"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("organization ="), "{text}");
        let path = file(&cloud, &text);
        let plan = plan(&cloud, &path, &[]);
        assert_eq!((&plan["steps"], &plan["unchanged"], &plan["unlisted"]), (&json!([]), &json!(7), &json!([])));
        assert_eq!((&plan["provider"], &plan["organization"]), (&json!("onapp"), &Value::Null));
        cloud.bpctl(&["plan", "-f", &path, "--detailed-exitcode"]).run().ok();
        let before = policies(&cloud);
        cloud.bpctl(&["apply", "-f", &path, "--yes"]).run().ok().mentions(&["no changes"]);
        assert_eq!(policies(&cloud), before);
        // A user who is not an administrator gets the same file.
        assert_eq!(cloud.bpctl_as("limited", &["export"]).run().ok().stdout, text);
    }
}

const FILE: &str = "\
version = 1

[[policy]]
vm = \"web1\"
interval = \"daily\"
retention = 9

[[policy]]
vm = \"test1\"
interval = \"daily\"
retention = 5
time = 3
minute = 30

[[policy]]
vm = \"test1\"
interval = \"weekly\"
retention = 4

[[policy]]
disk = \"1102\"
interval = \"monthly\"
enabled = true

[[policy]]
disk = \"1180\"
interval = \"weekly\"
";

fn check_applied(cloud: &Cloud) {
    let all = policies(cloud);
    let of = |target: u64, period: &str| {
        let found: Vec<&Value> = all.iter().filter(|it| it["target_id"] == target && it["period"] == period).collect();
        assert_eq!(found.len(), 1, "{target} {period}");
        found[0].clone()
    };
    assert_eq!(of(488, "days")["rotation_period"], 9);
    let made = of(701, "days");
    assert_eq!((&made["rotation_period"], &made["status"]), (&json!(5), &json!("enabled")));
    assert!(made["start_at"].as_str().unwrap().ends_with("T03:30:00Z"), "{made}");
    assert_eq!(of(701, "weeks")["rotation_period"], 4);
    assert_eq!(of(1102, "months")["status"], "enabled");
    assert_eq!(of(1180, "weeks")["target_type"], "Disk");
}

#[test]
fn a_file_is_applied_and_undone() {
    let cloud = Cloud::serve(&[]);
    let path = file(&cloud, FILE);
    let planned = plan(&cloud, &path, &[]);
    assert_eq!(actions(&planned), ["create", "create", "create", "update", "update"]);
    let lines = cloud.bpctl(&["plan", "-f", &path]).run().ok();
    for words in ["+ test1 daily  at 03:30 UTC, keeps 5", "~ web1 daily  retention 7 → 9", "enabled false → true"] {
        assert!(lines.stdout.contains(words), "{words}: {}", lines.report());
    }
    let before = exported(&cloud);
    let run = cloud.bpctl(&["apply", "-f", &path, "--yes", "-o", "json"]).run().ok();
    let results = run.json();
    assert!(results.as_array().unwrap().iter().all(|row| row["result"] == "done"), "{results}");
    check_applied(&cloud);
    assert_eq!(actions(&plan(&cloud, &path, &[])), [""; 0]);
    cloud.bpctl(&["undo", "--command", "1", "--yes"]).run().ok();
    assert_eq!(exported(&cloud).replace(char::is_numeric, ""), before.replace(char::is_numeric, ""));
}

#[test]
fn a_plan_is_carried_out_as_it_was_shown() {
    let cloud = Cloud::serve(&[]);
    let path = file(&cloud, FILE);
    let text = cloud.bpctl(&["plan", "-f", &path, "-o", "json"]).run().ok().stdout;
    let saved = cloud.home.file("plan.json", &text).display().to_string();
    cloud.bpctl(&["apply", &saved, "--yes"]).run().ok();
    check_applied(&cloud);
    // Once carried out, it no longer fits.
    cloud.bpctl(&["apply", &saved, "--yes", "-o", "json"]).run().fails(5, "changed");
    // An edited plan is not one.
    let mut plan: Value = serde_json::from_str(&text).unwrap();
    plan["steps"][3]["requests"][0]["body"]["schedule"]["rotation_period"] = json!(1);
    let edited = cloud.home.file("edited.json", &plan.to_string()).display().to_string();
    let run = cloud.bpctl(&["apply", &edited, "--yes"]).run().fails_in_words(2);
    run.mentions(&["a plan cannot be edited"]);
    // The other cloud does not take it.
    let home = Home::new();
    let run = crate::harness::bare(&["--profile", "sandbox", "apply", &saved, "--yes"]).home(&home).run();
    run.fails_in_words(2).mentions(&["the plan was made for onapp, not for katapult"]);
}

#[test]
fn pruning_deletes_at_once_and_within_a_limit() {
    let cloud = Cloud::serve(&[]);
    let text = exported(&cloud);
    let kept: Vec<&str> = text.split("\n[[policy]]\n").filter(|part| !part.contains("monthly")).collect();
    let path = file(&cloud, &kept.join("\n[[policy]]\n"));
    let planned = plan(&cloud, &path, &["--prune"]);
    assert_eq!(actions(&planned), ["delete"]);
    assert_eq!(planned["steps"][0]["requests"][0]["path"], "/settings/schedules/43.json");
    let run = cloud.bpctl(&["apply", "-f", &path, "--prune", "-o", "json"]).run().fails(2, "confirmation_required");
    assert!(run.error()["message"].as_str().unwrap().contains("is deleted for good"), "{}", run.report());
    cloud.bpctl(&["apply", "-f", &path, "--prune", "--yes"]).run().ok();
    assert_eq!(policies(&cloud).len(), 6);
    // More than a tenth takes a word.
    let one = file(&cloud, "version = 1\n[[policy]]\nvm = \"web1\"\ninterval = \"daily\"\n");
    let run = cloud.bpctl(&["apply", "-f", &one, "--prune", "--yes"]).run().fails_in_words(2);
    run.mentions(&["5 policies would be deleted", "--max-deletions 5"]);
    let other = file(&cloud, "version = 1\n[[policy]]\nvm = \"nothing\"\ninterval = \"daily\"\nretention = 1\n");
    let run = cloud.bpctl(&["plan", "-f", &other]).run().fails_in_words(3);
    run.mentions(&["no VM of the cloud is called `nothing`"]);
    let none = file(&cloud, "version = 1\n");
    cloud.bpctl(&["plan", "-f", &none, "--prune"]).run().fails_in_words(2).mentions(&["would delete all"]);
    let run = cloud.bpctl(&["plan", "-f", &one, "--prune", "--prune-at", "+7d", "-o", "json"]).run();
    run.fails(2, "not_offered");
    assert_eq!(policies(&cloud).len(), 6);
}

#[test]
fn what_the_cloud_cannot_do_is_refused_with_its_line() {
    let cloud = Cloud::serve(&[]);
    let policy = |lines: &str| format!("version = 1\n\n[[policy]]\n{lines}\n");
    let cases: [(String, &str); 6] = [
        (policy("vm = \"web1\"\ninterval = \"hourly\"\nretention = 5"), "it has daily, weekly, monthly"),
        (policy("disk = \"1180\"\ninterval = \"daily\"\nretention = 5"), "keeps 1 backup"),
        (policy("disk = \"1102\"\ninterval = \"daily\"\nretention = 5"), "keeps 1 backup"),
        (policy("vm = \"win1\"\ninterval = \"weekly\"\nretention = 5"), "win1 runs Windows"),
        (
            "version = 1\n\n[[rule]]\nmatch = \"win*\"\ninterval = \"weekly\"\nretention = 5\n".to_owned(),
            "runs Windows",
        ),
        ("version = 1\n\n[[rule]]\ntag = \"x\"\ninterval = \"weekly\"\nretention = 5\n".to_owned(), "have no tags"),
    ];
    for (text, words) in cases {
        let path = file(&cloud, &text);
        let run: Run = cloud.bpctl(&["apply", "-f", &path, "--yes", "-o", "json"]).run().fails(2, "not_offered");
        let message = run.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("line 3") && message.contains(words), "{words}: {message}");
    }
    let path = file(&cloud, "version = 1\norganization = \"acme\"\n");
    cloud.bpctl(&["plan", "-f", &path]).run().fails_in_words(2).mentions(&["OnApp clouds have none"]);
    assert_eq!(cloud.bpctl(&["history", "-o", "json"]).run().ok().json(), json!([]));
}

#[test]
fn a_rule_is_for_vms_and_a_paused_policy_is_noted() {
    let cloud = Cloud::serve(&[]);
    let rule = "version = 1\n[[rule]]\nmatch = \"test*\"\ninterval = \"daily\"\nretention = 3\n";
    let path = file(&cloud, rule);
    assert_eq!(actions(&plan(&cloud, &path, &[])), ["create"]);
    let path = file(&cloud, "version = 1\n[[policy]]\ndisk = \"1102\"\ninterval = \"monthly\"\n");
    cloud.bpctl(&["plan", "-f", &path]).run().ok().mentions(&["policy 43", "`enabled = true` resumes it"]);
    let paused = "version = 1\n[[policy]]\nvm = \"test1\"\ninterval = \"daily\"\nretention = 5\nenabled = false\n";
    let path = file(&cloud, paused);
    cloud.bpctl(&["apply", "-f", &path]).run().ok().mentions(&["+ test1 daily", "keeps 5, paused: makes no backups"]);
    // Katapult's policies cannot be paused.
    let home = Home::new();
    let path = home
        .file("k.toml", "version = 1\n[[rule]]\nmatch = \"*\"\ninterval = \"daily\"\nretention = 3\nenabled = false\n");
    let path = path.display().to_string();
    let run = crate::harness::bare(&["--profile", "sandbox", "plan", "-f", &path, "-o", "json"]).home(&home).run();
    run.fails(2, "not_offered");
}

#[test]
fn a_cloud_without_schedules_has_nothing_to_export() {
    let cloud = Cloud::serve(&["--onapp", "superb"]);
    let path = file(&cloud, FILE);
    for args in [&["export"][..], &["plan", "-f", &path], &["apply", "-f", &path, "--yes"]] {
        cloud.bpctl(args).args(&["-o", "json"]).run().fails(2, "not_offered");
    }
}
