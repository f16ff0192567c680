//! One property per target. Each takes octets, and panics if the property does not hold.

pub use crate::deflate::{deflate_roundtrip, inflate_arbitrary};
pub use crate::diff_http::diff_http;
pub use crate::duplex::duplex_model;
pub use crate::engine::engine_peer;
pub use crate::extension_header::extension_header;
pub use crate::frame::{close_payload, frame_parse, mask};
pub use crate::http::{client_handshake, http_request_head, http_response_head};
pub use crate::peers::{diff_tokio_websockets, diff_tungstenite};
pub use crate::session::session_oracle;
pub use crate::stream::{frame_stream_client, frame_stream_server};
pub use crate::utf8::utf8_stream;
pub use crate::workload::tokio_workload;
pub use crate::write_api::write_api;

/// A property by its target's name.
pub type Property = fn(&[u8]);

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        /// Every target. `tests/replay.rs` holds the folders against this list.
        pub const TARGETS: &[(&str, Property)] = &[$((stringify!($name), $name)),*];
    };
}

targets![
    client_handshake,
    close_payload,
    deflate_roundtrip,
    diff_http,
    diff_tokio_websockets,
    diff_tungstenite,
    duplex_model,
    engine_peer,
    extension_header,
    frame_parse,
    frame_stream_client,
    frame_stream_server,
    http_request_head,
    http_response_head,
    inflate_arbitrary,
    mask,
    session_oracle,
    tokio_workload,
    utf8_stream,
    write_api,
];
