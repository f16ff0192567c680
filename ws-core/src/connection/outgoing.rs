//! The sending side of a connection: messages and control frames in, octets to write out
//! (RFC 6455 §5.4 to §5.5, §7.1.2).

use alloc::vec::Vec;
use core::time::Duration;

use super::Connection;
use crate::error::Misuse;
use crate::frame::CloseFrame;
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;

impl Connection {
    /// The octets to write, in order, as slices for one vectored write.
    pub fn poll_output(&self) -> impl Iterator<Item = &[u8]> {
        self.outbound.poll_output()
    }

    /// Octets that [`poll_output`](Self::poll_output) would give.
    #[must_use]
    pub const fn output_len(&self) -> usize {
        self.outbound.output_len()
    }

    /// The transport took the first `written` octets of the output. Taking fewer than were offered
    /// means that the peer is behind: until all is written, only the latest Pong is kept.
    pub fn handle_written(&mut self, written: usize, now: Duration) {
        self.outbound.handle_written(written, &self.setup.config, now);
    }

    /// Takes the storage of the output away while nothing is queued, so that an idle connection
    /// holds none; see [`give_output_storage`](Self::give_output_storage).
    #[must_use]
    pub fn take_output_storage(&mut self) -> Vec<u8> {
        self.outbound.take_output_storage()
    }

    /// Gives storage for the output, any octets in it being written over. Without it, the connection
    /// allocates its own.
    pub fn give_output_storage(&mut self, storage: Vec<u8>) {
        self.outbound.give_output_storage(storage);
    }

    /// Whether a message of `len` octets may be queued now.
    ///
    /// Always, while nothing is queued; otherwise within
    /// [`max_write_buffer`](crate::Limits::max_write_buffer).
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        self.outbound.has_room(len)
    }

    /// Whether messages may still be sent: no Close was sent and the connection has not ended.
    #[must_use]
    pub const fn may_send(&self) -> bool {
        self.outbound.may_send()
    }

    /// Queues a message as one frame. A server shares a long payload instead of copying it.
    ///
    /// # Errors
    ///
    /// The wire is untouched and the message is still the caller's:
    /// [`Misuse::SendAfterClose`], [`Misuse::MessageOpen`], [`Misuse::WriteBufferFull`].
    pub fn send(&mut self, message: &Message) -> Result<(), Misuse> {
        self.outbound.send(message)
    }

    /// As [`send`](Self::send), past the extension: for what must not share a compressor with what
    /// an attacker can choose, or is compressed already.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_uncoded(&mut self, message: &Message) -> Result<(), Misuse> {
        self.outbound.send_uncoded(message)
    }

    /// Queues a text message as one frame, copying the text.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), Misuse> {
        self.outbound.send_octets(MessageKind::Text, text.as_bytes())
    }

    /// Queues a binary message as one frame, copying the payload.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_binary(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.outbound.send_octets(MessageKind::Binary, payload)
    }

    /// Queues a message that was encoded before; a server does no more than refer to it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Misuse> {
        self.outbound.send_prepared(message)
    }

    /// Queues one fragment of a message, the last one if `fin`. The fragments of a text message may
    /// cut code points, but together must be UTF-8.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::MessageKindChanged`],
    /// [`Misuse::TextNotUtf8`], [`Misuse::WriteBufferFull`].
    ///
    /// RFC 6455 §5.4.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
    ) -> Result<(), Misuse> {
        self.outbound.send_fragment(kind, payload, fin, true)
    }

    /// As [`send_fragment`](Self::send_fragment); a message that begins with this one goes past the
    /// extension, all of it.
    ///
    /// # Errors
    ///
    /// As [`send_fragment`](Self::send_fragment).
    pub fn send_fragment_uncoded(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
    ) -> Result<(), Misuse> {
        self.outbound.send_fragment(kind, payload, fin, false)
    }

    /// Queues a Ping with up to 125 octets.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::ControlTooLong`],
    /// [`Misuse::WriteBufferFull`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.outbound.ping(payload)
    }

    /// Queues a Pong with up to 125 octets, asked for or not.
    ///
    /// # Errors
    ///
    /// As [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.outbound.pong(payload)
    }

    /// Starts the closing handshake: queues a Close frame, empty if `frame` is `None`. Nothing can
    /// be sent after it; the peer has
    /// [`close_timeout`](crate::Limits::close_timeout) to answer.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::CloseCodeNotSendable`],
    /// [`Misuse::ReasonTooLong`].
    ///
    /// RFC 6455 §7.1.2.
    pub fn close(&mut self, frame: Option<CloseFrame<'_>>, now: Duration) -> Result<(), Misuse> {
        self.outbound.close(frame, &self.setup.config, now)?;
        self.heed();
        Ok(())
    }
}
