//! Black-box tests of `bpctl`: the built binary, run against scripted servers and against its own simulator.
//!
//! They are written from the promises of the command line, not from the code behind it: each file takes one topic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a failed test, and the place says why")]
#![expect(clippy::disallowed_methods, reason = "tests stand outside: they have their own environment and clock")]

mod architecture;
mod config;
mod confirmation;
mod contract;
mod crash;
mod disk_show;
mod dry_run;
mod errors;
mod exit_codes;
mod fault_matrix;
mod faults;
mod harness;
mod hostile;
mod names;
mod onapp;
mod openapi;
mod output;
mod paging;
mod requests;
mod retries;
mod sandbox;
mod schedule_delete;
mod secrets;
mod server;
mod tls;
mod update;
mod usage;
mod world;
