//! The deadlines of a blocking connection over real sockets: by their timeouts, reads and writes.
//! (F10, T11, T12, T13, T14, T15)
#![cfg(unix)]

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use ws_core::connection::{Deadlines, DeadlinesBuilder, Failure};
use ws_core::handshake::{Dialer, HandshakeError};
use ws_core::io::{Error, Plain, Transport, WebSocket, accept, connect_over};
use ws_core::{CloseCode, Config, Limits, Message, Role, Violation};

use oracle::{Frame, binary, ping, text, wire_to};

mod oracle;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn with(build: fn(DeadlinesBuilder) -> DeadlinesBuilder) -> Config {
    let mut config = Config::default();
    config.deadlines = build(Deadlines::builder()).build().unwrap();
    config
}

fn server(config: Config) -> (WebSocket<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (WebSocket::server(ours, config), theirs)
}

/// Runs until an error, which must be this one, after so long.
fn fails(failure: Failure, after: Duration, run: impl FnOnce() -> Error) {
    let start = Instant::now();
    let error = run();
    let took = start.elapsed();
    assert!(matches!(error, Error::Failed(failed) if failed == failure), "{error:?}");
    let late = after + ms(1000);
    assert!(took + ms(30) >= after && took < late, "{took:?} instead of {after:?}");
}

#[test]
fn t13_t15_silence_is_idle_or_asked() {
    let (mut socket, peer) = server(with(|d| d.idle(ms(300))));
    // Nobody sends, and nobody ends the stream: 2 s for that are cut short here.
    let closer = thread::spawn(move || {
        let mut peer = peer;
        let mut close = [0; 64];
        peer.read(&mut close).map(|len| close[..len].to_vec()).unwrap()
    });
    let idle = Failure::Violation(Violation::Idle);
    fails(idle, ms(300), || socket.recv().unwrap_err());
    let close = oracle::parse(Role::Server, &closer.join().unwrap());
    assert_eq!(close, [Frame::close(1008, Violation::Idle.reason())]);

    let (mut socket, mut peer) = server(with(|d| d.ping_interval(ms(150)).pong_timeout(ms(200))));
    fails(Failure::PongTimeout, ms(350), || socket.recv().unwrap_err());
    assert!(socket.recv().unwrap().is_none(), "told once");
    let mut octets = Vec::new();
    peer.read_to_end(&mut octets).unwrap();
    assert!(oracle::parse(Role::Server, &octets).iter().all(|frame| frame.opcode == oracle::PING));
}

/// A transport without timeouts whose peer sends one octet every so often.
struct Trickle {
    octets: std::vec::IntoIter<u8>,
    every: Duration,
    written: Vec<u8>,
}

impl Trickle {
    fn socket(frames: &[Frame], every: Duration, min_octets: u32) -> WebSocket<Plain<Self>> {
        let octets = wire_to(Role::Server, frames).into_iter();
        let mut config = Config::default();
        config.deadlines = Deadlines::builder().min_rate(min_octets, ms(100)).build().unwrap();
        WebSocket::server(Plain(Self { octets, every, written: Vec::new() }), config)
    }
}

impl Read for Trickle {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        thread::sleep(self.every);
        Ok(self.octets.next().map_or(0, |octet| {
            buf[0] = octet;
            1
        }))
    }
}

impl Write for Trickle {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// F10's slow peer where reads never time out: each of them is in time, the message is not.
#[test]
fn f10_t15_octets_one_at_a_time_are_too_slow_though_every_read_returns() {
    type Receive = fn(&mut WebSocket<Plain<Trickle>>) -> Error;
    let whole: Receive = |socket| socket.recv().unwrap_err();
    let pieces: Receive = |socket| {
        let mut reader = socket.reader().unwrap().unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        *error.into_inner().unwrap().downcast().unwrap()
    };
    let fragments = [Frame::new(false, oracle::TEXT, b"a".to_vec()), ping(&[0; 120]), text("")];
    let too_slow = Failure::Violation(Violation::TooSlow);
    for (receive, frames) in [
        (whole, &[binary(&[0; 1000])][..]),
        (pieces, &[binary(&[0; 1000])]),
        // A header, and a Ping between fragments, that do not arrive whole.
        (whole, &fragments),
        (pieces, &fragments),
    ] {
        let mut socket = Trickle::socket(frames, ms(5), 100);
        fails(too_slow, ms(100), || receive(&mut socket));
        let close = oracle::parse(Role::Server, &socket.get_ref().0.written);
        assert_eq!(close, [Frame::close(1008, Violation::TooSlow.reason())]);
    }
    // Twice as fast as is asked for, over several spans.
    let mut socket = Trickle::socket(&[binary(&[0; 200]), Frame::close(1000, "")], ms(2), 10);
    assert_eq!(socket.recv().unwrap(), Some(Message::binary(vec![0; 200])));
    assert_eq!(socket.recv().unwrap(), None);
}

/// What arrived while the application was busy counts, as many reads as it takes.
#[test]
fn a_busy_application_does_not_make_its_peer_too_slow() {
    let (mut socket, mut peer) = server(with(|d| d.min_rate(100_000, ms(100))));
    let octets = wire_to(Role::Server, &[text("Hello"), binary(&[7; 150_000])]);
    peer.write_all(&octets).unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::text("Hello")));
    thread::sleep(ms(150));
    assert_eq!(socket.recv().unwrap().map(|message| message.payload().len()), Some(150_000));

    // A read that is shorter than it might be is not the last.
    let config = with(|d| d.min_rate(100_000, ms(100)));
    let mut socket = WebSocket::server(Plain(Records(io::Cursor::new(octets))), config);
    assert_eq!(socket.recv().unwrap(), Some(Message::text("Hello")));
    thread::sleep(ms(150));
    assert_eq!(socket.recv().unwrap().map(|message| message.payload().len()), Some(150_000));
}

