//! What takes its time outside of any request: a name that is not resolved, a program that does not print its token.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Bpctl, Home, Run, TOKEN, bare, interrupt, terminate};
use crate::world::{DISK, World};

/// Well below what hangs, well above what a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_resolver_that_hangs_does_not_hold_up_the_end() {
    let home = Home::new();
    // The C library reads this file while it resolves a name: one without a writer keeps it waiting.
    let aliases = home.path("aliases");
    assert!(Command::new("mkfifo").arg(&aliases).status().unwrap().success());
    let began = Instant::now();
    bare(&["disk", "show", DISK, "-o", "json", "--api-url", "https://nowhere", "--timeout", "1s", "--retries", "0"])
        .env("BPCTL_TOKEN", TOKEN)
        .env("HOSTALIASES", aliases.to_str().unwrap())
        .home(&home)
        .run()
        .fails_in_json(7);
    assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
}

/// `bpctl` with a profile whose token is printed by a program that hangs, after it has left its id in `hung`.
fn with_a_hanging_program(home: &Home, url: &str, args: &[&str]) -> Bpctl {
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", home.path("hung").display());
    let profile = format!("[profiles.w]\napi_url = \"{url}\"\ntoken_command = ['sh', '-c', '{script}']\n");
    let config = home.file("bpctl.toml", &format!("default_profile = \"w\"\n{profile}"));
    bare(args).args(&["--config", config.to_str().unwrap()]).home(home)
}

/// The program that hung is no longer there: it was ended with `bpctl`.
fn is_gone(home: &Home) {
    let id = std::fs::read_to_string(home.path("hung")).unwrap();
    let command = Path::new("/proc").join(id.trim()).join("cmdline");
    let began = Instant::now();
    // A process that was not waited for yet is a name without a command line.
    while std::fs::read(&command).is_ok_and(|line| !line.is_empty()) {
        assert!(began.elapsed() < SOON, "the program is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_token_command_has_the_time_of_the_command() {
    let server = World::new().serve();
    for args in [&["disk", "show", DISK][..], &["auth", "status"]] {
        let home = Home::new();
        let began = Instant::now();
        let command = with_a_hanging_program(&home, &server.katapult_url(), args);
        let run = command.args(&["-o", "json", "--max-wait", "1s"]).run().fails(7, "timeout");
        assert!(run.error()["message"].to_string().contains("token_command `sh` did not end in time"));
        assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
        is_gone(&home);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_token_command_is_part_of_a_diagnosis() {
    let server = World::new().serve();
    let home = Home::new();
    let command = with_a_hanging_program(&home, &server.katapult_url(), &["doctor", "--max-wait", "1s"]);
    let run = command.run().exits(7);
    assert!(run.stdout.contains("did not end in time"), "{}", run.report());
}

#[test]
fn a_token_command_is_left_when_bpctl_is_ended() {
    let server = World::new().serve();
    for signal in [interrupt, terminate] {
        let home = Home::new();
        let running = with_a_hanging_program(&home, &server.katapult_url(), &["disk", "show", DISK]).spawn();
        while !home.path("hung").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let began = Instant::now();
        signal(running.id());
        let run: Run = running.wait().exits(130);
        assert!(run.stderr.contains("interrupted"), "{}", run.report());
        assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
        is_gone(&home);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_token_command_is_run_once_for_many_requests() {
    let server = World::new().serve();
    let home = Home::new();
    let script = format!("echo run >> {}; printf {TOKEN}", home.path("runs").display());
    let profile =
        format!("[profiles.w]\napi_url = \"{}\"\ntoken_command = ['sh', '-c', '{script}']\n", server.katapult_url());
    let config = home.file("bpctl.toml", &format!("default_profile = \"w\"\n{profile}"));
    bare(&["coverage", "--config", config.to_str().unwrap()]).home(&home).run();
    assert!(server.count() > 1);
    assert_eq!(std::fs::read_to_string(home.path("runs")).unwrap(), "run\n");
}
