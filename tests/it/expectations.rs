//! `policy update --if`: nothing is sent unless the policy is as expected, so that two administrators lose no change.

use serde_json::json;

use crate::company::Company;
use crate::harness::{Home, Run};

/// Updates the daily policy of web-1 (02:30, keeps 7) under a condition.
fn update(company: &Company, condition: &[&str]) -> Run {
    let id = company.web_1();
    let args: Vec<&str> = condition.iter().flat_map(|condition| ["--if", condition]).collect();
    company.bpctl(&[&["policy", "update", &id, "--retention", "99", "-o", "json"], &args[..]].concat()).run()
}

#[test]
fn every_field_can_be_expected() {
    let company = Company::new();
    let target = company.policy(&company.web_1()).unwrap()["target"]["value"]["id"].as_str().unwrap().to_string();
    let wrong = [
        ("retention=8", "retention is 7, not 8"),
        ("interval=weekly", "interval is daily, not weekly"),
        ("frequency=2", "frequency is 1, not 2"),
        ("time=3", "time is 2, not 3"),
        ("minute=31", "minute is 30, not 31"),
        ("target=vm_other", "not vm_other"),
    ];
    for (condition, why) in wrong {
        let error = update(&company, &[condition]).fails(5, "changed").error();
        assert!(error["message"].as_str().unwrap().contains(why), "{error}");
    }
    let right = ["retention=7", "interval=daily", "frequency=1", "time=2", "minute=30", &format!("target={target}")];
    // One that is wrong is enough.
    update(&company, &[&right[..], &["time=23"]].concat()).fails(5, "changed");
    assert!(company.server.writes().is_empty(), "nothing is sent");
    assert_eq!(company.journal(), "", "nothing is recorded");
    update(&company, &right).ok();
    assert_eq!(company.policy(&company.web_1()).unwrap()["retention"], 99);
}

#[test]
fn an_invalid_condition_is_a_usage_error() {
    let company = Company::new();
    for condition in ["retention", "=7", "size=7", "retention=many", "interval=fortnightly", "retention=-1", "target="]
    {
        update(&company, &[condition]).fails(2, "usage");
    }
    assert_eq!(company.server.count(), 0);
}

#[test]
fn a_condition_is_checked_for_each_of_several() {
    let company = Company::new();
    let (first, all) = (company.web_1(), company.ids());
    let other = all.iter().find(|id| **id != first).unwrap();
    let args = ["policy", "update", &first, other, "--retention", "99", "--if", "retention=7", "-o", "json"];
    let error = company.bpctl(&args).run().fails(5, "changed").error();
    assert!(error["message"].as_str().unwrap().contains(other.as_str()), "{error}");
    assert!(company.server.writes().is_empty(), "not even the one that is as expected");
}

/// A selected policy that needs no change counts as well.
#[test]
fn a_condition_is_checked_for_all_that_are_selected() {
    let company = Company::new();
    let update = ["policies", "update", "--match", "web-*", "--retention", "4", "--if", "interval=daily", "-o", "json"];
    company.bpctl(&update).run().fails(5, "changed");
}

#[test]
fn a_dry_run_checks_it_too() {
    let company = Company::new();
    let id = company.web_1();
    let args = ["policy", "update", &id, "--retention", "99", "--if", "retention=8", "--dry-run", "-o", "json"];
    company.bpctl(&args).run().fails(5, "changed");
}

/// Two administrators in turns: both read, then both write what they make of it.
#[test]
fn the_one_who_comes_second_is_refused() {
    let company = Company::new();
    let id = company.web_1();
    let homes = [Home::new(), Home::new()];
    let set = |who: usize, to: i64, expected: i64| {
        let (to, condition) = (to.to_string(), format!("retention={expected}"));
        let args = ["policy", "update", &id, "--retention", &to, "--if", &condition, "-o", "json"];
        company.bpctl(&args).home(&homes[who]).run()
    };
    let mut now = 7;
    for turn in 0..6 {
        // Both have read `now`; who is first takes turns.
        let (first, second) = (turn % 2, (turn + 1) % 2);
        set(first, now + 1, now).ok();
        set(second, now + 1, now).fails(5, "changed");
        set(second, now + 2, now + 1).ok();
        now += 2;
    }
    assert_eq!(company.policy(&id).unwrap()["retention"], now);
    assert_eq!(company.server.writes().len(), 12);
}

/// Two processes of one user at the same time, each counting up; every step that was reported done counts.
#[test]
fn two_at_once_never_lose_a_change() {
    const STEPS: usize = 8;
    let company = Company::new();
    let id = company.web_1();
    let read = || company.policy(&id).unwrap()["retention"].as_i64().unwrap();
    let start = read();
    let mut done = 0;
    for _ in 0..STEPS {
        let present = read();
        let (next, condition) = ((present + 1).to_string(), format!("retention={present}"));
        let args = ["policy", "update", &id, "--retention", &next, "--if", &condition, "-o", "json"];
        // Both start from the same value: exactly one may win.
        let racers = [company.bpctl(&args).spawn(), company.bpctl(&args).spawn()];
        let codes = racers.map(|racer| racer.wait().code);
        assert!(codes == [0, 5] || codes == [5, 0], "{codes:?}");
        done += 1;
        assert_eq!(read(), present + 1);
    }
    assert_eq!(read(), start + done);
    let history = company.history();
    assert_eq!(history.len(), STEPS, "{history:?}");
    assert!(history.iter().all(|entry| entry["outcome"] == "done"));
    let kept: Vec<_> = history.iter().map(|entry| entry["after"]["retention"].clone()).collect();
    assert_eq!(kept, (start + 1..=start + done).map(|kept| json!(kept)).collect::<Vec<_>>());
}
