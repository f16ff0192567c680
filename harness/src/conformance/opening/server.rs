//! The engine as a server: what it thinks of a request, and its answer (RFC 6455 §4.2).
//!
//! As the suite, but for one rule: the suite refuses a Host with another port than its own, which
//! is no violation and shuts out every client behind a port mapping. Here any port will do.

use super::accept;
use super::head::{Head, number};

/// A request that is a sound opening handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The path of the request target.
    pub path: String,
    /// Its query, decoded: names with values, in order.
    pub query: Vec<(String, String)>,
    /// `Sec-WebSocket-Key`.
    pub key: String,
    /// `Sec-WebSocket-Extensions`; empty if absent.
    pub extensions: String,
}

/// An answer that is not 101.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// Why, in the status line.
    pub reason: String,
    /// A field that goes with it.
    pub field: Option<(&'static str, &'static str)>,
}

impl Refusal {
    fn bad(reason: impl Into<String>) -> Self {
        Self { status: 400, reason: reason.into(), field: None }
    }

    /// The request cannot be done: an unknown case, a missing agent.
    #[must_use]
    pub fn internal() -> Self {
        Self { status: 500, reason: "Internal Server Error".to_owned(), field: None }
    }

    /// As octets: a head and no body.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        if let Some((name, value)) = self.field {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// Checks a request, in the suite's order.
///
/// # Errors
///
/// The answer that refuses it. A request without `Upgrade` is refused with 426.
pub fn check(request: &Head) -> Result<Asked, Refusal> {
    let line: Vec<&str> = request.first_line.split_whitespace().collect();
    let [method, target, version] = line[..] else {
        return Err(Refusal::bad("not a request line"));
    };
    if method != "GET" {
        return Err(Refusal { status: 405, ..Refusal::bad(format!("method {method}")) });
    }
    if version != "HTTP/1.1" {
        return Err(Refusal { status: 505, ..Refusal::bad(format!("version {version}")) });
    }
    if target.split_once('#').is_some_and(|(_, fragment)| !fragment.is_empty()) {
        return Err(Refusal::bad("the target has a fragment"));
    }
    once(request, "host")?;
    let host = request.field("host").unwrap_or_default();
    if let Some((_, port)) = host.rsplit_once(':')
        && !host.ends_with(']')
        && number(port).is_none()
    {
        return Err(Refusal::bad("Host has no port behind its colon"));
    }
    if request.lines("upgrade") == 0 {
        return Err(Refusal { status: 426, ..Refusal::bad("Upgrade is missing") });
    }
    for (name, token) in [("upgrade", "websocket"), ("connection", "upgrade")] {
        if !request.lists(name, token) {
            return Err(Refusal::bad(format!("{name} does not say {token}")));
        }
    }
    once(request, "sec-websocket-version")?;
    match request.field("sec-websocket-version").as_deref().and_then(number) {
        Some(13 | 8) => {}
        Some(_) => {
            let field = Some(("Sec-WebSocket-Version", "13,8"));
            return Err(Refusal { field, ..Refusal::bad("version of the protocol") });
        }
        None => return Err(Refusal::bad("Sec-WebSocket-Version is no number")),
    }
    let protocols = request.field("sec-websocket-protocol").unwrap_or_default();
    let protocols: Vec<&str> = protocols.split(',').map(str::trim).collect();
    if (1..protocols.len()).any(|n| protocols[..n].contains(&protocols[n])) {
        return Err(Refusal::bad("a subprotocol is offered twice"));
    }
    if request.lines("origin") > 1 {
        return Err(Refusal::bad("several Origin"));
    }
    once(request, "sec-websocket-key")?;
    let key = request.field("sec-websocket-key").unwrap_or_default();
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || c == b'+' || c == b'/';
    let digits = key.strip_suffix("==").filter(|digits| digits.len() == 22);
    if !digits.is_some_and(|digits| digits.bytes().all(is_base64)) {
        return Err(Refusal::bad("Sec-WebSocket-Key is not sixteen octets in base64"));
    }
    if request.lines("sec-websocket-extensions") > 1 {
        return Err(Refusal::bad("several Sec-WebSocket-Extensions"));
    }
    let extensions = request.field("sec-websocket-extensions").unwrap_or_default();
    let target = target.split('#').next().unwrap_or_default();
    let target = target
        .split_once("://")
        .map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Asked { path: path.to_owned(), query: parameters(query), key, extensions })
}

