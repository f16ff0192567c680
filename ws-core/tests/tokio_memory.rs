//! What does a tokio connection hold, and what does a message cost it? (G2, T18, #53, #98)
//!
//! Every test has its own thread, so its own pool of buffers, and its own count of allocations.
#![cfg(feature = "tokio")]

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use allocation_counter::{AllocationInfo, measure};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ws_core::tokio::{WebSocket, accept};
use ws_core::{Config, Connection, Message, Role};

use oracle::{Form, Frame, KEY, binary, continuation, header, key_to, ping, text, wire_to};

mod oracle;

const BOTH_ROLES: [Role; 2] = [Role::Server, Role::Client];
const READ_BUFFER: usize = 64 * 1024 + 256;

/// Octets that arrive read by read, from memory that was there before; what is written vanishes.
#[derive(Debug, Clone, Default)]
struct Quiet(Rc<RefCell<Arrivals>>);

#[derive(Debug, Default)]
struct Arrivals {
    octets: Vec<u8>,
    read: usize,
    /// Octets that may be read before a read is pending.
    until: usize,
}

impl AsyncRead for Quiet {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        let there = state.until.min(state.octets.len()) - state.read;
        let len = there.min(buf.remaining());
        if len == 0 {
            return Poll::Pending;
        }
        buf.put_slice(&state.octets[state.read..state.read + len]);
        state.read += len;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Quiet {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Quiet {
    /// All of these octets may be read now.
    fn arrive(&self, octets: &[u8]) {
        let mut state = self.0.borrow_mut();
        state.octets.clear();
        state.octets.extend_from_slice(octets);
        state.read = 0;
        state.until = octets.len();
    }
}

fn socket(role: Role) -> (WebSocket<Quiet>, Quiet) {
    let io = Quiet::default();
    let socket = match role {
        Role::Server => WebSocket::server(io.clone(), Config::default()),
        Role::Client => WebSocket::client_with_keys(io.clone(), Config::default(), &[], || KEY),
    };
    (socket, io)
}

/// Polls once, without any allocation of its own.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    std::pin::pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
}

/// Echoes what is there, until it is pending; how many messages that were.
fn echo(socket: &mut WebSocket<Quiet>) -> usize {
    let mut messages = 0;
    loop {
        match poll(socket.recv()) {
            Poll::Ready(message) => {
                let message = message.expect("no fault").expect("no end");
                assert!(poll(socket.feed(message)).is_ready());
                messages += 1;
            }
            Poll::Pending => return messages,
        }
    }
}

fn held(allocated: AllocationInfo) -> usize {
    usize::try_from(allocated.bytes_current).unwrap_or(0)
}

#[test]
fn t18_an_idle_connection_holds_no_buffer() {
    for role in BOTH_ROLES {
        for len in [5, 70_000, 1024 * 1024] {
            let wire = wire_to(role, &[binary(&vec![7; len]), ping(b"p"), text("last")]);
            // Another connection fills the thread's pool, as any server's first ones do.
            for _ in 0..5 {
                let (mut first, io) = socket(role);
                io.arrive(&wire);
                assert_eq!(echo(&mut first), 2);
            }

            let (mut socket, io) = socket(role);
            io.arrive(&wire);
            let allocated = measure(|| assert_eq!(echo(&mut socket), 2));
            // A server that sent a long payload keeps the list that referred to it.
            let list = if role == Role::Server && len > 8 * 1024 { 200 } else { 0 };
            assert_eq!(held(allocated), list, "{role:?}, after a message of {len} octets");
        }
    }
}

/// As many as there are of them: the connection itself, and its two halves in boxes of their own.
#[test]
fn t18_an_idle_connection_is_320_octets() {
    for role in BOTH_ROLES {
        let connection = || match role {
            Role::Server => Connection::server(Config::default()),
            Role::Client => Connection::client_with_keys(Config::default(), || KEY),
        };
        // What they have in common, the first one makes.
        let first = connection();
        let mut made = None;
        let heap = held(measure(|| made = Some(connection())));
        let len = size_of::<WebSocket<tokio::net::TcpStream>>();
        // Debug builds of tokio's TCP stream are longer.
        let debug = if cfg!(debug_assertions) { 8 } else { 0 };
        assert!(len + heap <= 320 + debug, "{role:?}: {len} octets, and {heap} on the heap");
        drop((first, made));
    }
}

/// With what tokio adds to a task, 384: one octet more would be 512.
#[test]
fn t18_a_task_that_accepts_and_echoes_over_tcp_is_280_octets() {
    async fn plain(io: Quiet) {
        let mut socket = accept(io, Config::default()).await.unwrap();
        while let Some(message) = socket.recv().await.unwrap() {
            socket.feed(message).await.unwrap();
        }
    }
    // The transport is an argument, and then in the connection.
    let tcp = 2 * (size_of::<tokio::net::TcpStream>() - size_of::<Quiet>());
    let debug = if cfg!(debug_assertions) { 2 * 8 } else { 0 };
    let len = size_of_val(&plain(Quiet::default())) + tcp;
    assert!(len <= 280 + debug, "{len} octets");
}

/// Next to the connection itself: the instants that its deadlines count from.
#[test]
fn t18_deadlines_cost_a_connection_less_than_500_octets() {
    let mut config = Config::default();
    config.deadlines = ws_core::connection::Deadlines::SERVER;
    let held = [Config::default(), config].map(|config| {
        // What they have in common, the first one makes.
        drop(WebSocket::server(Quiet::default(), config));
        let io = Quiet::default();
        let mut socket = None;
        held(measure(|| socket = Some(WebSocket::server(io, config))))
    });
    let more = held[1] - held[0];
    assert!(more > 0 && more <= 500, "{more} octets");
}

#[test]
fn t18_a_connection_inside_a_short_message_holds_no_read_buffer() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &[binary(&[7; 1000])]);
        let (mut socket, io) = socket(role);
        for cut in [1, 2, 5, 100, wire.len() - 1] {
            io.arrive(&wire);
            assert_eq!(echo(&mut socket), 1);
            io.arrive(&wire[..cut]);
            let allocated = measure(|| assert_eq!(echo(&mut socket), 0));
            assert!(held(allocated) <= 2 * cut + 64, "{} octets for {cut}", held(allocated));
            io.arrive(&wire[cut..]);
            assert_eq!(echo(&mut socket), 1);
        }
    }
}

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// What is there at once needs no timer either: there is no runtime to make one.
#[test]
fn a_request_in_one_read_costs_two_allocations_and_the_connection_two_more() {
    let io = Quiet::default();
    let once = || {
        io.arrive(REQUEST);
        assert!(matches!(poll(accept(io.clone(), Config::default())), Poll::Ready(Ok(_))));
    };
    once();
    let allocated = measure(once);
    assert_eq!((allocated.count_total, held(allocated)), (4, 0));
}

