//! TLS before the opening handshake, for `wss` (RFC 6455 §4.1, item 5), with rustls.
//!
//! In: a TCP connection, and the name that the server's certificate must hold. Out: a TLS stream.
//! What is trusted is the configuration's to say: the caller's, or that of a feature's roots.

use alloc::string::ToString;
use alloc::sync::Arc;
use std::io;

use ::tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::handshake::{Url, UrlError};
use crate::io::Error;

/// What TLS needs to know before any octet is sent.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For the host of `url`, by the caller's configuration or the default one.
    pub(super) fn new(config: Option<&Arc<ClientConfig>>, url: &Url<'_>) -> Result<Self, Error> {
        let config = match config {
            Some(config) => Arc::clone(config),
            None => default_config()?,
        };
        let name = ServerName::try_from(url.host().to_string()).map_err(|_| UrlError::Host)?;
        Ok(Self { connector: config.into(), name })
    }

    pub(super) async fn connect(self, io: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name, io).await
    }
}

#[cfg(not(any(feature = "rustls-platform-verifier", feature = "rustls-webpki-roots")))]
fn default_config() -> Result<Arc<ClientConfig>, Error> {
    Err(UrlError::Tls.into())
}

/// Made once: reading the platform's roots takes a while. The platform's come first.
#[cfg(any(feature = "rustls-platform-verifier", feature = "rustls-webpki-roots"))]
fn default_config() -> Result<Arc<ClientConfig>, Error> {
    use std::sync::OnceLock;

    use tokio_rustls::rustls::crypto::ring;

    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    #[cfg(feature = "rustls-platform-verifier")]
    let builder = {
        use rustls_platform_verifier::BuilderVerifierExt as _;
        builder.with_platform_verifier().map_err(io::Error::other)?
    };
    #[cfg(not(feature = "rustls-platform-verifier"))]
    let builder = builder.with_root_certificates(tokio_rustls::rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    });
    let config = Arc::new(builder.with_no_client_auth());
    Ok(Arc::clone(CONFIG.get_or_init(|| config)))
}
