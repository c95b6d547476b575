//! A write that has to wait before it is sent, or sent again: what someone else changed meanwhile is not overwritten.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::harness::{Home, katapult};
use crate::matrix::journaled;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};
use crate::simulator::forward;
use crate::world::{POLICY, POLICY_PATH, VM, VM_POLICIES_PATH, World, policy};

const UPDATE: [&str; 7] = ["policy", "update", POLICY, "--retention", "14", "-o", "json"];

/// A colleague sets the retention.
fn set_retention(world: &World, retention: u64) {
    world.clone().policy(|policy| policy["retention"] = retention.into());
}

fn limited() -> Answer {
    Answer::error(429, "rate_limit_reached").header("Retry-After", "0")
}

/// Serves a world; the first write is answered with `first`, and `meanwhile` happens then.
fn with_first_write(world: &World, first: impl Fn(&World, &Request) -> Answer + Send + Sync + 'static) -> Server {
    let (inner, tries) = (world.clone(), AtomicUsize::new(0));
    world.serve_but(move |request| {
        (request.is_write() && tries.fetch_add(1, Ordering::SeqCst) == 0).then(|| first(&inner, request))
    })
}

#[test]
fn a_change_of_someone_else_is_not_overwritten_after_a_rate_limit() {
    let (world, home) = (World::new(), Home::new());
    let server = with_first_write(&world, |world, _| {
        set_retention(world, 99);
        limited()
    });
    let run = katapult(&server, &UPDATE).home(&home).run().fails(5, "changed");
    assert_eq!((run.error()["changed"].as_str(), server.writes().len()), (Some("no"), 1), "{}", run.report());
    assert_eq!((world.current()["retention"].as_u64(), journaled(&home).as_deref()), (Some(99), Some("failed")));
    // Where nothing has changed, it is sent again.
    let server = with_first_write(&World::new(), |_, _| limited());
    assert_eq!(katapult(&server, &UPDATE).run().ok().json()["retention"], 14);
    assert_eq!(server.writes().len(), 2);
}

#[test]
fn a_change_of_someone_else_is_not_overwritten_after_a_lost_answer() {
    for is_done in [false, true] {
        let (world, home) = (World::new(), Home::new());
        let server = with_first_write(&world, move |world, request| {
            if is_done {
                world.answer(request);
            }
            set_retention(world, 99);
            Answer::html(502)
        });
        let run = katapult(&server, &UPDATE).home(&home).run().fails(7, "changed");
        assert_eq!((run.error()["changed"].as_str(), server.writes().len()), (Some("maybe"), 1), "{}", run.report());
        assert!(!run.error()["hint"].as_str().unwrap().contains("left alone"), "{}", run.report());
        assert_eq!((world.current()["retention"].as_u64(), journaled(&home).as_deref()), (Some(99), Some("unknown")));
    }
    // One's own change does not stop it.
    let world = World::new();
    let server = with_first_write(&world, |world, request| {
        world.answer(request);
        Answer::html(502)
    });
    assert_eq!(katapult(&server, &UPDATE).run().ok().json()["retention"], 14);
}

#[test]
fn a_change_of_someone_else_is_not_overwritten_after_waiting_for_the_rate_limits_window() {
    let world = World::new();
    let (inner, reads) = (world.clone(), AtomicUsize::new(0));
    let server = world.serve_but(move |request| {
        if request.path() != POLICY_PATH || request.is_write() || reads.fetch_add(1, Ordering::SeqCst) > 0 {
            return None;
        }
        let answer = inner.answer(request).header("Date", "Sun, 06 Nov 1994 08:49:59 GMT");
        set_retention(&inner, 99);
        Some(answer.header("X-RateLimit-Permitted", "1000").header("X-RateLimit-Remaining", "0"))
    });
    katapult(&server, &UPDATE).run().fails(5, "changed");
    assert!(server.writes().is_empty());
    assert_eq!(world.current()["retention"], 99);
}

