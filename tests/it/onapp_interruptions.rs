//! A write on an OnApp cloud that is interrupted: the hint names the command that shows what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::harness::{interrupt, terminate};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

/// How long an answer takes that nothing waits for.
const LONG: Duration = Duration::from_secs(30);

/// When the signal comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The request was sent, and its answer did not come yet.
    InFlight,
    /// The cloud has accepted it, and it is read back.
    ReadBack,
}

fn slow_at(cloud: &Cloud, moment: Moment) -> Server {
    let is_written = AtomicBool::new(false);
    cloud.behind(move |request: &Request, pass| {
        let was_written = is_written.fetch_or(request.is_write(), Ordering::Relaxed);
        let is_slow = match moment {
            Moment::InFlight => request.is_write(),
            // A new object is found in a list before it is read itself.
            Moment::ReadBack => was_written && is_of_one(request),
        };
        if is_slow { slowly(pass) } else { pass() }
    })
}

fn slowly(pass: &dyn Fn() -> Answer) -> Answer {
    pass().delayed(LONG)
}

fn is_of_one(request: &Request) -> bool {
    let last = request.path().rsplit('/').next().unwrap_or_default();
    !request.is_write() && last.trim_end_matches(".json").bytes().all(|byte| byte.is_ascii_digit())
}

/// Interrupts a command, and returns the hint and the error's detail.
fn interrupted(args: &[&str], moment: Moment, signal: fn(u32)) -> (Cloud, serde_json::Value) {
    let cloud = Cloud::serve(&[]);
    let server = slow_at(&cloud, moment);
    let running = cloud.through(&server, args).args(&["--yes", "-o", "json"]).spawn();
    let is_due = || {
        let mut after = server.requests().into_iter().skip_while(|request| !request.is_write());
        match moment {
            Moment::InFlight => after.next().is_some(),
            Moment::ReadBack => after.any(|request| is_of_one(&request)),
        }
    };
    while !is_due() {
        server.await_requests(server.count() + 1);
    }
    signal(running.id());
    let error = running.wait_at_most(Duration::from_secs(10)).fails(130, "interrupted").error();
    (cloud, error)
}

/// Commands, and what shows their outcome: in flight, and when the cloud has accepted it (`N` is a new number).
const CASES: [(&[&str], &str, &str); 8] = [
    (&["backup", "create", "--vm", "web1"], "backups list --vm 488 --kind all", "backup show N"),
    (&["backup", "restore", "6142"], "transactions list --vm 488", "transactions list --vm 488"),
    (&["backup", "delete", "6130"], "transactions list --vm 488", "transactions list --vm 488"),
    (&["backup", "note", "6130", "n"], "backup show 6130", "backup show 6130"),
    (
        &["backup", "create", "--vm", "files1", "--resource", "3"],
        "backups list --vm 745 --kind points",
        "backup show N --point --vm 745",
    ),
    (&["policy", "pause", "31"], "policy show 31", "policy show 31"),
    (
        &["policy", "create", "--vm", "test1", "--interval", "daily", "--retention", "3"],
        "policies list --vm 701",
        "policy show N",
    ),
    (&["policy", "delete", "31"], "policy show 31", "policy show 31"),
];

#[test]
fn the_hint_names_the_command_for_the_object() {
    std::thread::scope(|scope| {
        for (args, in_flight, accepted) in CASES {
            scope.spawn(move || {
                let (cloud, error) = interrupted(args, Moment::InFlight, interrupt);
                check(&cloud, args, &error, in_flight);
                assert_eq!(error["changed"], "maybe", "{args:?}: {error}");
                let (cloud, error) = interrupted(args, Moment::ReadBack, terminate);
                let id = error["detail"]["id"].as_str().unwrap_or_default();
                check(&cloud, args, &error, &accepted.replace('N', id));
                assert_eq!(error["changed"], "yes", "{args:?}: {error}");
            });
        }
    });
}

/// The hint is the last one, and its command runs.
fn check(cloud: &Cloud, args: &[&str], error: &serde_json::Value, command: &str) {
    let hint = error["hint"].as_str().unwrap();
    let last = hint.lines().last().unwrap();
    assert!(last.starts_with(&format!("`bpctl {command}` shows ")), "{args:?}: {hint}");
    let words: Vec<&str> = command.split(' ').collect();
    let run = cloud.bpctl(&words).args(&["-o", "json"]).run();
    // What was deleted is gone, and the command says so.
    assert!(run.code == 0 || run.error()["code"] == json!("not_found"), "{args:?}: {}", run.report());
}

#[test]
fn a_switch_of_autobackup_is_looked_at_by_its_policies() {
    let (cloud, error) = interrupted(&["autobackup", "off", "--vm", "web1"], Moment::InFlight, interrupt);
    check(&cloud, &["autobackup"], &error, "policies list --vm 488");
}
