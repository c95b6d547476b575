//! Whom to trust on `https`, without reading all that the system trusts where little of it is needed.
//!
//! On Linux the system's roots stand in one file, and once or twice more in a directory beside it, a file each: reading
//! them all takes longer than a request. So the likely roots come first (`ca_file` where one is set, else the one file),
//! and everything only when they do not vouch for a certificate. Fewer roots can vouch for less, never for more: what
//! is trusted is what it would be with everything read at once. Elsewhere the system itself is asked (see `pool`).

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Makes a TLS configuration that trusts `own` roots and the system's. `is_named` says that the environment names where
/// the system's are.
///
/// # Errors
/// One of `own` is no certificate.
pub(super) fn tls(own: Vec<CertificateDer<'static>>, is_named: bool) -> Result<ClientConfig, Error> {
    let mut likely = RootCertStore::empty();
    own.iter().try_for_each(|root| likely.add(root.clone()))?;
    // A place that was named and holds nothing means that nothing is trusted: it is never made good by the usual file.
    if own.is_empty() && !is_named {
        likely.add_parsable_certificates(bundle());
    }
    let trust = Trust {
        likely: verifier(likely).ok(),
        own,
        everything: OnceLock::new(),
        algorithms: ring::default_provider().signature_verification_algorithms,
    };
    let mut config =
        ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(trust)).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads the one file with all of the system's roots.
fn bundle() -> Vec<CertificateDer<'static>> {
    let pem = openssl_probe::probe().cert_file.and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
    CertificateDer::pem_slice_iter(&pem).flatten().collect()
}

fn verifier(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder(Arc::new(roots)).build().map_err(|error| Error::General(error.to_string()))
}

/// Checks certificates against the likely roots, then against all of them.
#[derive(Debug)]
struct Trust {
    /// None where there are no likely roots.
    likely: Option<Arc<WebPkiServerVerifier>>,
    own: Vec<CertificateDer<'static>>,
    everything: OnceLock<Result<Arc<WebPkiServerVerifier>, Error>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    fn read_everything(&self) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.own.iter().cloned());
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        verifier(roots)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_likely =
            self.likely.as_ref().map(|likely| likely.verify_server_cert(certificate, intermediates, name, ocsp, now));
        if let Some(Ok(verified)) = by_likely {
            return Ok(verified);
        }
        match self.everything.get_or_init(|| self.read_everything()) {
            Ok(everything) => everything.verify_server_cert(certificate, intermediates, name, ocsp, now),
            Err(error) => Err(error.clone()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
