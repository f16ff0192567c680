//! One connection of a server, from its transport to its end.
//!
//! ```text
//! admit ─▶ Opening ─▶ accept_with ─▶ handler ─▶ close
//!   └────────┴── refused: answered by `refuse`
//! ```
//!
//! In: a transport that is being made. Out: nothing; a panic in a hook, a policy or a handler ends
//! here.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;
use core::fmt;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use ::tokio::time::{Instant, timeout_at};

use super::builder::Server;
use super::guarded::Guarded;
use super::listener::Listener;
use super::socket::{Shared, Socket};
use super::stopping::Stopping;
use super::trace;
use crate::connection::Config;
use crate::frame::CloseCode;
use crate::handshake::{Agreed, HandshakeError, Refusal, RequestLine, Upgrade};
use crate::io::Error;
use crate::tokio::clock::later;
use crate::tokio::{WebSocket, accept_with};

/// Asked about a peer; what it returns is held as long as the connection lasts.
pub(super) type Admit<A> = dyn Fn(&A) -> Result<Box<dyn Any + Send>, Refusal> + Send + Sync;

/// How long a peer that is refused for its address, or for want of a place, may take to send a
/// request and to read its answer.
const REFUSE_WITHIN: Duration = Duration::from_secs(2);

/// What a handler is told of its peer.
#[derive(Debug)]
#[non_exhaustive]
pub struct Peer<A, P> {
    /// Its address, as the listener calls it.
    pub addr: A,
    /// The subprotocol and the extensions that were agreed on.
    pub agreed: Agreed,
    /// The policy that accepted its request, with what it has kept of it.
    pub policy: P,
    /// Whether the server is to end.
    pub stopping: Stopping,
}

/// What a handler's future gives: whether all went well. A connection that is still open is closed
/// with 1000 then, else with 1011. What went wrong is not told the peer.
pub trait Outcome {
    /// Whether all went well.
    fn is_good(&self) -> bool;
}

