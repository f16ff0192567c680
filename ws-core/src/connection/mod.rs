//! The sans-IO connection: octets and time in, events and octets out (RFC 6455 §5 to §7).
//!
//! It owns no socket, no clock and no read buffer. Whoever does drives it:
//!
//! ```text
//!              ┌────────────────────────── Connection ──────────────────────────┐
//!  your buffer ─▶ handle_input ─▶ Event (lent from your buffer), octets to keep │
//!  end, time   ─▶ handle_end_of_stream, handle_timeout ─▶ Event                 │
//!  full        ─▶ handle_blocked: the transport takes nothing                   │
//!  you         ─▶ send_*, ping, pong, close                                     │
//!              │        poll_output, handle_written ─▶ octets to write          │
//!              │        poll_timeout ─▶ when to call handle_timeout             │
//!              │        poll_transport ─▶ read on, shut down, close             │
//!              └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Time is a [`Duration`] since any moment of the caller's choosing, up to 584 years; it must not run
//! backwards. A connection with [`Deadlines`] asks to be told it once at the start.
//!
//! ```
//! use std::time::Duration;
//! use ws_core::connection::{Config, Connection, Event};
//! use ws_core::MessageKind;
//!
//! let now = Duration::ZERO;
//! let mut client = Connection::client(Config::default());
//! let mut server = Connection::server(Config::default());
//!
//! client.send_text("Hello")?;
//! let mut wire: Vec<u8> = client.poll_output().flatten().copied().collect();
//! client.handle_written(wire.len(), now);
//!
//! let received = server.handle_input(&mut wire, now);
//! let Some(Event::Message { kind, payload }) = received.event else { panic!("a message") };
//! assert_eq!((kind, payload.octets()), (MessageKind::Text, &b"Hello"[..]));
//! # Ok::<(), ws_core::Misuse>(())
//! ```

mod agreed;
mod budget;
mod closing;
mod config;
mod deadlines;
mod event;
mod halves;
mod inbound;
mod inbound_extras;
mod moment;
mod outbound;
mod outbound_extras;
mod outbox;
mod outgoing;
mod peer_close;
mod ping_budget;
mod pings;
mod receive;
mod send;
mod setup;
mod timers;
mod waiting;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

#[cfg(feature = "deflate")]
use crate::deflate::{Deflate, DeflateParams};
use crate::extension::{Decoder, Encoder};
use crate::role::Role;

pub use budget::Budget;
pub use closing::Transport;
pub use config::{Config, Delivery};
pub use deadlines::{Deadlines, DeadlinesBuilder};
pub use event::{Event, Failure, Payload, Piece, Received};
pub use peer_close::PeerClose;
pub use send::MaskingKeys;

pub(crate) use halves::Halves;
#[cfg(feature = "tokio")]
pub(crate) use halves::poll_timeout;
#[cfg(feature = "tokio")]
pub(crate) use inbound::Hears;
pub(crate) use inbound::Inbound;
#[cfg(feature = "tokio")]
pub(crate) use moment::Moment;
pub(crate) use outbound::Outbound;
pub(crate) use setup::Setup;

/// One WebSocket connection after its opening handshake, in either role.
///
/// ```text
/// octets in ─▶ Inbound ──Ping, Close, violation: answer──▶ Outbound ─▶ octets out
///                 ◀────── heed: our Close was sent ──────────┘
/// ```
#[derive(Debug)]
pub struct Connection {
    pub(crate) setup: Arc<Setup>,
    // In boxes, since a connection is moved about when it is made, and into its task.
    pub(crate) inbound: Box<Inbound>,
    pub(crate) outbound: Box<Outbound>,
}

