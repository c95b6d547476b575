//! Ctrl-C and SIGTERM work while bpctl waits for another process to write to what it reads.

use std::process::Command;
use std::time::Duration;

use crate::harness::{Bpctl, Home, TOKEN, hang_up, interrupt, katapult, terminate};
use crate::server::Server;
use crate::world::World;

/// How soon a signal is heard, even on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// Commands that read standard input, with what they have read of it when the signal comes.
fn reading(server: &Server) -> Vec<Bpctl> {
    vec![
        katapult(server, &["policy", "delete", "-", "--yes"]).stdin("dbp_one\n"),
        katapult(server, &["plan", "-f", "-"]).stdin("version = 1\n"),
        katapult(server, &["apply", "-f", "-", "--yes"]).stdin("version = 1\n"),
        katapult(server, &["apply", "-", "--yes"]).stdin("{"),
        katapult(server, &["auth", "login"]).without_env("BPCTL_TOKEN").stdin(&TOKEN[..8]),
    ]
}

#[test]
fn a_signal_ends_the_wait_for_standard_input() {
    let server = World::new().serve();
    for signal in [interrupt, terminate, hang_up] {
        for command in reading(&server) {
            let running = command.spawn_reading();
            signal(running.id());
            running.wait_at_most(SOON).exits(130).mentions(&["error: interrupted"]);
        }
    }
    assert!(server.writes().is_empty());
}

#[test]
fn a_signal_ends_the_wait_for_a_named_pipe() {
    let (server, home) = (World::new().serve(), Home::new());
    let pipe = home.path("policies.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for signal in [interrupt, terminate] {
        let running = katapult(&server, &["plan", "-f"]).arg(pipe.display().to_string()).home(&home).spawn();
        // Returns when it is being read.
        let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        signal(running.id());
        running.wait_at_most(SOON).exits(130).mentions(&["error: interrupted"]);
        drop(writer);
    }
}
