//! A listening socket that tells of a connection when its client has spoken.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::SetSockOpt as _;
use nix::{setsockopt_impl, sockopt_impl};

/// Seconds for a client that says nothing; then its connection is told of as any other is.
const SECONDS: usize = 1;

sockopt_impl!(DeferAccept, SetOnly, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, usize);

pub(crate) fn set(listener: &impl AsFd) -> io::Result<()> {
    Ok(DeferAccept.set(listener, &SECONDS)?)
}
