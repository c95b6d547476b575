//! HTTP for every provider: connections, proxies, time limits, retries, the rate budget, pages.
//!
//! It knows no endpoint and no field of an answer; a [`Dialect`] reads error bodies. `client` sends, `attempts` loops,
//! `retry` decides.

mod answer;
mod attempts;
mod body;
mod budget;
mod client;
mod credential;
mod normalize;
mod notice;
mod options;
mod page;
mod transport_error;

mod pool;
pub mod probe;
mod proxy;
mod recorded;
mod request;
mod retry;
mod scrub;
mod status;
mod trace;
#[cfg(target_os = "linux")]
mod trust;
mod unknown_outcome;

pub use answer::{Answer, ApiError, DecodeFailure, MAX_VALUES, Settled, TOO_MANY_VALUES, json, json_rows};
pub use client::{Decoded, Http};
pub use credential::{Credential, Fetch};
pub use notice::{Message, Notice, notice_url};
pub use options::{Authentication, Dialect, Limits, Progress, RootsFile, Target};
pub use page::{Flow, Gap, PER_PAGE, Page, PageInfo, Walk, read_carefully, walk};
pub use proxy::{Proxy, is_loopback};
pub use request::{Method, Repeat, Request};
pub use status::code_of;
