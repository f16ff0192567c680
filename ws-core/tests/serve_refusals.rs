//! Whom a server does not let in, and what panics: rows H34, T26, D18, A06. The clock is paused.
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};
use ws_core::handshake::policy::OriginPolicy;
use ws_core::handshake::{
    Answer, Dialer, Extension, HandshakeError, HeaderField, Refusal, Request, RequestLine,
    ResponseFields, Subprotocols, Upgrade,
};
use ws_core::tokio::Error;
use ws_core::tokio::serve::{Builder, PerAddress, Server};
use ws_core::{Config, Limits, Message, Misuse};

use serve_support::{Address, echo, quick, start};

mod serve_support;

const PAUSE: Duration = Duration::from_millis(1);

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn h34_one_more_than_there_may_be_is_answered_503_and_told_when_to_come_again() {
    let builder = Server::builder().max_connections(2).retry_after(Duration::from_secs(7));
    let server = start(builder, echo);
    let mut first = server.connect().await;
    let _second = server.connect().await;
    let answer = server.answer(0).await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"));
    assert!(answer.contains("\r\nRetry-After: 7\r\n"), "{answer}");
    // A place is free again as soon as a connection has ended.
    first.close(ws_core::CloseCode::NORMAL, "").await.unwrap();
    sleep(PAUSE).await;
    let _third = server.connect().await;
    assert_eq!(status(&server.answer(0).await), "503");
}

/// Whoever is refused is not waited for, and no longer kept than it takes to say so.
#[tokio::test(start_paused = true)]
async fn h34_a_peer_that_says_nothing_is_dropped_when_there_is_no_place() {
    let server = start(Server::builder().max_connections(1), echo);
    let _first = server.connect().await;
    let mut silent: Vec<_> = (0..300).map(|_| server.pipe(0)).collect();
    let start = Instant::now();
    for io in &mut silent {
        assert_eq!(io.read(&mut [0]).await.unwrap_or(0), 0);
    }
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_as_many_connections_as_it_may() {
    let per_address = PerAddress::new(2);
    let counted = per_address.clone();
    let builder = Server::builder()
        .admit(move |addr: &Address| per_address.admit(std::net::Ipv4Addr::from(*addr).into()));
    let server = start(builder, echo);
    let first = server.try_connect(1).await.unwrap();
    let _second = server.try_connect(1).await.unwrap();
    assert_eq!(status(&server.answer(1).await), "429");
    let _other = server.try_connect(2).await.unwrap();
    drop(first);
    sleep(PAUSE).await;
    let _third = server.try_connect(1).await.unwrap();
    assert_eq!(counted.addresses(), 2);
}

/// What a refused address holds is not a place of those that there are.
#[tokio::test(start_paused = true)]
async fn a_refused_address_takes_nobodys_place() {
    let builder = Server::builder()
        .max_connections(1)
        .admit(|addr: &Address| if *addr == 6 { Err(Refusal::forbidden()) } else { Ok(()) });
    let server = start(builder, echo);
    let _refused = server.pipe(6);
    sleep(PAUSE).await;
    assert_eq!(status(&server.answer(6).await), "403");
    let _accepted = server.try_connect(1).await.unwrap();
}

/// Pages of other sites are refused unless the policy says otherwise.
#[tokio::test(start_paused = true)]
async fn h30_origins_are_checked_by_default() {
    let server = start(Server::builder(), echo);
    let open = start(Server::builder().policy(|_| ()), echo);
    for (server, origin, accepted) in [
        (&server, "http://test", true),
        (&server, "http://evil.example", false),
        (&open, "http://evil.example", true),
    ] {
        let io = server.pipe(0);
        let fields = [("Origin", origin)];
        let dialer = Dialer::new("ws://test/").unwrap().header_fields(&fields).unwrap();
        let result = ws_core::tokio::connect_over(io, &dialer, Config::default()).await;
        assert_eq!(result.is_ok(), accepted, "{origin}");
    }
}

/// Where a policy panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Nowhere,
    Admit,
    Make,
    RequestLine,
    Host,
    Field,
    Request,
    Subprotocols,
    Extension,
    BeforeUpgrade,
    EarlyFrames,
    Answered,
}

impl At {
    const ALL: [Self; 11] = [
        Self::Admit,
        Self::Make,
        Self::RequestLine,
        Self::Host,
        Self::Field,
        Self::Request,
        Self::Subprotocols,
        Self::Extension,
        Self::BeforeUpgrade,
        Self::EarlyFrames,
        Self::Answered,
    ];

    fn of(addr: Address) -> Self {
        Self::ALL.get(addr as usize).copied().unwrap_or(Self::Nowhere)
    }

    fn pass(self, here: Self) {
        assert!(self != here, "as asked");
    }
}

impl Upgrade for At {
    fn on_request_line(&mut self, _: &RequestLine<'_>) -> Result<(), Refusal> {
        self.pass(Self::RequestLine);
        Ok(())
    }

    fn on_host(&mut self, _: &str) -> Result<(), Refusal> {
        self.pass(Self::Host);
        Ok(())
    }

    fn on_field(&mut self, _: &HeaderField<'_>) -> Result<(), Refusal> {
        self.pass(Self::Field);
        Ok(())
    }

    fn on_request(&mut self, _: &Request<'_>) -> Result<(), Refusal> {
        self.pass(Self::Request);
        Ok(())
    }

