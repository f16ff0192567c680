//! Policies, and elements of `Sec-WebSocket-Extensions` as values.
#![allow(dead_code, reason = "each test file uses some of it")]

use ws_core::deflate::{ClientWindow, Deflate, DeflateBuilder, Terms, TermsError, WindowBits};
use ws_core::handshake::Extensions;

pub(crate) fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).expect("8 to 15")
}

pub(crate) fn policy(change: impl FnOnce(DeflateBuilder) -> DeflateBuilder) -> Deflate {
    change(Deflate::builder()).build().expect("in range")
}

/// Reads one element.
pub(crate) fn terms(element: &str) -> Result<Terms, TermsError> {
    let mut elements = Extensions::of_value(element.as_bytes());
    let parsed = Terms::parse(&elements.next().expect("an element").expect("in the grammar"));
    assert!(elements.next().is_none(), "one element: {element}");
    parsed
}

/// Every offer and every answer there can be: each flag, each window absent, bare or 8 to 15.
pub(crate) fn all_terms() -> impl Iterator<Item = Terms> {
    let windows = || (8..=15).map(|window| Some(bits(window)));
    let server_windows = move || [None].into_iter().chain(windows());
    let client_windows = move || {
        let up_to = windows().map(|window| window.map(ClientWindow::UpTo));
        [None, Some(ClientWindow::Any)].into_iter().chain(up_to)
    };
    (0..4_u8).flat_map(move |flags| {
        server_windows().flat_map(move |server| {
            client_windows().map(move |client| Terms {
                server_no_context_takeover: flags & 1 != 0,
                client_no_context_takeover: flags & 2 != 0,
                server_max_window_bits: server,
                client_max_window_bits: client,
            })
        })
    })
}

/// Every policy, as far as it is negotiated about.
pub(crate) fn all_policies() -> impl Iterator<Item = Deflate> {
    (0..4_u8).flat_map(|flags| {
        (9..=15).flat_map(move |window| {
            (8..=15).map(move |peers| {
                policy(|builder| {
                    builder
                        .window_bits(window)
                        .peer_max_window_bits(peers)
                        .no_context_takeover(flags & 1 != 0)
                        .peer_no_context_takeover(flags & 2 != 0)
                })
            })
        })
    })
}
