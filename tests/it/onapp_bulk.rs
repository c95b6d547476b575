//! One change for many policies of an OnApp cloud: several numbers, standard input, and a selection.

use serde_json::{Value, json};

use crate::harness::Run;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};
use crate::terminal::Terminal;

fn policy(cloud: &Cloud, id: &str) -> Value {
    cloud.bpctl(&["policy", "show", id, "-o", "json"]).run().ok().json()
}

fn retention(cloud: &Cloud, id: &str) -> Value {
    policy(cloud, id)["rotation_period"].clone()
}

fn statuses(cloud: &Cloud) -> Vec<String> {
    let run = cloud.bpctl(&["policies", "list", "--columns", "id,status", "-o", "csv", "--no-header"]).run().ok();
    run.stdout.lines().map(str::to_owned).collect()
}

fn ids(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

fn has_history(cloud: &Cloud) -> bool {
    cloud.bpctl(&["history", "-o", "json"]).run().ok().json() != json!([])
}

/// A cloud that refuses to change one policy.
fn refusing(cloud: &Cloud, policy: &'static str) -> Server {
    cloud.behind(move |request: &Request, pass| {
        let is_refused = request.is_write() && request.path().ends_with(&format!("/schedules/{policy}.json"));
        let locked = || Answer::json(422, &json!({"errors": {"base": ["the schedule is locked"]}}));
        if is_refused { locked() } else { pass() }
    })
}

#[test]
fn several_numbers_are_changed_and_what_fails_is_named() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["policy", "update", "31", "999", "32", "31", "--retention", "9", "-o", "id"]).run();
    let run = run.exits(9).mentions(&[
        "policy 999 is left out: no policy has the number or VM `999`",
        "1 of 3 policies failed: 999",
        "(partly_done)",
    ]);
    assert_eq!(ids(&run), ["31", "32"]);
    assert_eq!((retention(&cloud, "31"), retention(&cloud, "32")), (json!(9), json!(9)));
    // One alone is the command's error, and so are several that fail alike.
    cloud.bpctl(&["policy", "update", "999", "--retention", "9", "-o", "json"]).run().fails(3, "not_found");
    cloud.bpctl(&["policy", "delete", "998", "999", "--yes", "-o", "json"]).run().exits(3);
    // The name of a VM stands for its policy, where there is exactly one.
    let run = cloud.bpctl(&["policy", "pause", "31", "web1", "--yes", "-o", "json"]).run().exits(9);
    assert_eq!(run.error()["detail"]["done"], json!(["31"]));
    assert_eq!(run.error()["detail"]["failed"][0]["error"]["code"], "ambiguous_name");
}

#[test]
fn ids_come_from_standard_input() {
    let cloud = Cloud::serve(&[]);
    let listed = cloud.bpctl(&["policies", "list", "--vm", "web1", "-o", "id"]).run().ok();
    let pipe = |args: &[&str]| cloud.bpctl(args).stdin(&listed.stdout).run().ok();
    assert_eq!(ids(&pipe(&["policy", "pause", "-", "--yes", "-o", "id"])), ["31", "32"]);
    assert_eq!((policy(&cloud, "31")["status"].as_str(), policy(&cloud, "32")["status"].as_str()), {
        let disabled = Some("disabled");
        (disabled, disabled)
    });
    // The table shows what matters after a pause.
    let table = cloud.bpctl(&["policy", "pause", "31", "32"]).run().ok();
    assert!(table.stdout.lines().skip(1).all(|line| line.contains("disabled")), "{}", table.report());
    // Paused already: nothing is lost, so nothing is asked, and nothing is sent.
    pipe(&["policy", "pause", "-"]).mentions(&["no changes: policy 31", "no changes: policy 32"]);
    assert_eq!(ids(&pipe(&["policy", "resume", "-", "-o", "id"])), ["31", "32"]);
    assert_eq!(ids(&pipe(&["policy", "update", "-", "--retention", "12", "-o", "id"])), ["31", "32"]);
    assert_eq!(ids(&pipe(&["policy", "delete", "-", "--yes", "-o", "id"])), ["31", "32"]);
    assert_eq!(statuses(&cloud).len(), 5);
}