    fn on_subprotocols<'a>(&mut self, _: &Subprotocols<'a>) -> Result<Option<&'a str>, Refusal> {
        self.pass(Self::Subprotocols);
        Ok(None)
    }

    fn on_extension(&mut self, _: &Extension<'_>, _: &mut Answer<'_>) -> Result<(), Refusal> {
        self.pass(Self::Extension);
        Ok(())
    }

    fn on_before_upgrade(
        &mut self,
        _: &Request<'_>,
        _: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        self.pass(Self::BeforeUpgrade);
        Ok(())
    }

    fn takes_early_frames(&self) -> bool {
        self.pass(Self::EarlyFrames);
        false
    }

    fn on_answered(&mut self, _: &[u8], _: &[u8], _: Option<HandshakeError>) {
        self.pass(Self::Answered);
    }
}

#[tokio::test(start_paused = true)]
async fn t26_a_panic_in_a_callback_refuses_that_request_and_no_other() {
    let builder = Server::builder()
        .admit(|addr| {
            At::of(*addr).pass(At::Admit);
            Ok(())
        })
        .policy(|addr| {
            let at = At::of(*addr);
            at.pass(At::Make);
            at
        });
    let server = start(builder, echo);
    let mut bystander = server.try_connect(u32::MAX).await.unwrap();
    for (addr, at) in (0..).zip(At::ALL) {
        // Nobody can be told when the answer is written, or when the policy is not there to ask.
        let expected = match at {
            At::EarlyFrames | At::Answered => "101",
            At::Make => "",
            _ => "500",
        };
        if expected == "101" {
            assert!(server.try_connect(addr).await.is_ok(), "{at:?}");
        } else {
            assert_eq!(status(&server.answer(addr).await), expected, "{at:?}");
        }
        bystander.send(Message::text("still there?")).await.unwrap();
        assert_eq!(bystander.recv().await.unwrap(), Some(Message::text("still there?")));
    }
}

#[tokio::test(start_paused = true)]
async fn t26_a_handler_that_panics_at_once_or_later_ends_its_connection_alone() {
    let server = start(Server::builder(), |mut socket, peer| {
        assert!(peer.addr != 1, "as asked");
        async move {
            while let Some(message) = socket.recv().await? {
                assert!(message != Message::text("panic"), "as asked");
                socket.feed(message).await?;
            }
            Ok::<_, Error>(())
        }
    });
    let mut bystander = server.connect().await;
    for addr in [1, 2] {
        let mut socket = server.try_connect(addr).await.unwrap();
        let _ = socket.send(Message::text("panic")).await;
        assert_eq!(socket.recv().await.unwrap(), None);
        assert_eq!(socket.peer_close().unwrap().code.get(), 1011);
        bystander.send(Message::text("still there?")).await.unwrap();
        assert!(bystander.recv().await.unwrap().is_some());
    }
}

/// The unfinished messages of all connections together: whoever would exceed it is told 1013.
#[tokio::test(start_paused = true)]
async fn d18_connections_share_one_budget_for_messages_in_flight() {
    const MIB: u64 = 1024 * 1024;
    let limits = Limits::builder().max_message_len(MIB).build().unwrap();
    let builder = Server::builder().config(Config::with_limits(limits)).max_in_flight(3 << 20);
    let server = start(builder, echo);
    let mut held = Vec::new();
    let mut over = 0;
    for _ in 0..6 {
        let mut io = server.connect().await.into_inner();
        let unfinished = [&b"\x02\xff\0\0\0\0\0\x0f\xff\xff\0\0\0\0"[..], &vec![0; 0xF_FFFF]];
        for octets in unfinished {
            if tokio::io::AsyncWriteExt::write_all(&mut io, octets).await.is_err() {
                break;
            }
        }
        sleep(PAUSE).await;
        let mut answer = [0; 4];
        let read = tokio::time::timeout(PAUSE, io.read(&mut answer)).await;
        if read.is_ok() {
            over += 1;
            assert!(answer[0] == 0x88 && answer[2..] == 1013_u16.to_be_bytes());
        }
        held.push(io);
    }
    assert_eq!(over, 3, "three messages of a MiB fit");
}

#[test]
fn a06_a_server_that_makes_no_sense_is_not_built() {
    let builder = Server::<Address>::builder;
    let rows: [(Builder<Address>, bool); 6] = [
        (builder(), true),
        (builder().config(quick()), true),
        (builder().max_connections(0), false),
        (builder().shutdown_timeout(Duration::ZERO), false),
        (builder().max_in_flight(16 * 1024 * 1024), true),
        (builder().max_in_flight(16 * 1024 * 1024 - 1), false),
    ];
    for (row, (builder, good)) in rows.into_iter().enumerate() {
        let built = builder.build();
        assert_eq!(built.as_ref().err(), (!good).then_some(&Misuse::LimitsContradict), "{row}");
    }
    let policy = Server::<Address>::builder().policy(|_| OriginPolicy::list(&[]));
    assert!(policy.max_connections(0).build().is_err());
}

/// The deadline of the opening handshake holds for the transport's opening as well.
#[tokio::test(start_paused = true)]
async fn t12_h17_one_that_never_asks_is_gone_at_the_deadline() {
    let server = start(Server::builder(), echo);
    let mut silent = server.pipe(0);
    let start = Instant::now();
    let mut answer = String::new();
    silent.read_to_string(&mut answer).await.unwrap();
    assert_eq!(status(&answer), "408");
    assert_eq!(start.elapsed().as_secs(), 10);
}
