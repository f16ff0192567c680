//! One case over one stream: the loop that gives a [`Play`] its octets and its time.
//!
//! In: a play, a stream, limits. Out: what was seen. All decisions are the play's; here is only
//! waiting: for octets, for room to write, for the next deadline.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;

use super::connection::Fate;
use super::script::{Play, Seen};
use super::transport::Transport;
use crate::report::schema::Role;

/// Octets that one read may bring; the suite's platform reads as many.
const READ: usize = 64 * 1024;

/// What is ready when the engine closes gets this long to be written.
const FLUSH: Duration = Duration::from_secs(5);

/// The timer of one turn of the suite's event loop; what the turn takes is several times that.
const TURN: Duration = Duration::from_micros(10);

/// So many turns of a case last as long. In longer series nothing depends on what the peer does
/// between two pieces, and 9.5 and 9.6 have 65,000 of them.
const TIMED_TURNS: usize = 200;

/// How long a case waits for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Without an octet in either direction for so long, the case's next timer fires at once. The
    /// suite waits for its timers, up to 1000 s in 9.5 and 9.6.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(20) }
    }
}

/// Plays a case to its end and closes the stream.
pub async fn play<T: Transport>(
    mut play: Play<'_>,
    mut stream: T,
    role: Role,
    patience: Patience,
) -> Seen {
    let began = Instant::now();
    let mut skipped = Duration::ZERO;
    let mut progress = began;
    let mut buffer = vec![0; READ];
    let mut broken = false;
    let mut turns = 0;
    let sleep = tokio::time::sleep_until(began);
    tokio::pin!(sleep);
    // The suite opens while it reads.
    let mut was_turning = Some(false);
    loop {
        play.handle_time(began.elapsed() + skipped);
        if play.connection.fate() != Fate::Up {
            break;
        }
        let out = play.connection.outgoing();
        if was_turning.take() == Some(false) && out.wants_turn() {
            // What is begun while reading has waited for its timer before the loop comes to write.
            play.connection.turn();
        }
        let out = play.connection.outgoing();
        if out.ready().is_empty() && out.wants_turn() {
            play.connection.turn();
            turn_passes(turns).await;
            turns += 1;
        }
        let due = play.connection.deadline().map(|due| began + due.saturating_sub(skipped));
        let bored = progress + patience.idle;
        sleep.as_mut().reset(due.map_or(bored, |due| due.min(bored)));
        let turning = play.connection.outgoing().wants_turn();
        let ready = play.connection.outgoing().ready();
        let happened = poll_fn(|cx| {
            let mut happened = Happened::default();
            let mut octets = ReadBuf::new(&mut buffer);
            match Pin::new(&mut stream).poll_read(cx, &mut octets) {
                Poll::Ready(Ok(())) if octets.filled().is_empty() => happened.ended = true,
                Poll::Ready(Ok(())) => happened.read = octets.filled().len(),
                Poll::Ready(Err(_)) => happened.ended = true,
                Poll::Pending => {}
            }
            if !ready.is_empty() && !broken {
                match Pin::new(&mut stream).poll_write(cx, ready) {
                    Poll::Ready(Ok(0) | Err(_)) => happened.broken = true,
                    Poll::Ready(Ok(len)) => happened.wrote = len,
                    Poll::Pending => {}
                }
            }
            let timer = sleep.as_mut().poll(cx).is_ready();
            if happened != Happened::default() || timer || (turning && ready.is_empty()) {
                return Poll::Ready(happened);
            }
            Poll::Pending
        })
        .await;
        broken |= happened.broken;
        if happened.wrote > 0 {
            // A stream may hold back what it took.
            let _ = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_flush(cx))).await;
        }
        play.connection.outgoing().wrote(happened.wrote);
        let now = Instant::now();
        if happened.wrote > 0 || (happened.read > 0 && !play.connection.awaits_only_its_end()) {
            progress = now;
        }
        if happened.read > 0 {
            was_turning = Some(play.connection.outgoing().wants_turn());
            play.handle_input(began.elapsed() + skipped, &buffer[..happened.read]);
        }
        if happened.ended {
            break;
        }
        if now >= progress + patience.idle {
            // Nothing happens: the next timer need not be waited for.
            let Some(due) = play.connection.deadline() else { break };
            skipped += due.saturating_sub(began.elapsed() + skipped);
            progress = now;
        }
    }
    let ended = began.elapsed() + skipped;
    close(&mut play, &mut stream).await;
    play.finish(ended, role)
}

/// A turn of the event loop between two pieces: the peer sees each of them alone, and can deal with
/// it, as far as it is as fast as with the suite.
async fn turn_passes(before: usize) {
    // A peer in the same runtime is to have its turn however long this one lasts.
    tokio::task::yield_now().await;
    if before < TIMED_TURNS {
        // The runtime's own timers know nothing shorter than a millisecond. A turn that failed to
        // last is none the less a turn.
        let _ = tokio::task::spawn_blocking(|| std::thread::sleep(TURN)).await;
    }
}

/// What one wait brought.
#[derive(Debug, Default, PartialEq, Eq)]
struct Happened {
    read: usize,
    wrote: usize,
    ended: bool,
    broken: bool,
}

async fn close<T: Transport>(play: &mut Play<'_>, stream: &mut T) {
    match play.connection.fate() {
        Fate::Abort => return stream.abort(),
        // The peer was first.
        Fate::Up | Fate::Tear => {}
        Fate::Finish => {
            let flush = async {
                while play.connection.outgoing().wants_turn() {
                    play.connection.turn();
                }
                stream.write_all(play.connection.outgoing().ready()).await?;
                stream.flush().await
            };
            // A peer that reads no more has had its chance.
            let _ = tokio::time::timeout(FLUSH, flush).await;
        }
    }
    let _ = tokio::time::timeout(FLUSH, stream.shutdown()).await;
}