#[test]
fn what_is_selected_is_changed_and_what_is_so_is_not_written() {
    let cloud = Cloud::serve(&[]);
    let update =
        ["policies", "update", "--match", "web*", "--match", "win*", "--filter", "type = vm", "--retention", "7"];
    // 31 and 51 keep 7 already.
    let shown =
        cloud.bpctl(&update).args(&["--dry-run", "-o", "json"]).run().ok().mentions(&["1 of 3 matching"]).json();
    assert_eq!(shown["requests"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["requests"][0]["path"], "/settings/schedules/32.json");
    assert!(!has_history(&cloud));
    let run = cloud.bpctl(&update).args(&["-o", "id"]).run().ok().mentions(&["1 of 3 matching policies change"]);
    assert_eq!(ids(&run), ["32"]);
    let again = cloud.bpctl(&update).args(&["-o", "json"]).run().ok();
    assert_eq!(again.json(), json!([]));
    let all = ["policies", "update", "--filter", "type = vm", "--exclude", "win*", "--interval-is", "daily"];
    let run = cloud.bpctl(&all).args(&["--retention", "30", "-o", "id"]).run().ok();
    assert_eq!((ids(&run), retention(&cloud, "51")), (vec!["31"], json!(7)));
}

#[test]
fn a_selection_is_limited_expected_and_asked_about() {
    let cloud = Cloud::serve(&[]);
    let update = |args: &[&str]| cloud.bpctl(&["policies", "update", "--match", "web1"]).args(args);
    update(&["--retention", "9", "--max-changes", "1", "-o", "json"]).run().fails(2, "usage");
    update(&["--retention", "9", "--if", "interval=daily", "-o", "json"]).run().fails(5, "changed");
    update(&["--retention", "1", "-o", "json"]).run().fails(2, "confirmation_required");
    update(&["-o", "json"]).run().fails(2, "usage").mentions(&["no changes specified"]);
    update(&["31", "--retention", "9", "-o", "json"]).run().fails(2, "usage");
    cloud
        .bpctl(&["policies", "update", "--match", "no-*", "--retention", "9", "-o", "json"])
        .run()
        .fails(3, "not_found");
    cloud
        .bpctl(&["policies", "update", "31", "--canary", "2", "--retention", "9", "-o", "json"])
        .run()
        .fails(2, "usage");
    cloud.bpctl(&["policies", "update", "--tag", "x", "--retention", "9", "-o", "json"]).run().fails(2, "usage");
    let terminal = Terminal::run(&update(&["--retention", "9"]));
    terminal.wait_for_prompt("Change 2 policies?");
    terminal.enter("n");
    terminal.ends().exits(2).shows(&["cancelled; nothing was changed"]);
    assert!(!has_history(&cloud), "nothing was sent");
    let terminal = Terminal::run(&update(&["--retention", "9"]));
    terminal.wait_for_prompt("Change 2 policies?");
    terminal.enter("y");
    let ended = terminal.ends().exits(0).shows(&["canary verified; continuing"]);
    assert_eq!(ended.screen.matches("[y/N]").count(), 1, "{}", ended.report());
    assert_eq!(retention(&cloud, "32"), 9);
}

#[test]
fn what_a_policy_cannot_be_is_refused_for_all_and_each_is_named() {
    let cloud = Cloud::serve(&[]);
    let cases: [(&[&str], &str); 4] = [
        (&["--match", "*", "--retention", "5", "--yes"], "keeps 1 backup, whatever is entered (documented)"),
        (&["31", "41", "42", "43", "52", "--retention", "5", "--yes"], "policies of disks: 4 (41, 42, 43, 52)"),
        (&["--match", "*", "--retention", "5", "--dry-run"], "policies of disks: 4 (41, 42, 43, 52)"),
        (&["--match", "*", "--interval", "hourly", "--yes"], "OnApp has no hourly policies; it has daily, weekly"),
    ];
    for (args, words) in cases {
        let run = cloud.bpctl(&["policies", "update"]).args(args).args(&["-o", "json"]).run().fails(2, "not_offered");
        assert!(run.error()["message"].as_str().unwrap().contains(words), "{}", run.report());
        assert_eq!(run.error()["changed"], "no");
    }
    assert!(!has_history(&cloud));
    cloud.bpctl(&["policies", "update", "--filter", "type = vm", "--retention", "5", "--yes"]).run().ok();
    // The cloud alone sets this status: an update leaves it out, and leaves it as it is.
    assert_eq!((retention(&cloud, "51"), policy(&cloud, "51")["status"].as_str()), (json!(5), Some("failed")));
}

#[test]
fn policies_are_paused_and_resumed_by_selection() {
    let cloud = Cloud::serve(&[]);
    let before = statuses(&cloud);
    let pause = ["policies", "pause", "--match", "db1*"];
    cloud.bpctl(&pause).args(&["-o", "json"]).run().fails(2, "confirmation_required");
    // 43 is paused already.
    let run = cloud.bpctl(&pause).args(&["--yes", "-o", "id"]).run().ok().mentions(&[
        "2 of 3 matching policies change",
        "left without any enabled policy: db1",
        "canary verified",
    ]);
    assert_eq!(ids(&run), ["41", "42"]);
    let run = cloud.bpctl(&["policies", "resume", "--match", "db1*", "--filter", "id != 43", "-o", "id"]).run().ok();
    assert_eq!((ids(&run), statuses(&cloud)), (vec!["41", "42"], before));
    // One of two: the VM keeps one that works.
    let run = cloud.bpctl(&["policies", "pause", "--filter", "id = 32", "--dry-run"]).run().ok();
    assert!(!run.stderr.contains("left without"), "{}", run.report());
}

#[test]
fn a_canary_that_fails_stops_the_rest_and_another_failure_is_partial() {
    let cloud = Cloud::serve(&[]);
    let update = ["policies", "update", "--match", "web1", "--retention", "9", "-o", "json"];
    let server = refusing(&cloud, "31");
    let run = cloud.through(&server, &update).run().exits(5);
    assert_eq!(run.error()["detail"]["not_tried"], json!(["32"]), "{}", run.report());
    assert_eq!((server.writes().len(), retention(&cloud, "32") == 9), (1, false));
    let server = refusing(&cloud, "32");
    let run = cloud.through(&server, &update).run().exits(9);
    assert_eq!(run.error()["detail"]["done"], json!(["31"]), "{}", run.report());
    assert_eq!(run.error()["detail"]["failed"][0]["id"], "32");
    // Numbers have no canary: a failure does not stop the others.
    let server = refusing(&cloud, "31");
    let run = cloud.through(&server, &["policy", "pause", "31", "32", "--yes", "-o", "json"]).run();
    let run = run.exits(9);
    assert_eq!(
        (&run.error()["detail"]["done"], policy(&cloud, "32")["status"].as_str()),
        (&json!(["32"]), Some("disabled"))
    );
}

#[test]
fn of_several_policies_of_a_vm_a_terminal_offers_the_choice() {
    let cloud = Cloud::serve(&[]);
    let terminal = Terminal::run(&cloud.bpctl(&["policy", "update", "web1", "--retention", "9"]));
    terminal.wait_for("type to search");
    terminal.press("down");
    terminal.press("enter");
    terminal.ends().exits(0);
    assert_eq!((retention(&cloud, "31"), retention(&cloud, "32")), (json!(7), json!(9)));
}
