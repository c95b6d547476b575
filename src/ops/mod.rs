//! What the verbs in [`crate::command`] are made of. Nothing here is a command.
//!
//! The way of a write: a [`write`](mod@write) knows its request, its preview and its losses; the [`pipeline`] shows it, asks,
//! locks, and reads again ([`guard`]); [`execute`] records it, sends it and reads it back. Readers share [`inventory`]
//! (everything of an organization, with its gaps known) and [`rows`].

pub mod as_left;
pub mod batch;
pub mod bulk;
pub mod cloud;
pub mod curl;
pub mod deletion_time;
pub mod dry_run;
pub mod evidence;
pub mod execute;
pub mod find;
pub mod guard;
pub mod inventory;
pub mod inverse;
pub mod onapp_autobackup;
pub mod onapp_change;
pub mod onapp_execute;
pub mod onapp_find;
pub mod onapp_fleet;
pub mod onapp_inverse;
pub mod onapp_point;
pub mod onapp_policies;
pub mod onapp_schedule;
pub mod onapp_steps;
pub mod onapp_wait;
pub mod onapp_write;
pub mod other_kind;
pub mod pick;
pub mod pick_onapp;
pub mod pipeline;
pub mod plan_check;
pub mod plan_text;
pub mod planner;
pub mod policy_form;
pub mod read_back;
pub mod record;
pub mod report_file;
pub mod rows;
pub mod selection;
pub mod sequence;
pub mod verify;
pub mod write;
