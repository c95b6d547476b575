//! `bpctl policies …`: one file a verb.

pub mod create;
pub mod delete;
pub mod list;
pub mod onapp;
pub mod restore;
pub mod schedule_delete;
pub mod show;
pub mod update;
