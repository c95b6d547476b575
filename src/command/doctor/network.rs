//! The way to the host: its name, and a connection.

use super::report::Report;
use crate::config::Connection;
use crate::context::Context;
use crate::http::{Proxy, probe};

/// Checks it. The token plays no part.
pub async fn check(cx: &Context, report: &mut Report, connection: &Connection) {
    let Some(url) = connection.api_url.as_ref().map(|url| &url.value) else {
        report.skip("dns", "the sandbox runs in this process");
        return report.skip("connect", "the sandbox runs in this process");
    };
    match Proxy::find(url, |name| cx.system.variable(name)) {
        Ok(None) => {}
        Ok(Some(proxy)) => {
            report.skip("dns", format!("requests go through the proxy {proxy}"));
            return report.skip("connect", format!("requests go through the proxy {proxy}"));
        }
        Err(error) => return report.fail("connect", error),
    }
    let limits = cx.limits();
    let limit = limits.timeout.min(limits.max_wait);
    let addresses = match probe::addresses(url, limit).await {
        Ok(addresses) => addresses,
        Err(error) => return report.fail("dns", error),
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    report.ok("dns", format!("{} is {}", url.host_str().unwrap_or_default(), shown.join(", ")));
    match probe::connect(url, &addresses, limit).await {
        Ok(address) => report.ok("connect", address.to_string()),
        Err(error) => report.fail("connect", error),
    }
}
