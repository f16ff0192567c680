//! `Config::deflate` through every adapter's opening handshake: what do both ends say was agreed?
#![cfg(all(feature = "deflate", feature = "hyper"))]

mod deflate_params_support;

use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::Bytes;
use deflate_params_support::{bits, policy};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::duplex;
use tokio::sync::mpsc;
use ws_core::deflate::{Deflate, DeflateParams, TermsError};
use ws_core::handshake::{Dialer, HandshakeError, OfferError};
use ws_core::{Config, Message, io, tokio as ws};

const URL: &str = "ws://server.example.com/chat";

fn config(deflate: Option<Deflate>) -> Config {
    let mut config = Config::default();
    config.deflate = deflate;
    config
}

/// The client's policy, the server's, and what is agreed.
fn table() -> [(Option<Deflate>, Option<Deflate>, Option<DeflateParams>); 5] {
    let (default, nothing) = (Deflate::default(), DeflateParams::default());
    let small = policy(|builder| builder.peer_max_window_bits(10).peer_no_context_takeover(true));
    let with_server = |window| DeflateParams { server_max_window_bits: bits(window), ..nothing };
    [
        (None, None, None),
        (None, Some(default), None),
        (Some(default), None, None),
        (Some(default), Some(default), Some(with_server(12))),
        (
            Some(small),
            Some(small),
            Some(DeflateParams {
                server_no_context_takeover: true,
                client_no_context_takeover: true,
                server_max_window_bits: bits(10),
                client_max_window_bits: bits(10),
            }),
        ),
    ]
}

#[test]
fn blocking() {
    for (client, server, agreed) in table() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = thread::spawn(move || {
            let (io, _) = listener.accept().unwrap();
            let mut socket = io::accept(io, config(server)).unwrap();
            let message = socket.recv().unwrap().unwrap();
            socket.send(message).unwrap();
            socket.deflate()
        });
        let io = TcpStream::connect(address).unwrap();
        let dialer = Dialer::new(URL).unwrap();
        let mut socket = io::connect_over(io, &dialer, config(client)).unwrap();
        socket.send(Message::text("short")).unwrap();
        assert_eq!(socket.recv().unwrap(), Some(Message::text("short")));
        assert_eq!((socket.deflate(), accepting.join().unwrap()), (agreed, agreed));
    }
}

#[tokio::test]
async fn tokio() {
    for (client, server, agreed) in table() {
        let (ours, theirs) = duplex(4096);
        let dialer = Dialer::new(URL).unwrap();
        let (client, server) = ::tokio::join!(
            ws::connect_over(ours, &dialer, config(client)),
            ws::accept(theirs, config(server)),
        );
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!((client.deflate(), server.deflate()), (agreed, agreed));
        client.send(Message::text("short")).await.unwrap();
        assert_eq!(server.recv().await.unwrap(), Some(Message::text("short")));
    }
}

#[tokio::test]
async fn hyper_upgrades() {
    for (client, server, agreed) in table() {
        let (ours, theirs) = duplex(4096);
        let (told, mut tells) = mpsc::unbounded_channel();
        let service = service_fn(move |mut request| {
            let told = told.clone();
            let (response, opening) =
                ws::hyper::upgrade::<_, Full<Bytes>, _>(&mut request, config(server), ());
            tokio::spawn(async move {
                let (socket, opened) = opening.await.unwrap();
                told.send((socket.deflate(), opened.extensions)).unwrap();
            });
            async { Ok::<_, std::convert::Infallible>(response) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(theirs), service)
                .with_upgrades(),
        );
        let dialer = Dialer::new(URL).unwrap();
        let socket = ws::connect_over(ours, &dialer, config(client)).await.unwrap();
        let (server, extensions) = tells.recv().await.unwrap();
        assert_eq!((socket.deflate(), server), (agreed, agreed));
        assert_eq!(extensions.is_empty(), agreed.is_none());
    }
}

/// The dialer's own offer holds where the configuration has none, and gives way where it has.
#[tokio::test]
async fn a_dialers_own_offer() {
    let small = policy(|builder| builder.peer_max_window_bits(10));
    let dialer = Dialer::new(URL).unwrap().deflate(small).unwrap();
    for (configured, window) in [(None, 10), (Some(Deflate::default()), 12)] {
        let (ours, theirs) = duplex(4096);
        let (client, server) = ::tokio::join!(
            ws::connect_over(ours, &dialer, config(configured)),
            ws::accept(theirs, config(Some(Deflate::default()))),
        );
        let agreed = server.unwrap().deflate().unwrap();
        assert_eq!(agreed.server_max_window_bits.get(), window);
        assert_eq!(client.unwrap().deflate(), Some(agreed));
    }
}

/// What a client fails: its own two offers before any octet, and an answer that is none.
#[tokio::test]
async fn failures_reach_the_caller() {
    let twice = Dialer::new(URL).unwrap().extensions(&["permessage-deflate"]).unwrap();
    let (ours, theirs) = duplex(4096);
    let failed = ws::connect_over(ours, &twice, config(Some(Deflate::default()))).await;
    let error = HandshakeError::Offer(OfferError::ExtensionDuplicated);
    assert!(matches!(failed, Err(ws::Error::Handshake(told)) if told == error));
    drop(theirs);

    // A server that does not keep to the window it was asked for.
    struct Careless;
    impl ws_core::handshake::Upgrade for Careless {
        fn on_extension(
            &mut self,
            _: &ws_core::handshake::Extension<'_>,
            answer: &mut ws_core::handshake::Answer<'_>,
        ) -> Result<(), ws_core::handshake::Refusal> {
            answer.accept();
            Ok(())
        }
    }
    let (ours, theirs) = duplex(4096);
    let small = policy(|builder| builder.peer_max_window_bits(10));
    let dialer = Dialer::new(URL).unwrap();
    let (client, server) = ::tokio::join!(
        ws::connect_over(ours, &dialer, config(Some(small))),
        ws::accept_with(theirs, config(Some(Deflate::default())), Careless),
    );
    let error = HandshakeError::Deflate(TermsError::ServerWindow);
    assert!(matches!(client, Err(ws::Error::Handshake(told)) if told == error));
    // What the policy answered by itself is not ours to speak.
    let (server, agreed) = server.unwrap();
    assert_eq!((server.deflate(), agreed.extensions.as_str()), (None, "permessage-deflate"));
}
