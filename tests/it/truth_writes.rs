//! Writes whose answers are lost, late or about something else: what is reported is what happened.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::company::{Company, is};
use crate::harness::{Home, Run, TOKEN, katapult};
use crate::matrix::journaled;
use crate::server::{Answer, Request, Server};
use crate::terminal::Terminal;
use crate::world::{POLICY, POLICY_PATH, SCHEDULE_PATH, VM, VM_POLICIES_PATH, World, now, policy};

const FAR: &str = "@4086590400";

/// Code, `changed` and `retryable` of a failed run.
fn ended(run: &Run) -> (String, String, bool) {
    let error = run.error();
    let word = |name: &str| error[name].as_str().unwrap().to_owned();
    (word("code"), word("changed"), error["retryable"].as_bool().unwrap())
}

/// A colleague moves the policy to the trash.
fn trash(world: &World) {
    let body = json!({"disk_backup_policy": {"id": POLICY}}).to_string();
    let headers = vec![("authorization".to_owned(), format!("Bearer {TOKEN}"))];
    let request =
        Request { method: "DELETE".to_owned(), target: POLICY_PATH.to_owned(), headers, body: body.into_bytes() };
    assert_eq!(world.answer(&request).status(), 200);
}

#[test]
fn a_policy_that_is_gone_is_not_scheduled_for_a_later_deletion() {
    let lost = [Answer::html(502), Answer::reset(), Answer::closed(), Answer::text_json("{\"disk").cut_off()];
    for (number, lost) in lost.into_iter().enumerate() {
        let (world, home) = (World::new(), Home::new());
        let (inner, tries) = (world.clone(), AtomicUsize::new(0));
        let server = world.serve_but(move |request| {
            if request.path() != SCHEDULE_PATH || tries.fetch_add(1, Ordering::SeqCst) > 0 {
                return None;
            }
            if number % 2 == 0 {
                inner.answer(request);
            }
            trash(&inner);
            Some(lost.clone())
        });
        let args = ["policy", "schedule-delete", POLICY, "--at", FAR, "--yes", "-o", "json"];
        let run = katapult(&server, &args).home(&home).run().fails(5, "object_in_trash");
        assert_eq!(ended(&run).1, "maybe", "{}", run.report());
        assert!(!ended(&run).2, "{}", run.report());
        assert!(run.error()["hint"].as_str().unwrap().contains("policy restore"), "{}", run.report());
        assert_eq!(journaled(&home).as_deref(), Some("unknown"));
    }
    // Accepted, and gone when it is read back.
    let (world, home) = (World::new(), Home::new());
    let inner = world.clone();
    let server = world.serve_but(move |request| {
        let answer = (request.path() == SCHEDULE_PATH).then(|| inner.answer(request));
        answer.is_some().then(|| trash(&inner));
        answer
    });
    let args = ["policy", "schedule-delete", POLICY, "--at", FAR, "--yes", "-o", "json"];
    let run = katapult(&server, &args).home(&home).run().fails(5, "object_in_trash");
    assert_eq!(ended(&run).1, "yes", "{}", run.report());
    assert_eq!(journaled(&home).as_deref(), Some("unknown"));
}

/// Reads show the state before the first write for so long after it.
fn late(world: &World, by: Duration) -> Server {
    let (before, written) = (World::new(), Mutex::new(None::<Instant>));
    world.serve_but(move |request| {
        let mut written = written.lock().unwrap();
        if request.is_write() {
            *written = Some(Instant::now());
            return None;
        }
        written.is_some_and(|at| at.elapsed() < by).then(|| before.answer(request))
    })
}

