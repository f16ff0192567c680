//! The same opening handshakes accepted by this crate and by others, over a transport in memory. Each
//! returns what was written, for the bench to check.

use std::cell::Cell;
use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ws_core::handshake::Upgrader;
use ws_core::{Config, Limits};

use super::{Kept, Wire};

/// The answer to the key of every request here, the sample of RFC 6455 §1.3.
pub(crate) const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Panics unless `answers` are `count` times the same 101.
pub(crate) fn check(answers: &[u8], count: usize) {
    let (first, others) = answers.split_at(answers.len() / count);
    assert!(first.starts_with(b"HTTP/1.1 101 ") && first.ends_with(b"\r\n\r\n"));
    assert!(first.windows(ACCEPT.len()).any(|octets| octets == ACCEPT));
    assert!(others.chunks(first.len()).all(|answer| answer == first), "{count} times the same");
}

/// Without an adapter: the request in one buffer of the caller's, the answer in another.
pub(crate) fn accept_upgrader(request: &[u8], answers: &mut Vec<u8>) {
    let mut upgrader = Upgrader::new(&Limits::default());
    let accepted = upgrader.handle_input(request, &mut (), answers);
    assert!(accepted.is_ok_and(|accepted| accepted.is_some()), "a good request");
}

pub(crate) async fn accept_tokio(request: Bytes, answers: Kept) {
    let wire = Wire::staying(request, answers);
    drop(ws_core::tokio::accept(wire, Config::default()).await.expect("accepted"));
}

pub(crate) fn accept_tungstenite(request: Bytes, answers: Kept) {
    drop(tungstenite::accept(Wire::staying(request, answers)).expect("accepted"));
}

pub(crate) async fn accept_tokio_websockets(request: Bytes, answers: Kept) {
    let wire = Wire::staying(request, answers);
    drop(tokio_websockets::ServerBuilder::new().accept(wire).await.expect("accepted"));
}

/// It has no HTTP of its own: hyper reads the request, as its readme has it.
pub(crate) async fn accept_fastwebsockets(request: Bytes, answers: Kept) {
    let wire = TokioIo::new(Wire::staying(request, answers));
    let (give, given) = tokio::sync::oneshot::channel();
    let give = Cell::new(Some(give));
    let service = service_fn(|mut request: Request<Incoming>| {
        let (response, opening) = fastwebsockets::upgrade::upgrade(&mut request).expect("good");
        let _ = give.take().expect("one request").send(opening);
        async move { Ok::<Response<Empty<Bytes>>, Infallible>(response) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    http.serve_connection(wire, service).with_upgrades().await.expect("served");
    drop(given.await.expect("upgraded").await.expect("upgraded"));
}
