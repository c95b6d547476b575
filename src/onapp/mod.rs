//! The OnApp API (Superb Flex Cloud and other OnApp clouds): virtual servers and their backups, in JSON or XML.
//!
//! Evidence runs from OnApp 2.x to 7.0, so everything is read tolerantly, and what is sent is
//! spelled exactly.

mod accounts;
mod client;
mod convert;
mod error;
mod permissions;
mod reads;
pub mod schedule_fields;
mod schedules;
mod transactions;
mod writes;
mod xml;

pub use accounts::{CostPeriod, Limits};
pub use client::{Listed, OnApp, Wire, decode_xml, rows};
pub use convert::{backup, machine, schedule as policy, time};
pub use error::read_error;
pub use reads::Kind;
pub use schedules::ScheduleOwner;
pub use writes::{BackupTarget, is_gone};
