//! When a deletion is scheduled for: read from the command line, then measured by the server's clock, since the machine's
//! own may be wrong. A distance on a machine whose clock is a week behind would delete at once.

use jiff::Timestamp;

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Http;
use crate::time;

/// How far ahead the API wants the time, in seconds (documented).
pub const LEAD: i64 = 300;
/// Seconds that a request may take to arrive: a time that is just far enough ahead here would be too soon there.
const MARGIN: i64 = 5;
/// Seconds by which the clocks may differ for a distance to be taken.
const MAX_SKEW: i64 = 60;

/// A time as it was typed.
#[derive(Clone, Debug)]
pub struct DeletionTime {
    text: String,
    flag: &'static str,
}

impl DeletionTime {
    /// Reads a time, before any request.
    ///
    /// # Errors
    /// `usage` for an invalid time; `invalid_timestamp` for one that is too soon by this machine's clock.
    pub fn parse(cx: &Context, flag: &'static str, text: &str) -> Result<Self> {
        let this = Self { text: text.to_owned(), flag };
        let at = this.at(cx, cx.now())?;
        if is_too_soon(at, cx.now()) { Err(this.too_soon(cx, at, cx.now(), "")) } else { Ok(this) }
    }

    /// Works out the instant, once the server has answered something.
    ///
    /// # Errors
    /// `clock_skew` for a distance where the clocks differ; `invalid_timestamp` when it is not 5 minutes ahead.
    pub fn resolve(&self, cx: &Context, http: &Http) -> Result<Timestamp> {
        let now = server_time(cx, http);
        let skew = http.clock_offset().map_or(0, |offset| offset.as_secs());
        let counts_from_now = time::counts_from_now(&self.text, now, cx.zone());
        if counts_from_now && skew.abs() > MAX_SKEW {
            return Err(self.clock_skew(skew));
        }
        let mut whose = "";
        if skew.abs() > MAX_SKEW {
            whose = " by the server's clock";
            cx.ui.warn(&format!("this machine's clock differs from the server's by {} s", skew.abs()));
        }
        let at = self.at(cx, if counts_from_now { now } else { cx.now() })?;
        if is_too_soon(at, now) { Err(self.too_soon(cx, at, now, whose)) } else { Ok(at) }
    }

    fn at(&self, cx: &Context, now: Timestamp) -> Result<Timestamp> {
        time::resolve(&self.text, now, cx.zone())
            .map_err(|sentence| Error::usage(format!("invalid value '{}' for '{}': {sentence}", self.text, self.flag)))
    }

    fn too_soon(&self, cx: &Context, at: Timestamp, now: Timestamp, whose: &str) -> Error {
        let resolved = time::in_full(at, now, cx.zone());
        let message = format!(
            "`{}` is {resolved}{whose}: it must be at least 5 minutes and {MARGIN} s ahead ({MARGIN} s for the request to arrive)",
            self.text
        );
        Error::new(Exit::Refused, code::INVALID_TIMESTAMP, message)
            .hint("nothing was sent; to delete a policy at once: `bpctl policy delete`")
    }

    fn clock_skew(&self, skew: i64) -> Error {
        let order = if skew > 0 { "behind" } else { "ahead of" };
        let message = format!(
            "this machine's clock is {} s {order} the server's, so `{}`, which counts from now, cannot be trusted",
            skew.abs(),
            self.text
        );
        Error::new(Exit::Usage, code::CLOCK_SKEW, message)
            .hint("nothing was sent; set the clock, or name the time itself, as in `--at 2026-12-01T02:00:00Z`")
    }
}

/// The time by the server's clock, or by this machine's where no answer has a date.
pub fn server_time(cx: &Context, http: &Http) -> Timestamp {
    http.server_time().unwrap_or_else(|| cx.system.now())
}

fn is_too_soon(at: Timestamp, now: Timestamp) -> bool {
    at.as_second() < now.as_second() + LEAD + MARGIN
}
