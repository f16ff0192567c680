//! The Pings that keepalive has sent and that no Pong has answered: at most four.
//!
//! In: that a Ping is to be sent, that a Pong came. Out: the Ping's payload, the round-trip time.

use core::time::Duration;

/// More unanswered Pings than these are not sent.
const MAX_UNANSWERED: usize = 4;

/// A number that counts up, then four octets that a peer cannot know before it reads them.
pub(super) type Nonce = [u8; 8];

/// The unanswered Pings, oldest first.
#[derive(Debug, Default)]
pub(super) struct Pings {
    unanswered: [Option<(Nonce, Duration)>; MAX_UNANSWERED],
    sent: u32,
    round_trip: Option<Duration>,
}

impl Pings {
    /// The payload of a Ping sent at `now`; `None` if too many are unanswered.
    pub(super) fn send(&mut self, secret: [u8; 4], now: Duration) -> Option<Nonce> {
        let free = self.unanswered.iter_mut().find(|ping| ping.is_none())?;
        self.sent = self.sent.wrapping_add(1);
        let mut nonce = Nonce::default();
        for (to, from) in nonce.iter_mut().zip(self.sent.to_be_bytes().into_iter().chain(secret)) {
            *to = from;
        }
        *free = Some((nonce, now));
        Some(nonce)
    }

    /// A Pong came. One that answers a Ping answers those before it, too (§5.5.3); any other is
    /// nobody's, and changes nothing.
    pub(super) fn answered(&mut self, payload: &[u8], now: Duration) {
        let answers = |ping: &Option<(Nonce, Duration)>| match ping {
            Some((nonce, _)) => payload == nonce,
            None => false,
        };
        let Some(at) = self.unanswered.iter().position(answers) else { return };
        if let Some(Some((_, sent))) = self.unanswered.get(at) {
            self.round_trip = Some(now.saturating_sub(*sent));
        }
        self.unanswered.rotate_left(at.saturating_add(1));
        for ping in self.unanswered.iter_mut().rev().take(at.saturating_add(1)) {
            *ping = None;
        }
    }

    /// From a Ping to its Pong, of those answered last.
    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
}
