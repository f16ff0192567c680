//! TLS for `wsconf test`: whom the engine trusts as a client, who it is as a server.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Error;

/// Whom to trust behind `wss://`.
#[derive(Debug, Args)]
pub(super) struct Trust {
    /// Trust the certificates in this PEM file, and no others (default: the public ones).
    #[arg(long, value_name = "FILE")]
    ca: Option<std::path::PathBuf>,
    /// Take any certificate.
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unusable(what: &Path, why: impl std::fmt::Display) -> Error {
    Error::Unusable(format!("{}: {why}", what.display()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unusable(path, error))?;
    if found.is_empty() { Err(unusable(path, "holds no certificate")) } else { Ok(found) }
}

impl Trust {
    /// # Errors
    ///
    /// [`Error::Unusable`]: the file of `--ca`.
    pub(super) fn connector(&self) -> Result<TlsConnector, Error> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Unusable(format!("TLS: {error}")))?;
        let config = if self.insecure {
            let any = Arc::new(Any(provider));
            builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            match &self.ca {
                None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                Some(path) => {
                    for certificate in certificates(path)? {
                        roots.add(certificate).map_err(|error| unusable(path, error))?;
                    }
                }
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// Who the engine is to clients behind `wss://`.
///
/// # Errors
///
/// [`Error::Unusable`]: a file is no such PEM file, or they do not fit.
pub(super) fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let chain = certificates(cert);
            let builder = builder.with_no_client_auth();
            chain
                .map(|chain| builder.with_single_cert(chain, secret))
                .unwrap_or_else(|error| Err(TlsError::General(error.to_string())))
        });
    config.map(|config| TlsAcceptor::from(Arc::new(config))).map_err(|error| unusable(cert, error))
}

/// Takes any certificate, as `--insecure` says; signatures are still checked.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
