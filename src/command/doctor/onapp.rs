//! OnApp: the credentials, and the list of machines.

use super::api;
use super::report::Report;
use crate::config::Connection;
use crate::context::Context;
use crate::http::Flow;

/// Checks them with one request each.
pub async fn check(cx: &Context, report: &mut Report, connection: &Connection) {
    let api = match cx.onapp_at(connection) {
        Ok(api) => api,
        Err(error) => return report.fail("token", error),
    };
    let outcome = api.version().await.map(|version| match version {
        Some(version) => format!("the password or key is valid (OnApp {version})"),
        None => "the password or key is valid".to_owned(),
    });
    api::first(cx, report, api.http(), outcome);
    if report.has_failed() {
        return;
    }
    match api.machines(&mut |_| Ok(Flow::Enough)).await {
        Ok(_) => report.ok("vms", "can be read"),
        Err(error) => report.fail("vms", error),
    }
    api::rate_limit(report, api.http());
}