fn once(request: &Head, name: &str) -> Result<(), Refusal> {
    match request.lines(name) {
        0 => Err(Refusal::bad(format!("{name} is missing"))),
        1 => Ok(()),
        _ => Err(Refusal::bad(format!("several {name}"))),
    }
}

/// The parameters of a query. One without a value is none, as in the suite.
fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split(['&', ';']).filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// `%41` and `+` undone; anything else stays as it is.
fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        let escaped = || {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
        };
        match first {
            b'+' => octets.push(b' '),
            b'%' if escaped().is_some() => {
                octets.extend(escaped());
                rest = &behind[2..];
            }
            other => octets.push(*other),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The answer that opens the connection, fields in the suite's order.
#[must_use]
pub fn answer(server: &str, key: &str, extensions: Option<&str>) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nServer: {server}\r\nX-Powered-By: {server}\r\n\
         Upgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
        accept(key)
    );
    if let Some(extensions) = extensions {
        text.push_str(&format!("Sec-WebSocket-Extensions: {extensions}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /runCase?case=7&agent=a%20b+c HTTP/1.1\r\nHost: localhost:9001\r\n\
        Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn checked(request: &str) -> Result<Asked, Refusal> {
        check(&Head::read(request.as_bytes()))
    }

    #[test]
    fn a_sound_request() {
        let asked = checked(GOOD).unwrap();
        assert_eq!(asked.path, "/runCase");
        let query = [("case", "7"), ("agent", "a b c")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(asked.query, query);
        assert_eq!(asked.key, "dGhlIHNhbXBsZSBub25jZQ==");
        for (from, to) in [
            ("localhost:9001", "elsewhere:80"),
            ("localhost:9001", "[::1]"),
            ("websocket", "h2c, WebSocket"),
            ("Version: 13", "Version: 8"),
            ("GET /", "GET http://localhost/"),
        ] {
            assert_eq!(checked(&GOOD.replace(from, to)), Ok(asked.clone()), "{to}");
        }
    }

    #[test]
    fn refusals() {
        for (from, to, status, why) in [
            ("GET ", "", 400, "request line"),
            ("GET", "POST", 405, "POST"),
            ("HTTP/1.1", "HTTP/1.0", 505, "HTTP/1.0"),
            ("a%20b", "#x", 400, "fragment"),
            ("Host: localhost:9001\r\n", "", 400, "host"),
            ("Host", "Host: x\r\nHost", 400, "several host"),
            ("9001", "port", 400, "port"),
            ("Upgrade: websocket\r\n", "", 426, "Upgrade"),
            ("websocket\r\n", "h2c\r\n", 400, "upgrade"),
            (", Upgrade", "", 400, "connection"),
            ("Sec-WebSocket-Version: 13\r\n", "", 400, "version"),
            ("Version: 13", "Version: 14", 400, "version"),
            ("Version: 13", "Version: x", 400, "no number"),
            ("Host", "Sec-WebSocket-Protocol: a, b, a\r\nHost", 400, "twice"),
            ("Host", "Origin: a\r\nOrigin: b\r\nHost", 400, "Origin"),
            ("ZQ==", "ZQ=", 400, "Key"),
            ("dGhl", "dG-l", 400, "Key"),
            (
                "Host",
                "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\nHost",
                400,
                "several",
            ),
        ] {
            let refusal = checked(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert_eq!(refusal.status, status, "{to}: {refusal:?}");
            assert!(refusal.reason.contains(why), "{to}: {refusal:?}");
        }
        let version = checked(&GOOD.replace("Version: 13", "Version: 14")).unwrap_err();
        let text = String::from_utf8(version.octets()).unwrap();
        assert!(text.ends_with("\r\nSec-WebSocket-Version: 13,8\r\n\r\n"), "{text}");
    }

    #[test]
    fn the_answer_in_the_suites_order() {
        let answer = answer("engine", "dGhlIHNhbXBsZSBub25jZQ==", Some("permessage-deflate"));
        let text = "HTTP/1.1 101 Switching Protocols\r\nServer: engine\r\nX-Powered-By: engine\r\n\
            Upgrade: WebSocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
            Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        assert_eq!(String::from_utf8(answer).unwrap(), text);
    }

    #[test]
    fn escapes_in_queries() {
        for (text, plain) in
            [("a%41", "aA"), ("%4", "%4"), ("%zz", "%zz"), ("%+1", "% 1"), ("%c3%a4", "ä")]
        {
            assert_eq!(decoded(text), plain, "{text}");
        }
    }
}
