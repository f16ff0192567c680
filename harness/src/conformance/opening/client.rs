//! The engine as a client: its request, and what it thinks of the answer (RFC 6455 §4.1).

use super::accept;
use super::deflate::{self, Agreed};
use super::head::{Head, number};

/// What the engine asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Path and query.
    pub resource: String,
    /// `host:port`; the suite always names the port.
    pub host: String,
    /// The engine's name.
    pub user_agent: String,
    /// Fields of the user's choice, in this order.
    pub fields: Vec<(String, String)>,
    /// `Sec-WebSocket-Key`.
    pub key: String,
    /// `Origin`, if it is to be sent.
    pub origin: Option<String>,
    /// Subprotocols to offer.
    pub protocols: Vec<String>,
    /// `Sec-WebSocket-Extensions`, if anything is offered.
    pub extensions: Option<String>,
}

impl Request {
    /// The request as octets, fields in the suite's order.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut text = format!("GET {} HTTP/1.1\r\n", self.resource);
        let mut field = |name: &str, value: &str| {
            text.push_str(&format!("{name}: {value}\r\n"));
        };
        field("User-Agent", &self.user_agent);
        field("Host", &self.host);
        field("Upgrade", "WebSocket");
        field("Connection", "Upgrade");
        field("Pragma", "no-cache");
        field("Cache-Control", "no-cache");
        for (name, value) in &self.fields {
            field(name, value);
        }
        field("Sec-WebSocket-Key", &self.key);
        if let Some(origin) = &self.origin {
            field("Origin", origin);
        }
        if !self.protocols.is_empty() {
            field("Sec-WebSocket-Protocol", &self.protocols.join(","));
        }
        if let Some(extensions) = &self.extensions {
            field("Sec-WebSocket-Extensions", extensions);
        }
        field("Sec-WebSocket-Version", "13");
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// What the answer agrees to: the parameters of permessage-deflate, if it takes that.
    ///
    /// # Errors
    ///
    /// Why the suite fails the handshake.
    pub fn check(&self, answer: &Head) -> Result<Option<Agreed>, String> {
        let mut status_line = answer.first_line.split_whitespace();
        let (Some(version), Some(status)) = (status_line.next(), status_line.next()) else {
            return Err(format!("`{}` is no status line", answer.first_line));
        };
        if version != "HTTP/1.1" {
            return Err(format!("the answer's version is {version}, not HTTP/1.1"));
        }
        if number(status) != Some(101) {
            return Err(format!("the answer's status is {status}, not 101"));
        }
        let upgrade = answer.field("upgrade").ok_or("the answer has no Upgrade")?;
        if !upgrade.eq_ignore_ascii_case("websocket") {
            return Err(format!("the answer's Upgrade is `{upgrade}`, not `websocket`"));
        }
        if !answer.lists("connection", "upgrade") {
            return Err("the answer's Connection does not say `upgrade`".to_owned());
        }
        let expected = accept(&self.key);
        match (answer.field("sec-websocket-accept"), answer.lines("sec-websocket-accept")) {
            (Some(found), 1) if found == expected => {}
            (Some(found), 1) => {
                return Err(format!("Sec-WebSocket-Accept is `{found}`, expected `{expected}`"));
            }
            (_, 0) => return Err("the answer has no Sec-WebSocket-Accept".to_owned()),
            _ => return Err("the answer has several Sec-WebSocket-Accept".to_owned()),
        }
        if answer.lines("sec-websocket-extensions") > 1 {
            return Err("the answer has several Sec-WebSocket-Extensions".to_owned());
        }
        let extensions = answer.field("sec-websocket-extensions").unwrap_or_default();
        let agreed = deflate::check_answer(&extensions, self.extensions.is_some())?;
        if answer.lines("sec-websocket-protocol") > 1 {
            return Err("the answer has several Sec-WebSocket-Protocol".to_owned());
        }
        match answer.field("sec-websocket-protocol") {
            Some(protocol) if !protocol.is_empty() && !self.protocols.contains(&protocol) => {
                Err(format!("the answer selects subprotocol `{protocol}`, not offered"))
            }
            _ => Ok(agreed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            resource: "/chat?x=1".to_owned(),
            host: "127.0.0.1:9001".to_owned(),
            user_agent: "engine".to_owned(),
            fields: vec![("Cookie".to_owned(), "a=b".to_owned())],
            key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
            origin: Some("http://example.org".to_owned()),
            protocols: vec!["a".to_owned(), "b".to_owned()],
            extensions: Some("permessage-deflate".to_owned()),
        }
    }

    #[test]
    fn the_request_in_the_suites_order() {
        let text = "GET /chat?x=1 HTTP/1.1\r\nUser-Agent: engine\r\nHost: 127.0.0.1:9001\r\n\
            Upgrade: WebSocket\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
            Cache-Control: no-cache\r\nCookie: a=b\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.org\r\n\
            Sec-WebSocket-Protocol: a,b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
            Sec-WebSocket-Version: 13\r\n\r\n";
        assert_eq!(String::from_utf8(request().octets()).unwrap(), text);
    }

    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    #[test]
    fn an_answer_is_judged_by_the_suites_rules() {
        let check = |answer: &str| request().check(&Head::read(answer.as_bytes()));
        assert_eq!(check(GOOD), Ok(None));
        for (from, to) in [
            ("websocket", "WebSocket"),
            ("Switching Protocols", ""),
            ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: b\r\n\r\n"),
        ] {
            assert_eq!(check(&GOOD.replace(from, to)), Ok(None), "{to}");
        }
        let deflate =
            GOOD.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
        assert!(check(&deflate).unwrap().is_some());
        for (from, to, why) in [
            ("HTTP/1.1", "HTTP/1.0", "version"),
            ("101", "400", "status is 400"),
            ("101", "x", "status is x"),
            ("HTTP/1.1 101 Switching Protocols", "hello", "no status line"),
            ("Upgrade: websocket\r\n", "", "no Upgrade"),
            ("websocket", "h2c, websocket", "Upgrade is"),
            ("keep-alive, Upgrade", "keep-alive", "Connection"),
            ("s3pP", "S3PP", "expected"),
            ("Sec-WebSocket-Accept", "X-Accept", "no Sec-WebSocket-Accept"),
            ("\r\n\r\n", "\r\nSec-WebSocket-Accept: x\r\n\r\n", "several Sec-WebSocket-Accept"),
            ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: c\r\n\r\n", "subprotocol"),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n",
                "several",
            ),
            ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: foo\r\n\r\n", "extension foo"),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions:\r\n\r\n",
                "several",
            ),
        ] {
            let refused = check(&GOOD.replace(from, to)).unwrap_err();
            assert!(refused.contains(why), "{to}: {refused}");
        }
    }
}
