//! The columns and details of each resource, one file a resource.

mod account;
pub mod backup;
mod backup_usage;
mod check;
mod coverage;
mod difference;
mod disk;
mod doctor_check;
mod finding;
pub mod history;
mod machine;
mod organization;
pub mod policy;
mod preset;
mod profile;
mod rule;
mod scheduled_run;
mod session;
mod setting;
pub mod step;
mod transaction;
mod trash;
