//! A check in the formats of monitoring systems.

mod junit;
mod nagios;
mod prometheus;

pub use junit::junit;
pub use nagios::{nagios, summary_line, unknown_line};
pub use prometheus::prometheus;