#[test]
fn t18_a_server_that_waits_for_a_request_holds_what_has_come_of_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    for cut in [0, 1, 100, REQUEST.len() - 1] {
        let io = Quiet::default();
        // Another connection fills the thread's pool.
        io.arrive(REQUEST);
        assert!(poll(accept(io.clone(), Config::default())).is_ready());

        // Two wait: a buffer that one of them kept would be missing for the other.
        let mut accepting = [(); 2].map(|()| Box::pin(accept(io.clone(), Config::default())));
        let allocated = measure(|| {
            for accepting in &mut accepting {
                io.arrive(&REQUEST[..cut]);
                assert!(poll(accepting).is_pending());
            }
        });
        // Its octets, and room for the answer.
        let bound = if cut == 0 { 0 } else { 2 * (1024 + 256 + 64) };
        assert!(held(allocated) <= bound, "{cut}: {allocated:?}");
        for accepting in accepting {
            io.arrive(&REQUEST[cut..]);
            assert!(matches!(poll(accepting), Poll::Ready(Ok(_))), "{cut}");
        }
    }
    let len = size_of_val(&accept(Quiet::default(), Config::default()));
    assert!(len <= 1280, "a connection to be is {len} octets");
}

#[test]
fn a_message_costs_no_allocation_in_the_steady_state() {
    let fragments: Vec<_> = [Frame::new(false, 2, [1; 50])]
        .into_iter()
        .chain((0..8).map(|_| continuation(false, &[2; 50])))
        .chain([continuation(true, &[3; 50])])
        .collect();
    let rows: [(&str, Vec<Frame>, usize); 6] = [
        ("small", vec![text("Hello")], 1),
        ("sixteen in one read", vec![text("Hello"); 16], 16),
        ("4 KiB", vec![binary(&[7; 4096])], 1),
        ("64 KiB", vec![binary(&vec![7; 65_536])], 1),
        ("ten fragments", fragments, 1),
        ("ping", vec![ping(b"are you there")], 0),
    ];
    for role in BOTH_ROLES {
        for (name, frames, messages) in &rows {
            let (mut socket, io) = socket(role);
            let wire = wire_to(role, frames);
            let mut rounds = |rounds: usize| {
                for _ in 0..rounds {
                    io.arrive(&wire);
                    assert_eq!(echo(&mut socket), *messages);
                }
            };
            rounds(20);
            let allocated = measure(|| rounds(100));
            assert_eq!(allocated.count_total, 0, "{role:?}, {name}: {allocated:?}");
        }
    }
}