/// A transport where all has arrived, and that gives a record at a time, as TLS does.
struct Records(io::Cursor<Vec<u8>>);

impl Read for Records {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(16 * 1024);
        self.0.read(&mut buf[..len])
    }
}

impl Write for Records {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads take 60 ms, whatever is asked of them; a write needs 50 ms, or is late.
struct Sluggish {
    octets: io::Cursor<Vec<u8>>,
    write_timeout: Option<Duration>,
    written: Vec<u8>,
}

impl Read for Sluggish {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        thread::sleep(ms(60));
        let len = buf.len().min(20);
        self.octets.read(&mut buf[..len])
    }
}

impl Write for Sluggish {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.write_timeout.is_some_and(|timeout| timeout < ms(50)) {
            return Err(ErrorKind::TimedOut.into());
        }
        thread::sleep(ms(50));
        self.written.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Sluggish {
    fn shut_down(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }
}

/// A peer that was found to be too slow some time ago has all the time there is for our Close.
#[test]
fn t14_a_busy_application_takes_no_time_from_the_close_of_a_slow_message() {
    let mut config = with(|d| d.min_rate(1000, ms(100)));
    config.limits = Limits::builder().close_timeout(ms(300)).build().unwrap();
    let octets = io::Cursor::new(wire_to(Role::Server, &[binary(&[0; 1000])]));
    let io = Sluggish { octets, write_timeout: None, written: Vec::new() };
    let mut socket = WebSocket::server(io, config);
    let mut reader = socket.reader().unwrap().unwrap();
    let began = Instant::now();
    let mut piece = [0; 100];
    while began.elapsed() < ms(100) {
        assert_ne!(reader.read(&mut piece).unwrap(), 0);
    }
    thread::sleep(ms(400));
    let error = reader.read(&mut piece).unwrap_err();
    let error = *error.into_inner().unwrap().downcast::<Error>().unwrap();
    let too_slow = Failure::Violation(Violation::TooSlow);
    assert!(matches!(error, Error::Failed(failure) if failure == too_slow), "{error:?}");
    let close = oracle::parse(Role::Server, &socket.get_ref().written);
    assert_eq!(close, [Frame::close(1008, Violation::TooSlow.reason())]);
}

#[test]
fn t11_t15_a_write_that_nobody_takes_ends_in_time() {
    let (mut socket, peer) = server(with(|d| d.write_timeout(ms(300))));
    fails(Failure::WriteTimeout, ms(300), || {
        loop {
            if let Err(error) = socket.send(Message::binary(vec![0; 64 * 1024])) {
                break error;
            }
        }
    });
    assert!(matches!(socket.recv(), Err(Error::Failed(Failure::WriteTimeout))));
    assert!(matches!(socket.recv(), Ok(None)));
    drop(peer);
}

#[test]
fn t11_a_slow_reader_is_waited_for_as_long_as_it_takes_something() {
    let (mut socket, mut peer) = server(with(|d| d.write_timeout(ms(400))));
    let reader = thread::spawn(move || {
        let mut piece = vec![0; 256 * 1024];
        let mut total = 0;
        while total < 2_000_000 {
            thread::sleep(ms(100));
            total += peer.read(&mut piece).unwrap();
        }
        peer
    });
    let start = Instant::now();
    socket.send(Message::binary(vec![0; 2_000_000])).unwrap();
    assert!(start.elapsed() > ms(400), "longer than the timeout");
    drop(reader.join().unwrap());
}

/// No deadline was asked for: only the closing handshake's own.
#[test]
fn t14_closing_ends_in_time_though_the_peer_takes_nothing() {
    let limits = Limits::builder().close_timeout(ms(300)).fin_timeout(ms(100)).build().unwrap();
    let (mut socket, peer) = server(Config::with_limits(limits));
    socket.get_ref().set_nonblocking(true).unwrap();
    while socket.send(Message::binary(vec![0; 64 * 1024])).is_ok() {}
    socket.get_ref().set_nonblocking(false).unwrap();
    fails(Failure::CloseTimeout, ms(300), || socket.close(CloseCode::NORMAL, "").unwrap_err());
    drop(peer);
}

/// The answer to a Close, or the Close of a violation, has all of its time from when it is queued,
/// however long the application was busy with what came in the same read before it.
#[test]
fn t14_a_busy_application_takes_no_time_from_its_close() {
    let limits = Limits::builder().close_timeout(ms(500)).fin_timeout(ms(100)).build().unwrap();
    let violation = Violation::ReservedOpcode;
    let reserved = Frame { opcode: 3, ..text("") };
    let failed = Failure::Violation(violation);
    for (last, answer, failure) in [
        (Frame::close(1000, ""), Frame::close(1000, ""), None),
        (reserved, Frame::close(1002, violation.reason()), Some(failed)),
    ] {
        let (mut socket, mut peer) = server(Config::with_limits(limits));
        peer.write_all(&wire_to(Role::Server, &[text("Hello"), last])).unwrap();
        assert_eq!(socket.recv().unwrap(), Some(Message::text("Hello")));
        // More than the transport takes at once.
        socket.feed(Message::binary(vec![0; 1_000_000])).unwrap();
        thread::sleep(ms(600));
        let reader = thread::spawn(move || {
            thread::sleep(ms(50));
            let mut octets = Vec::new();
            peer.read_to_end(&mut octets).map(|_| octets).unwrap()
        });
        match (socket.recv(), failure) {
            (Ok(None), None) => {}
            (Err(Error::Failed(told)), Some(failure)) => assert_eq!(told, failure),
            (other, _) => panic!("{other:?}"),
        }
        drop(socket);
        let frames = oracle::parse(Role::Server, &reader.join().unwrap());
        assert_eq!(frames.len(), 2, "a message and a Close");
        assert_eq!(frames[1], answer);
    }
}

#[test]
fn t12_a_handshake_that_cannot_be_written_ends_in_time() {
    let limits = Limits::builder().handshake_timeout(ms(300)).build().unwrap();
    let config = Config::with_limits(limits);
    for role in [Role::Server, Role::Client] {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        // The transport is full to the last octet.
        for len in [4096, 1] {
            while ours.write(&vec![0; len]).is_ok() {}
        }
        ours.set_nonblocking(false).unwrap();
        let start = Instant::now();
        let error = match role {
            Role::Server => {
                let request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
                theirs.write_all(request.as_bytes()).unwrap();
                accept(ours, config).map(drop)
            }
            Role::Client => connect_over(ours, &Dialer::new("ws://x/").unwrap(), config).map(drop),
        };
        assert!(matches!(error, Err(Error::Handshake(HandshakeError::Timeout))), "{error:?}");
        assert!(start.elapsed() < ms(1500));
    }
}

/// A transport that counts how often it is given a timeout.
struct Counting(UnixStream, usize);

impl Read for Counting {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Counting {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Transport for Counting {
    fn shut_down(&mut self) -> io::Result<bool> {
        Transport::shut_down(&mut self.0)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.1 += 1;
        Transport::set_read_timeout(&mut self.0, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.1 += 1;
        Transport::set_write_timeout(&mut self.0, timeout)
    }
}

#[test]
fn i37_messages_cost_no_system_call_for_their_deadlines() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut config = Config::default();
    config.deadlines = Deadlines::SERVER;
    let mut socket = WebSocket::server(Counting(ours, 0), config);
    let octets = wire_to(Role::Server, &[text("Hello")]);
    for _ in 0..1000 {
        theirs.write_all(&octets).unwrap();
        let message = socket.recv().unwrap().unwrap();
        socket.send(message).unwrap();
        theirs.read_exact(&mut [0; 7]).unwrap();
    }
    assert_eq!(socket.get_ref().1, 2, "one timeout for reads, one for writes");
}

/// A timeout that the application has set is still the application's.
#[test]
fn a_timeout_of_the_caller_s_own_gives_control_back() {
    let (mut socket, mut peer) = server(Config::default());
    socket.get_ref().set_read_timeout(Some(ms(20))).unwrap();
    for _ in 0..2 {
        match socket.recv() {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            other => panic!("{other:?}"),
        }
    }
    peer.write_all(&wire_to(Role::Server, &[text("Hello")])).unwrap();
    assert_eq!(socket.recv().unwrap(), Some(Message::text("Hello")));
}
