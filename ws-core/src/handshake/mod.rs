//! The opening handshake: an HTTP/1.1 GET and the 101 that answers it (RFC 6455 §4).
//!
//! Sans-IO machines for both roles. In: the octets that arrived, in the caller's buffer. Out: the
//! peer's head, borrowed from that buffer, or why there is none. They know neither sockets nor time,
//! allocate nothing, and write into the caller's `Vec`.
//!
//! ```text
//!       client                                                         server
//!  ClientHandshake::new ──▶ out ─── GET, Sec-WebSocket-Key ───▶ ServerHandshake::handle_input
//!                                                                  │ Ok(None): read more
//!                                                                  │ Err(rejection)
//!                                                                  ▼ Ok(Some(request))
//!  handle_input ◀────────────────── 101, Sec-WebSocket-Accept ─── request.accept(out)
//!     │ Ok(None): read more    or ─ 4xx, 5xx, then TCP ends ───── rejection.write(out)
//!     │ Err(error)
//!     │            after Err(Status): refusal(input) says more
//!     ▼ Ok(Some(response)): frames from octet response.head_len() on
//! ```
//!
//! A server that decides while the request arrives, and negotiates, uses [`Upgrader`] in the place of
//! [`ServerHandshake`]: it lends each line to an [`Upgrade`] as soon as it is whole, asks it for
//! subprotocol and extensions, and writes the answer. [`policy`] has the usual decisions ready-made.
//!
//! The input contract is the same for all: `input` begins with the first octet the peer sent and
//! ends with the newest; after `None`, call again with more behind. Looking for the end of a line,
//! the machine remembers how far it has looked, and never looks at an octet again. It stops at
//! [`Limits::max_head_len`](crate::Limits::max_head_len), so the caller's buffer need not be longer
//! than that and one read. How the octets were cut into reads changes nothing.
//!
//! What a client asks for is a [`Dialer`]; what a server may answer is checked against it. On the way
//! to the server there may be a [`Proxy`] ([`ProxyHandshake`]), and its answer may be a [`Redirect`].
//!
//! # Examples
//!
//! The two machines in memory:
//!
//! ```
//! use ws_core::Limits;
//! use ws_core::handshake::{ClientHandshake, Dialer, ServerHandshake};
//!
//! let limits = Limits::default();
//! let dialer = Dialer::new("ws://server.example.com/chat?room=7")?;
//! let mut to_server = Vec::new();
//! // An application takes 16 octets from a cryptographic generator.
//! let mut client = ClientHandshake::new(&dialer, &limits, [7; 16], &mut to_server);
//!
//! let mut server = ServerHandshake::new(&limits);
//! let request = server.handle_input(&to_server)?.expect("the head is whole");
//! assert_eq!((request.path, request.query), ("/chat", Some("room=7")));
//! assert_eq!(request.host, "server.example.com");
//! let mut to_client = Vec::new();
//! request.accept(&mut to_client);
//!
//! to_client.extend_from_slice(b"\x81\x02Hi"); // the server may send its first frame at once
//! let response = client.handle_input(&to_client)?.expect("the head is whole");
//! assert_eq!(&to_client[response.head_len()..], b"\x81\x02Hi");
//! # Ok::<(), ws_core::handshake::HandshakeError>(())
//! ```

mod scan;

mod octets;

mod fields;

mod head;

mod authority;

mod key;

mod request;

mod response;

mod extensions;

mod subprotocols;

mod answer;

mod refusal;

mod server;

mod upgrade;

mod upgrader;

#[cfg(feature = "std")]
mod negotiated;

pub mod policy;

mod origin;

mod cookies;

mod client;

mod dial;

mod url;

mod refused;

mod body;

mod redirect;

mod proxy;

mod error;

pub use answer::{Answer, ResponseFields};
pub use body::{BodyReader, MAX_REFUSAL_BODY_LEN};
pub use client::{ClientHandshake, MAX_INTERIM_RESPONSES};
pub use cookies::cookies;
pub use dial::{Dialer, MAX_OFFERS, OfferError};
pub use error::{HandshakeError, HeadError, Rejection};
pub use extensions::{
    Extension, Extensions, MAX_EXTENSIONS, MalformedExtensions, Param, ParamValue,
};
pub use fields::{Fields, HeaderField, tokens};
pub use key::{ACCEPT_LEN, KEY_LEN, Key};
#[cfg(feature = "std")]
pub(crate) use negotiated::{Configured, Negotiated, offering};
pub use proxy::{Proxies, Proxy, ProxyHandshake};
pub use redirect::Redirect;
pub use refusal::Refusal;
pub use refused::RefusedResponse;
pub use request::Request;
pub use response::Response;
pub use server::ServerHandshake;
pub use subprotocols::{MAX_SUBPROTOCOLS, Subprotocols};
pub use upgrade::{RequestLine, Upgrade};
pub use upgrader::{Accepted, Agreed, Upgrader};
pub use url::{Url, UrlError};
