//! A randomized campaign: several users run random sequences of `bpctl` commands against a cloud that fails, lies and is
//! changed by others meanwhile. After each command the laws of `laws.rs` compare what it claimed with what is true.
//! `provider.rs` says what a provider has to add; [`HELP`] how to play.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a failed test, and the place says why")]
#![expect(clippy::disallowed_methods, reason = "tests stand outside: they have their own environment and clock")]
#![expect(clippy::print_stdout, reason = "this is a program: it prints what came of the campaign")]

mod fault;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/harness.rs"]
mod harness;
mod katapult;
mod laws;
mod line;
mod onapp;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/onapp_cloud.rs"]
mod onapp_cloud;
mod provider;
mod sequence;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/server.rs"]
mod server;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/simulator.rs"]
mod simulator;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const HELP: &str = "\
Plays random sequences of commands by two users on a faulty cloud, and holds each to the laws of tests/campaign/laws.rs.

  cargo test --test campaign                              a few seconds, the same sequences every time
  cargo test --test campaign -- --seconds 600 --seed 7    ten minutes, from seed 7 on
  cargo test --test campaign -- --seed 1211 --count 1     one sequence again

Every sequence has a seed of its own: an odd one plays on OnApp, an even one on Katapult. A failure prints the seed and
all commands. What is tried follows from the seed alone; the moments at which two processes meet do not.

  --seed N          first seed
  --count N         number of sequences
  --seconds N       play for so long instead
  --provider NAME   only the seeds of `katapult` or `onapp`
  --jobs N          sequences at the same time
  --keep-going      go on after a failure, and list them all";

/// What `cargo test` plays: the same every time, and over in some seconds.
const SEED: u64 = 1;
const COUNT: u64 = 24;
/// Sequences at the same time; most of them wait.
const SIDE_BY_SIDE: usize = 8;

struct Options {
    seed: u64,
    seconds: u64,
    count: u64,
    jobs: usize,
    /// From one seed to the next.
    step: u64,
    /// Go on after a failure, and list them all.
    keeps_going: bool,
}

/// Reads the command line; `None` where a test runner asks only for a list.
fn options() -> Option<Options> {
    let mut options =
        Options { seed: SEED, seconds: u64::MAX, count: COUNT, jobs: SIDE_BY_SIDE, step: 1, keeps_going: false };
    let mut only = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number =
            || words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{word} needs a number"));
        match word.as_str() {
            "--seed" => options.seed = number(),
            "--seconds" => (options.seconds, options.count) = (number(), u64::MAX),
            "--count" => options.count = number(),
            "--jobs" => options.jobs = usize::try_from(number()).unwrap().max(1),
            "--keep-going" => options.keeps_going = true,
            "--provider" => only = words.next(),
            "--help" | "-h" => {
                println!("{HELP}");
                return None;
            }
            // What nextest asks of a test program: this one holds a single test, and none that is left out.
            "--list" => {
                let is_ignored = std::env::args().any(|word| word == "--ignored");
                if !is_ignored {
                    println!("campaign: test");
                }
                return None;
            }
            "--format" => drop(words.next()),
            // Other options of test programs have no meaning here; a filter may leave the campaign out.
            option if option.starts_with('-') => {}
            filter if !"campaign".contains(filter) => return None,
            _ => {}
        }
    }
    if let Some(only) = only {
        options.step = 2;
        options.seed += u64::from(sequence::provider(options.seed) != only);
        assert_eq!(sequence::provider(options.seed), only, "a provider is katapult or onapp");
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else { return ExitCode::SUCCESS };
    // A broken law is a panic that is caught: the report has all of it.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let end = Duration::from_secs(options.seconds);
    let (next, played, commands) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (failures, codes) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let has_failed = !options.keeps_going && !failures.lock().unwrap().is_empty();
                    if number >= options.count || began.elapsed() >= end || has_failed {
                        break;
                    }
                    let outcome = sequence::play(options.seed + number * options.step);
                    played.fetch_add(1, Ordering::SeqCst);
                    for code in &outcome.codes {
                        commands.fetch_add(1, Ordering::SeqCst);
                        *codes.lock().unwrap().entry(code.clone()).or_insert(0_u64) += 1;
                    }
                    failures.lock().unwrap().extend(outcome.failure);
                }
            });
        }
    });
    let (failures, codes) = (failures.into_inner().unwrap(), codes.into_inner().unwrap());
    for failure in &failures {
        println!("{failure}\n");
    }
    let by_code: Vec<String> = codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    println!(
        "campaign: {} sequences, {} commands, {} failed ({})",
        played.into_inner(),
        commands.into_inner(),
        failures.len(),
        by_code.join(", ")
    );
    // A campaign in which hardly anything succeeds would prove nothing.
    let done = codes.get("0").copied().unwrap_or(0);
    let is_fair = done * 4 >= codes.values().sum::<u64>();
    if !is_fair {
        println!("too few commands succeeded");
    }
    if failures.is_empty() && is_fair { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
