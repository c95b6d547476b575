//! The certificates to trust on `https`: verification is `rustls`'s; what is added is which roots it reads, and one
//! exception for a certificate that the user named.
//!
//! Roots: on Linux the system's stand in one file, and once or twice more in a directory beside it, a file each. The
//! library (`rustls-native-certs` 0.8) reads them all, which takes longer than a request. So the likely roots come first
//! (`ca_file` where one is set, else the one file, which the environment may name), and everything only when they do not
//! verify a certificate. Fewer roots can verify fewer certificates, never more. Elsewhere the system itself verifies (see
//! `pool`).
//!
//! The exception: a cloud's self-signed certificate is often marked as an authority, because `openssl req -x509` does
//! that, and `rustls-webpki` 0.103 refuses an authority as a server (`CaUsedAsEndEntity`). One that `ca_file` holds byte
//! for byte is accepted nevertheless, as curl does. Its name, its dates and the proof that the server has its key are
//! checked like those of any other; the dates by the library, before it refuses an authority (a test holds it to that).
//! When the library accepts such a certificate, this can go.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::options::RootsFile;

/// Makes a TLS configuration that trusts `own` roots and the system's; `file` likely holds the latter.
pub(super) fn tls(own: Vec<CertificateDer<'static>>, file: &RootsFile) -> Result<ClientConfig, Error> {
    let mut likely = RootCertStore::empty();
    own.iter().try_for_each(|root| likely.add(root.clone()))?;
    if own.is_empty() {
        likely.add_parsable_certificates(bundle(file));
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

/// Reads the one file with all of the system's roots. A file that was named and holds none is not replaced by the usual
/// one. What can be read once only, such as a pipe, is left to the library.
fn bundle(file: &RootsFile) -> Vec<CertificateDer<'static>> {
    let path = match file {
        RootsFile::Usual => openssl_probe::probe().cert_file,
        RootsFile::Named(path) => Some(path.clone()),
        RootsFile::Absent => None,
    };
    let pem = path.filter(|path| path.is_file()).and_then(|path| std::fs::read(path).ok());
    certificates(&pem.unwrap_or_default())
}

/// Decodes the certificates of a file in PEM, and skips what is not one. `rustls` decodes byte by byte without a branch,
/// which secrets need and a system's many roots do not. A file that is not UTF-8 is left to it.
fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    let mut base64: Option<String> = None;
    for line in std::str::from_utf8(pem).unwrap_or_default().lines().map(str::trim_ascii_end) {
        match (line, &mut base64) {
            ("-----BEGIN CERTIFICATE-----", _) => base64 = Some(String::with_capacity(2048)),
            ("-----END CERTIFICATE-----", Some(text)) => {
                found.extend(STANDARD.decode(text).ok().map(CertificateDer::from));
                base64 = None;
            }
            (_, Some(text)) => text.push_str(line),
            (_, None) => {}
        }
    }
    found
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

    fn is_own(&self, certificate: &CertificateDer<'_>) -> bool {
        self.own.iter().any(|own| own.as_ref() == certificate.as_ref())
    }
}

/// Whether a certificate was refused only because it is an authority's.
fn is_authority(refusal: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = refusal else {
        return false;
    };
    matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Checks the name of a certificate that is trusted by itself, and was refused only because it is an authority's: its dates
/// were checked before. Its permitted uses are not: the user named it for this server.
fn by_itself(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<ServerCertVerified, Error> {
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    Ok(ServerCertVerified::assertion())
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
        match by_likely {
            Some(Ok(verified)) => return Ok(verified),
            Some(Err(refusal)) if is_authority(&refusal) && self.is_own(certificate) => {
                return by_itself(certificate, name);
            }
            _ => {}
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn dates_of_an_authority_that_is_trusted_by_itself_are_checked_to_the_second() {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2001, 9, 9);
        params.not_after = date_time_ymd(2033, 5, 18);
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
        let mut likely = RootCertStore::empty();
        likely.add(own.clone()).unwrap();
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let everything = OnceLock::from(Err(Error::General("not asked".to_owned())));
        let likely = WebPkiServerVerifier::builder_with_provider(Arc::new(likely), Arc::new(ring::default_provider()));
        let trust = Trust { likely: likely.build().ok(), own: vec![own.clone()], everything, algorithms };
        let is_trusted = |now: u64| {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            trust.verify_server_cert(&own, &[], &"localhost".try_into().unwrap(), &[], now).is_ok()
        };
        let (from, to) = (999_993_600, 1_999_987_200);
        for (now, expected) in [(from - 1, false), (from, true), (to, true), (to + 1, false), (u64::MAX, false)] {
            assert_eq!(is_trusted(now), expected, "{now}");
        }
    }

    #[test]
    fn the_bundle_is_read_as_the_library_reads_it() {
        let made = |name: &str| {
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
        };
        let (one, two) = (made("one"), made("two"));
        let unix = format!("# One\n{one}\nTwo\n=====\n{two}");
        let cut = &one[..one.len() / 2];
        for pem in [&unix, &unix.replace('\n', "\r\n"), unix.trim_end(), &format!("{one}{two}{cut}"), cut, ""] {
            let expected: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().collect();
            assert_eq!(certificates(pem.as_bytes()), expected, "{pem}");
        }
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(format!("{broken}{one}").as_bytes()).len(), 1);
        let keys = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(certificates(keys.as_bytes()).is_empty());
    }
}
