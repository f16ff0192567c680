//! The way to a server: name, TCP, TLS; then the opening handshake, all within one deadline.
//!
//! ```text
//! URL ─resolve─▶ addresses ─race─▶ TCP ─(proxy) CONNECT, (wss) TLS─▶ ClientStream
//!  ▲                                                                     │ opening handshake
//!  └──────────── (redirects) ───────────────────────────────────────── answer ─▶ WebSocket
//!
//! all of it within Limits::handshake_timeout, absolutely
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use std::io;
use std::net::SocketAddr;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::{TcpSocket, TcpStream, lookup_host};
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::connect::open;
use super::eyeballs::{interleave, race};
use super::stream::ClientStream;
use super::turns::{RemoteHost, Turn, Turns};
use super::websocket::WebSocket;
use crate::connection::{Budget, Config};
use crate::handshake::{Dialer, HandshakeError, Proxies, ProxyHandshake, Redirect, Url};
use crate::io::{Error, Record};
use crate::limits::Limits;
use crate::memory::reserve;

/// A read of a proxy's answer is offered at least this much room.
const ROOM: usize = 1024;

/// How to get to a server. What to ask for there is the [`Dialer`]'s.
///
/// ```no_run
/// use ws_core::handshake::Dialer;
/// use ws_core::tokio::{Connector, Error};
///
/// # async fn example() -> Result<(), Error> {
/// let dialer = Dialer::new("ws://server.example.com/chat")?.subprotocols(&["chat.v2"])?;
/// let connector = Connector::new().local_address([192, 0, 2, 7].into());
/// let socket = connector.connect(&dialer, ws_core::Config::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Connector {
    local_address: Option<IpAddr>,
    proxies: Proxies,
    redirects: u8,
    turns: Option<Turns>,
    budget: Option<Budget>,
    #[cfg(feature = "rustls")]
    tls: Option<alloc::sync::Arc<super::rustls::ClientConfig>>,
}

impl Connector {
    /// TCP with `TCP_NODELAY`, from whatever local address the system picks; addresses of a name
    /// are raced (RFC 8305). No proxy is used, no redirect followed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects from this address of ours; only addresses of its family are tried.
    pub const fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// Goes through these proxies. The environment's are used only if asked for:
    /// `Proxies::from_variables(|name| std::env::var(name).ok())`.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Follows up to `max` redirects, one after the other, within the same deadline. Those that
    /// cannot be followed ([`Redirect::of`]), and one more than `max`, are told as the refusals that
    /// they are.
    ///
    /// From the first redirect to another scheme, host or port on, `Authorization`, `Cookie`,
    /// `Proxy-Authorization` and another Host than the URL's are not sent.
    pub const fn redirects(mut self, max: u8) -> Self {
        self.redirects = max;
        self
    }

    /// Makes connections to one remote host one after the other: each waits, within its deadline,
    /// until the one before it is open or has failed. What counts is the host's address, under
    /// whatever name and port; behind a proxy, its name. Clones of this connector wait for each
    /// other.
    ///
    /// RFC 6455 §4.1 asks this of every client, for the sake of servers that pages in a browser could
    /// flood. A client that connects on its own behalf may have reason not to wait, so it is off
    /// unless asked for.
    pub fn one_connecting_per_host(mut self) -> Self {
        self.turns = Some(Turns::default());
        self
    }

    /// Has the unfinished messages of all connections that it makes, and of whoever else has a clone
    /// of `budget`, share that: see [`Budget`]. Without one each has its own limits only.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Speaks TLS by this configuration, with `wss`. Without it the roots are the platform's (feature
    /// `rustls-platform-verifier`), or Mozilla's (feature `rustls-webpki-roots`), or there is no TLS.
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, config: alloc::sync::Arc<super::rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Connects to the URL of `dialer`, and asks for what it says.
    ///
    /// # Errors
    ///
    /// As [`connect`](super::connect).
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: a dropped future drops the transport.
    pub async fn connect(
        &self,
        dialer: &Dialer<'_>,
        config: Config,
    ) -> Result<WebSocket<ClientStream>, Error> {
        self.dial(dialer, config, None).await
    }

    /// As [`connect`](Self::connect), and leaves the octets of the handshake in `record`: for
    /// debugging.
    ///
    /// # Errors
    ///
    /// As [`connect`](super::connect).
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: a dropped future drops the transport.
    pub async fn connect_recorded(
        &self,
        dialer: &Dialer<'_>,
        config: Config,
        record: &mut Record,
    ) -> Result<WebSocket<ClientStream>, Error> {
        self.dial(dialer, config, Some(record)).await
    }

