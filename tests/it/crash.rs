//! Local files outlive whatever happens to a process: what was reported as done is there, and nothing is torn.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::company::{Company, is};
use crate::harness::{Bpctl, Home, bare, hang_up, interrupt, terminate};

/// How many processes are killed while they run. The campaign kills many more.
const KILLED: usize = 25;
/// They must be killed within this time, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(60);

fn sandbox(home: &Home, args: &[&str]) -> Bpctl {
    bare(&["--sandbox"]).args(args).args(&["-o", "json"]).home(home)
}

fn update(home: &Home, policy: &str, retention: u64) -> Bpctl {
    sandbox(home, &["policy", "update", policy, "--yes", "--retention", &retention.to_string()])
}

fn policies(home: &Home) -> Vec<Value> {
    let run = sandbox(home, &["policies", "list"]).run().ok();
    assert!(!run.stderr.contains("could not be read"), "{}", run.report());
    run.json().as_array().unwrap().clone()
}

fn id(policy: &Value) -> String {
    policy["id"].as_str().unwrap().to_owned()
}

/// The entries of the journal, oldest first, straight from the file.
fn history(home: &Home) -> Vec<Value> {
    let run = bare(&["history", "-o", "json"]).home(home).run().ok();
    assert!(!run.stderr.contains("cannot be read"), "{}", run.report());
    run.json().as_array().unwrap().clone()
}

#[test]
fn killed_at_any_moment_nothing_is_lost_that_was_reported_as_done() {
    let home = Home::new();
    let policy = id(&policies(&home)[0]);
    let began = Instant::now();
    // One undisturbed run shows how long a run takes, so that the kills fall all over it.
    update(&home, &policy, 100).run().ok();
    let a_run = u64::try_from(began.elapsed().as_micros()).unwrap();
    let (mut reported, mut possible) = (vec![100], BTreeSet::from([100]));
    let (mut killed, mut retention) = (0, 100);
    while killed < KILLED || reported.len() < 4 {
        assert!(began.elapsed() < LIMIT, "{killed} killed, {} left alone", reported.len());
        retention += 1;
        let running = update(&home, &policy, retention).spawn();
        // A step through the length of a run, coprime to it: no two kills at the same moment.
        std::thread::sleep(Duration::from_micros((retention * 7_919) % (a_run * 5 / 4)));
        match running.kill() {
            Some(printed) => {
                assert!(printed.contains(&retention.to_string()), "{printed}");
                reported.push(retention);
                possible = BTreeSet::from([retention]);
            }
            None => {
                killed += 1;
                possible.insert(retention);
            }
        }
        if retention % 8 == 0 {
            let now = sandbox(&home, &["policy", "show", &policy]).run().ok().json()["retention"].as_u64().unwrap();
            assert!(possible.contains(&now), "{now} is none of {possible:?}");
            possible = BTreeSet::from([now]);
        }
    }
    // The last one is in peace again: it repairs what the kills may have left.
    update(&home, &policy, 1_000_000).run().ok();
    let done: BTreeSet<u64> = history(&home)
        .iter()
        .filter(|entry| entry["outcome"] == "done")
        .filter_map(|entry| entry["after"]["retention"].as_u64())
        .collect();
    let lost: Vec<_> = reported.iter().filter(|retention| !done.contains(retention)).collect();
    assert!(lost.is_empty(), "reported as done, and not in the journal: {lost:?}");
}

#[test]
fn two_at_once_lose_nothing_of_each_other() {
    let home = Home::new();
    let before = policies(&home).len();
    let machine = id(&sandbox(&home, &["vm", "list"]).run().ok().json()[0]);
    let create = || {
        let args =
            ["policy", "create", "--vm", &machine, "--interval", "weekly", "--retention", "5", "--allow-duplicate"];
        sandbox(&home, &args).spawn()
    };
    for _ in 0..5 {
        let together = [create(), create(), create()];
        together.into_iter().for_each(|running| drop(running.wait().ok()));
    }
    assert_eq!(policies(&home).len(), before + 15);
    let history = history(&home);
    let numbers: BTreeSet<u64> = history.iter().filter_map(|entry| entry["number"].as_u64()).collect();
    assert_eq!((history.len(), numbers.len()), (15, 15), "{history:?}");
    assert!(history.iter().all(|entry| entry["outcome"] == "done"), "{history:?}");
}

