//! What each noun looks like: its columns, and its sheet. One file a noun.

mod backup;
mod check;
mod coverage;
mod disk;
mod finding;
mod history;
mod machine;
mod organization;
pub mod policy;
mod rule;
mod scheduled_run;
mod session;
mod setting;
pub mod step;
mod trash;
