//! Changes that weaken protection are confirmed; those that strengthen it just happen.

use crate::harness::{Bpctl, katapult};
use crate::server::Server;
use crate::world::{POLICY, World};

/// What weakens the protection by a daily policy that keeps seven.
const WEAKER: [&[&str]; 6] = [
    &["policy", "update", POLICY, "--retention", "6"],
    &["policy", "update", POLICY, "--interval", "weekly"],
    &["policy", "update", POLICY, "--interval", "monthly"],
    &["policy", "update", POLICY, "--retention", "30", "--interval", "weekly"],
    &["policy", "update", POLICY, "--retention", "1", "--interval", "hourly"],
    &["policy", "schedule-delete", POLICY, "--at", "+7d"],
];

fn run(server: &Server, args: &[&str]) -> Bpctl {
    katapult(server, args)
}

#[test]
fn weakening_is_refused_without_a_terminal() {
    for args in WEAKER {
        let server = World::new().serve();
        run(&server, args).args(&["-o", "json"]).run().fails(2, "confirmation_required");
        run(&server, args).run().fails_in_words(2).mentions(&["--yes"]);
        run(&server, args).args(&["--no-input"]).run().fails_in_words(2);
        assert!(server.writes().is_empty(), "{args:?}: {:?}", server.writes());
    }
}

#[test]
fn an_answer_from_a_pipe_does_not_confirm() {
    for args in WEAKER {
        let server = World::new().serve();
        run(&server, args).stdin("y\nyes\n").run().exits(2);
        assert!(server.writes().is_empty(), "{args:?}");
    }
}

#[test]
fn yes_confirms() {
    for args in WEAKER {
        for yes in ["--yes", "-y"] {
            let server = World::new().serve();
            run(&server, args).args(&[yes]).run().ok();
            assert_eq!(server.writes().len(), 1, "{args:?}");
        }
    }
}

#[test]
fn yes_and_no_input_go_together() {
    let server = World::new().serve();
    run(&server, WEAKER[0]).args(&["--yes", "--no-input"]).run().ok();
    assert_eq!(server.writes().len(), 1);
}

#[test]
fn strengthening_just_happens() {
    for args in [&["--retention", "8"][..], &["--retention", "168", "--interval", "hourly"]] {
        let server = World::new().serve();
        run(&server, &["policy", "update", POLICY]).args(args).args(&["--no-input"]).run().ok();
        assert_eq!(server.writes().len(), 1, "{args:?}");
    }
}

#[test]
fn the_intervals_are_ordered() {
    let intervals = ["hourly", "daily", "weekly", "monthly"];
    for (from, old) in intervals.iter().enumerate() {
        for (to, new) in intervals.iter().enumerate() {
            let server = World::new().policy(|policy| policy["schedule"]["interval"] = (*old).into()).serve();
            // Enough of them that the oldest is not younger than before.
            let update = ["policy", "update", POLICY, "--retention", "9999", "--interval", new];
            let code = run(&server, &update).run().code;
            assert_eq!(code, if to > from { 2 } else { 0 }, "{old} to {new}");
            assert_eq!(server.writes().len(), usize::from(to <= from), "{old} to {new}");
        }
    }
}

#[test]
fn what_changes_nothing_needs_no_confirmation() {
    let server = World::new().serve();
    run(&server, &["policy", "update", POLICY, "--retention", "7", "--interval", "daily"]).run().ok();
    assert_ne!(server.count(), 0, "the policy is read");
    assert!(server.writes().is_empty());
}
