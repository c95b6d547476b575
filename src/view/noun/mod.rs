//! What each noun looks like: its columns, and its sheet. One file a noun.

mod backup;
mod check;
mod disk;
mod history;
mod machine;
mod organization;
pub mod policy;
mod session;
mod setting;
mod trash;
