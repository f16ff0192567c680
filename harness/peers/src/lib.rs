//! What the programs of this package share: what `wsconf parity` tells a testee, by environment.

use std::env;

/// The port at which a server is to listen, `WS_PORT`.
///
/// # Panics
///
/// It is not set, or no port: the program is of use to `wsconf parity` alone.
#[must_use]
pub fn port() -> u16 {
    env::var("WS_PORT").ok().and_then(|port| port.parse().ok()).expect("WS_PORT is a port")
}

/// `host:port` of the fuzzing server, of `WS_URL`.
///
/// # Panics
///
/// It is not set, or does not begin with `ws://`.
#[must_use]
pub fn fuzzing_server() -> String {
    let url = env::var("WS_URL").expect("WS_URL is set");
    url.strip_prefix("ws://").expect("WS_URL is a ws:// URL").trim_end_matches('/').to_owned()
}

/// The name under which a client asks for its cases, `WS_AGENT`.
///
/// # Panics
///
/// It is not set.
#[must_use]
pub fn agent() -> String {
    env::var("WS_AGENT").expect("WS_AGENT is set")
}
