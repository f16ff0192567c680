//! `wsconf test` over TLS, with a certificate made for the test.

mod odd;
mod support;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use odd::Odd;
use support::{run, wsconf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Writes `cert.pem` and `key.pem` for `localhost` and 127.0.0.1.
fn make_certificate(dir: &Path) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

/// An echo server behind TLS.
async fn listen(dir: &Path) -> SocketAddr {
    let echo = Odd::Good.listen().await;
    let chain = vec![CertificateDer::from_pem_file(dir.join("cert.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(dir.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(echo).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_is_judged_if_it_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    make_certificate(dir.path());
    let port = listen(dir.path()).await.port();
    for (host, trust, code, says) in [
        ("localhost", &["--ca", "cert.pem"][..], 0, "server: 9 cases: 9 OK/OK"),
        ("127.0.0.1", &["--insecure"], 0, "server: 9 cases: 9 OK/OK"),
        ("127.0.0.1", &[], 4, "certificate"),
        ("127.0.0.1", &["--ca", "key.pem"], 2, "no certificate"),
        ("127.0.0.1", &["--ca", "nowhere.pem"], 2, "nowhere.pem"),
    ] {
        let url = format!("wss://{host}:{port}/");
        let arguments = ["test", "server", &url, "--cases", "1.1.* 7.1.2"];
        let dir = dir.path().to_owned();
        let mut command = wsconf(&dir);
        command.args(arguments).args(trust);
        let ran = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
        assert_eq!(ran.0, code, "{host} {trust:?}: {ran:?}");
        assert!(format!("{}{}", ran.1, ran.2).contains(says), "{host} {trust:?}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_come_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    make_certificate(dir.path());
    let mut command = wsconf(dir.path());
    command.args(["test", "client", "--listen", "127.0.0.1:0", "--cases", "1.1.*"]);
    command.args(["--cert", "cert.pem", "--key", "key.pem"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on wss://").expect("it says so").to_owned();

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.path().join("cert.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let request = "GET /getCaseCount HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    // The count as a text of one octet, then an empty Close.
    while !came.ends_with(b"\x81\x018\x88\x00") {
        assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0, "{came:?}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// One that says nothing is no client, and keeps no run alive.
#[test]
fn a_silent_connection_has_the_time_of_an_opening_handshake() {
    let dir = tempfile::tempdir().unwrap();
    make_certificate(dir.path());
    let mut command = wsconf(dir.path());
    command.args(["test", "client", "--listen", "127.0.0.1:0", "--stall-timeout", "1"]);
    command.args(["--cert", "cert.pem", "--key", "key.pem"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on wss://").unwrap();
    let silent = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(support::code_of(&mut child), Some(4));
    drop(silent);
}