impl Outcome for () {
    fn is_good(&self) -> bool {
        true
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn is_good(&self) -> bool {
        self.is_ok()
    }
}

/// What the connections of a server have in common.
pub(super) struct Common<A, M, H> {
    pub(super) server: Server<A, M>,
    pub(super) handler: H,
    /// Places for connections that are being refused.
    pub(super) refusing: Arc<Semaphore>,
}

/// One connection. `place` is its place among those that there may be.
pub(super) async fn converse<L, P, M, H, F>(
    common: Arc<Common<L::Addr, M, H>>,
    opening: L::Opening,
    addr: L::Addr,
    place: OwnedSemaphorePermit,
    stopping: Stopping,
) where
    L: Listener,
    P: Upgrade,
    M: Fn(&L::Addr) -> P,
    H: Fn(Socket<L::Io>, Peer<L::Addr, P>) -> F,
    F: Future<Output: Outcome>,
{
    let server = &common.server;
    let _held = match admit(server, &addr) {
        Ok(held) => held,
        Err(refusal) => {
            drop(place);
            return refuse::<L>(&common.refusing, opening, &server.config, refusal).await;
        }
    };
    // Boxed: what an opening handshake needs is not to be carried along by the open connection.
    let open = Box::pin(unless(&stopping, open::<L, P>(server, opening, &addr)));
    let (socket, agreed, policy) = match open.await {
        Some(Ok(opened)) => opened,
        Some(Err(error)) => return trace::not_opened(&error),
        None => return,
    };
    trace::opened();
    let socket = Shared::new(socket);
    let peer = Peer { addr, agreed, policy, stopping: stopping.clone() };
    let good = handle(&common.handler, &socket, peer, &stopping).await;
    if let Some(socket) = socket.take() {
        let code = if good { CloseCode::NORMAL } else { CloseCode::INTERNAL_ERROR };
        Box::pin(close(socket, code)).await;
    }
}

fn admit<A, M>(server: &Server<A, M>, addr: &A) -> Result<Option<Box<dyn Any + Send>>, Refusal> {
    let Some(admit) = &server.admit else {
        return Ok(None);
    };
    match catch_unwind(AssertUnwindSafe(|| admit(addr))) {
        Ok(admitted) => admitted.map(Some),
        Err(_) => Err(Refusal::new(500)?),
    }
}

/// The transport and the opening handshake, within one deadline from the beginning.
async fn open<L: Listener, P: Upgrade>(
    server: &Server<L::Addr, impl Fn(&L::Addr) -> P>,
    opening: L::Opening,
    addr: &L::Addr,
) -> Result<(WebSocket<L::Io>, Agreed, P), Error> {
    let Server { config, .. } = server;
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    let late = |_| Error::from(HandshakeError::Timeout);
    let io = timeout_at(deadline, opening).await.map_err(late)??;
    // Asked for behind TLS: whoever does not come that far costs no policy.
    let make = AssertUnwindSafe(|| (server.policy)(addr));
    let policy = catch_unwind(make).map_err(|_| HandshakeError::Refused(500))?;
    let mut policy = Guarded::new(policy);
    // The handshake keeps the same time, and answers with 408 if it may: this is only for a
    // transport that has used up some of it.
    let last = later(deadline, config.limits.fin_timeout());
    let accept = accept_with(io, *config, &mut policy);
    let (mut socket, agreed) = timeout_at(last, accept).await.map_err(late)??;
    socket.connection_mut().set_budget(server.budget.clone());
    Ok((socket, agreed, policy.policy))
}

/// Runs the handler, and tells whether all went well. When the server is to end, it closes the
/// connection meanwhile.
async fn handle<S, A, P, F>(
    handler: impl Fn(Socket<S>, Peer<A, P>) -> F,
    socket: &Arc<Shared<S>>,
    peer: Peer<A, P>,
    stopping: &Stopping,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output: Outcome>,
{
    let lent = socket.lend();
    let mut handling = pin!(async { handler(lent, peer).await });
    let mut begun = pin!(stopping.begun());
    let mut told = false;
    poll_fn(|cx| {
        if !told && begun.as_mut().poll(cx).is_ready() {
            told = true;
            socket.close(CloseCode::GOING_AWAY);
        }
        match catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(cx))) {
            Ok(polled) => polled.map(|outcome| outcome.is_good()),
            Err(_) => {
                trace::panicked();
                Poll::Ready(false)
            }
        }
    })
    .await
}

/// Behind its handler. A connection that has ended already, or is closing, is seen to its end.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<S>, code: CloseCode) {
    let clean = socket.close(code, "").await.is_ok();
    trace::closed(clean, socket.peer_close().map(|close| close.code.get()));
}

/// Answers a request with `refusal`, whatever it is, if there is time and room for it.
pub(super) async fn refuse<L: Listener>(
    refusing: &Semaphore,
    opening: L::Opening,
    config: &Config,
    refusal: Refusal,
) {
    trace::refused(refusal.status());
    let Ok(_place) = refusing.try_acquire() else {
        return;
    };
    let refuse = Box::pin(async {
        let io = opening.await?;
        accept_with(io, *config, Refuse(refusal)).await
    });
    let _ = timeout_at(later(Instant::now(), REFUSE_WITHIN), refuse).await;
}

/// Refuses every request as soon as there is one.
struct Refuse(Refusal);

impl Upgrade for Refuse {
    fn on_request_line(&mut self, _: &RequestLine<'_>) -> Result<(), Refusal> {
        Err(self.0.clone())
    }
}

/// What `future` gives, or `None` if the server is to end before.
async fn unless<T>(stopping: &Stopping, future: impl Future<Output = T>) -> Option<T> {
    let mut begun = pin!(stopping.begun());
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => begun.as_mut().poll(cx).map(|()| None),
    })
    .await
}

impl<A, M, H> fmt::Debug for Common<A, M, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").field("server", &self.server).finish_non_exhaustive()
    }
}
