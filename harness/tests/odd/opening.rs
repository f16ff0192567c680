//! The opening handshake of the odd ones, as client and as server.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;
use ws_harness::conformance::deflate::Codec;
use ws_harness::conformance::opening::accept;
use ws_harness::conformance::opening::deflate::Agreed;
use ws_harness::conformance::opening::head::Head;

use super::{Endpoint, Odd};

/// The endpoint's own level; any other would do.
const LEVEL: i32 = 1;

/// What those that compress say: each message for itself, and both windows of 9 bits.
const NARROW: &str = "permessage-deflate; client_no_context_takeover; \
    server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9";

impl Odd {
    /// What it offers as a client, and answers as a server, of `Sec-WebSocket-Extensions`.
    fn extensions(self) -> Option<String> {
        let more = |more: &str| Some(format!("permessage-deflate; {more}"));
        match self {
            Self::Deflate
            | Self::IgnoresWindow
            | Self::IgnoresTakeover
            | Self::Rsv1Continuation
            | Self::Truncated
            | Self::Garbage
            | Self::Uncompressed
            | Self::FinalBlock => Some(NARROW.to_owned()),
            Self::UnknownParameter => more("window=9"),
            Self::Window7 => more("server_max_window_bits=7"),
            Self::Window8 => more("server_max_window_bits=8"),
            Self::FlagValue => more("server_no_context_takeover=true"),
            Self::TwoAnswers => Some("permessage-deflate, permessage-deflate".to_owned()),
            Self::Extension => Some("x-nobody-knows".to_owned()),
            _ => None,
        }
    }
}

impl Endpoint {
    async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(len) = Head::len_in(&self.input) {
                return Ok(Head::read(&self.input.drain(..len).collect::<Vec<u8>>()));
            }
            self.read().await?;
        }
    }

    /// Compresses from now on, if both said so.
    fn agree(&mut self, peer: &Head) {
        let theirs = peer.field("sec-websocket-extensions").unwrap_or_default();
        if self.odd.extensions().as_deref() != Some(NARROW) || theirs.is_empty() {
            return;
        }
        let bits = if self.odd == Odd::IgnoresWindow { 15 } else { 9 };
        let resets = self.odd != Odd::IgnoresTakeover;
        let agreed = Agreed {
            server_no_context_takeover: resets,
            client_no_context_takeover: resets,
            server_max_window_bits: bits,
            client_max_window_bits: bits,
        };
        self.codec = Some(Codec::new(agreed, self.role, LEVEL));
    }

    fn fields(&self) -> String {
        let mut fields = String::new();
        if self.odd != Odd::NoUpgrade {
            fields.push_str("Upgrade: websocket\r\n");
        }
        if self.odd == Odd::Subprotocol {
            fields.push_str("Sec-WebSocket-Protocol: odd\r\n");
        }
        fields + "Connection: Upgrade\r\n"
    }

    pub(super) async fn dial(&mut self, address: SocketAddr, resource: &str) -> io::Result<()> {
        let extensions = self.odd.extensions();
        let extensions = extensions
            .map_or(String::new(), |offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        let version = if self.odd == Odd::Http10 { "1.0" } else { "1.1" };
        let request = format!(
            "GET {resource} HTTP/{version}\r\nHost: {address}\r\n{}\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extensions}\
             Sec-WebSocket-Version: 13\r\n\r\n",
            self.fields()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let answer = self.head().await?;
        if !answer.first_line.contains("101") {
            self.first_text = Some(answer.first_line);
            return Ok(());
        }
        if self.odd == Odd::TcpClose {
            return Ok(());
        }
        self.agree(&answer);
        self.converse().await
    }

    pub(super) async fn serve(mut self) -> io::Result<()> {
        let head = self.head().await?;
        let mut accept = accept(&head.field("sec-websocket-key").unwrap_or_default());
        match self.odd {
            Odd::TcpClose => return Ok(()),
            Odd::Http400 => {
                return self.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
            Odd::BadAccept => accept = accept.to_lowercase(),
            _ => {}
        }
        // One extension is taken though it was not offered; the rest only if something was.
        let offered = head.field("sec-websocket-extensions").is_some();
        let extensions = self.odd.extensions().filter(|_| offered || self.odd == Odd::Extension);
        let extensions = extensions
            .map_or(String::new(), |answer| format!("Sec-WebSocket-Extensions: {answer}\r\n"));
        let version = if self.odd == Odd::Http10 { "1.0" } else { "1.1" };
        let answer = format!(
            "HTTP/{version} 101 Switching Protocols\r\n{}{extensions}\
             Sec-WebSocket-Accept: {accept}\r\n\r\n",
            self.fields()
        );
        if self.odd == Odd::Greeting {
            let mut octets = answer.into_bytes();
            octets.extend_from_slice(b"\x81\x05hello");
            self.stream.write_all(&octets).await?;
        } else {
            self.stream.write_all(answer.as_bytes()).await?;
        }
        self.agree(&head);
        self.converse().await
    }
}
