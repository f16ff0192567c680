//! Certificates for tests, made as they are needed.

use std::sync::Arc;

use ws_core::tokio::rustls::crypto::ring::default_provider;
use ws_core::tokio::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use ws_core::tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A server's configuration for `name`, and that of a client that trusts it.
pub(crate) fn configs(name: &str) -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert);
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, client)
}
