//! The Katapult Core API: its endpoints, its spellings, its errors.
//!
//! Server spellings stop here. Paths hold the documented literal placeholders, look-ups go in the query of reads
//! and in the JSON body of writes, as documented and recorded.

mod client;
mod convert;
mod error;
mod find;
mod names;
mod wire;
mod writes;

pub use client::{Katapult, Listed, Owner, is_about_another};
pub use convert::{disk, machine, organization, policy, trash_object};
pub use error::read_error;
pub use names::{Lookup, MachineName};
pub use wire::page;
pub use writes::{Cause, is_gone};

/// The documented base URL.
pub const DEFAULT_API_URL: &str = "https://api.katapult.io/core/v1";
