//! A blocking stream in memory that follows a script: what each read and each write gives.
#![allow(dead_code, reason = "each test file uses its own part of the script")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;

use ws_core::io::{Plain, WebSocket};
use ws_core::{Config, Role};

use crate::oracle::{self, Frame, KEY};

pub(crate) const BOTH_ROLES: [Role; 2] = [Role::Server, Role::Client];

/// What one call gives. Behind the last step, reads meet the end and writes take everything.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A read brings these octets, as many calls as it takes.
    Octets(Vec<u8>),
    /// A write takes at most this many octets.
    Take(usize),
    Fail(ErrorKind),
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) reads: VecDeque<Step>,
    pub(crate) writes: VecDeque<Step>,
    pub(crate) flushes: VecDeque<ErrorKind>,
    /// Octets per read and per write at most; 0: no limit.
    pub(crate) limit: usize,
    /// What reads give once the script is through; `None`: the end of the stream.
    pub(crate) idle: Option<ErrorKind>,
    pub(crate) output: Vec<u8>,
    pub(crate) read_calls: usize,
    pub(crate) write_calls: usize,
    /// Every call from this one on fails.
    pub(crate) fail_from: Option<usize>,
}

/// One handle goes into the connection, another stays with the test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Rc<RefCell<State>>);

impl Script {
    /// A stream on which these octets arrive, then the end.
    pub(crate) fn of(octets: &[u8]) -> Self {
        let script = Self::default();
        if octets.is_empty() { script } else { script.then(Step::Octets(octets.to_vec())) }
    }

    pub(crate) fn then(self, step: Step) -> Self {
        self.0.borrow_mut().reads.push_back(step);
        self
    }

    /// Each octet alone, with `kind` before it.
    pub(crate) fn failing_before_each(octets: &[u8], kind: ErrorKind) -> Self {
        octets.iter().fold(Self::default(), |script, octet| {
            script.then(Step::Fail(kind)).then(Step::Octets(vec![*octet]))
        })
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.borrow_mut())
    }

    /// The frames that an endpoint in this role has written, parsed strictly.
    pub(crate) fn frames(&self, sender: Role) -> Vec<Frame> {
        oracle::parse(sender, &self.0.borrow().output)
    }

    pub(crate) fn socket(&self, role: Role, config: Config) -> WebSocket<Plain<Self>> {
        let io = Plain(self.clone());
        match role {
            Role::Server => WebSocket::server(io, config),
            Role::Client => WebSocket::client_with_keys(io, config, &[], || KEY),
        }
    }
}

impl State {
    fn limit(&self, len: usize) -> usize {
        if self.limit == 0 { len } else { len.min(self.limit) }
    }

    fn check(&self) -> io::Result<()> {
        let calls = self.read_calls + self.write_calls;
        match self.fail_from {
            Some(from) if calls > from => Err(ErrorKind::ConnectionReset.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        state.read_calls += 1;
        state.check()?;
        let limit = state.limit(buf.len());
        match state.reads.pop_front() {
            Some(Step::Octets(mut octets)) => {
                let rest = octets.split_off(limit.min(octets.len()));
                if !rest.is_empty() {
                    state.reads.push_front(Step::Octets(rest));
                }
                buf[..octets.len()].copy_from_slice(&octets);
                Ok(octets.len())
            }
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Take(_)) => unreachable!("a step for writes"),
            None => state.idle.map_or(Ok(0), |kind| Err(kind.into())),
        }
    }
}

impl Write for Script {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(octets)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        state.write_calls += 1;
        state.check()?;
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        assert!(offered > 0, "a write of nothing");
        let taken = match state.writes.pop_front() {
            Some(Step::Take(len)) => len.min(offered),
            Some(Step::Fail(kind)) => return Err(kind.into()),
            Some(Step::Octets(_)) => unreachable!("a step for reads"),
            None => state.limit(offered),
        };
        state.output.extend(slices.iter().flat_map(|slice| slice.iter()).take(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flushes.pop_front().map_or(Ok(()), |kind| Err(kind.into()))
    }
}
