//! `bpctl doctor`: looks at everything that a command depends on, one step after the other, and says what to do.
//!
//! Reads only. Never prints the token.

mod api;
mod katapult;
mod local;
mod network;
mod onapp;
mod report;

use tokio::time::timeout;

use crate::config::{Connection, Provider};
use crate::context::Context;
use crate::error::Result;
use report::{RATE_LIMIT, Report};

/// The checks, in the order in which they depend on each other.
const KATAPULT: [&str; 14] = [
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
    "vms",
    "disks",
    "trash",
];
const ONAPP: [&str; 10] = ["config", "profile", "token", "dns", "connect", "tls", "api", "clock", "credentials", "vms"];

/// Runs the checks, prints them, and fails as the first of them that failed.
pub async fn run(cx: &Context) -> Result<()> {
    let mut report = Report::default();
    let connection = local::check(cx, &mut report).await;
    let provider = connection.as_ref().map(|connection| connection.provider.value).or(cx.global.provider);
    let order: &[&str] = match provider.unwrap_or_default() {
        Provider::Katapult => &KATAPULT,
        Provider::OnApp => &ONAPP,
    };
    let order = order.iter().copied().chain([RATE_LIMIT]);
    if let Some(connection) = connection {
        let limit = cx.limits().max_wait;
        if timeout(limit, look(cx, &mut report, &connection)).await.is_err() {
            report.run_out_of_time(order.clone());
        }
    }
    report.fill_in(order);
    report.print(cx)?;
    report.verdict()
}

async fn look(cx: &Context, report: &mut Report, connection: &Connection) {
    network::check(cx, report, connection).await;
    if report.has_failed() {
        return;
    }
    match connection.provider.value {
        Provider::Katapult => katapult::check(cx, report, connection).await,
        Provider::OnApp => onapp::check(cx, report, connection).await,
    }
}
