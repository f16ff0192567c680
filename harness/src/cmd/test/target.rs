//! Where a server is: a URL taken apart, and a connection made to it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Error;
use crate::conformance::transport::Transport;

/// A server's place and the resource there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    /// `host:port`.
    pub(super) host: String,
    /// Path and query.
    pub(super) resource: String,
}

/// How to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp(String),
    Tls(String, ServerName<'static>),
    Unix(PathBuf),
}

impl Target {
    /// Reads `ws://host:port/path?query`, `wss://…`, or `ws+unix:/path/to/socket:/path?query`.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: neither of these.
    pub(super) fn read(url: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::Unusable(format!("`{url}`: {why}"));
        if let Some(socket) = url.strip_prefix("ws+unix:") {
            let socket = socket.strip_prefix("//").unwrap_or(socket);
            let (socket, resource) = socket.split_once(':').unwrap_or((socket, "/"));
            if socket.is_empty() || !resource.starts_with('/') {
                return Err(bad("no socket such as ws+unix:/run/server.sock:/path"));
            }
            let (place, host) = (Place::Unix(socket.into()), "localhost:80".to_owned());
            return Ok(Self { place, host, resource: resource.to_owned() });
        }
        let (secure, rest) = match url.split_once("://") {
            Some(("ws", rest)) => (false, rest),
            Some(("wss", rest)) => (true, rest),
            _ => return Err(bad("no URL such as ws://host:9001/")),
        };
        if rest.contains('#') {
            return Err(bad("a WebSocket URL has no fragment"));
        }
        let (authority, resource) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let resource =
            if resource.starts_with('/') { resource.to_owned() } else { format!("/{resource}") };
        // Behind the `]` of an IPv6 address, or behind the host, a port may follow.
        let behind_host = authority.rsplit(']').next().unwrap_or(authority);
        let host = match behind_host.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
            Some(_) => return Err(bad("its port is no number")),
            None => format!("{authority}:{}", if secure { 443 } else { 80 }),
        };
        if host.starts_with(':') {
            return Err(bad("it names no host"));
        }
        let place = if secure {
            let (name, _) = host.rsplit_once(':').unwrap_or((&host, ""));
            let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
            let name =
                ServerName::try_from(name).map_err(|_| bad("its host is no name for TLS"))?;
            Place::Tls(host.clone(), name)
        } else {
            Place::Tcp(host.clone())
        };
        Ok(Self { place, host, resource })
    }

    /// Returns once a connection is taken, or after `patience`: the first case then tells why not.
    pub(super) async fn listens(&self, tls: &TlsConnector, patience: Duration) {
        let taken = async {
            while self.connect(tls).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        if !patience.is_zero() {
            // Late is told by whoever connects next.
            let _ = tokio::time::timeout(patience, taken).await;
        }
    }

    /// A new connection, with `tls` if the server is to be reached that way.
    pub(super) async fn connect(&self, tls: &TlsConnector) -> io::Result<Box<dyn Transport>> {
        Ok(match &self.place {
            Place::Tcp(address) => Box::new(dial(address).await?),
            Place::Tls(address, name) => {
                Box::new(tls.connect(name.clone(), dial(address).await?).await?)
            }
            Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    }
}

/// Between two attempts to reach a server that is just starting.
const PAUSE: Duration = Duration::from_millis(100);

async fn dial(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // As the suite does: a case's small frames go out when they are written.
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, host, resource) in [
            ("ws://127.0.0.1:9001", "127.0.0.1:9001", "/"),
            ("ws://localhost/echo?x=1", "localhost:80", "/echo?x=1"),
            ("ws://localhost?x=1", "localhost:80", "/?x=1"),
            ("ws://[::1]:9001/", "[::1]:9001", "/"),
            ("ws://[::1]/a", "[::1]:80", "/a"),
        ] {
            let target = Target::read(url).unwrap();
            assert_eq!((target.host.as_str(), target.resource.as_str()), (host, resource), "{url}");
            assert_eq!(target.place, Place::Tcp(host.to_owned()));
        }
        for (url, socket, resource) in [
            ("ws+unix:/run/x.sock", "/run/x.sock", "/"),
            ("ws+unix:///run/x.sock:/echo", "/run/x.sock", "/echo"),
        ] {
            let target = Target::read(url).unwrap();
            assert_eq!(
                (target.place, target.resource.as_str()),
                (Place::Unix(socket.into()), resource)
            );
        }
    }

    #[test]
    fn behind_tls_the_host_is_a_name_or_an_address() {
        for (url, host, name) in [
            ("wss://example.org/", "example.org:443", "example.org"),
            ("wss://127.0.0.1:9001", "127.0.0.1:9001", "127.0.0.1"),
            ("wss://[::1]:9001", "[::1]:9001", "::1"),
        ] {
            let name = ServerName::try_from(name).unwrap();
            assert_eq!(Target::read(url).unwrap().place, Place::Tls(host.to_owned(), name));
        }
    }

    #[test]
    fn what_is_no_url_says_why() {
        for (url, why) in [
            ("", "no URL"),
            ("localhost:9001", "no URL"),
            ("http://localhost/", "no URL"),
            ("ws://", "no host"),
            ("ws://:80/", "no host"),
            ("ws://localhost:port/", "no number"),
            ("ws://localhost:99999/", "no number"),
            ("ws://localhost/#x", "fragment"),
            ("wss://local host/", "TLS"),
            ("ws+unix:", "no socket"),
            ("ws+unix:/x:y", "no socket"),
        ] {
            let error = Target::read(url).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
