//! An echo server with TLS: `cargo run --example echo_tls --features rustls [ADDRESS]`.
//!
//! Its certificate for `localhost` is made at the start and shown, for clients to trust; a real server
//! loads its own chain and key.

use std::error::Error;
use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use ws_core::Config;
use ws_core::tokio::rustls::pki_types::PrivatePkcs8KeyDer;
use ws_core::tokio::rustls::{ServerConfig, crypto::ring};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    println!("{}", made.cert.pem());
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key.into())?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9443".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on wss://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = echo(acceptor, stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(acceptor: TlsAcceptor, stream: TcpStream) -> Result<(), ws_core::tokio::Error> {
    stream.set_nodelay(true)?;
    let config = Config::default();
    let opening = timeout(config.limits.handshake_timeout(), acceptor.accept(stream));
    let stream = opening.await.map_err(io::Error::from)??;
    let mut socket = ws_core::tokio::accept(stream, config).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}
