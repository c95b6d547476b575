//! What is tried again, how often, how long, and what comes of it when nothing helps.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Bpctl, katapult};
use crate::server::{Answer, Server};
use crate::world::{POLICY, VM, World};

fn disk() -> Answer {
    Answer::json(200, &json!({"disk": {"id": "disk_x", "name": "Data"}, "annotations": []}))
}

fn show(server: &Server) -> Bpctl {
    katapult(server, &["disk", "show", "disk_x", "-o", "json"])
}

/// What is worth another try.
fn passing_troubles() -> Vec<(&'static str, Answer, i32)> {
    vec![
        ("502", Answer::html(502), 7),
        ("503", Answer::error(503, "service_unavailable"), 7),
        ("504", Answer::empty(504), 7),
        ("429", Answer::error(429, "rate_limit_reached").header("Retry-After", "1"), 6),
        ("a reset", Answer::closed(), 7),
        ("a cut-off answer", disk().cut_off(), 7),
    ]
}

#[test]
fn a_passing_trouble_passes() {
    for (what, trouble, _) in passing_troubles() {
        let server = Server::answers([trouble, disk()]);
        let run = show(&server).run().ok();
        assert_eq!(run.json()["id"], "disk_x", "{what}");
        assert_eq!(server.count(), 2, "{what}");
    }
}

#[test]
fn a_lasting_trouble_is_given_up_after_the_retries() {
    for (what, trouble, exit) in passing_troubles() {
        for retries in [0, 1] {
            let server = Server::always(trouble.clone());
            show(&server).arg("--retries").arg(retries.to_string()).run().fails_in_json(exit);
            assert_eq!(server.count(), retries + 1, "{what}");
        }
    }
}

#[test]
fn three_retries_are_the_default() {
    let server = Server::always(Answer::error(503, "service_unavailable"));
    show(&server).run().fails(7, "service_unavailable");
    assert_eq!(server.count(), 4);
}

#[test]
fn a_time_out_is_worth_another_try() {
    let first = AtomicUsize::new(0);
    let server = Server::start(move |_| match first.fetch_add(1, Ordering::SeqCst) {
        0 => disk().delayed(Duration::from_secs(20)),
        _ => disk(),
    });
    show(&server).args(&["--timeout", "1s"]).run().ok();
    assert_eq!(server.count(), 2);
}

#[test]
fn time_outs_that_last() {
    let server = Server::always(disk().delayed(Duration::from_secs(20)));
    let started = Instant::now();
    show(&server).args(&["--timeout", "500ms", "--retries", "1"]).run().fails(7, "timeout");
    assert_eq!(server.count(), 2);
    assert!(started.elapsed() < Duration::from_secs(15), "took {:?}", started.elapsed());
}

#[test]
fn max_wait_bounds_the_whole_command() {
    for (trouble, exit) in [
        (disk().delayed(Duration::from_secs(50)), 7),
        (Answer::error(503, "service_unavailable"), 7),
        (Answer::error(429, "rate_limit_reached").header("Retry-After", "3600"), 6),
        (Answer::error(503, "service_unavailable").header("Retry-After", "3600"), 7),
    ] {
        let server = Server::always(trouble);
        let started = Instant::now();
        show(&server).args(&["--max-wait", "2s", "--retries", "1000"]).run().fails_in_json(exit);
        assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    }
}

#[test]
fn a_rate_limit_without_retry_after_waits_for_the_servers_next_minute() {
    // By the server's clock, which is years off ours, the next minute is two seconds away.
    let limited = Answer::error(429, "rate_limit_reached").header("Date", "Sun, 06 Nov 1994 08:49:58 GMT");
    let server = Server::answers([limited, disk()]);
    let started = Instant::now();
    show(&server).args(&["--max-wait", "20s"]).run().ok();
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    // And here it is most of a minute away, which is longer than we may wait.
    let limited = Answer::error(429, "rate_limit_reached").header("Date", "Sun, 06 Nov 1994 08:49:01 GMT");
    let server = Server::answers([limited, disk()]);
    show(&server).args(&["--max-wait", "10s"]).run().fails(6, "rate_limit_reached");
    assert_eq!(server.count(), 1);
}

