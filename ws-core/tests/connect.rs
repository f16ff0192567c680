//! The client's opening handshake through the adapters, blocking and tokio: rows C09 and C12 of the
//! acceptance table, and HC-02, HC-04, HC-31, HC-32 and HC-35.
#![cfg(feature = "tokio")]

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ws_core::handshake::{Dialer, HandshakeError, OfferError, UrlError};
use ws_core::tokio::{Connector, Error, Record, connect_with};
use ws_core::{Config, Message, Violation};

use connect_support::{HEAD_END, answer_to, read_request, server, within};

mod connect_support;

const FRAMES: &[u8] = b"\x81\x01a\x01\x01b\x89\x00\x80\x01c\x82\x02\r\n";

/// A blocking transport that answers the request in two reads.
struct TwoReads {
    sent: Vec<u8>,
    cut: usize,
    reads: Vec<Vec<u8>>,
}

impl Read for TwoReads {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.sent.ends_with(HEAD_END) {
            let mut answer = answer_to(&self.sent, "");
            answer.extend_from_slice(FRAMES);
            let behind = answer.split_off(self.cut.min(answer.len()));
            self.reads = vec![behind, answer];
            self.sent.clear();
        }
        let mut read = self.reads.pop().unwrap_or_default();
        if read.is_empty() {
            read = self.reads.pop().unwrap_or_default();
        }
        let rest = read.split_off(read.len().min(buf.len()));
        if !rest.is_empty() {
            self.reads.push(rest);
        }
        buf[..read.len()].copy_from_slice(&read);
        Ok(read.len())
    }
}

