//! Black-box tests of `bpctl`: the built binary, run against scripted servers and against its own simulator.
//!
//! They are written from the promises of the command line, not from the code behind it: each file takes one topic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a failed test, and the place says why")]
#![expect(clippy::disallowed_methods, reason = "tests stand outside: they have their own environment and clock")]

mod apply;
mod architecture;
mod auth;
mod bulk;
mod calendar;
mod check;
mod check_formats;
mod company;
mod completion;
mod completion_cache;
mod config;
mod config_commands;
mod confirmation;
mod confirmation_prompts;
mod contract;
mod coverage;
mod crash;
mod create;
mod delete;
mod disk_show;
mod doctor;
mod documents;
mod dry_run;
mod errors;
mod evidence;
mod evidence_diff;
mod exit_codes;
mod expectations;
mod export;
mod fault_matrix;
mod faults;
mod fuzz_corpus;
mod generated;
mod harness;
mod home;
mod hostile;
mod imports;
mod journal;
mod life_cycle;
mod lint;
mod names;
mod onapp;
mod openapi;
mod output;
mod paging;
mod plan;
mod policy_file_laws;
mod profiles;
mod prompts;
mod prompts_create;
mod proxies;
mod read_only;
mod report;
mod report_file;
mod requests;
mod retries;
mod sandbox;
mod schedule_delete;
mod screen;
mod secrets;
mod server;
mod several;
mod signals;
mod simulator;
mod tables;
#[path = "../../fuzz/targets.rs"]
mod targets;
mod terminal;
mod time_limits;
mod tls;
mod tools;
mod truth_apply;
mod truth_input;
mod truth_reads;
mod truth_undo;
mod truth_writes;
mod undo;
mod update;
mod usage;
mod words;
mod world;
