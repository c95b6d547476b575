//! Opening the connection pool: trust, proxies, redirects.

use std::net::IpAddr;

use reqwest::{Client, ClientBuilder, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::{Host, Url};

use super::client::Target;
use super::failure::{Failure, NO_ROOTS};

/// Opens the pool. Trust roots are loaded for `https` alone: that takes milliseconds.
pub(super) fn open(target: &Target) -> Result<Client, Failure> {
    // Err means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder =
        Client::builder().user_agent(concat!("bpctl/", env!("CARGO_PKG_VERSION"))).redirect(redirect::Policy::none());
    builder = match target.base.scheme() {
        "https" => trusting(builder, target)?,
        _ => builder.tls_certs_only([]),
    };
    if is_loopback(&target.base) {
        // A proxy could not reach this machine's own ports, and must not see the sandbox's traffic.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| match (Failure::from(error), &target.ca_file) {
        // Certificates are looked at closely when the pool is built.
        (Failure::Unsendable(cause), Some(file)) => Failure::Unsendable(format!("ca_file {}: {cause}", file.display())),
        (Failure::Unsendable(cause), None) => Failure::Tls(cause, NO_ROOTS),
        (failure, _) => failure,
    })
}

/// Trusts the target's own roots and the system's: on Linux read as late as can be, elsewhere as the system does.
#[cfg(target_os = "linux")]
fn trusting(builder: ClientBuilder, target: &Target) -> Result<ClientBuilder, Failure> {
    let tls = super::trust::tls(own_roots(target)?, target.is_trust_named)
        .map_err(|error| Failure::Unsendable(format!("ca_file: {error}")))?;
    Ok(builder.tls_backend_preconfigured(tls))
}

#[cfg(not(target_os = "linux"))]
fn trusting(builder: ClientBuilder, target: &Target) -> Result<ClientBuilder, Failure> {
    let own: Result<Vec<_>, _> = own_roots(target)?.iter().map(|root| reqwest::Certificate::from_der(root)).collect();
    Ok(builder.tls_certs_merge(own?))
}

fn own_roots(target: &Target) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let Some(file) = &target.ca_file else {
        return Ok(Vec::new());
    };
    let wrong = |cause: String| Failure::Unsendable(format!("ca_file {}: {cause}", file.display()));
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let roots = roots.map_err(|_| wrong("not a PEM certificate".to_owned()))?;
    match roots.is_empty() {
        true => Err(wrong("holds no PEM certificate".to_owned())),
        false => Ok(roots),
    }
}

/// Tells whether a URL points at this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