impl Write for TwoReads {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.sent.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const ANSWER_LEN: usize = 111;

#[test]
fn c09_hc04_frames_behind_the_101_are_delivered_at_every_split_blocking() {
    let dialer = Dialer::new("ws://a").unwrap();
    for cut in 1..=ANSWER_LEN + FRAMES.len() {
        let io = ws_core::io::Plain(TwoReads { sent: Vec::new(), cut, reads: Vec::new() });
        let mut socket = ws_core::io::connect_over(io, &dialer, Config::default()).unwrap();
        for message in [Message::text("a"), Message::text("bc"), Message::binary(&b"\r\n"[..])] {
            assert_eq!(socket.recv().unwrap(), Some(message), "cut at {cut}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c09_hc04_frames_behind_the_101_are_delivered_at_every_split_tokio() {
    let dialer = Dialer::new("ws://a").unwrap();
    let mut cuts: Vec<Option<usize>> = (0..=ANSWER_LEN + FRAMES.len()).map(Some).collect();
    cuts.push(None); // octet by octet
    for cut in cuts {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let client = async {
            let mut socket = ws_core::tokio::connect_over(ours, &dialer, Config::default()).await?;
            let mut messages = Vec::new();
            for _ in 0..3 {
                messages.extend(socket.recv().await?);
            }
            Ok::<_, Error>(messages)
        };
        let server = async {
            let mut request = Vec::new();
            while !request.ends_with(HEAD_END) {
                theirs.read_buf(&mut request).await.unwrap();
            }
            let mut answer = answer_to(&request, "");
            assert_eq!(answer.len(), ANSWER_LEN);
            answer.extend_from_slice(FRAMES);
            let pieces: Vec<&[u8]> = match cut {
                Some(cut) => vec![&answer[..cut], &answer[cut..]],
                None => answer.chunks(1).collect(),
            };
            for piece in pieces {
                theirs.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await; // until the client waits
            }
            theirs
        };
        let (messages, _theirs) = tokio::join!(client, server);
        let expected = [Message::text("a"), Message::text("bc"), Message::binary(&b"\r\n"[..])];
        assert_eq!(messages.unwrap(), expected, "cut at {cut:?}");
    }
}

#[tokio::test]
async fn a_subprotocol_a_header_and_a_host_reach_the_server() {
    let dialer = |url| {
        Dialer::new(url)?
            .host("other.example")?
            .subprotocols(&["chat.v2", "chat.v1"])?
            .header_fields(&[("Authorization", "Bearer 0123")])
            .map_err(Error::from)
    };
    let serve = |mut io: TcpStream| {
        let request = read_request(&mut io);
        io.write_all(&answer_to(&request, "Sec-WebSocket-Protocol: chat.v1\r\n")).unwrap();
        io.write_all(FRAMES).unwrap();
        String::from_utf8(request).unwrap()
    };
    let (url, server_1) = server(serve);
    let mut record = Record::default();
    let connector = Connector::new();
    let asked = dialer(&url).unwrap();
    let connected = connector.connect_recorded(&asked, Config::default(), &mut record);
    let mut socket = connected.await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("a")));
    let request = server_1.join().unwrap();
    for line in ["GET /chat HTTP/1.1", "Host: other.example", "Authorization: Bearer 0123"] {
        assert!(request.contains(&format!("{line}\r\n")), "{request}");
    }
    // The record is what went over the wire, and is shown only when asked for.
    assert_eq!(record.request, request.as_bytes());
    assert!(
        record
            .response
            .starts_with(&answer_to(&record.request, "Sec-WebSocket-Protocol: chat.v1\r\n"))
    );
    assert!(record.to_string().contains("> Authorization: Bearer 0123\\r\\n\n"), "{record}");
    assert!(!format!("{record:?}").contains("0123"));

    let (url, server_2) = server(serve);
    let io = TcpStream::connect(url.trim_start_matches("ws://").trim_end_matches("/chat")).unwrap();
    let dialer = dialer(&url).unwrap();
    let socket = ws_core::io::connect_recorded(io, &dialer, Config::default(), &mut record);
    assert_eq!(socket.unwrap().recv().unwrap(), Some(Message::text("a")));
    assert_eq!(record.request, server_2.join().unwrap().as_bytes());
    assert!(record.response.starts_with(b"HTTP/1.1 101 x\r\n"));
}

#[tokio::test]
async fn c12_a03_what_cannot_be_asked_for_is_told_before_any_io() {
    // Nobody listens there: I/O would be another error.
    for (url, error) in [
        ("http://127.0.0.1:1/", UrlError::Scheme),
        ("ws://127.0.0.1:1/#x", UrlError::Fragment),
        ("ws://a:b@127.0.0.1:1/", UrlError::UserInfo),
        ("ws://127.0.0.1:1/\r\nX: y", UrlError::IllegalOctet),
        ("ws://127.0.0.1:0/", UrlError::Port),
    ] {
        let is = |result: Error| matches!(result, Error::Handshake(HandshakeError::Url(e)) if e == error);
        assert!(is(ws_core::tokio::connect(url, Config::default()).await.unwrap_err()), "{url:?}");
        assert!(is(ws_core::io::connect(url, Config::default()).unwrap_err()), "{url:?}");
    }
    let tls = ws_core::io::connect("wss://127.0.0.1:1/", Config::default()).unwrap_err();
    assert!(matches!(tls, Error::Handshake(HandshakeError::Url(UrlError::Tls))), "{tls}");
    let offer = Error::from(OfferError::FieldValue);
    assert!(matches!(offer, Error::Handshake(HandshakeError::Offer(OfferError::FieldValue))));
    let nobody = ws_core::tokio::connect("ws://127.0.0.1:1/", Config::default()).await;
    assert!(matches!(nobody, Err(Error::Io(_))));
}

#[tokio::test(start_paused = true)]
async fn hc31_the_deadline_is_absolute() {
    let dialer = Dialer::new("ws://a").unwrap();
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let began = tokio::time::Instant::now();
    let client = ws_core::tokio::connect_over(ours, &dialer, Config::default());
    let server = async {
        for octet in b"HTTP/1.1 101 Switching Protocols\r\n" {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if theirs.write_all(&[*octet]).await.is_err() {
                break; // The client is gone.
            }
        }
    };
    let (result, ()) = tokio::join!(async { (client.await.map(|_| ()), began.elapsed()) }, server);
    assert!(matches!(result.0, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    assert_eq!(result.1.as_secs(), 10);
}

#[test]
fn hc31_the_deadline_is_absolute_blocking() {
    let (url, server) = server(|mut io| {
        for octet in b"HTTP/1.1 101 Switching Protocols\r\n" {
            thread::sleep(Duration::from_millis(50));
            if io.write_all(&[*octet]).is_err() {
                break;
            }
        }
    });
    let began = Instant::now();
    let result = ws_core::io::connect(&url, within(Duration::from_millis(300))).map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_millis(1500), "{took:?}");
    server.join().unwrap();
}

/// A listener whose queue is full answers nothing: time that TCP takes counts as well.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn hc31_the_deadline_holds_for_tcp() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(io) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queue.push(io);
        assert!(queue.len() < 100, "the queue has an end");
    }
    let (url, config) = (format!("ws://{address}/"), within(Duration::from_millis(200)));
    let began = Instant::now();
    let result = ws_core::io::connect(&url, config).map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    let result = ws_core::tokio::connect(&url, config).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn hc32_the_end_of_tcp_inside_the_answer_is_an_error() {
    for sent in [&b""[..], b"HTTP/1.1 101 Switching Protocols\r\nUpgr"] {
        let ending = |mut io: TcpStream| {
            read_request(&mut io);
            io.write_all(sent).unwrap();
        };
        let (url, _server) = server(ending);
        let result = ws_core::tokio::connect(&url, Config::default()).await.map(|_| ());
        assert!(matches!(result, Err(Error::Handshake(HandshakeError::Incomplete))), "{result:?}");
        let (url, _server) = server(ending);
        let result = ws_core::io::connect(&url, Config::default()).map(|_| ());
        assert!(matches!(result, Err(Error::Handshake(HandshakeError::Incomplete))), "{result:?}");
    }
}

#[tokio::test]
async fn hc02_every_connection_has_its_own_key() {
    let dialer = Dialer::new("ws://a").unwrap();
    let mut keys = HashSet::new();
    for _ in 0..20 {
        let (ours, theirs) = tokio::io::duplex(4096);
        drop(tokio::io::split(theirs).1);
        let mut record = Record::default();
        let config = within(Duration::from_millis(1));
        let _ = ws_core::tokio::connect_recorded(ours, &dialer, config, &mut record).await;
        keys.insert(record.request);
    }
    assert_eq!(keys.len(), 20);
}

#[tokio::test]
async fn hc35_a_masked_frame_behind_the_101_fails() {
    let (url, server) = server(|mut io| {
        let request = read_request(&mut io);
        let masked = b"\x81\x81\x00\x00\x00\x00a";
        io.write_all(&[answer_to(&request, ""), masked.to_vec()].concat()).unwrap();
        let mut close = [0; 8];
        io.read_exact(&mut close).unwrap();
        let key: [u8; 4] = close[2..6].try_into().unwrap();
        u16::from_be_bytes([close[6] ^ key[0], close[7] ^ key[1]])
    });
    let mut socket = ws_core::tokio::connect(&url, Config::default()).await.unwrap();
    let failed = socket.recv().await.unwrap_err();
    let masked = Violation::Masked;
    let failure = ws_core::connection::Failure::Violation(masked);
    assert!(matches!(failed, Error::Failed(seen) if seen == failure), "{failed}");
    assert_eq!(server.join().unwrap(), 1002);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_local_address_is_the_one_asked_for() {
    let (url, server) = server(|mut io| {
        let request = read_request(&mut io);
        io.write_all(&answer_to(&request, "")).unwrap();
        io.peer_addr().unwrap()
    });
    let connector = Connector::new().local_address([127, 0, 0, 2].into());
    let dialer = Dialer::new(&url).unwrap();
    let socket = connector.connect(&dialer, Config::default()).await.unwrap();
    let peer = server.join().unwrap();
    assert_eq!(peer.ip().to_string(), "127.0.0.2");
    assert_eq!(socket.get_ref().tcp().local_addr().unwrap(), peer);
    assert!(socket.get_ref().tcp().nodelay().unwrap() && !socket.get_ref().is_secure());
    // No address of the other family can be tried from it.
    let none = Connector::new().local_address("::1".parse().unwrap());
    match none.connect(&dialer, Config::default()).await.map(|_| ()) {
        Err(Error::Io(error)) => assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable),
        other => panic!("{other:?}"),
    }
}

/// A name with both families, one of which nobody listens on.
#[tokio::test]
async fn a_dual_stack_name_connects_whichever_family_answers() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else { continue };
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let mut io = listener.accept().unwrap().0;
            let request = read_request(&mut io);
            io.write_all(&answer_to(&request, "")).unwrap();
        });
        let url = format!("ws://localhost:{port}/");
        if let Err(Error::Io(_)) = ws_core::tokio::connect(&url, Config::default()).await {
            assert!(address.starts_with('['), "localhost is 127.0.0.1 everywhere");
            continue; // This machine's localhost has one family.
        }
        server.join().unwrap();
    }
}

/// The transport of a connection can be had, looked at and written to, in one write from many slices.
#[tokio::test]
async fn what_is_dialed_is_the_servers_socket() {
    let (url, served) = server(|mut io| {
        let answer = answer_to(&read_request(&mut io), "");
        io.write_all(&answer).unwrap();
        let mut sent = String::new();
        io.read_to_string(&mut sent).unwrap();
        (io.local_addr().unwrap(), sent)
    });
    let dialer = Dialer::new(&url).unwrap();
    let mut socket = connect_with(&dialer, Config::default()).await.unwrap();
    let peer = socket.get_mut().tcp().peer_addr().unwrap();
    assert_eq!(socket.round_trip(), None, "nothing was asked");
    let mut io = socket.into_inner();
    assert!(io.is_write_vectored() && !io.is_secure());
    assert!(format!("{io:?}").contains(&peer.port().to_string()), "{io:?}");
    let slices = [&b"in "[..], b"one ", b"write"].map(io::IoSlice::new);
    assert_eq!(io.write_vectored(&slices).await.unwrap(), 12);
    drop(io);
    assert_eq!(served.join().unwrap(), (peer, "in one write".to_owned()));
}
