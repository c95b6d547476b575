//! The headers that every answer of an API carries, whatever it says.

use jiff::{Timestamp, tz::TimeZone};

use crate::sandbox::identifiers::{digest, uuid};
use crate::sandbox::reply::Reply;

/// Adds `Date`, from the simulator's clock: clients wait for the end of a minute by it.
pub(super) fn date(reply: Reply, now: i64) -> Reply {
    let now = Timestamp::from_second(now).unwrap_or_default().to_zoned(TimeZone::UTC);
    reply.with("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Adds the headers of every Katapult answer, success or not (recorded).
pub(super) fn katapult(reply: Reply, permitted: u32, remaining: u32) -> Reply {
    let reply = if reply.is_success() {
        let tag = digest(&String::from_utf8_lossy(&reply.body));
        reply.with("etag", format!("W/\"{tag:016x}\"")).with("cache-control", "max-age=0, private, must-revalidate")
    } else {
        reply.with("cache-control", "no-cache")
    };
    reply
        .with("x-ratelimit-permitted", permitted.to_string())
        .with("x-ratelimit-remaining", remaining.to_string())
        .with("x-request-id", request_id())
}

/// Adds the header that newer OnApp answers carry (recorded).
pub(super) fn onapp(reply: Reply) -> Reply {
    reply.with("x-request-id", request_id())
}

fn request_id() -> String {
    uuid(fastrand::u64(..), fastrand::u64(..))
}
