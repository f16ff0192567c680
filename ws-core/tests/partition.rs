//! A peer behind a network that is cut, on a simulated clock: noticed in time if it stays so, and not
//! held against it if it does not (T15, T16).
#![cfg(feature = "tokio")]

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use turmoil::net::{TcpListener, TcpStream};
use ws_core::connection::{Deadlines, Failure};
use ws_core::handshake::Dialer;
use ws_core::tokio::serve::{Listener, Server, Socket};
use ws_core::tokio::{Error, connect_over};
use ws_core::{Config, Message};

const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);
const CUT: Duration = Duration::from_secs(10);

struct Simulated(TcpListener);

impl Listener for Simulated {
    type Io = TcpStream;
    type Addr = SocketAddr;
    type Opening = Ready<io::Result<TcpStream>>;

    async fn accept(&mut self) -> io::Result<(Self::Opening, SocketAddr)> {
        let (io, addr) = self.0.accept().await?;
        Ok((ready(Ok(io)), addr))
    }
}

/// How a handler of the server ended, and when.
type Ended = Arc<Mutex<Vec<(Duration, Option<Failure>)>>>;

async fn echo(mut socket: Socket<TcpStream>, ended: Ended) {
    let failure = loop {
        match socket.recv().await {
            Ok(Some(message)) => {
                let _ = socket.feed(message).await;
            }
            Ok(None) => break None,
            Err(Error::Failed(failure)) => break Some(failure),
            Err(error) => panic!("{error}"),
        }
    };
    let elapsed = turmoil::sim_elapsed().expect("simulated");
    ended.lock().expect("no panic holds it").push((elapsed, failure));
}

type Mend = fn(&mut turmoil::Sim<'_>);

/// A client that sends a number every `pace` and counts the echoes, while `cut` and later `mend` are
/// done to the network. Echoes that came, in order, up to `end`; and how the server's handler ended.
fn talk(
    pace: Duration,
    end: Duration,
    cut: impl FnOnce(&mut turmoil::Sim<'_>),
    mend: Option<(Duration, Mend)>,
) -> (u32, Vec<(Duration, Option<Failure>)>) {
    let ended = Ended::default();
    let echoes = Arc::new(Mutex::new(0));
    let mut sim = turmoil::Builder::new()
        .tick_duration(Duration::from_millis(10))
        .simulation_duration(end + Duration::from_secs(1))
        .build();
    let told = Arc::clone(&ended);
    sim.host("server", move || {
        let ended = Arc::clone(&told);
        async move {
            let listener = Simulated(TcpListener::bind(("0.0.0.0", 80)).await?);
            let never = std::future::pending::<()>();
            let server = Server::builder().build()?;
            server.serve(listener, never, move |socket, _| echo(socket, Arc::clone(&ended))).await;
            Ok(())
        }
    });
    let counted = Arc::clone(&echoes);
    sim.client("client", async move {
        let io = TcpStream::connect(("server", 80)).await?;
        let mut socket = connect_over(io, &Dialer::new("ws://server/")?, Config::default()).await?;
        let start = Instant::now();
        let mut number = 0_u32;
        while start.elapsed() < end - Duration::from_secs(1) {
            let next = tokio::time::sleep(pace);
            socket.send(Message::binary(number.to_be_bytes().to_vec())).await?;
            let left = (end - Duration::from_secs(1)).saturating_sub(start.elapsed());
            let Ok(echo) = tokio::time::timeout(left, socket.recv()).await else { break };
            let Ok(Some(echo)) = echo else { break };
            assert_eq!(echo.payload()[..], number.to_be_bytes());
            number += 1;
            *counted.lock().expect("no panic holds it") = number;
            next.await;
        }
        Ok(())
    });
    let (mut cut, mut mend) = (Some(cut), mend);
    while !sim.step().expect("no client fails") {
        if sim.elapsed() >= CUT
            && let Some(cut) = cut.take()
        {
            cut(&mut sim);
        }
        if let Some((_, mend)) = mend.take_if(|(at, _)| sim.elapsed() >= *at) {
            mend(&mut sim);
        }
    }
    let echoes = *echoes.lock().expect("no panic holds it");
    let ended = ended.lock().expect("no panic holds it").clone();
    (echoes, ended)
}

#[test]
fn t15_a_peer_behind_a_cut_is_noticed_after_a_ping_and_no_pong() {
    assert_eq!((PING, PONG), {
        let deadlines = Deadlines::SERVER;
        (deadlines.ping_interval().expect("on"), deadlines.pong_timeout())
    });
    for one_way in [false, true] {
        let (echoes, ended) = talk(
            Duration::from_secs(1),
            Duration::from_secs(90),
            |sim| {
                if one_way {
                    sim.partition_oneway("client", "server");
                } else {
                    sim.partition("client", "server");
                }
            },
            None,
        );
        assert!((5..=11).contains(&echoes), "{echoes}");
        let &[(at, failure)] = &ended[..] else { panic!("{ended:?}") };
        assert_eq!(failure, Some(Failure::PongTimeout));
        let (least, most) = (CUT + PING, CUT + PING + PONG + Duration::from_secs(1));
        assert!((least..=most).contains(&at), "one way {one_way}: noticed at {at:?}");
    }
}

#[test]
fn t16_a_network_that_heals_before_the_deadline_loses_nothing_and_closes_nothing() {
    let mend = CUT + PING + PONG - Duration::from_secs(3);
    // What is held comes when it is released, as what TCP sends again does.
    let (echoes, ended) = talk(
        Duration::from_secs(1),
        Duration::from_secs(90),
        |sim| sim.hold("client", "server"),
        Some((mend, |sim| sim.release("client", "server"))),
    );
    // One a second, but for those that the cut kept from being sent.
    assert!((35..=45).contains(&echoes), "{echoes}");
    assert!(ended.iter().all(|(at, _)| *at >= Duration::from_secs(88)), "{ended:?}");
}