impl Connection {
    /// The server's end.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(Role::Server, None, config)
    }

    /// The client's end, masking with keys from the operating system's seeded generator.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn client(config: Config) -> Self {
        Self::client_with_keys(config, crate::mask::random_key)
    }

    /// The client's end, masking with the caller's keys: each must be fresh and unpredictable
    /// (RFC 6455 §5.3, §10.3).
    #[must_use]
    pub fn client_with_keys(config: Config, keys: MaskingKeys) -> Self {
        Self::new(Role::Client, Some(keys), config)
    }

    fn new(role: Role, keys: Option<MaskingKeys>, config: Config) -> Self {
        let setup = Setup::shared(config, keys);
        Self {
            inbound: Box::new(Inbound::new(role, &setup.config)),
            outbound: Box::new(Outbound::new(role, Arc::clone(&setup))),
            setup,
        }
    }

    /// Has messages pass through an extension that both endpoints agreed on in the opening
    /// handshake. To be called before anything is received or sent.
    pub fn set_extension(
        &mut self,
        decoder: impl Decoder + 'static,
        encoder: impl Encoder + 'static,
    ) {
        self.inbound.set_decoder(decoder);
        self.outbound.set_encoder(encoder);
    }

    /// Whether there is an extension: as set before, until the connection has ended.
    #[must_use]
    pub const fn has_extension(&self) -> bool {
        self.inbound.has_extension()
    }

    /// Compresses as `deflate` says, and keeps to `params`, which the opening handshake agreed on.
    /// To be called before anything is received or sent; adapters do it themselves.
    #[cfg(feature = "deflate")]
    pub fn set_deflate(&mut self, deflate: &Deflate, params: DeflateParams) {
        let Setup { config, keys } = *self.setup;
        if config.deflate.as_ref() != Some(deflate) {
            let config = Config { deflate: Some(*deflate), ..config };
            self.setup = Setup::shared(config, keys);
        }
        self.inbound.set_deflate(params);
        self.outbound.set_deflate(Arc::clone(&self.setup), self.inbound.role(), params);
    }

    /// What was agreed about permessage-deflate; `None` if it was not agreed on (RFC 7692 §7.1).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.inbound.deflate()
    }

    /// Has messages that are not whole counted in a budget that other connections share. To be
    /// called before anything is received.
    pub fn set_budget(&mut self, budget: Budget) {
        self.inbound.share(budget);
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<&PeerClose> {
        self.inbound.peer_close()
    }

    /// How the connection was configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.setup.config
    }

    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.inbound.role()
    }

    /// Octets that are known to be on their way: the rest of the frame whose payload is being
    /// received. What a header claims, so no reason to allocate that much.
    #[must_use]
    pub const fn awaited(&self) -> u64 {
        self.inbound.awaited()
    }

    /// How many frames of the peer's were handled since this was last asked, those of a message that
    /// is not whole as well, and 65,535 at most: for whoever gives each connection its share of the
    /// time.
    #[inline]
    #[must_use]
    pub const fn take_frames_handled(&mut self) -> u16 {
        self.inbound.take_frames_handled()
    }

    /// Hands out messages whole or as they arrive, from the next message on. One that is open stays
    /// as it began; but if nothing of it was told, [`Delivery::Messages`] has it told whole.
    pub const fn set_delivery(&mut self, delivery: Delivery) {
        self.inbound.set_delivery(delivery);
    }

    /// Takes octets that the peer sent and tells the next thing they mean.
    ///
    /// `input` begins with the first octet that was not discarded before, and ends with the newest.
    /// Payload is unmasked in place, and decoded into the connection's own storage if an extension
    /// changes it. Afterwards, and when done with the event, remove
    /// [`discard`](Received::discard) octets from the front, and everything behind the
    /// [`keep`](Received::keep) octets that follow; then call again: at once after an event, with
    /// more octets behind after none.
    ///
    /// Allocates nothing, except for the output that a Ping, a Close or a violation calls for, for
    /// the Close itself, and for what an extension decodes: at most
    /// [`max_message_len`](crate::Limits::max_message_len) and one octet. Under
    /// [`Delivery::Messages`] the octets to keep are the message so far: at most
    /// [`max_message_len`](crate::Limits::max_message_len) and a control frame.
    #[inline]
    pub fn handle_input<'b>(&'b mut self, input: &'b mut [u8], now: Duration) -> Received<'b> {
        let received = self.inbound.handle_input(input, &self.setup.config, now);
        if let Some(event) = &received.event {
            self.outbound.answer(event, &self.setup.config, now);
        }
        received
    }

    /// Whether [`handle_input`](Self::handle_input) has something to tell without another octet: the
    /// rest of what an extension decodes, or the violation behind octets already told. For whoever
    /// would not call it with an empty buffer.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.inbound.has_more()
    }

    /// The payload of the [`Event::Message`] or [`Event::Piece`] told last, without a copy, if an
    /// extension has decoded it: its [`Payload::range`] is `None`. Empty otherwise, and when called
    /// again.
    #[must_use]
    pub fn take_decoded(&mut self) -> Vec<u8> {
        self.inbound.take_decoded()
    }

    /// Takes the storage of what is decoded away while no message is being decoded, so that an idle
    /// connection holds none; see [`give_decoded_storage`](Self::give_decoded_storage).
    #[must_use]
    pub fn take_decoded_storage(&mut self) -> Vec<u8> {
        self.inbound.take_decoded_storage()
    }

    /// Whether there is an extension, and no storage for what it decodes. permessage-deflate needs
    /// none before the first compressed message.
    #[must_use]
    pub fn lacks_decoded_storage(&self) -> bool {
        self.inbound.lacks_decoded_storage()
    }

    /// Gives storage for what an extension decodes, any octets in it being written over. Without it,
    /// the connection allocates its own.
    pub fn give_decoded_storage(&mut self, storage: Vec<u8>) {
        self.inbound.give_decoded_storage(storage, &self.setup.config);
    }

    /// The peer's stream has ended: no octets will follow. Tells [`Event::Failed`] if that is not
    /// clean and no terminal event came before.
    pub fn handle_end_of_stream(&mut self, now: Duration) -> Option<Event<'static>> {
        self.halves().handle_end_of_stream(now)
    }

    /// The transport failed: nothing can be read or written any more. Tells [`Event::Failed`] if no
    /// terminal event came before.
    pub fn handle_transport_lost(&mut self) -> Option<Event<'static>> {
        self.halves().handle_transport_lost()
    }

    /// What to do with the transport, now that everything so far is handled.
    #[must_use]
    pub const fn poll_transport(&self) -> Transport {
        self.outbound.poll_transport()
    }

    fn halves(&mut self) -> Halves<'_> {
        Halves {
            config: &self.setup.config,
            inbound: &mut self.inbound,
            outbound: &mut self.outbound,
        }
    }

    /// What the sending half has done by itself, the receiving one is told.
    fn heed(&mut self) {
        self.inbound.heed(self.outbound.hears(), &self.setup.config);
    }
}
