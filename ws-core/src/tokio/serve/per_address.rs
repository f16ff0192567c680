//! How many connections one address has, and whether it may have another.

use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::handshake::Refusal;

/// At most so many connections from each IP address; 429 for more. To be asked in
/// [`Builder::admit`](super::Builder::admit).
///
/// An IPv6 address counts by its first 64 bits, which is what one host is given, and one that holds
/// an IPv4 address as that. Behind a proxy every peer has the proxy's address: decide there.
///
/// ```
/// use std::net::SocketAddr;
/// use ws_core::tokio::serve::{PerAddress, Server};
///
/// let per_address = PerAddress::new(8);
/// let server = Server::builder()
///     .admit(move |peer: &SocketAddr| per_address.admit(peer.ip()))
///     .build()?;
/// # Ok::<(), ws_core::Misuse>(())
/// ```
#[derive(Debug, Clone)]
pub struct PerAddress {
    max: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that was admitted, for as long as it lasts.
pub struct Held {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    addr: IpAddr,
}

impl PerAddress {
    /// At most `max` connections from each address.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, counts: Arc::default() }
    }

    /// Counts one more connection from `addr`, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// 429, if there are as many as there may be.
    pub fn admit(&self, addr: IpAddr) -> Result<Held, Refusal> {
        let addr = host(addr);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&addr).copied().unwrap_or(0);
        if count >= self.max {
            return Err(Refusal::new(429)?);
        }
        counts.insert(addr, count.saturating_add(1));
        drop(counts);
        Ok(Held { counts: Arc::clone(&self.counts), addr })
    }

    /// How many addresses have connections now.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.addr) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.addr);
            }
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.addr).finish()
    }
}

/// The part of an address that stands for one host.
fn host(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(addr) => {
            let [a, b, c, d, ..] = addr.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        canonical @ IpAddr::V4(_) => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_as_many_as_it_may_and_is_forgotten_with_the_last() {
        for (first, same, other) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
        ] {
            let [first, same, other] = [first, same, other].map(|addr| addr.parse().unwrap());
            let per_address = PerAddress::new(2);
            let held = [per_address.admit(first).unwrap(), per_address.admit(same).unwrap()];
            assert_eq!(per_address.admit(same).unwrap_err().status(), 429);
            assert!(per_address.admit(other).is_ok());
            let [one, two] = held;
            drop(one);
            drop(per_address.admit(first).unwrap());
            drop(two);
            assert_eq!(per_address.addresses(), 0);
        }
    }
}
