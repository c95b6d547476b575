//! bpctl: administers disk backup policies on Katapult, and backups on OnApp clouds.
//!
//! Data flows one way: [`args`] (what was typed) → [`config`] (what is set) → `command` (what to do) →
//! [`katapult`] or [`onapp`] (endpoints) → [`http`] (how bytes travel), and back through [`model`] (what it means)
//! → [`view`] (how it looks) → `ui` (the one printer). `system` is the one reader of environment and clock,
//! `error` the one table of exit codes. `sandbox` is the other side: reached by URL, like a real cloud.
//! `docs/architecture.md` has the whole map.
//!
//! Public is what tests, benchmarks and fuzz targets use; the program is [`main`].

pub mod args;
mod command;
mod complete;
pub mod config;
mod context;
mod error;
mod fs;
mod help;
pub mod http;
pub mod journal;
pub mod katapult;
pub mod model;
pub mod onapp;
mod ops;
mod panic_hook;
pub mod policyfile;
mod progress_tally;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod secret;
mod system;
mod text;
pub mod time;
mod ui;
pub mod view;

pub use run::main;
