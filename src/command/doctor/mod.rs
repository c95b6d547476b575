//! `bpctl doctor`: looks at everything that a command depends on, one step after the other, and says what to do.
//!
//! Reads only. Never prints the token.

mod api;
mod katapult;
mod local;
mod network;
mod onapp;
mod report;

use crate::config::Provider;
use crate::context::Context;
use crate::error::Result;
use report::Report;

/// The checks, in the order in which they depend on each other.
const KATAPULT: [&str; 13] = [
    "config",
    "profile",
    "token",
    "dns",
    "connect",
    "tls",
    "api",
    "clock",
    "credentials",
    "organization",
    "policies",
    "disks",
    "trash",
];
const ONAPP: [&str; 10] =
    ["config", "profile", "token", "dns", "connect", "tls", "api", "clock", "credentials", "machines"];
/// Comes last: the other checks use some of it up.
const RATE_LIMIT: &str = "rate_limit";

/// Runs the checks, prints them, and fails as the first of them that failed.
pub async fn run(cx: &Context) -> Result<()> {
    let mut report = Report::default();
    let provider = look(cx, &mut report).await;
    let order: &[&str] = match provider {
        Provider::Katapult => &KATAPULT,
        Provider::OnApp => &ONAPP,
    };
    report.fill_in(order.iter().copied().chain([RATE_LIMIT]));
    report.print(cx)?;
    report.verdict()
}

async fn look(cx: &Context, report: &mut Report) -> Provider {
    let Some(connection) = local::check(cx, report) else {
        return cx.global.provider.unwrap_or(Provider::Katapult);
    };
    let provider = connection.provider.value;
    network::check(cx, report, &connection).await;
    if report.has_failed() {
        return provider;
    }
    match provider {
        Provider::Katapult => katapult::check(cx, report, &connection).await,
        Provider::OnApp => onapp::check(cx, report, &connection).await,
    }
    provider
}
