//! The proxy that the environment names for a URL: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
//!
//! Read here and not by the HTTP library, which ignores a value that it cannot use and sends the request directly, and
//! which does not say in its errors that there was a proxy.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Exit, Result, code};

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    variable: &'static str,
}

impl Proxy {
    /// Finds the proxy for `target`. `variable` reads the environment.
    pub fn find<'a>(target: &Url, variable: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>> {
        // A proxy cannot reach this machine's own ports, and must not see the sandbox's traffic.
        if is_loopback(target) {
            return Ok(None);
        }
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        // In a CGI script `HTTP_PROXY` is the header `Proxy` of whoever sent the request.
        let names: &[&'static str] = match target.scheme() {
            "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
            _ if variable("REQUEST_METHOD").is_some() => &["http_proxy", "ALL_PROXY", "all_proxy"],
            _ => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
        };
        let Some((variable, value)) = names.iter().find_map(|name| set(name).map(|value| (*name, value.trim()))) else {
            return Ok(None);
        };
        let exceptions = ["NO_PROXY", "no_proxy"].iter().find_map(|name| set(name)).unwrap_or_default();
        if is_excepted(target, exceptions) {
            return Ok(None);
        }
        Ok(Some(Self { url: parse(variable, value)?, variable }))
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

/// Without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.url.origin().ascii_serialization(), self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a proxy's URL; without a scheme it means `http`, as in curl. The value is not repeated in errors: it can hold
/// a password.
fn parse(variable: &str, value: &str) -> Result<Url> {
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&with_scheme)
        .map_err(|error| Error::config(format!("`{variable}` is not the URL of a proxy: {error}")).hint(EXPECTED))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme if scheme.starts_with("socks") => {
            let message = format!("`{variable}` names a SOCKS proxy, which is not supported");
            Err(Error::new(Exit::Usage, code::NOT_OFFERED, message).hint(EXPECTED))
        }
        scheme => {
            Err(Error::config(format!("`{variable}` names a proxy of scheme `{scheme}`, which is not supported"))
                .hint(EXPECTED))
        }
    }
}

const EXPECTED: &str = "use the URL of an HTTP proxy, such as `http://proxy.example:3128`; `NO_PROXY` lists exceptions";

/// Whether `NO_PROXY` excepts a URL: `*`, a domain with its subdomains, an address or a network, each with or without
/// a port.
fn is_excepted(target: &Url, list: &str) -> bool {
    let entries = list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| {
        let (entry, port) = split_port(entry);
        port.is_none_or(|port| target.port_or_known_default() == Some(port)) && matches_host(target, entry)
    })
}

/// Splits `host:port` and `[address]:port`. A bare IPv6 address has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn matches_host(target: &Url, entry: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let address = match target.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(name)) => {
            let (name, domain) = (name.trim_end_matches('.'), entry.trim_matches('.').to_lowercase());
            return name.strip_suffix(&*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        }
        None => return false,
    };
    let (network, length) = entry.split_once('/').map_or((entry, None), |(network, length)| (network, Some(length)));
    let Ok(network) = network.trim_matches(['[', ']']).parse::<IpAddr>() else {
        return false;
    };
    match length {
        None => network == address,
        Some(length) => length.parse().is_ok_and(|length| is_in_network(address, network, length)),
    }
}

fn is_in_network(address: IpAddr, network: IpAddr, length: u32) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let Some(host_bits) = u32::checked_sub(width, length) else {
        return false;
    };
    (address ^ network).checked_shr(host_bits).unwrap_or(0) == 0
}

/// Whether a URL points at this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(target: &str, environment: &[(&str, &'static str)]) -> Result<Option<Proxy>> {
        let lookup = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Proxy::find(&target.parse().unwrap(), lookup)
    }

    #[test]
    fn each_scheme_has_its_variables() {
        for (target, name, is_found) in [
            ("https://a.example", "HTTPS_PROXY", true),
            ("https://a.example", "https_proxy", true),
            ("https://a.example", "ALL_PROXY", true),
            ("https://a.example", "HTTP_PROXY", false),
            ("http://a.example", "HTTP_PROXY", true),
            ("http://a.example", "all_proxy", true),
            ("http://a.example", "HTTPS_PROXY", false),
            ("http://127.0.0.1:80", "ALL_PROXY", false),
            ("http://localhost", "ALL_PROXY", false),
        ] {
            let found = find(target, &[(name, "p.example:3128")]).unwrap();
            let expected = is_found.then(|| format!("http://p.example:3128 (`{name}`)"));
            assert_eq!(found.map(|proxy| proxy.to_string()), expected, "{target} {name}");
            assert_eq!(find(target, &[(name, "  ")]).unwrap(), None, "{target} {name}");
        }
        assert_eq!(find("http://a.example", &[("HTTP_PROXY", "p"), ("REQUEST_METHOD", "GET")]).unwrap(), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let proxy = find("https://a.example", &[("HTTPS_PROXY", "http://me:s3cret@p.example:1")]).unwrap().unwrap();
        assert_eq!(format!("{proxy} {proxy:?}").matches("s3cret").count(), 0);
        let error = find("https://a.example", &[("HTTPS_PROXY", "http://me:s3cret@p.example:port")]).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }

    #[test]
    fn a_bad_value_is_an_error() {
        for (value, code) in [
            ("http://", code::CONFIG),
            ("http://p.example:99999", code::CONFIG),
            ("ftp://p.example", code::CONFIG),
            ("not a proxy", code::CONFIG),
            ("socks5://p.example:1080", code::NOT_OFFERED),
            ("socks5h://p.example:1080", code::NOT_OFFERED),
            ("SOCKS4://p.example:1080", code::NOT_OFFERED),
        ] {
            let error = find("https://a.example", &[("ALL_PROXY", value)]).unwrap_err();
            assert_eq!((&*error.code, error.exit), (code, Exit::Usage), "{value}");
            assert!(error.message.contains("ALL_PROXY"), "{value}: {}", error.message);
        }
    }

    #[test]
    fn no_proxy_lists_exceptions() {
        for (target, list, is_excepted) in [
            ("https://api.example", "api.example", true),
            ("https://api.example", "example", true),
            ("https://api.example", ".example", true),
            ("https://api.example", "pi.example", false),
            ("https://API.example", "other, Api.Example", true),
            ("https://api.example", "api.example:443", true),
            ("https://api.example", "api.example:8443", false),
            ("https://api.example:8443", "api.example:8443", true),
            ("https://api.example", "*", true),
            ("https://192.0.2.7", "192.0.2.7", true),
            ("https://192.0.2.7:444", "192.0.2.7:444", true),
            ("https://192.0.2.7", "192.0.2.0/24", true),
            ("https://192.0.2.7", "192.0.3.0/24", false),
            ("https://192.0.2.7", "0.0.0.0/0", true),
            ("https://192.0.2.7", "192.0.2.0/33", false),
            ("https://[2001:db8::7]", "2001:db8::7", true),
            ("https://[2001:db8::7]", "[2001:db8::7]:443", true),
            ("https://[2001:db8::7]", "2001:db8::/32", true),
            ("https://[2001:db8::7]", "::/0", true),
            ("https://[2001:db8::7]", "[2001:db8::7]:444", false),
        ] {
            let found = find(target, &[("HTTPS_PROXY", "p.example:1"), ("NO_PROXY", list)]).unwrap();
            assert_eq!(found.is_none(), is_excepted, "{target} {list}");
        }
    }
}
