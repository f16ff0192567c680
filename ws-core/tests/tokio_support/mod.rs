//! A tokio transport in memory whose other end is the test: it limits, holds back, fails and counts.
//!
//! Nothing in it depends on time or on another task: a test decides each step.
#![allow(dead_code, reason = "each test file uses its own part of the wire")]

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ws_core::tokio::WebSocket;
use ws_core::{Config, Message, Role};

use crate::oracle::{self, Frame, KEY};

pub(crate) const BOTH_ROLES: [Role; 2] = [Role::Server, Role::Client];

/// The transport's state, and what it was asked to do.
#[derive(Debug)]
pub(crate) struct State {
    input: VecDeque<u8>,
    input_ended: bool,
    /// Reads fail with this once all input is read.
    pub(crate) read_error: Option<ErrorKind>,
    /// Writes fail with this, and nothing else does.
    pub(crate) write_error: Option<ErrorKind>,
    /// Octets that the connection has read.
    pub(crate) taken: usize,
    /// Octets that have come out of the connection.
    pub(crate) output: Vec<u8>,
    /// Octets it still takes before it is blocked.
    room: usize,
    /// Octets per read and per write at most.
    pub(crate) limit: usize,
    /// Every other operation is pending and wakes at once.
    pub(crate) restless: bool,
    resting: [bool; 4],
    /// A write gives `Ok(0)` once `room` is used up.
    pub(crate) write_zero: bool,
    /// Flushing is pending. Nobody is told when it no longer is, but for [`Remote::release`].
    pub(crate) flush_stuck: bool,
    /// Shutting down is pending for ever.
    pub(crate) shutdown_stuck: bool,
    pub(crate) is_shut_down: bool,
    pub(crate) is_dropped: bool,
    /// Every operation from this one on fails.
    pub(crate) fail_from: Option<usize>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    pub(crate) counts: Counts,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) operations: usize,
    pub(crate) reads: usize,
    pub(crate) writes: usize,
    pub(crate) flushes: usize,
}

/// The end that the connection has.
#[derive(Debug)]
pub(crate) struct Wire(Arc<Mutex<State>>);

/// The end that the test has.
#[derive(Debug, Clone)]
pub(crate) struct Remote(Arc<Mutex<State>>);

pub(crate) fn wire() -> (Wire, Remote) {
    let state = Arc::new(Mutex::new(State {
        input: VecDeque::new(),
        input_ended: false,
        read_error: None,
        write_error: None,
        taken: 0,
        output: Vec::new(),
        room: usize::MAX,
        limit: usize::MAX,
        restless: false,
        resting: [false; 4],
        write_zero: false,
        flush_stuck: false,
        shutdown_stuck: false,
        is_shut_down: false,
        is_dropped: false,
        fail_from: None,
        reader: None,
        writer: None,
        counts: Counts::default(),
    }));
    (Wire(Arc::clone(&state)), Remote(state))
}

/// A connection in this role, with the test at its other end.
pub(crate) fn socket(role: Role, config: Config) -> (WebSocket<Wire>, Remote) {
    let (io, remote) = wire();
    let socket = match role {
        Role::Server => WebSocket::server(io, config),
        Role::Client => WebSocket::client_with_keys(io, config, &[], || KEY),
    };
    (socket, remote)
}

pub(crate) fn plain(role: Role) -> (WebSocket<Wire>, Remote) {
    socket(role, Config::default())
}

