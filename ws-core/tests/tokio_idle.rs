//! What does a tokio connection hold while it waits? (T18)
//!
//! Every test has its own thread, so its own pool of buffers, and its own count of allocations.
#![cfg(feature = "tokio")]

use std::task::Poll;

use allocation_counter::measure;
use futures_util::{SinkExt, StreamExt as _};
use ws_core::tokio::{WebSocket, accept};
use ws_core::{Config, Connection, Role};

use oracle::{KEY, binary, ping, text, wire_to};
use quiet_support::{BOTH_ROLES, Quiet, echo, held, poll, socket};

mod oracle;
mod quiet_support;

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

/// The same as a stream and a sink, of one task or of two: whom to wake, and nothing else.
#[test]
fn t18_an_idle_stream_and_sink_is_64_octets_more() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &[binary(b"first"), text("last")]);
        let (mut first, io) = socket(role);
        io.arrive(&wire);
        assert_eq!(echo_through_sink(&mut first), 2);

        let (mut socket, io) = socket(role);
        io.arrive(&wire);
        let allocated = measure(|| assert_eq!(echo_through_sink(&mut socket), 2));
        assert!(held(allocated) <= 64, "{role:?}: {} octets", held(allocated));
    }
}

fn echo_through_sink(socket: &mut WebSocket<Quiet>) -> usize {
    let mut messages = 0;
    loop {
        match poll(socket.next()) {
            Poll::Ready(message) => {
                let message = message.expect("no end").expect("no fault");
                assert!(poll(SinkExt::feed(socket, message)).is_ready());
                messages += 1;
            }
            Poll::Pending => return messages,
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
