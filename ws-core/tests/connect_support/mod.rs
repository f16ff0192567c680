//! A server on loopback that says what a test wants.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use ws_core::handshake::Key;
use ws_core::{Config, Limits};

pub(crate) const HEAD_END: &[u8] = b"\r\n\r\n";

pub(crate) fn within(timeout: Duration) -> Config {
    Config::with_limits(Limits::builder().handshake_timeout(timeout).build().unwrap())
}

/// The 101 that answers `request`, with `lines` in it.
pub(crate) fn answer_to(request: &[u8], lines: &str) -> Vec<u8> {
    const NAME: &[u8] = b"Sec-WebSocket-Key: ";
    let at = request.windows(NAME.len()).position(|window| window == NAME).expect("a key");
    let key = Key::parse(&request[at + NAME.len()..][..24]).expect("a key");
    let accept = String::from_utf8(key.accept().to_vec()).unwrap();
    format!(
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{lines}\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn read_request(io: &mut impl Read) -> Vec<u8> {
    let (mut request, mut octet) = (Vec::new(), [0]);
    while !request.ends_with(HEAD_END) {
        io.read_exact(&mut octet).unwrap();
        request.extend(octet);
    }
    request
}

/// A server on loopback for one connection; the port, and what `serve` gives at last.
pub(crate) fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/chat", listener.local_addr().unwrap());
    (url, thread::spawn(move || serve(listener.accept().unwrap().0)))
}
