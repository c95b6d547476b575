//! Connections: which are kept for another request, which certificates they trust, and the proxy that they go through.

use std::cell::OnceCell;

use reqwest::{Client, ClientBuilder, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::normalize::without_mark;
use super::options::Target;
use super::transport_error::{NO_ROOTS, TransportError};
use crate::error::reason;

/// The connections to one host.
///
/// A server may close a kept connection at the moment at which it is used again, and then it is not known whether it
/// read the request. So a write gets a connection of its own.
pub(super) struct Pool {
    kept: Client,
    fresh: OnceCell<Client>,
    trust: Option<Trust>,
}

#[cfg(target_os = "linux")]
type Trust = rustls::ClientConfig;
#[cfg(not(target_os = "linux"))]
type Trust = Vec<reqwest::Certificate>;

impl Pool {
    /// Opens the pool. Trust roots are loaded for `https` alone, and once: that takes milliseconds.
    pub(super) fn open(target: &Target) -> Result<Self, TransportError> {
        // Err means that one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let trust = match target.base.scheme() {
            "https" => Some(trust(target)?),
            _ => None,
        };
        Ok(Self { kept: client(target, trust.as_ref(), true)?, fresh: OnceCell::new(), trust })
    }

    /// The client that sends on a kept connection, if there is one, and keeps it.
    pub(super) fn kept(&self) -> &Client {
        &self.kept
    }

    /// The client that sends on a new connection.
    pub(super) fn fresh(&self, target: &Target) -> Result<&Client, TransportError> {
        if let Some(client) = self.fresh.get() {
            return Ok(client);
        }
        let client = client(target, self.trust.as_ref(), false)?;
        Ok(self.fresh.get_or_init(|| client))
    }
}

fn client(target: &Target, trust: Option<&Trust>, keeps: bool) -> Result<Client, TransportError> {
    let mut builder =
        Client::builder().user_agent(concat!("bpctl/", env!("CARGO_PKG_VERSION"))).redirect(redirect::Policy::none());
    builder = match trust {
        Some(trust) => trusting(builder, trust),
        None => builder.tls_certs_only([]),
    };
    if !keeps {
        builder = builder.pool_max_idle_per_host(0);
    }
    builder = match &target.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.url().clone())?),
        None => builder.no_proxy(),
    };
    builder.build().map_err(|error| match (TransportError::from(error), &target.ca_file) {
        // Certificates are parsed when the client is built.
        (TransportError::Unsendable(cause), Some(file)) => {
            TransportError::Unsendable(format!("ca_file {}: {cause}", file.display()))
        }
        (TransportError::Unsendable(cause), None) => TransportError::Tls(cause, NO_ROOTS),
        (failure, _) => failure,
    })
}

/// The trusted roots: the target's own and the system's, on Linux read as late as possible, elsewhere by the system.
#[cfg(target_os = "linux")]
fn trust(target: &Target) -> Result<Trust, TransportError> {
    super::trust::tls(own_roots(target)?, &target.roots_file)
        .map_err(|error| TransportError::Unsendable(format!("ca_file: {error}")))
}

#[cfg(not(target_os = "linux"))]
fn trust(target: &Target) -> Result<Trust, TransportError> {
    let own: Result<Vec<_>, _> = own_roots(target)?.iter().map(|root| reqwest::Certificate::from_der(root)).collect();
    Ok(own?)
}

#[cfg(target_os = "linux")]
fn trusting(builder: ClientBuilder, trust: &Trust) -> ClientBuilder {
    builder.tls_backend_preconfigured(trust.clone())
}

#[cfg(not(target_os = "linux"))]
fn trusting(builder: ClientBuilder, trust: &Trust) -> ClientBuilder {
    builder.tls_certs_merge(trust.clone())
}

fn own_roots(target: &Target) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let Some(file) = &target.ca_file else {
        return Ok(Vec::new());
    };
    let wrong = |cause: String| TransportError::Unsendable(format!("ca_file {}: {cause}", file.display()));
    let pem = std::fs::read(file).map_err(|error| wrong(reason(&error)))?;
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(without_mark(&pem)).collect();
    let roots = roots.map_err(|_| wrong("not a PEM certificate".to_owned()))?;
    if roots.is_empty() {
        return Err(wrong("holds no PEM certificate".to_owned()));
    }
    Ok(roots)
}
