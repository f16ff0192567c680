//! `ws-server` and `ws-client`: their options of permessage-deflate.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// What `ws-server` with these options answers to an offer: its `Sec-WebSocket-Extensions`.
fn answer(options: &[&str]) -> Option<String> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_ws-server"))
        .args(["--addr", "127.0.0.1:0"])
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ws://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let offer = "permessage-deflate; client_max_window_bits";
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: {offer}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        head.push(octet[0]);
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ").map(str::to_owned))
}

#[test]
fn the_options_decide_what_is_agreed() {
    let table: [(&[&str], Option<&str>); 5] = [
        (&[], Some("permessage-deflate")),
        (&["--deflate", "off"], None),
        (&["--deflate-no-takeover"], Some("permessage-deflate; server_no_context_takeover")),
        (&["--deflate-peer-no-takeover"], Some("permessage-deflate; client_no_context_takeover")),
        (
            &["--deflate-window-bits", "9", "--deflate-peer-window-bits", "10"],
            Some("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10"),
        ),
    ];
    for (options, expected) in table {
        assert_eq!(answer(options).as_deref(), expected, "{options:?}");
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    for program in [env!("CARGO_BIN_EXE_ws-server"), env!("CARGO_BIN_EXE_ws-client")] {
        for (option, value) in [
            ("--deflate", "maybe"),
            ("--deflate-level", "10"),
            ("--deflate-memory-level", "0"),
            ("--deflate-window-bits", "8"),
            ("--deflate-peer-window-bits", "16"),
            ("--deflate-threshold", "many"),
        ] {
            let (code, out, err) = support::run(Command::new(program).args([option, value]));
            assert_eq!(code, 2, "{program} {option} {value}: {out}{err}");
            assert!(err.contains("deflate"), "{err}");
        }
    }
}
