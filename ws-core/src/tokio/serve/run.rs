//! The loop of a server: accept, give each connection a task, and end.

use alloc::sync::Arc;
use core::fmt::Debug;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use ::tokio::sync::Semaphore;
use ::tokio::task::JoinSet;
use ::tokio::time::{Instant, sleep, timeout, timeout_at};

use super::back_off::BackOff;
use super::builder::Server;
use super::connection::{Common, Outcome, Peer, converse, refuse};
use super::listener::Listener;
use super::socket::Socket;
use super::stopping;
use super::trace;
use crate::handshake::{Refusal, Upgrade};
use crate::tokio::clock::later;

/// Connections that are refused at a time: each is kept until it has read why.
const REFUSING: usize = 256;

/// How long tasks that were told to end may take to come to it; a handler that blocks its thread
/// cannot be waited for.
const ABORT_WITHIN: Duration = Duration::from_secs(1);

/// How a server has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Connections that were there when it was asked to stop.
    pub open: usize,
    /// Those of them that were dropped at the deadline.
    pub dropped: usize,
}

impl<A, M> Server<A, M> {
    /// Accepts connections from `listener` and gives each to `handler` in a task of its own, until
    /// `stop` resolves; then closes those that are open and drops those that are left at the
    /// deadline. See [`serve`](super#ending).
    ///
    /// That it cannot accept is no reason to end: it waits, 50 ms at first and 1 s at most, and tries
    /// again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: a dropped future drops all connections.
    pub async fn serve<L, P, H, F, T>(
        self,
        mut listener: L,
        stop: impl Future<Output = T>,
        handler: H,
    ) -> Ended
    where
        L: Listener<Addr = A>,
        A: Clone + Debug + Send + Sync + 'static,
        P: Upgrade + Send + 'static,
        M: Fn(&A) -> P + Send + Sync + 'static,
        H: Fn(Socket<L::Io>, Peer<A, P>) -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let mut stop = pin!(stop);
        let (stopper, stopping) = stopping::channel();
        let places = Arc::new(Semaphore::new(self.max_connections.min(Semaphore::MAX_PERMITS)));
        let shutdown_timeout = self.shutdown_timeout;
        let refusing = Arc::new(Semaphore::new(REFUSING));
        let common = Arc::new(Common { server: self, handler, refusing });
        let mut connections = JoinSet::new();
        let mut back_off = BackOff::default();
        loop {
            let wait = back_off.wait();
            let mut accepted = pin!(async {
                if let Some(wait) = wait {
                    sleep(wait).await;
                }
                listener.accept().await
            });
            let accepted = poll_fn(|cx| {
                while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
                match stop.as_mut().poll(cx) {
                    Poll::Ready(_) => Poll::Ready(None),
                    Poll::Pending => accepted.as_mut().poll(cx).map(Some),
                }
            });
            match accepted.await {
                None => break,
                Some(Ok((opening, addr))) => {
                    back_off.succeeded();
                    let common = Arc::clone(&common);
                    if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                        let within = addr.clone();
                        let stopping = stopping.clone();
                        let connection =
                            converse::<L, P, M, H, F>(common, opening, addr, place, stopping);
                        connections.spawn(trace::within(&within, connection));
                    } else {
                        connections.spawn(trace::within(&addr, async move {
                            let Server { config, retry_after, .. } = &common.server;
                            let refusal = Refusal::service_unavailable(*retry_after);
                            refuse::<L>(&common.refusing, opening, config, refusal).await;
                        }));
                    }
                }
                Some(Err(error)) => {
                    back_off.failed(&error);
                    trace::cannot_accept(&error, back_off.wait());
                }
            }
        }
        drop(listener);
        let deadline = later(Instant::now(), shutdown_timeout);
        stopper.say();
        let open = connections.len();
        trace::stopping(open);
        let _ = timeout_at(deadline, ended(&mut connections)).await;
        let dropped = connections.len();
        trace::stopped(dropped);
        connections.abort_all();
        let _ = timeout(ABORT_WITHIN, ended(&mut connections)).await;
        Ended { open, dropped }
    }
}

/// Until all tasks have ended.
async fn ended(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}