#[test]
fn a_torn_journal_is_put_aside_with_a_warning() {
    let home = Home::new();
    let policy = id(&policies(&home)[0]);
    update(&home, &policy, 100).run().ok();
    let journal = home.path("data/bpctl/journal.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{whole}{{\"event\":\"begin\",\"num")).unwrap();
    let run = update(&home, &policy, 101).run().ok();
    assert!(run.stderr.contains("cut off") && run.stderr.contains("journal.torn-1"), "{}", run.report());
    assert_eq!(history(&home).len(), 2);
    assert!(!update(&home, &policy, 102).run().ok().stderr.contains("cut off"));
}

#[test]
fn a_corrupt_sandbox_is_put_aside_with_a_warning() {
    let home = Home::new();
    policies(&home);
    let path = bare(&["sandbox", "path"]).home(&home).run().ok().stdout.trim().to_owned();
    std::fs::write(&path, "{\"version\": 1, \"pol").unwrap();
    let run = sandbox(&home, &["policies", "list"]).run().ok();
    assert!(run.stderr.contains("could not be read") && run.stderr.contains(".corrupt-"), "{}", run.report());
    assert!(!policies(&home).is_empty());
}

/// A cloud that takes half a minute to show a new policy.
fn slow_to_show() -> Company {
    let is_created = AtomicBool::new(false);
    Company::but(move |request, pass| {
        is_created.fetch_or(is(request, "POST", "/disk_backup_policies"), Ordering::Relaxed);
        let is_read = is(request, "GET", "/disk_backup_policies/disk_backup_policy");
        (is_read && is_created.load(Ordering::Relaxed)).then(|| pass().delayed(Duration::from_secs(30)))
    })
}

fn await_read_back(company: &Company) {
    let began = Instant::now();
    let is_read = || company.server.requests().iter().any(|request| is(request, "GET", "/disk_backup_policy"));
    while !is_read() {
        assert!(began.elapsed() < Duration::from_secs(30), "the new policy is not read back");
        std::thread::sleep(Duration::from_millis(4));
    }
}

#[test]
fn a_new_policy_is_known_however_bpctl_ends_while_it_is_read_back() {
    let create = ["policy", "create", "--vm", "build-1", "--interval", "weekly", "--retention", "3", "-o", "json"];
    for signal in [Some(interrupt as fn(u32)), Some(terminate), Some(hang_up), None] {
        let company = slow_to_show();
        let before = company.ids();
        let running = company.bpctl(&create).spawn();
        await_read_back(&company);
        match signal {
            Some(signal) => {
                signal(running.id());
                let error = running.wait_at_most(Duration::from_secs(10)).fails(130, "interrupted").error();
                let new = company.ids().into_iter().find(|id| !before.contains(id)).unwrap();
                assert_eq!((&error["detail"]["id"], &error["changed"]), (&json!(new), &json!("yes")), "{error}");
                assert!(!error["message"].as_str().unwrap().contains("answer"), "it came: {error}");
            }
            // Outright.
            None => drop(running.kill()),
        }
        let new = company.ids().into_iter().find(|id| !before.contains(id)).unwrap();
        let entry = &company.history()[0];
        assert_eq!((&entry["policy"], &entry["outcome"]), (&json!(new), &json!("unknown")));
    }
}

/// Runs in a shell that sets up the process first.
fn after(setup: &str, bpctl: &Bpctl) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_bpctl"));
    command.args(bpctl.arguments()).env_clear().envs(bpctl.environment());
    command
}

fn in_words(output: &Output) -> String {
    format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_was_started_to_outlive_its_terminal_does() {
    let company = Company::but(|request, pass| {
        is(request, "PATCH", "/disk_backup_policy").then(|| pass().delayed(Duration::from_secs(1)))
    });
    let id = company.web_1();
    let bpctl = company.bpctl(&["policy", "update", &id, "--retention", "9"]);
    let child = after("trap '' HUP", &bpctl).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while company.server.writes().is_empty() && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(4));
    }
    hang_up(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", in_words(&output));
}

/// There is room for a few lines, and none for the whole report.
#[test]
fn metrics_for_which_there_is_no_room_say_that_the_check_failed() {
    let company = Company::new();
    let file = company.home.path("bpctl.prom");
    let path = file.display().to_string();
    let check = company.bpctl(&["check", "--format", "prometheus", "--output-file", &path]);
    let output = after("ulimit -f 3", &check).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", in_words(&output));
    let metrics = std::fs::read_to_string(&file).unwrap();
    assert!(metrics.contains("bpctl_check_success 0\n") && metrics.len() < 3 * 512, "{metrics}");
}

