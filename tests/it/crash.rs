//! Local files outlive whatever happens to a process: what was reported as done is there, and nothing is torn.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Bpctl, Home, bare};

/// How long processes are killed for; a run takes some hundredths of a second.
const KILLING: Duration = Duration::from_secs(8);

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
    // One run in peace tells how long a run takes, so that the kills fall all over it.
    update(&home, &policy, 100).run().ok();
    let a_run = u64::try_from(began.elapsed().as_micros()).unwrap();
    let (mut reported, mut possible) = (vec![100], BTreeSet::from([100]));
    let (mut killed, mut retention) = (0, 100);
    while began.elapsed() < KILLING {
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
    assert!(killed >= 10 && reported.len() >= 2, "{killed} killed, {} left alone", reported.len());
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
        let args = ["policy", "create", "--vm", &machine, "--interval", "weekly", "--retention", "5"];
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
