//! What takes its time outside of any request: a name that is not resolved.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Home, TOKEN, bare};
use crate::world::DISK;

/// Well below what hangs, well above what a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_resolver_that_hangs_does_not_hold_up_the_end() {
    let home = Home::new();
    // The C library reads this file while it resolves a name: one that nobody writes to keeps it waiting.
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
