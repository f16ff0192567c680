//! What a server lives within, and whom it asks. Checked once, when it is built.

use alloc::boxed::Box;
use core::any::Any;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use super::connection::Admit;
use crate::connection::{Budget, Config, Deadlines};
use crate::error::Misuse;
use crate::handshake::Upgrade;
use crate::handshake::policy::OriginPolicy;

/// The default of [`Builder::policy`].
pub(super) type SameOrigin<A> = fn(&A) -> OriginPolicy<'static>;

const MAX_IN_FLIGHT: usize = 256 * 1024 * 1024;

/// What every connection of a server begins with, unless [`Builder::config`] says otherwise. A
/// server's defaults that differ from those of a bare connection belong here.
fn default_config() -> Config {
    Config { deadlines: Deadlines::SERVER, ..Config::default() }
}

/// A server, ready to [`serve`](Self::serve). `A` is what its listener calls an address, `M` makes
/// the policy of each connection.
pub struct Server<A = SocketAddr, M = SameOrigin<A>> {
    pub(super) config: Config,
    pub(super) budget: Budget,
    pub(super) max_connections: usize,
    pub(super) retry_after: Duration,
    pub(super) shutdown_timeout: Duration,
    pub(super) admit: Option<Box<Admit<A>>>,
    pub(super) policy: M,
}

/// Sets up a [`Server`]; [`build`](Self::build) checks that it makes sense.
#[must_use]
pub struct Builder<A = SocketAddr, M = SameOrigin<A>> {
    server: Server<A, M>,
}

impl<A> Server<A> {
    /// The defaults, to start from.
    pub fn builder() -> Builder<A> {
        Builder {
            server: Self {
                config: default_config(),
                budget: Budget::new(MAX_IN_FLIGHT),
                max_connections: 10_000,
                retry_after: Duration::from_secs(5),
                shutdown_timeout: Duration::from_secs(10),
                admit: None,
                policy: |_| OriginPolicy::same_origin(),
            },
        }
    }
}

impl<A, M> Builder<A, M> {
    /// How each connection behaves, its limits included. It replaces the default, whose deadlines are
    /// [`Deadlines::SERVER`]: those of a [`Config::default`] are off.
    pub const fn config(mut self, config: Config) -> Self {
        self.server.config = config;
        self
    }

    /// Connections at a time, from the moment they are accepted. One more is answered with 503 and
    /// closed; whoever comes while many are being answered so is closed at once. Default 10,000.
    ///
    /// Each needs a file descriptor: `ulimit -n` has to be above it.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.server.max_connections = connections;
        self
    }

    /// What `Retry-After` tells a client that is answered with 503. Default 5 s.
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.server.retry_after = after;
        self
    }

    /// Octets that the unfinished messages of all connections may hold together, their first 64 KiB
    /// each not counted: see [`Budget`]. Default 256 MiB.
    pub fn max_in_flight(self, octets: usize) -> Self {
        self.budget(Budget::new(octets))
    }

    /// As [`max_in_flight`](Self::max_in_flight), with a budget that others share: another server,
    /// or a [`Connector`](crate::tokio::Connector). A clone of it tells how much is in use.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.server.budget = budget;
        self
    }

    /// How long after it was asked to stop the server drops what is left. Default 10 s: the closing
    /// handshake's limits, and some time for handlers.
    pub const fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.server.shutdown_timeout = timeout;
        self
    }

    /// Asked about each connection before anything is read from it. What it returns is held until
    /// the connection has ended: [`PerAddress`](super::PerAddress) counts that way. A refusal is
    /// sent as the answer to the request; a panic is one with status 500.
    pub fn admit<G: Send + 'static>(
        mut self,
        admit: impl Fn(&A) -> Result<G, crate::handshake::Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.server.admit = Some(Box::new(move |addr| {
            admit(addr).map(|held| Box::new(held) as Box<dyn Any + Send>)
        }));
        self
    }

    /// Makes the policy for each request: who may connect, and what is agreed. What it has learnt is
    /// in [`Peer::policy`](super::Peer::policy). A panic in it is answered with 500.
    ///
    /// Default: [`OriginPolicy::same_origin`], so that pages of other sites cannot connect with
    /// their visitors' cookies. `|_| ()` accepts every good request.
    pub fn policy<P, N>(self, policy: N) -> Builder<A, N>
    where
        P: Upgrade,
        N: Fn(&A) -> P + Send + Sync + 'static,
    {
        let Server {
            config, budget, max_connections, retry_after, shutdown_timeout, admit, ..
        } = self.server;
        let server = Server {
            config,
            budget,
            max_connections,
            retry_after,
            shutdown_timeout,
            admit,
            policy,
        };
        Builder { server }
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// [`Misuse::LimitsContradict`]: no connections at all, no time to end, or an in-flight budget
    /// that not even one message of the greatest length fits into.
    pub fn build(self) -> Result<Server<A, M>, Misuse> {
        let Self { server } = self;
        let longest = server.config.limits.max_message_len();
        if server.max_connections == 0
            || server.shutdown_timeout.is_zero()
            || u64::try_from(server.budget.total()).is_ok_and(|octets| octets < longest)
        {
            return Err(Misuse::LimitsContradict);
        }
        Ok(server)
    }
}

impl<A, M> fmt::Debug for Server<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .field("budget", &self.budget)
            .field("max_connections", &self.max_connections)
            .field("shutdown_timeout", &self.shutdown_timeout)
            .finish_non_exhaustive()
    }
}

impl<A, M> fmt::Debug for Builder<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("server", &self.server).finish_non_exhaustive()
    }
}
