//! `wss` over loopback, with a certificate made here: C09 and HC-32 behind TLS (T24), and who is
//! trusted.
#![cfg(feature = "rustls")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use ws_core::handshake::{Dialer, HandshakeError, Proxies, Proxy, UrlError};
use ws_core::tokio::serve::{Server, TlsListener};
use ws_core::tokio::{Connector, Error};
use ws_core::{CloseCode, Config, Limits, Message};

use tls_support::configs;

mod tls_support;

/// Serves one TLS connection for `name`; gives its port, a client that trusts it, and the outcome.
async fn serve<F: Future<Output = Result<(), Error>> + Send + 'static>(
    name: &str,
    serve: impl FnOnce(TlsStream<TcpStream>) -> F + Send + 'static,
) -> (u16, Connector, JoinHandle<Result<(), Error>>) {
    let (server, client) = configs(name);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let io = listener.accept().await?.0;
        let io = TlsAcceptor::from(Arc::new(server)).accept(io).await?;
        serve(io).await
    });
    (port, Connector::new().tls(Arc::new(client)), served)
}

async fn echo(io: TlsStream<TcpStream>) -> Result<(), Error> {
    let mut socket = ws_core::tokio::accept(io, Config::default()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

#[tokio::test]
async fn wss_exchanges_messages_and_closes_cleanly() {
    for (name, host) in [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")] {
        let (port, connector, server) = serve(name, echo).await;
        let url = format!("wss://{host}:{port}/chat");
        let dialer = Dialer::new(&url).unwrap();
        let mut socket = connector.connect(&dialer, Config::default()).await.unwrap();
        assert!(socket.get_ref().is_secure());
        assert!(socket.get_ref().tcp().nodelay().unwrap());
        for message in [Message::text("κόσμε"), Message::binary(vec![7; 1 << 20])] {
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.recv().await.unwrap(), Some(message));
        }
        socket.close(CloseCode::NORMAL, "done").await.unwrap();
        assert_eq!(socket.peer_close().unwrap().code, CloseCode::NORMAL);
        server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_no_request() {
    // Another name than the certificate's; a certificate that nobody vouches for.
    for trusts in [true, false] {
        let (port, connector, server) = serve("example.com", echo).await;
        let connector =
            if trusts { connector } else { Connector::new().tls(Arc::new(configs("localhost").1)) };
        let url = format!("wss://localhost:{port}/");
        let dialer = Dialer::new(&url).unwrap();
        let result = connector.connect(&dialer, Config::default()).await.map(|_| ());
        assert!(
            matches!(&result, Err(Error::Io(error)) if error.to_string().contains("ertificate")),
            "{result:?}"
        );
        assert!(server.await.unwrap().is_err());
    }
    // The roots of the features know no certificate made here either.
    #[cfg(any(feature = "rustls-platform-verifier", feature = "rustls-webpki-roots"))]
    {
        let (port, _, server) = serve("localhost", echo).await;
        let url = format!("wss://localhost:{port}/");
        let result = ws_core::tokio::connect(&url, Config::default()).await.map(|_| ());
        assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
        assert!(server.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn c12_a_host_that_no_certificate_can_name_is_told_before_any_io() {
    let connector = Connector::new().tls(Arc::new(configs("localhost").1));
    let dialer = Dialer::new("wss://a..b:1/").unwrap();
    let result = connector.connect(&dialer, Config::default()).await.map(|_| ());
    let host = UrlError::Host;
    assert!(
        matches!(result, Err(Error::Handshake(HandshakeError::Url(e))) if e == host),
        "{result:?}"
    );
}

#[tokio::test]
async fn c09_t24_frames_behind_the_101_arrive_through_tls() {
    const FRAMES: &[u8] = b"\x81\x01a\x81\x01b\x81\x01c";
    for cut in 0..=FRAMES.len() {
        let (port, connector, server) = serve("localhost", move |mut io| async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                io.read_buf(&mut request).await?;
            }
            let mut answer = Vec::new();
            let limits = ws_core::Limits::default();
            let mut handshake = ws_core::handshake::ServerHandshake::new(&limits);
            let request = handshake.handle_input(&request).map_err(HandshakeError::from)?;
            request.expect("a whole request").accept(&mut answer);
            answer.extend_from_slice(&FRAMES[..cut]);
            io.write_all(&answer).await?;
            io.flush().await?;
            io.write_all(&FRAMES[cut..]).await?;
            io.flush().await?;
            let _ = io.read(&mut [0]).await;
            Ok(())
        })
        .await;
        let url = format!("wss://localhost:{port}/");
        let dialer = Dialer::new(&url).unwrap();
        let mut socket = connector.connect(&dialer, Config::default()).await.unwrap();
        for text in ["a", "b", "c"] {
            assert_eq!(socket.recv().await.unwrap(), Some(Message::text(text)), "cut at {cut}");
        }
        drop(socket);
        server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn hc32_t24_tcp_that_ends_inside_tls_is_an_error() {
    let (port, connector, server) = serve("localhost", |mut io| async move {
        io.read_buf(&mut Vec::new()).await?;
        // The stream ends without the close_notify that would have to come first.
        let (tcp, _) = io.into_inner();
        drop(tcp);
        Ok(())
    })
    .await;
    let url = format!("wss://localhost:{port}/");
    let dialer = Dialer::new(&url).unwrap();
    let result = connector.connect(&dialer, Config::default()).await.map(|_| ());
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn tls_that_does_not_answer_is_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let limits = Limits::builder().handshake_timeout(Duration::from_millis(200)).build().unwrap();
    let connector = Connector::new().tls(Arc::new(configs("localhost").1));
    let dialer = Dialer::new(&url).unwrap();
    let began = Instant::now();
    let result = connector.connect(&dialer, Config::with_limits(limits)).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

/// A whole server behind TLS: one that never speaks it keeps nobody waiting, and has to go.
#[tokio::test]
async fn t12_a_server_of_wss_echoes_beside_a_peer_that_never_begins() {
    let (server, client) = configs("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let limits = Limits::builder().handshake_timeout(Duration::from_millis(300)).build().unwrap();
    let builder = Server::builder().config(Config::with_limits(limits)).build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = TlsListener::new(listener, Arc::new(server));
    let served = tokio::spawn(builder.serve(listener, stopped, |mut socket, _| async move {
        while let Some(message) = socket.recv().await? {
            socket.feed(message).await?;
        }
        Ok::<(), Error>(())
    }));
    let mut silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let url = format!("wss://localhost:{port}/");
    let connector = Connector::new().tls(Arc::new(client));
    let mut socket =
        connector.connect(&Dialer::new(&url).unwrap(), Config::default()).await.unwrap();
    socket.send(Message::text("secret")).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("secret")));
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0, "it has to go");
    stop.send(()).unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.peer_close().unwrap().code, CloseCode::GOING_AWAY);
    assert_eq!(served.await.unwrap().dropped, 0);
}

#[tokio::test]
async fn wss_goes_through_a_proxys_tunnel() {
    let (port, connector, server) = serve("localhost", echo).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let relay = tokio::spawn(async move {
        let (mut io, _) = proxy.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            io.read_buf(&mut head).await.unwrap();
        }
        let mut up = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        io.write_all(b"HTTP/1.1 200 x\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut io, &mut up).await;
        String::from_utf8(head).unwrap()
    });
    let proxies = Proxies {
        wss: Some(Proxy::parse(&format!("http://{address}")).unwrap()),
        ..Proxies::default()
    };
    let url = format!("wss://localhost:{port}/chat");
    let dialer = Dialer::new(&url).unwrap();
    let mut socket = connector.proxies(proxies).connect(&dialer, Config::default()).await.unwrap();
    assert!(socket.get_ref().is_secure());
    assert_eq!(socket.get_ref().tcp().peer_addr().unwrap(), address);
    socket.send(Message::text("through")).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("through")));
    socket.close(CloseCode::NORMAL, "").await.unwrap();
    drop(socket);
    server.await.unwrap().unwrap();
    let head = relay.await.unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")), "{head}");
}