#[test]
fn other_writes_are_checked_after_a_wait_as_well() {
    for args in [
        vec!["policy", "delete", POLICY, "--yes", "-o", "json"],
        vec!["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes", "-o", "json"],
    ] {
        let world = World::new();
        let server = with_first_write(&world, |world, _| {
            set_retention(world, 99);
            limited()
        });
        katapult(&server, &args).run().fails(5, "changed");
        assert_eq!((server.writes().len(), world.live_policies().len()), (1, 1), "{args:?}");
    }
    // A colleague creates the same policy.
    let world = World::new();
    let server = with_first_write(&world, |world, _| {
        let theirs = policy("dbp_theirs", "VirtualMachine", VM, "web-1", "weekly", 4);
        world.clone().policies([world.live_policies(), vec![theirs]].concat());
        limited()
    });
    let create = ["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "8", "-o", "json"];
    katapult(&server, &create).run().fails(5, "changed");
    assert_eq!((server.writes().len(), server.to(VM_POLICIES_PATH).len() > 1), (1, true));
}

/// Stands before a cloud: instead of the first write another user's is carried out, and `answer` is given.
fn with_first_write_of_another(
    cloud: &Cloud,
    answer: Answer,
    theirs: impl Fn(Request) -> Request + Send + Sync + 'static,
) -> Server {
    let (writes, authority) = (AtomicUsize::new(0), cloud.authority().to_owned());
    cloud.behind(move |request, pass| {
        if !request.is_write() || writes.fetch_add(1, Ordering::SeqCst) > 0 {
            return pass();
        }
        assert!(forward(&authority, &theirs(request.clone())).0 < 300);
        answer.clone()
    })
}

#[test]
fn on_onapp_too() {
    let cloud = Cloud::serve(&[]);
    let limited = Answer::json(429, &json!({"errors": ["too many"]})).header("Retry-After", "0");
    let server = with_first_write_of_another(&cloud, limited, |request| {
        let mut body = request.json();
        body["schedule"]["rotation_period"] = 60.into();
        Request { body: body.to_string().into_bytes(), ..request }
    });
    cloud.through(&server, &["policy", "update", "31", "--retention", "10", "-o", "json"]).run().fails(5, "changed");
    let now = cloud.bpctl(&["policy", "show", "31", "-o", "json"]).run().ok().json();
    assert_eq!((now["rotation_period"].as_u64(), server.writes().len()), (Some(60), 1), "{now}");
}

/// A deletion whose answer was lost is queued: it is one's own, and not to be repeated.
#[test]
fn a_queued_deletion_of_ones_own_is_not_taken_for_someone_elses() {
    let cloud = Cloud::serve(&["--fail", "DELETE/lost:1"]);
    let run = cloud.bpctl(&["backup", "delete", "6117", "--yes", "-o", "json"]).run();
    let error = run.error();
    assert_eq!(error["changed"], "maybe", "{}", run.report());
    assert_ne!(error["code"], "changed", "{}", run.report());
    assert!(!error["hint"].as_str().unwrap().contains("nothing was sent"), "{}", run.report());
}

/// A restoration that may have been made is not reported as one that was not.
#[test]
fn a_restoration_whose_answer_was_lost_may_have_been_made() {
    let (world, home) = (World::new(), Home::new());
    katapult(&world.serve(), &["policy", "delete", POLICY, "--yes"]).run().ok();
    let (inner, is_lost) = (world.clone(), AtomicUsize::new(0));
    let server = world.serve_but(move |request| {
        if request.is_write() {
            is_lost.store(1, Ordering::SeqCst);
            inner.answer(request);
            return Some(Answer::html(502));
        }
        let is_after = is_lost.load(Ordering::SeqCst) == 1;
        (is_after && request.path().contains("trash_object")).then(|| Answer::error(500, "unhandled_exception"))
    });
    let args = ["policy", "restore", POLICY, "--yes", "-o", "json", "--retries", "1"];
    let run = katapult(&server, &args).home(&home).run();
    assert_ne!(run.error()["changed"], "no", "{}", run.report());
    assert_ne!(journaled(&home).as_deref(), Some("failed"), "{}", run.report());
}

/// A deletion that waits while the cloud is busy: the last finished backup may be another one by then.
#[test]
fn a_backup_that_became_the_last_one_is_not_deleted() {
    let cloud = Cloud::serve(&[]);
    let busy = Answer::json(422, &json!({"errors": {"base": ["Please wait until another transaction is done"]}}));
    let server = with_first_write_of_another(&cloud, busy, |request| Request {
        target: request.target.replace("6302", "6301"),
        ..request
    });
    let args = ["backup", "delete", "6302", "--wait=60s", "--yes", "-o", "json"];
    let run = cloud.through(&server, &args).run().fails(5, "changed");
    assert!(run.error()["message"].as_str().unwrap().contains("0 of 1 are left"), "{}", run.report());
    cloud.bpctl(&["backup", "show", "6302"]).run().ok();
}

/// A recovery point that waits while the cloud is busy: what kept it busy was another one, and is not taken for it.
#[test]
fn a_recovery_point_is_not_mistaken_for_one_that_was_waited_for() {
    let cloud = Cloud::serve(&[]);
    let (writes, authority) = (AtomicUsize::new(0), cloud.authority().to_owned());
    let server = cloud.behind(move |request, pass| {
        if !request.is_write() {
            return pass();
        }
        // The first is another user's, which the cloud is at work on for a moment. No answer names what was made.
        match (writes.fetch_add(1, Ordering::SeqCst), forward(&authority, request)) {
            (0, (201, _)) => Answer::json(422, &json!({"errors": {"base": ["Please wait until it is finished"]}})),
            (_, (201, _)) => Answer::empty(201),
            (_, (status, body)) => Answer::raw(status, "application/json", body),
        }
    });
    let list = ["backups", "list", "--vm", "745", "--kind", "points", "-o", "id"];
    let before = cloud.bpctl(&list).run().ok().stdout;
    let args = ["backup", "create", "--vm", "745", "--resource", "3", "--wait=60s", "-o", "json"];
    let made = cloud.through(&server, &args).run().ok().json();
    let after = cloud.bpctl(&list).run().ok().stdout;
    let new: Vec<&str> = after.lines().filter(|id| !before.lines().any(|known| known == *id)).collect();
    let newest = new.iter().map(|id| id.parse::<u64>().unwrap()).max();
    assert_eq!((new.len(), made["id"].as_u64()), (2, newest));
}

/// Between the last reading of a backup and the request stands a look at the transactions, which may have to wait, too.
#[test]
fn a_backup_that_changes_while_the_transactions_are_read_is_not_deleted() {
    let cloud = Cloud::serve(&[]);
    let (looks, authority) = (AtomicUsize::new(0), cloud.authority().to_owned());
    let server = cloud.behind(move |request, pass| {
        let is_look = request.path().contains("/transactions");
        if !is_look || looks.fetch_add(1, Ordering::SeqCst) > 0 {
            return pass();
        }
        let note = Request {
            method: "PUT".to_owned(),
            target: format!("{}/backups/6117/note.json", request.target.split("/virtual_machines").next().unwrap()),
            body: br#"{"note":"kept"}"#.to_vec(),
            headers: with_json(request),
        };
        assert!(forward(&authority, &note).0 < 300);
        Answer::json(429, &json!({"errors": ["too many"]})).header("Retry-After", "1")
    });
    cloud.through(&server, &["backup", "delete", "6117", "--yes", "-o", "json"]).run().fails(5, "changed");
    assert_eq!(server.writes().len(), 0);
}

fn with_json(request: &Request) -> Vec<(String, String)> {
    let mut headers = request.headers.clone();
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    headers.push(("content-length".to_owned(), "15".to_owned()));
    headers
}
