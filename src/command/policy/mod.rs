//! `bpctl policies …`: one file a verb.

pub mod list;
pub mod schedule_delete;
pub mod show;
pub mod update;