/// The system ends a program that lets a file grow beyond `ulimit -f`, unless it listens.
#[test]
fn a_journal_that_may_not_grow_is_warned_of_and_the_write_reported() {
    let company = Company::new();
    let id = company.web_1();
    let journal = company.home.path("data/bpctl/journal.jsonl");
    let update = |retention: &str| company.bpctl(&["policy", "update", &id, "--retention", retention, "-o", "json"]);
    update("20").run().ok();
    let lines = company.journal();
    let (begin, end) = (lines.lines().next().unwrap().len() as u64, lines.lines().nth(1).unwrap().len() as u64);
    // Blocks of 512 bytes: no room at all, then for a part of the beginning, then for a part of the end.
    let blocks = 40;
    for (retention, blocks, room) in
        [("21", 0, None), ("22", blocks, Some(begin / 2)), ("23", blocks, Some(begin + end / 2))]
    {
        if let Some(room) = room {
            let fill = blocks * 512 - room - std::fs::metadata(&journal).unwrap().len();
            let mut file = std::fs::OpenOptions::new().append(true).open(&journal).unwrap();
            file.write_all("\n".repeat(usize::try_from(fill).unwrap()).as_bytes()).unwrap();
        }
        let before = company.journal();
        let output = after(&format!("ulimit -f {blocks}"), &update(retention)).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", in_words(&output));
        assert!(in_words(&output).contains("not recorded") && in_words(&output).contains("journal.jsonl"));
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["retention"].to_string(), retention);
        assert!(company.journal().ends_with('\n') && company.journal().starts_with(&before));
        let text = company.journal().trim_end().to_owned() + "\n";
        std::fs::write(&journal, text).unwrap();
    }
    let outcomes: Vec<_> = company.history().iter().map(|entry| entry["outcome"].clone()).collect();
    assert_eq!(outcomes, ["done", "unknown"]);
    // The result's own file.
    let full = std::fs::File::create(company.home.path("result")).unwrap();
    let show = company.bpctl(&["policy", "show", &id]);
    let output = after("ulimit -f 0", &show).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", in_words(&output));
}

/// Fills the journal with changes of another cloud, and returns how many bytes they are.
fn fill(home: &Home, entries: u64) -> u64 {
    let policy = json!({"id": "dbp_0123456789", "retention": 7, "padding": "x".repeat(400),
        "schedule": {"interval": "daily", "frequency": 1, "minute": 30, "time": 2}});
    std::fs::create_dir_all(home.path("data/bpctl")).unwrap();
    let path = home.path("data/bpctl/journal.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for number in 1..=entries {
        let begin = json!({"event": "begin", "number": number, "time": 1_700_000_000, "profile": "old",
            "api": "https://api.example/core/v1/", "command": "policy update", "action": "update",
            "policy": "dbp_0123456789", "target": "web-1", "undoes": null, "before": policy, "after": null,
            "outcome": "unknown"});
        let end = json!({"event": "end", "number": number, "outcome": "done", "policy": null, "after": policy});
        writeln!(file, "{begin}\n{end}").unwrap();
    }
    file.flush().unwrap();
    std::fs::metadata(path).unwrap().len()
}

#[test]
fn a_long_journal_costs_no_memory() {
    let company = Company::new();
    let id = company.web_1();
    let bytes = fill(&company.home, 50_000);
    assert!(bytes > 64 << 20, "{bytes}");
    // As much as with an empty journal: the program itself takes most of it.
    let empty = Company::new();
    let update = ["policy", "update", &empty.web_1(), "--retention", "9"];
    let base = empty.bpctl(&update).spawn().wait_measuring().1;
    let run = |args: &[&str]| {
        let (run, memory) = company.bpctl(args).spawn().wait_measuring();
        assert!(memory < base + (4 << 20), "{args:?}: {} MiB, not {}", memory >> 20, base >> 20);
        run.ok()
    };
    run(&["policy", "update", &id, "--retention", "9"]);
    let history = run(&["history", "--limit", "5", "-o", "json"]).json();
    let numbers: Vec<_> = history.as_array().unwrap().iter().map(|entry| entry["number"].clone()).collect();
    assert_eq!(numbers, [50_001, 50_000, 49_999, 49_998, 49_997]);
    assert_eq!(history[0]["outcome"], "done");
    run(&["undo", "--yes"]);
    assert_eq!(company.policy(&id).unwrap()["retention"], 7);
    // It was full: the old file is kept, and still read.
    let old = company.home.path("data/bpctl/journal.1.jsonl");
    assert_eq!(std::fs::metadata(&old).unwrap().len(), bytes);
    assert!(company.journal().len() < 100_000);
    assert_eq!(run(&["history", "3", "-o", "json"]).json()["policy"], "dbp_0123456789");
}