#[test]
fn a_change_that_becomes_visible_later_is_waited_for() {
    let commands: [&[&str]; 4] = [
        &["policy", "update", POLICY, "--retention", "14"],
        &["policy", "schedule-delete", POLICY, "--at", FAR, "--yes"],
        &["policy", "delete", POLICY, "--yes"],
        &["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"],
    ];
    std::thread::scope(|scope| {
        for args in commands {
            scope.spawn(move || {
                let (world, home) = (World::new(), Home::new());
                let server = late(&world, Duration::from_millis(1500));
                katapult(&server, args).args(&["-o", "json"]).home(&home).run().ok();
                assert_eq!((server.writes().len(), journaled(&home).as_deref()), (1, Some("done")), "{args:?}");
            });
        }
    });
    // A policy that comes out of the trash.
    let restored = Mutex::new(None::<Instant>);
    let company = Company::but(move |request, _| {
        let mut restored = restored.lock().unwrap();
        if is(request, "POST", "/restore") {
            *restored = Some(Instant::now());
        }
        let is_hidden = restored.is_some_and(|at| at.elapsed() < Duration::from_millis(1500));
        (is_hidden && is(request, "GET", "/disk_backup_policy"))
            .then(|| Answer::error_with(406, "object_in_trash", json!({})))
    });
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    assert_eq!(company.json(&["policy", "restore", &id])["id"], json!(id));
}

#[test]
fn a_change_that_never_becomes_visible_is_not_called_done() {
    let commands: [(&[&str], i32, &str, &str); 4] = [
        (&["policy", "update", POLICY, "--retention", "14"], 1, "not_applied", "maybe"),
        (&["policy", "schedule-delete", POLICY, "--at", FAR, "--yes"], 1, "not_applied", "maybe"),
        (&["policy", "delete", POLICY, "--yes"], 1, "not_applied", "maybe"),
        (&["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"], 9, "not_verified", "yes"),
    ];
    std::thread::scope(|scope| {
        for (args, exit, code, changed) in commands {
            scope.spawn(move || {
                let (world, home) = (World::new().deaf(), Home::new());
                let server = world.serve();
                let run = katapult(&server, args).args(&["-o", "json"]).home(&home).run().fails(exit, code);
                assert_eq!(ended(&run), (code.to_owned(), changed.to_owned(), false), "{}", run.report());
                assert_eq!((server.writes().len(), journaled(&home).as_deref()), (1, Some("unknown")), "{args:?}");
            });
        }
    });
}

