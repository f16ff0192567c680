//! At most one connection CONNECTING to each remote host; the others wait their turn (RFC 6455 §4.1,
//! item 2).
//!
//! In: who is to be connected to. Out: a [`Turn`], to be held until the connection is open or has
//! failed. Those that wait go on in the order they came. A host is forgotten with its last turn.

use alloc::string::String;
use alloc::sync::Arc;
use core::net::IpAddr;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ::tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// What counts as one remote host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum RemoteHost {
    /// By whatever name it is known, and at whatever port.
    Address(IpAddr),
    /// Behind a proxy, which alone knows the address: "each host name refers to a distinct remote
    /// host".
    Name(String),
}

/// Shared by the clones of a connector.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<RemoteHost, Host>>>);

#[derive(Debug, Default)]
struct Host {
    queue: Arc<AsyncMutex<()>>,
    /// How many have a turn or wait for one.
    turns: usize,
}

/// The right to be CONNECTING.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    host: RemoteHost,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(super) async fn wait(&self, host: RemoteHost) -> Turn {
        let queue = self.with(|hosts| {
            let host = hosts.entry(host.clone()).or_default();
            host.turns = host.turns.saturating_add(1);
            Arc::clone(&host.queue)
        });
        // Made before the wait, so that whoever stops waiting is accounted for as well.
        let mut turn = Turn { turns: self.clone(), host, held: None };
        turn.held = Some(queue.lock_owned().await);
        turn
    }

    /// Nothing that is done with the hosts panics half-way, so a poisoned lock is as good as any.
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<RemoteHost, Host>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        self.turns.with(|hosts| {
            let Some(host) = hosts.get_mut(&self.host) else { return };
            host.turns = host.turns.saturating_sub(1);
            if host.turns == 0 {
                hosts.remove(&self.host);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_host_is_forgotten_with_its_last_turn_however_waiting_ends() {
        let turns = Turns::default();
        let host = || RemoteHost::Name("a".into());
        let context = &mut Context::from_waker(Waker::noop());
        let first = pin!(turns.wait(host())).poll(context);
        assert!(first.is_ready());
        let mut third = {
            let mut second = pin!(turns.wait(host()));
            let mut third = std::boxed::Box::pin(turns.wait(host()));
            assert!(second.as_mut().poll(context).is_pending());
            assert!(third.as_mut().poll(context).is_pending());
            drop(first); // The second one's turn, who is gone before it is told.
            third
        };
        let third = third.as_mut().poll(context);
        assert!(third.is_ready() && turns.with(|hosts| hosts.len()) == 1);
        drop(third);
        assert!(turns.with(|hosts| hosts.is_empty()));
    }
}