    async fn dial(
        &self,
        dialer: &Dialer<'_>,
        config: Config,
        mut record: Option<&mut Record>,
    ) -> Result<WebSocket<ClientStream>, Error> {
        let deadline = later(Instant::now(), config.limits.handshake_timeout());
        let mut result = self.dial_once(dialer, config, deadline, record.as_deref_mut()).await;
        let mut fields = Vec::new();
        let mut keeps_host = true;
        let mut url = String::new();
        for nth in 0..self.redirects {
            let Err(Error::Refused(refused)) = &result else { break };
            let from = if nth == 0 { *dialer.url() } else { Url::parse(&url)? };
            let Some(redirect) = Redirect::of(&from, refused.status(), refused.fields()) else {
                break;
            };
            if nth == 0 {
                fields = dialer.fields().to_vec();
            }
            if !redirect.same_origin {
                fields.retain(|(name, _)| !Redirect::is_credential(name));
                keeps_host = false;
            }
            url = redirect.url;
            let next = dialer.redirected(Url::parse(&url)?, keeps_host, &fields);
            result = self.dial_once(&next, config, deadline, record.as_deref_mut()).await;
        }
        result
    }

    async fn dial_once(
        &self,
        dialer: &Dialer<'_>,
        config: Config,
        deadline: Instant,
        record: Option<&mut Record>,
    ) -> Result<WebSocket<ClientStream>, Error> {
        let transport = timeout_at(deadline, self.transport(dialer.url(), &config.limits)).await;
        let (io, turn) = transport.map_err(|_| HandshakeError::Timeout)??;
        let opened = open(io, dialer, config, deadline, record).await;
        drop(turn); // Open or failed: no longer CONNECTING.
        let mut socket = opened?;
        if let Some(budget) = &self.budget {
            socket.connection_mut().set_budget(budget.clone());
        }
        Ok(socket)
    }

    #[cfg(feature = "rustls")]
    async fn transport(
        &self,
        url: &Url<'_>,
        limits: &Limits,
    ) -> Result<(ClientStream, Option<Turn>), Error> {
        if !url.is_secure() {
            let (io, turn) = self.tunnel(url, limits).await?;
            return Ok((ClientStream::plain(io), turn));
        }
        let tls = super::tls::Tls::new(self.tls.as_ref(), url)?;
        let (io, turn) = self.tunnel(url, limits).await?;
        Ok((ClientStream::tls(tls.connect(io).await?), turn))
    }

    #[cfg(not(feature = "rustls"))]
    async fn transport(
        &self,
        url: &Url<'_>,
        limits: &Limits,
    ) -> Result<(ClientStream, Option<Turn>), Error> {
        if url.is_secure() {
            return Err(crate::handshake::UrlError::Tls.into());
        }
        let (io, turn) = self.tunnel(url, limits).await?;
        Ok((ClientStream::plain(io), turn))
    }

    /// TCP to the server, or a proxy's tunnel.
    async fn tunnel(
        &self,
        url: &Url<'_>,
        limits: &Limits,
    ) -> Result<(TcpStream, Option<Turn>), Error> {
        let Some(proxy) = self.proxies.choose(url) else {
            return self.tcp(url.host(), url.port(), self.turns.as_ref()).await;
        };
        let turn = match &self.turns {
            Some(turns) => {
                Some(turns.wait(RemoteHost::Name(url.host().to_ascii_lowercase())).await)
            }
            None => None,
        };
        let (mut io, _) = self.tcp(proxy.host(), proxy.port(), None).await?;
        let mut request = Vec::new();
        let mut handshake = ProxyHandshake::new(proxy, url, limits, &mut request);
        io.write_all(&request).await?;
        let mut input = Vec::new();
        loop {
            reserve(&mut input, ROOM).map_err(io::Error::from)?;
            if io.read_buf(&mut input).await? == 0 {
                return Err(HandshakeError::Incomplete.into());
            }
            if handshake.handle_input(&input)? {
                return Ok((io, turn));
            }
        }
    }

    async fn tcp(
        &self,
        host: &str,
        port: u16,
        turns: Option<&Turns>,
    ) -> Result<(TcpStream, Option<Turn>), Error> {
        let addresses = lookup_host((host, port)).await?;
        let local = self.local_address;
        let usable =
            |address: &SocketAddr| local.is_none_or(|local| local.is_ipv6() == address.is_ipv6());
        let io = race(interleave(addresses.filter(usable)), |address| async move {
            let turn = match turns {
                Some(turns) => Some(turns.wait(RemoteHost::Address(address.ip())).await),
                None => None,
            };
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(local) = local {
                socket.bind(SocketAddr::new(local, 0))?;
            }
            Ok((socket.connect(address).await?, turn))
        });
        let (io, turn) = io.await?;
        io.set_nodelay(true)?;
        Ok((io, turn))
    }
}