/// Fails every read of a policy by itself after the first write.
fn unreadable_afterwards(world: &World, answer: Answer) -> Server {
    let writes = AtomicUsize::new(0);
    world.serve_but(move |request| {
        if request.is_write() {
            writes.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        (request.path() == POLICY_PATH && writes.load(Ordering::SeqCst) > 0).then(|| answer.clone())
    })
}

#[test]
fn a_write_that_was_accepted_and_cannot_be_read_back_is_not_a_clean_failure() {
    let faults = || {
        [
            Answer::error(429, "rate_limit_reached").header("Retry-After", "3600"),
            Answer::error(401, "invalid_api_token"),
            Answer::error(403, "permission_denied"),
            Answer::error(500, "unhandled_exception"),
            Answer::error(400, "generic_runtime_error"),
            Answer::html(502),
            Answer::closed(),
            Answer::text_json("{}"),
            Answer::json(
                200,
                &json!({"disk_backup_policy": policy("dbp_other", "VirtualMachine", VM, "x", "daily", 1)}),
            ),
        ]
    };
    let commands: [&[&str]; 3] = [
        &["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"],
        &["policy", "update", POLICY, "--retention", "14"],
        &["policy", "schedule-delete", POLICY, "--at", FAR, "--yes"],
    ];
    for args in commands {
        let id = if args.contains(&"create") { "dbp_new1" } else { POLICY };
        for fault in faults() {
            let (world, home) = (World::new(), Home::new());
            let server = unreadable_afterwards(&world, fault);
            let limits = ["-o", "json", "--retries", "0", "--max-wait", "20s"];
            let run = katapult(&server, args).args(&limits).home(&home).run().fails(9, "not_verified");
            assert_eq!(ended(&run), ("not_verified".to_owned(), "yes".to_owned(), false), "{}", run.report());
            assert_eq!(run.error()["detail"]["id"], id, "{}", run.report());
            let hint = run.error()["hint"].as_str().unwrap().to_owned();
            assert!(hint.contains("do not repeat") && hint.contains(&format!("policy show {id}")), "{hint}");
            assert!(!hint.contains("again later") && !hint.contains("next minute"), "{hint}");
            assert_eq!((server.writes().len(), journaled(&home).as_deref()), (1, Some("unknown")), "{}", run.report());
        }
    }
}

/// A hint to try again would make a second policy.
#[test]
fn what_may_have_been_done_is_not_to_be_tried_again() {
    let commands: [&[&str]; 4] = [
        &["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5"],
        &["policy", "update", POLICY, "--retention", "14"],
        &["policy", "schedule-delete", POLICY, "--at", FAR, "--yes"],
        &["policy", "delete", POLICY, "--yes"],
    ];
    for args in commands {
        for (status, code) in [(500, "unhandled_exception"), (502, ""), (504, ""), (400, "generic_runtime_error")] {
            let server = World::new().serve_but(move |request| {
                let answer = || if code.is_empty() { Answer::html(status) } else { Answer::error(status, code) };
                request.is_write().then(answer)
            });
            let run = katapult(&server, args).args(&["-o", "json", "--retries", "0"]).run().exits(7);
            let error = run.error();
            assert_eq!((&error["changed"], &error["retryable"]), (&json!("maybe"), &json!(false)), "{}", run.report());
            assert!(!error["hint"].to_string().contains("try again"), "{}", run.report());
            assert!(!error["message"].to_string().contains(".;"), "{}", run.report());
        }
    }
}

#[test]
fn an_answer_about_another_policy_is_not_believed() {
    let other = policy("dbp_other", "VirtualMachine", VM, "web-1", "daily", 30);
    let commands: [&[&str]; 6] = [
        &["policy", "update", POLICY, "--retention", "14"],
        &["policy", "update", POLICY, "--time", "5", "--yes"],
        &["policy", "schedule-delete", POLICY, "--at", FAR, "--yes"],
        &["policy", "delete", POLICY, "--yes"],
        &["policy", "show", POLICY],
        &["policies", "update", "--match", "*", "--retention", "14", "--yes"],
    ];
    for args in commands {
        let (home, answer) = (Home::new(), Answer::json(200, &json!({"disk_backup_policy": other})));
        let server = World::new().serve_but(move |request| {
            (request.method == "GET" && request.path() == POLICY_PATH).then(|| answer.clone())
        });
        let run = katapult(&server, args).args(&["-o", "json"]).home(&home).run().exits_nonzero();
        assert!(run.stderr.contains("dbp_other") && run.stderr.contains("invalid_response"), "{}", run.report());
        assert_eq!(run.error()["changed"], "no", "{}", run.report());
        assert!(server.writes().is_empty(), "{}", run.report());
        assert_eq!(journaled(&home), None);
    }
}

#[test]
fn what_is_to_be_deleted_is_read_again_after_the_question() {
    let commands: [&[&str]; 2] =
        [&["policy", "delete", POLICY], &["policy", "schedule-delete", POLICY, "--at", "2099-07-01"]];
    let changes: [fn(&mut Value); 3] = [
        |policy| policy["retention"] = json!(90),
        |policy| policy["schedule"]["interval"] = json!("hourly"),
        |policy| policy["auto_move_to_trash_at"] = json!(4_000_000_000_i64),
    ];
    for args in commands {
        for change in changes {
            let world = World::new();
            let server = world.serve();
            let terminal = Terminal::run(&katapult(&server, args));
            terminal.wait_for_prompt("[y/N]");
            world.clone().policy(change);
            terminal.enter("y");
            terminal.ends().exits(5).shows(&["it was changed since it was shown"]);
            assert!(server.writes().is_empty(), "{args:?}");
        }
    }
}

/// Serves a world whose clock differs from this machine's.
fn with_clock(offset: i64) -> Server {
    let world = World::new();
    Server::start(move |request| {
        let date = Timestamp::from_second(now() + offset).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT");
        world.answer(request).header("Date", &date.to_string())
    })
}

#[test]
fn what_counts_from_now_is_measured_by_the_servers_clock() {
    const DAY: i64 = 86_400;
    let run = |server: &Server, at: &str| {
        katapult(server, &["policy", "schedule-delete", POLICY, "--yes", "-o", "json", "--at", at]).run()
    };
    for offset in [7 * DAY, -7 * DAY, 3600, -3600, 120, -120] {
        let server = with_clock(offset);
        for at in ["+7d", "in 36h", "2 weeks", "tomorrow 02:00", "friday 22:00", "end of month"] {
            let run = run(&server, at).fails(2, "clock_skew");
            assert_eq!(run.error()["changed"], "no");
        }
        assert!(server.writes().is_empty(), "{offset}");
        for at in [FAR, "2099-07-01T12:00:00Z", "2099-07-01 12:00", "2099-07-01"] {
            run(&server, at).ok();
        }
        assert_eq!(server.writes().len(), 4, "{offset}");
    }
    for offset in [30, -30] {
        let server = with_clock(offset);
        let before = now() + offset;
        run(&server, "+7d").ok();
        let at = server.writes()[0].json()["timestamp"].as_i64().unwrap();
        assert!((before + 7 * DAY - 2..=now() + offset + 7 * DAY + 2).contains(&at), "{offset}: {at}, {before}");
    }
    // Far enough by this machine's clock, and not by the server's.
    let server = with_clock(400);
    let refused = run(&server, &format!("@{}", now() + 600)).fails(5, "invalid_timestamp");
    refused.mentions(&["(in 3 min;", "by the server's clock: it must be at least 5 minutes"]);
    // A request takes time: five minutes are not enough, and nothing is asked to find that out.
    let asked = server.count();
    for at in ["+5m", "in 300s", "in 5m", &format!("@{}", now() + 300)] {
        run(&server, at).exits_nonzero();
    }
    assert_eq!((server.count(), server.writes().len()), (asked, 0));
}

#[test]
fn two_updates_of_one_user_do_not_cross() {
    let world = World::new();
    let inner = world.clone();
    let server = Server::start(move |request| {
        let answer = inner.answer(request);
        if request.method == "GET" { answer.delayed(Duration::from_millis(700)) } else { answer }
    });
    let home = Home::new();
    let update = |field: [&str; 2]| {
        katapult(&server, &["policy", "update", POLICY]).args(&field).args(&["--yes"]).home(&home).spawn()
    };
    let racers = [update(["--time", "5"]), update(["--minute", "45"]), update(["--retention", "20"])];
    let runs = racers.map(|racer| racer.wait().ok());
    let after = world.current();
    let fields = (&after["schedule"]["time"], &after["schedule"]["minute"], &after["retention"]);
    assert_eq!(fields, (&json!(5), &json!(45), &json!(20)));
    assert!(runs.iter().any(|run| run.stderr.contains("waiting for another bpctl")), "those who wait say so");
}

#[test]
fn several_creators_make_one_policy() {
    let world = World::new();
    let inner = world.clone();
    let server = Server::start(move |request| {
        let answer = inner.answer(request);
        if request.path() == VM_POLICIES_PATH { answer.delayed(Duration::from_millis(300)) } else { answer }
    });
    let home = Home::new();
    let create = ["policy", "create", "--vm", VM, "--interval", "weekly", "--retention", "5", "-o", "json"];
    let racers = [0; 3].map(|_| katapult(&server, &create).home(&home).spawn());
    let mut codes = racers.map(|racer| racer.wait().code);
    codes.sort_unstable();
    assert_eq!(codes, [0, 2, 2], "one is made, and the others learn of it");
    assert_eq!((server.writes().len(), world.live_policies().len()), (1, 2));
    let file = format!("version = 1\n[[policy]]\nvm = '{VM}'\ninterval = 'hourly'\nretention = 24\n");
    let path = home.file("p.toml", &file).display().to_string();
    let racers = [0; 3].map(|_| katapult(&server, &["apply", "-f", &path, "-o", "json"]).home(&home).spawn());
    racers.into_iter().for_each(|racer| drop(racer.wait().ok()));
    assert_eq!((server.writes().len(), world.live_policies().len()), (2, 3));
}

#[test]
fn no_lock_is_held_while_the_user_chooses_what_a_name_means() {
    let commands: [&[&str]; 3] = [
        &["policy", "update", "web-1", "--retention", "30"],
        &["policy", "delete", "web-1", "--yes"],
        &["policy", "schedule-delete", "web-1", "--at", "2099-07-01", "--yes"],
    ];
    for args in commands {
        let (home, world) = (Home::new(), World::new());
        let live = ["dbp_one", "dbp_two", "dbp_three"].map(|id| policy(id, "VirtualMachine", VM, "web-1", "daily", 7));
        let server = world.clone().policies(live.to_vec()).serve();
        let terminal = Terminal::run(&katapult(&server, args).home(&home));
        terminal.wait_for_prompt("dbp_two");
        let other = katapult(&server, &["policy", "update", "dbp_one", "--minute", "45"]).home(&home);
        let run = other.args(&["--max-wait", "5s"]).run().ok();
        assert!(!run.stderr.contains("waiting for another"), "{}", run.report());
        terminal.press("enter");
        terminal.ends().exits(0);
        // It is read under the lock, after the choice.
        let last = server.requests().into_iter().rev().find(Request::is_write).unwrap();
        assert_eq!(last.json()["disk_backup_policy"]["id"], "dbp_one", "{args:?}");
        if let Some(one) = world.live_policies().iter().find(|policy| policy["id"] == "dbp_one") {
            assert_eq!(one["schedule"]["minute"], 45, "{args:?}");
        }
    }
}

#[test]
fn no_lock_is_held_while_the_user_chooses_a_disk() {
    let home = Home::new();
    let company = Company::new();
    let disks = company.json(&["disk", "list"]);
    let name = |disk: &Value| disk["name"].as_str().unwrap().to_owned();
    let names: Vec<String> = disks.as_array().unwrap().iter().map(name).collect();
    let double = names.iter().find(|one| names.iter().filter(|other| other == one).count() > 1).unwrap();
    let create = ["policy", "create", "--disk", double, "--interval", "monthly", "--retention", "3"];
    let terminal = Terminal::run(&company.bpctl(&create).home(&home));
    terminal.wait_for_prompt("type to search");
    let other = company.bpctl(&["policy", "update", &company.web_1(), "--minute", "45", "--max-wait", "5s"]);
    other.home(&home).run().ok();
    terminal.press("enter");
    terminal.ends().exits(0);
    assert_eq!(company.server.writes().len(), 2);
}

/// A login page of a proxy is not the API's answer, whatever its status.
#[test]
fn a_page_in_answer_to_a_write_is_said() {
    for args in [vec!["policy", "update", POLICY, "--retention", "14"], vec!["policy", "delete", POLICY, "--yes"]] {
        let server = World::new().serve_but(|request| request.is_write().then(|| Answer::html(200)));
        let run = katapult(&server, &args).args(&["-o", "json"]).run().fails(1, "not_applied");
        assert!(run.error()["hint"].as_str().unwrap().contains("HTML page"), "{}", run.report());
        assert_eq!(ended(&run).1, "maybe", "{}", run.report());
    }
}

/// The answer names a policy that is not the one of the request: it may have been changed instead.
#[test]
fn an_answer_about_another_policy_is_said() {
    let other = json!({"disk_backup_policy": {"id": "dbp_other"}});
    for args in [
        vec!["policy", "update", POLICY, "--retention", "14"],
        vec!["policy", "delete", POLICY, "--yes"],
        vec!["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"],
    ] {
        for is_done in [false, true] {
            let (world, home, answer) = (World::new(), Home::new(), Answer::json(200, &other));
            let inner = world.clone();
            let server = world.serve_but(move |request| {
                if is_done && request.is_write() {
                    inner.answer(request);
                }
                request.is_write().then(|| answer.clone())
            });
            let run = katapult(&server, &args).args(&["-o", "json"]).home(&home).run();
            if is_done {
                run.ok().mentions(&["warning: the response is about dbp_other"]);
                continue;
            }
            let run = run.fails(1, "invalid_response");
            assert_eq!(
                (run.error()["detail"]["answered"].as_str(), ended(&run).1.as_str()),
                (Some("dbp_other"), "maybe")
            );
            assert_eq!((server.writes().len(), journaled(&home).as_deref()), (1, Some("unknown")), "{}", run.report());
        }
    }
}