#[test]
fn what_is_waited_for_is_reported() {
    let limited = || Answer::error(429, "rate_limit_reached").header("Retry-After", "1");
    let run = show(&Server::answers([limited(), disk()])).arg("-v").run().ok();
    assert!(run.stderr.contains("waiting 1.0 s: the rate limit is reached"), "{}", run.report());
    // A script sees it only with `-v`.
    let run = show(&Server::answers([limited(), disk()])).run().ok();
    assert_eq!(run.stderr, "", "{}", run.report());
}

#[test]
fn odd_retry_after_headers_do_no_harm() {
    for (value, code) in [
        ("soon", 0),
        ("-5", 0),
        ("1e9", 0),
        ("", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("99999999999999999999", 0),
        // This one is a number of seconds, and longer than is waited.
        ("100000", 6),
    ] {
        let limited = Answer::error(429, "rate_limit_reached")
            .header("Retry-After", value)
            .header("Date", "Sun, 06 Nov 1994 08:49:59 GMT");
        let server = Server::answers([limited, disk()]);
        let run = show(&server).args(&["--max-wait", "10s"]).run();
        assert_eq!(run.code, code, "{value}: {}", run.report());
    }
}

/// Gives this answer to the first write, and the world's to the rest.
fn once_on_write(world: &World, trouble: Answer) -> Server {
    let trouble = Mutex::new(Some(trouble));
    world.serve_but(move |request| if request.is_write() { trouble.lock().unwrap().take() } else { None })
}

#[test]
fn writes_that_are_safe_to_repeat_are_repeated() {
    for (what, trouble, _) in passing_troubles() {
        for args in [
            &["policy", "update", POLICY, "--retention", "14"][..],
            &["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"],
        ] {
            let world = World::new();
            let server = once_on_write(&world, trouble.clone());
            katapult(&server, args).run().ok();
            let writes = server.writes();
            assert_eq!(writes.len(), 2, "{what}: {args:?}");
            assert_eq!(writes[0].body, writes[1].body, "{what}: {args:?}");
        }
    }
}

#[test]
fn other_troubles_are_not_tried_again() {
    for (status, exit) in [(400, 5), (401, 4), (403, 4), (404, 3), (406, 5), (409, 5), (422, 5), (500, 7)] {
        let server = Server::always(Answer::error(status, "a_code"));
        show(&server).run().exits(exit);
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[test]
fn a_page_is_retried_without_starting_over() {
    let policies = (0..45).map(|n| crate::world::policy(&format!("p-{n}"), "VirtualMachine", VM, "web-1", "daily", 7));
    let world = World::new().policies(policies.collect());
    let trouble = Mutex::new(Some(Answer::empty(503)));
    let server = world.serve_but(move |request| {
        if request.query("page").as_deref() == Some("2") { trouble.lock().unwrap().take() } else { None }
    });
    let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", "id"]).run().ok();
    assert_eq!(run.stdout.lines().count(), 45);
}

/// Many a small server hangs up after its answer and does not say so: no request may get lost on such a connection.
#[test]
fn a_server_that_hangs_up_in_silence_does_no_harm() {
    for pause in [0, 1, 5] {
        let world = World::new();
        let inner = world.clone();
        let server = Server::start(move |request| inner.answer(request).hanging_up(Duration::from_millis(pause)));
        let run = |args: &[&str]| katapult(&server, args).args(&["--retries", "0"]).run().ok();
        for _ in 0..5 {
            run(&["vm", "show", "web-1"]);
            run(&["policy", "update", POLICY, "--retention", "8"]);
            run(&["policy", "update", POLICY, "--retention", "7", "--yes"]);
        }
        assert_eq!(server.writes().len(), 10, "each is sent once");
    }
}

#[test]
fn a_server_in_trouble_is_asked_again_when_it_says() {
    let answers = [Answer::error(503, "service_unavailable").header("Retry-After", "1"), disk()];
    let server = Server::answers(answers);
    let began = Instant::now();
    show(&server).run().ok();
    assert!(began.elapsed() >= Duration::from_secs(1));
}
