//! The way to the host: its name, and a connection.

use url::Url;

use super::report::Report;
use crate::config::Connection;
use crate::context::Context;
use crate::http::{is_loopback, probe};

/// Variables that send requests through a proxy; `reqwest` reads them.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// Checks it. The token plays no part.
pub async fn check(cx: &Context, report: &mut Report, connection: &Connection) {
    let Some(url) = connection.api_url.as_ref().map(|url| &url.value) else {
        report.skip("dns", "the sandbox runs in this process");
        return report.skip("connect", "the sandbox runs in this process");
    };
    if let Some(proxy) = proxy(cx, url) {
        report.skip("dns", format!("requests go through a proxy ({proxy})"));
        return report.skip("connect", format!("requests go through a proxy ({proxy})"));
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

fn proxy(cx: &Context, url: &Url) -> Option<&'static str> {
    let suits = |name: &&&str| url.scheme() == "http" || !name.eq_ignore_ascii_case("HTTP_PROXY");
    let found = PROXIES.iter().filter(suits).find(|name| cx.system.variable(name).is_some());
    found.copied().filter(|_| !is_loopback(url))
}
