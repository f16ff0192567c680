//! Which of a name's addresses to connect to: several are tried, the first that answers is taken
//! (RFC 8305, "Happy Eyeballs").
//!
//! ```text
//! resolved   6a 6b 6c 4a 4b     in the resolver's order of preference
//! tried      6a 4a 6b 4b 6c     families take turns
//!            |--250 ms--|--250 ms--|    the next one starts, at once if one has failed
//! ```

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use ::tokio::time::{Instant, sleep_until};

use super::clock::later;

/// How long one attempt is waited for before the next one starts beside it (RFC 8305 §5).
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The addresses with their families taking turns, the first address staying first (RFC 8305 §4).
pub(super) fn interleave(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.into_iter().peekable();
    let first_is_ipv6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            return turns;
        }
        turns.extend(one.into_iter().chain(other));
    }
}

/// Runs `attempt` on the addresses, in their order, until one succeeds; the others are dropped.
///
/// # Errors
///
/// That of the attempt that failed last, once all have.
pub(super) async fn race<T, F>(
    mut addresses: VecDeque<SocketAddr>,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    let mut failed = io::Error::new(ErrorKind::AddrNotAvailable, "the name has no usable address");
    loop {
        match addresses.pop_front() {
            Some(address) => running.push(Box::pin(attempt(address))),
            None if running.is_empty() => return Err(failed),
            None => {}
        }
        let mut next_start = Box::pin(sleep_until(later(Instant::now(), ATTEMPT_DELAY)));
        let more = !addresses.is_empty();
        // Until one succeeds, or another should start.
        let connected = poll_fn(|cx| {
            let mut one_failed = false;
            let mut nth = 0;
            while let Some(attempt) = running.get_mut(nth) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(io)) => return Poll::Ready(Some(io)),
                    Poll::Ready(Err(error)) => {
                        failed = error;
                        one_failed = true;
                        drop(running.remove(nth));
                    }
                    Poll::Pending => nth = nth.saturating_add(1),
                }
            }
            if one_failed && (more || running.is_empty()) {
                return Poll::Ready(None);
            }
            if more && next_start.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            Poll::Pending
        });
        if let Some(io) = connected.await {
            return Ok(io);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let [a, b, c] = ["[::1]:1", "[::1]:2", "[::1]:3"].map(address);
        let [x, y, z] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(address);
        for (resolved, tried) in [
            (vec![], vec![]),
            (vec![a], vec![a]),
            (vec![a, b, c, x, y], vec![a, x, b, y, c]),
            (vec![x, y, z, a], vec![x, a, y, z]),
            (vec![x, a, b], vec![x, a, b]),
            (vec![a, x, b, y], vec![a, x, b, y]),
        ] {
            assert_eq!(Vec::from(interleave(resolved)), tried);
        }
    }

    /// What the attempt at port n does: answers, or fails, after so many milliseconds.
    type Plan = [(u64, Result<(), ErrorKind>)];

    /// Races ports 1..=n by `plan`; gives the outcome, when it came and when which port was tried.
    async fn play(plan: &Plan) -> (Result<u16, ErrorKind>, u64, Vec<(u16, u64)>) {
        let began = Instant::now();
        let elapsed = || u64::try_from(began.elapsed().as_millis()).unwrap();
        let ports = 1..=u16::try_from(plan.len()).unwrap();
        let addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        let mut tried = Vec::new();
        let outcome = race(addresses, |address| {
            let port = address.port();
            tried.push((port, elapsed()));
            let (after, outcome) = plan[usize::from(port) - 1];
            async move {
                sleep_until(Instant::now() + Duration::from_millis(after)).await;
                outcome.map(|()| port).map_err(io::Error::from)
            }
        });
        let outcome = outcome.await.map_err(|error| error.kind());
        (outcome, elapsed(), tried)
    }

    #[::tokio::test(start_paused = true)]
    async fn the_next_starts_after_250_ms_or_at_a_failure() {
        const FAR: u64 = 1_000_000;
        let refused = Err(ErrorKind::ConnectionRefused);
        let reset = Err(ErrorKind::ConnectionReset);
        // The first answers in time: nobody else is asked.
        assert_eq!(play(&[(200, Ok(())), (0, Ok(()))]).await, (Ok(1), 200, vec![(1, 0)]));
        // It hangs: the second starts beside it.
        let hung = play(&[(FAR, Ok(())), (50, Ok(()))]).await;
        assert_eq!(hung, (Ok(2), 300, vec![(1, 0), (2, 250)]));
        // It is just slow: it still wins.
        let slow = play(&[(300, Ok(())), (100, Ok(()))]).await;
        assert_eq!(slow, (Ok(1), 300, vec![(1, 0), (2, 250)]));
        // It fails: the second starts at once, and the third 250 ms after that.
        let failed = play(&[(10, refused), (FAR, Ok(())), (5, Ok(()))]).await;
        assert_eq!(failed, (Ok(3), 265, vec![(1, 0), (2, 10), (3, 260)]));
        // All fail: the last failure is told, and no sooner than it is there.
        let none = play(&[(400, refused), (5, refused), (500, reset)]).await;
        assert_eq!(none, (reset.map(|()| 0), 755, vec![(1, 0), (2, 250), (3, 255)]));
        assert_eq!(play(&[]).await, (Err(ErrorKind::AddrNotAvailable), 0, vec![]));
    }
}
