//! How bytes travel, for any provider: connections, time limits, retries, the rate budget, pages.
//!
//! Knows no endpoint and no field of any answer; what an error body means is told by a [`Dialect`].

mod answer;
mod attempts;
mod body;
mod budget;
mod client;
mod credential;
mod page;
mod transport_error;

mod pool;
pub mod probe;
mod request;
mod retry;
mod scrub;
mod status;
mod trace;
#[cfg(target_os = "linux")]
mod trust;
#[cfg(target_os = "linux")]
mod validity;

pub use answer::{Answer, ApiError, DecodeFailure, MOST_VALUES, TOO_MANY_VALUES, json};
pub use client::{Authentication, Decoded, Dialect, Http, Limits, Progress, Settled, Target};
pub use credential::{Credential, Fetch};
pub use page::{Flow, PER_PAGE, Page, PageInfo, Walk, walk};
pub use pool::is_loopback;
pub use request::{Method, Repeat, Request};
pub use status::code_of;
