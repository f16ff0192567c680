//! What a server tells a `tracing` subscriber (feature `tracing`); without it, nothing, at no cost.
//!
//! One span per connection, `connection`, with the peer's address; all of it has the target
//! `ws_core::serve`. Never an octet that a peer sent: statuses, close codes and counts only.

#[cfg(feature = "tracing")]
pub(super) use on::{
    cannot_accept, closed, not_opened, opened, panicked, refused, stopped, stopping, within,
};

#[cfg(not(feature = "tracing"))]
pub(super) use off::{
    cannot_accept, closed, not_opened, opened, panicked, refused, stopped, stopping, within,
};

#[cfg(feature = "tracing")]
mod on {
    use core::fmt::Debug;
    use core::time::Duration;
    use std::io;

    use tracing::instrument::{Instrument as _, Instrumented};
    use tracing::{debug, debug_span, info, warn};

    use crate::io::Error;

    const TARGET: &str = "ws_core::serve";

    /// `connection`, within the span of its peer.
    pub(crate) fn within<F: Future>(addr: &impl Debug, connection: F) -> Instrumented<F> {
        connection.instrument(debug_span!(target: TARGET, "connection", peer = ?addr))
    }

    pub(crate) fn cannot_accept(error: &io::Error, wait: Option<Duration>) {
        warn!(target: TARGET, %error, ?wait, "cannot accept");
    }

    pub(crate) fn refused(status: u16) {
        debug!(target: TARGET, status, "refused");
    }

    pub(crate) fn not_opened(error: &Error) {
        debug!(target: TARGET, %error, "not opened");
    }

    pub(crate) fn opened() {
        debug!(target: TARGET, "opened");
    }

    pub(crate) fn panicked() {
        warn!(target: TARGET, "the handler panicked");
    }

    pub(crate) fn closed(clean: bool, peer_code: Option<u16>) {
        debug!(target: TARGET, clean, peer_code, "closed");
    }

    pub(crate) fn stopping(open: usize) {
        info!(target: TARGET, open, "stopping");
    }

    pub(crate) fn stopped(dropped: usize) {
        info!(target: TARGET, dropped, "stopped");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use core::time::Duration;
    use std::io;

    use crate::io::Error;

    pub(crate) const fn within<A, F: Future>(_: &A, connection: F) -> F {
        connection
    }

    pub(crate) const fn cannot_accept(_: &io::Error, _: Option<Duration>) {}
    pub(crate) const fn refused(_: u16) {}
    pub(crate) const fn not_opened(_: &Error) {}
    pub(crate) const fn opened() {}
    pub(crate) const fn panicked() {}
    pub(crate) const fn closed(_: bool, _: Option<u16>) {}
    pub(crate) const fn stopping(_: usize) {}
    pub(crate) const fn stopped(_: usize) {}
}