#[test]
fn a_long_message_is_read_into_the_memory_of_the_one_before() {
    const MIB: usize = 1024 * 1024;
    // At most 4 MiB of it stays with the thread: beyond that, each message has memory of its own.
    for (len, is_kept) in [(200_000, true), (MIB, true), (3 * MIB, true), (6 * MIB, false)] {
        let (mut socket, io) = socket(Role::Server);
        let wire = wire_to(Role::Server, &[binary(&vec![7; len])]);
        let mut round = || {
            io.arrive(&wire);
            assert_eq!(echo(&mut socket), 1);
        };
        round();
        round();
        let allocated = measure(&mut round);
        let least = if is_kept { 0 } else { len as u64 };
        let most = if is_kept { 64 * 1024 } else { u64::MAX };
        assert!((least..=most).contains(&allocated.bytes_total), "{len}: {allocated:?}");
        assert!(held(allocated) <= 4 * MIB, "{len}: {allocated:?}");
    }
    // Memory that a message still refers to is not read into.
    let (mut socket, io) = socket(Role::Server);
    let kept: Vec<_> = (0..4_u8)
        .map(|nth| {
            io.arrive(&wire_to(Role::Server, &[binary(&vec![nth; MIB])]));
            let Poll::Ready(Ok(Some(message))) = poll(socket.recv()) else { panic!("a message") };
            assert!(poll(socket.recv()).is_pending());
            message
        })
        .collect();
    for (nth, message) in (0..).zip(&kept) {
        assert!(message.payload().len() == MIB && message.payload().iter().all(|&o| o == nth));
    }
}

#[test]
fn f10_a_claimed_16_mib_message_costs_one_read_buffer() {
    for role in BOTH_ROLES {
        let head = header(0x82, key_to(role), Form::Shortest, 16 * 1024 * 1024);
        for arrived in [0, 1, 1000, 5000] {
            let (mut socket, io) = socket(role);
            io.arrive(&[head.clone(), vec![0; arrived]].concat());
            let allocated = measure(|| assert_eq!(echo(&mut socket), 0));
            assert!(allocated.bytes_max <= READ_BUFFER as u64 + 8 * 1024, "{allocated:?}");
        }
    }
}

#[test]
fn f17_a_long_message_does_not_hold_twice_its_length() {
    const LEN: usize = 8 * 1024 * 1024;
    for role in BOTH_ROLES {
        for step in [1000, 40_000, 1_000_000] {
            let wire = wire_to(role, &[binary(&vec![7; LEN])]);
            let (mut socket, io) = socket(role);
            io.arrive(&wire);
            io.0.borrow_mut().until = 0;
            let mut worst = 0;
            let mut so_far = 0;
            while io.0.borrow().until < wire.len() - step {
                io.0.borrow_mut().until += step;
                so_far += measure(|| assert_eq!(echo(&mut socket), 0)).bytes_current;
                let received = io.0.borrow().read;
                let held = usize::try_from(so_far).unwrap_or(0);
                worst = worst.max(held.saturating_sub(received + received / 10));
            }
            assert!(worst <= READ_BUFFER + 14, "{role:?}: {worst} octets over 1.1 × received");
        }
    }
}

/// A small generator: the same sequence in every run.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn i53_messages_that_are_kept_are_not_touched_by_later_ones_of_any_connection() {
    let mut random = Sequence(53);
    let mut sockets: Vec<_> = (0..6).map(|i| socket(BOTH_ROLES[i % 2])).collect();
    // The octets of each connection that have not arrived yet, and what they are the rest of.
    let mut pending: Vec<(Vec<u8>, Vec<u8>)> = vec![(vec![], vec![]); 6];
    let mut kept: Vec<(Message, Vec<u8>)> = Vec::new();
    for _ in 0..4000 {
        let which = random.below(6);
        let (socket, io) = &mut sockets[which];
        let (rest, payload) = &mut pending[which];
        if rest.is_empty() {
            let len = [10, 500, 5000, 70_000][random.below(4)];
            *payload =
                (0..random.below(len)).map(|_| u8::try_from(random.below(251)).unwrap()).collect();
            *rest = wire_to(socket.role(), &[binary(payload)]);
        }
        let arrived: Vec<_> = rest.drain(..=random.below(rest.len())).collect();
        io.arrive(&arrived);
        match poll(socket.recv()) {
            Poll::Ready(message) => {
                let message = message.unwrap().unwrap();
                assert!(rest.is_empty() && message.payload() == payload, "whole and unmixed");
                kept.push((message, payload.clone()));
            }
            Poll::Pending => assert!(!rest.is_empty()),
        }
        if kept.len() > 40 {
            kept.swap_remove(random.below(40));
        }
        let at = random.below(kept.len().max(1));
        if let Some((message, expected)) = kept.get(at) {
            assert!(message.payload() == expected, "a kept message has changed");
        }
    }
    assert!(kept.iter().all(|(message, expected)| message.payload() == expected));
}

#[test]
fn short_messages_that_are_kept_share_their_read_buffer() {
    let (mut socket, io) = socket(Role::Server);
    let wire = wire_to(Role::Server, &[binary(&[7; 20])]);
    let mut kept = Vec::with_capacity(100);
    let allocated = measure(|| {
        for _ in 0..100 {
            io.arrive(&wire);
            match poll(socket.recv()) {
                Poll::Ready(message) => kept.push(message.unwrap().unwrap()),
                Poll::Pending => panic!(),
            }
            assert!(poll(socket.recv()).is_pending());
        }
    });
    assert!(held(allocated) <= READ_BUFFER + 4096, "{} octets", held(allocated));
}
