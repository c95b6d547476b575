//! `bpctl policies …`: one file a verb.

pub mod agreed;
mod ask;
mod batch;
mod bulk;
pub mod create;
pub mod delete;
pub mod list;
pub mod perform;
pub mod restore;
pub mod schedule_delete;
pub mod show;
pub mod update;