impl Remote {
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut lock(&self.0))
    }

    /// Octets arrive.
    pub(crate) fn push(&self, octets: &[u8]) {
        let mut state = lock(&self.0);
        state.input.extend(octets);
        wake(state.reader.take());
    }

    /// The frames of a peer of `role` arrive.
    pub(crate) fn push_frames(&self, role: Role, frames: &[Frame]) {
        self.push(&oracle::wire_to(role, frames));
    }

    /// The stream ends behind what has arrived.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.0);
        state.input_ended = true;
        wake(state.reader.take());
    }

    /// The transport takes no more than `room` octets from now on.
    pub(crate) fn set_room(&self, room: usize) {
        let mut state = lock(&self.0);
        state.room = room;
        wake(state.writer.take());
    }

    /// The transport no longer holds back what it took.
    pub(crate) fn release(&self) {
        let mut state = lock(&self.0);
        state.flush_stuck = false;
        wake(state.writer.take());
    }

    /// The transport takes octets again, and tells nobody.
    pub(crate) fn make_room_silently(&self) {
        lock(&self.0).room = usize::MAX;
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.0).counts
    }

    pub(crate) fn output_len(&self) -> usize {
        lock(&self.0).output.len()
    }

    /// The frames that the connection of `role` has written, parsed strictly.
    pub(crate) fn frames(&self, role: Role) -> Vec<Frame> {
        oracle::parse(role, &lock(&self.0).output)
    }
}

impl State {
    /// Whether the operation of this kind goes on now.
    fn starts(&mut self, kind: usize, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.counts.operations += 1;
        self.resting[kind] = self.restless && !self.resting[kind];
        if self.resting[kind] {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.fail_from {
            Some(from) if self.counts.operations > from => {
                Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
            }
            _ => Poll::Ready(Ok(())),
        }
    }
}

macro_rules! start {
    ($state:expr, $kind:expr, $cx:expr) => {
        match $state.starts($kind, $cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        state.counts.reads += 1;
        assert!(buf.remaining() > 0, "a read into nothing looks like the end");
        start!(state, 0, cx);
        let len = state.input.len().min(buf.remaining()).min(state.limit);
        if len == 0 && !state.input_ended {
            if let Some(kind) = state.read_error {
                return Poll::Ready(Err(kind.into()));
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let octets: Vec<u8> = state.input.drain(..len).collect();
        state.taken += octets.len();
        buf.put_slice(&octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.0);
        state.counts.writes += 1;
        start!(state, 1, cx);
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        assert!(offered > 0, "a write of nothing");
        let taken = offered.min(state.room).min(state.limit);
        if let Some(kind) = state.write_error {
            return Poll::Ready(Err(kind.into()));
        }
        if taken == 0 && !state.write_zero {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.room -= if state.room == usize::MAX { 0 } else { taken };
        state.output.extend(slices.iter().flat_map(|slice| slice.iter()).take(taken));
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        state.counts.flushes += 1;
        start!(state, 2, cx);
        if state.flush_stuck {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        start!(state, 3, cx);
        if state.shutdown_stuck {
            return Poll::Pending;
        }
        state.is_shut_down = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        lock(&self.0).is_dropped = true;
    }
}

thread_local! {
    static CLOCK: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing but memory");
}

/// A task that only counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Polls once; on a clock that stands still, unless the test has one of its own.
    pub(crate) fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        if tokio::runtime::Handle::try_current().is_err() {
            return CLOCK.with(|clock| {
                let _guard = clock.enter();
                self.poll(future)
            });
        }
        let waker = Waker::from(Arc::clone(self));
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    /// Wakes since the last call.
    pub(crate) fn take_wakes(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// Polls once, with a task that nobody looks at.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    Task::new().poll(&mut Box::pin(future))
}

/// Polls `future` at most `polls` times, then drops it.
pub(crate) fn poll_times<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let task = Task::new();
    for _ in 0..polls {
        if let Poll::Ready(output) = task.poll(&mut future) {
            return Some(output);
        }
    }
    None
}

/// Polls to the end, as long as each poll wakes the task for the next.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let task = Task::new();
    loop {
        if let Poll::Ready(output) = task.poll(&mut future) {
            return output;
        }
        assert!(task.take_wakes() > 0, "pending, and nobody will wake it");
    }
}

pub(crate) fn frame_of(message: &Message) -> Frame {
    match message {
        Message::Text(text) => oracle::text(text.as_str()),
        Message::Binary(payload) => oracle::binary(payload),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
