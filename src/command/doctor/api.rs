//! The checks that the first request answers for every provider: TLS, the API, the clock, the credentials.

use jiff::Timestamp;

use super::report::{RATE_LIMIT, Report};
use crate::context::Context;
use crate::error::{Error, Exit, code};
use crate::http::{Http, is_loopback};

/// Seconds by which the clocks may differ. `policy schedule-delete` needs times 5 minutes ahead of the server's.
const MAX_SKEW: i64 = 60;
/// Requests that a larger command needs at once.
const FEW: u64 = 10;

/// Reports the checks that the first request answers. Its outcome holds the message of a success.
pub fn first(cx: &Context, report: &mut Report, http: &Http, outcome: Result<String, Error>) {
    let answer = http.last_seen();
    let error = match outcome {
        Ok(words) => {
            tls(report, http);
            report.ok("api", format!("answers at {}", http.base()));
            report.ok("credentials", words);
            return clock(report, answer.and_then(|answer| answer.date), cx.system.now());
        }
        Err(error) => error,
    };
    if error.code == code::TLS {
        return report.fail("tls", error);
    }
    if answer.is_some() || error.code == code::INVALID_RESPONSE {
        tls(report, http);
    }
    match error.exit {
        // The API itself refuses: what is before it works.
        Exit::Auth | Exit::RateLimited if answer.is_some() => {
            report.ok("api", format!("answers at {}", http.base()));
            clock(report, answer.and_then(|answer| answer.date), cx.system.now());
            report.fail("credentials", error);
        }
        Exit::NotFound => report.fail("api", error.hint("is `api_url` right? `bpctl config list --origin` shows it")),
        _ => report.fail("api", error),
    }
}

/// The sandbox and other servers on this machine need no TLS.
fn tls(report: &mut Report, http: &Http) {
    match (http.base().scheme(), is_loopback(http.base())) {
        ("https", _) => report.ok("tls", "the certificate is trusted"),
        (_, true) => report.skip("tls", "not used on this machine"),
        (_, false) => report.warn("tls", "not used: the token is sent unencrypted", "use an `https://` address"),
    }
}

fn clock(report: &mut Report, server: Option<Timestamp>, here: Timestamp) {
    let Some(server) = server else {
        return report.skip("clock", "the server sends no `Date`");
    };
    let ahead = here.as_second() - server.as_second();
    if ahead.abs() > MAX_SKEW {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        report.warn(
            "clock",
            format!("this machine's clock is {} s {direction} the server's", ahead.abs()),
            "set the clock (NTP): deletions are scheduled by it, at least 5 minutes ahead of the server's time",
        );
    } else {
        report.ok("clock", "agrees with the server's")
    }
}

/// Says how many requests are left.
pub fn rate_limit(report: &mut Report, http: &Http) {
    let answer = http.last_seen();
    let rate = answer.and_then(|answer| Some((answer.rate_remaining?, answer.rate_permitted)));
    let Some((left, permitted)) = rate else {
        return report.skip(RATE_LIMIT, "the server does not report one");
    };
    let of = permitted.map(|permitted| format!(" of {permitted}")).unwrap_or_default();
    let message = format!("{left}{of} requests left in this minute");
    if left < FEW {
        report.warn(RATE_LIMIT, message, "wait for the next minute, or let commands wait with `--max-wait`")
    } else {
        report.ok(RATE_LIMIT, message)
    }
}
