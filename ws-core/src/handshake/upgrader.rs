//! The server's half of the opening handshake with an application that decides and negotiates,
//! sans-IO (RFC 6455 §4.2).
//!
//! In: the octets of a request as they arrive, an [`Upgrade`]. Out: its callbacks, the octets of the
//! answer, and what was agreed. Nothing is collected: memory is the caller's two buffers.
//!
//! ```text
//! Reading ──the 101 is written──▶ Answered
//!     └─── a refusal is written, or a callback panicked ──▶ Failed
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::answer::Draft;
use super::error::{HandshakeError, Rejection};
use super::extensions::{Extensions, MAX_EXTENSIONS};
use super::refusal::Refusal;
use super::request::Request;
use super::server::{RequestReader, Step};
use super::upgrade::{RequestLine, Upgrade};
use crate::error::Misuse;
use crate::limits::Limits;

/// Answers one client's opening handshake.
///
/// ```
/// use ws_core::Limits;
/// use ws_core::handshake::{Upgrader, policy::ChooseSubprotocol};
///
/// let input = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
///     Sec-WebSocket-Protocol: v1.chat, v2.chat\r\n\r\n";
/// let mut policy = ChooseSubprotocol::server_prefers(&["v2.chat", "v1.chat"]);
/// let mut upgrader = Upgrader::new(&Limits::default());
/// let mut out = Vec::new();
/// assert!(upgrader.handle_input(&input[..100], &mut policy, &mut out)?.is_none());
/// let accepted = upgrader.handle_input(input, &mut policy, &mut out)?.expect("it is whole");
/// assert_eq!(accepted.request.path, "/chat");
/// assert_eq!(accepted.subprotocol, Some("v2.chat"));
/// assert!(out.ends_with(b"\r\nSec-WebSocket-Protocol: v2.chat\r\n\r\n"));
/// # Ok::<(), ws_core::handshake::HandshakeError>(())
/// ```
#[derive(Debug)]
pub struct Upgrader {
    state: State,
}

#[derive(Debug)]
enum State {
    Reading(RequestReader),
    Answered,
    Failed(HandshakeError),
}

/// A request that was accepted: borrowed from the caller's two buffers.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted<'b> {
    /// The request.
    pub request: Request<'b>,
    /// The agreed subprotocol.
    pub subprotocol: Option<&'b str>,
    /// The octets of `input` behind the head: frames. Empty, but with
    /// [`EarlyFrames`](super::policy::EarlyFrames).
    pub behind: &'b [u8],
    /// What `out` holds: the 101, behind what was there before.
    pub response: &'b [u8],
    extensions: &'b [u8],
}

impl<'b> Accepted<'b> {
    /// The agreed extensions, each with its agreed parameters.
    pub fn extensions(&self) -> impl Iterator<Item = super::Extension<'b>> + use<'b> {
        // Written by `Answer`, so there is no error; nothing agreed would be one.
        Extensions::of_value(self.extensions).filter_map(Result::ok)
    }

    /// What was agreed, to keep; allocates only for what there is.
    #[must_use]
    pub fn agreed(&self) -> Agreed {
        let extensions = self.extensions_value().to_owned();
        Agreed { subprotocol: self.subprotocol.map(str::to_owned), extensions }
    }

    /// The value of `Sec-WebSocket-Extensions` in the 101; empty if nothing is agreed.
    #[must_use]
    pub fn extensions_value(&self) -> &'b str {
        core::str::from_utf8(self.extensions).unwrap_or_default()
    }
}

/// What was agreed in an opening handshake, to keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Agreed {
    /// The agreed subprotocol.
    pub subprotocol: Option<String>,
    /// The agreed extensions with their parameters, as they stand in the 101; empty if there are
    /// none. [`Extensions::of_value`] takes it apart.
    pub extensions: String,
}

impl Upgrader {
    /// Waits for the first octet.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self { state: State::Reading(RequestReader::new(limits)) }
    }

    /// Takes all octets that the client has sent so far, asks `policy` about what is new in them,
    /// and tells what was agreed once the request is whole and accepted; `None` if `input` ends
    /// inside it: call again with more behind. No callback is called twice for the same octets.
    ///
    /// The answer, a 101 or a refusal, is appended to `out`: write it. After a refusal end the
    /// stream, as [`Rejection::write`] says. Either is told once: asked again, this machine gives
    /// `None` or the same error, and writes nothing. Nothing is allocated on the way to the 101 if
    /// `out` has room for it.
    ///
    /// If a callback panics, `out` is as it was before and the machine has failed with 500.
    ///
    /// # Errors
    ///
    /// - [`HandshakeError::Rejected`]: the rules of [`ServerHandshake::handle_input`].
    /// - [`HandshakeError::Refused`]: `policy` refused.
    ///
    /// [`ServerHandshake::handle_input`]: super::ServerHandshake::handle_input
    pub fn handle_input<'b, P: Upgrade + ?Sized>(
        &mut self,
        input: &'b [u8],
        policy: &mut P,
        out: &'b mut Vec<u8>,
    ) -> Result<Option<Accepted<'b>>, HandshakeError> {
        let failed = State::Failed(HandshakeError::Refused(500));
        let mut reader = match mem::replace(&mut self.state, failed) {
            State::Reading(reader) => reader,
            State::Answered => {
                self.state = State::Answered;
                return Ok(None);
            }
            State::Failed(error) => return Err(self.fail(error)),
        };
        let start = out.len();
        let agreed = match advance(&mut reader, input, policy, out) {
            Ok(None) => {
                self.state = State::Reading(reader);
                return Ok(None);
            }
            Ok(Some(agreed)) => agreed,
            Err(refusal) => return Err(self.refuse(&refusal, input, policy, out)),
        };
        self.state = State::Answered;
        let out: &'b [u8] = out;
        policy.on_answered(input, out.get(start..).unwrap_or_default(), None);
        Ok(Some(Accepted {
            behind: input.get(agreed.request.head_len()..).unwrap_or_default(),
            request: agreed.request,
            subprotocol: agreed.subprotocol,
            response: out,
            extensions: out.get(agreed.extensions).unwrap_or_default(),
        }))
    }

    /// [`Limits::handshake_timeout`] has passed since the connection was accepted: appends the
    /// refusal to `out`, unless there is an answer already.
    pub fn handle_timeout<P: Upgrade + ?Sized>(
        &mut self,
        input: &[u8],
        policy: &mut P,
        out: &mut Vec<u8>,
    ) -> HandshakeError {
        match self.state {
            State::Reading(_) => self.refuse(&Rejection::Timeout.into(), input, policy, out),
            State::Answered => HandshakeError::Timeout,
            State::Failed(error) => error,
        }
    }

    /// The client's stream has ended: tells why there is no connection. There is nobody to answer.
    #[must_use]
    pub const fn handle_end_of_stream(&self) -> HandshakeError {
        match self.state {
            State::Failed(error) => error,
            State::Reading(_) | State::Answered => HandshakeError::Incomplete,
        }
    }

    fn refuse<P: Upgrade + ?Sized>(
        &mut self,
        refusal: &Refusal,
        input: &[u8],
        policy: &mut P,
        out: &mut Vec<u8>,
    ) -> HandshakeError {
        let start = out.len();
        refusal.write(out);
        let error = self.fail(refusal.error());
        policy.on_answered(input, out.get(start..).unwrap_or_default(), Some(error));
        error
    }

    fn fail(&mut self, error: HandshakeError) -> HandshakeError {
        self.state = State::Failed(error);
        error
    }
}

struct Negotiated<'b> {
    request: Request<'b>,
    subprotocol: Option<&'b str>,
    /// Their place in `out`.
    extensions: Range<usize>,
}

fn advance<'b, P: Upgrade + ?Sized>(
    reader: &mut RequestReader,
    input: &'b [u8],
    policy: &mut P,
    out: &mut Vec<u8>,
) -> Result<Option<Negotiated<'b>>, Refusal> {
    let octets = reader.octets(input);
    while let Some(step) = reader.next(&octets)? {
        match step {
            Step::RequestLine(target) => policy.on_request_line(&RequestLine {
                method: "GET",
                target: target.whole,
                path: target.path,
                query: target.query,
            })?,
            Step::Field(field) => {
                policy.on_field(&field)?;
                if field.is("Host") {
                    policy.on_host(reader.host(&octets).unwrap_or_default())?;
                }
            }
            Step::Complete(request) => {
                if !policy.takes_early_frames() {
                    RequestReader::check_end(&request, input)?;
                }
                return negotiate(request, policy, out).map(Some);
            }
        }
    }
    Ok(None)
}

/// Asks about the whole request, and writes the 101.
fn negotiate<'b, P: Upgrade + ?Sized>(
    request: Request<'b>,
    policy: &mut P,
    out: &mut Vec<u8>,
) -> Result<Negotiated<'b>, Refusal> {
    policy.on_request(&request)?;
    let mut draft = Draft::begin(&request.key, out);
    let subprotocol = choose_subprotocol(&request, policy)?;
    if let Some(name) = subprotocol {
        draft.subprotocol(name);
    }
    let extensions = agree_extensions(&request, policy, &mut draft)?;
    policy.on_before_upgrade(&request, &mut draft.fields())?;
    draft.finish();
    Ok(Negotiated { request, subprotocol, extensions })
}

fn choose_subprotocol<'b, P: Upgrade + ?Sized>(
    request: &Request<'b>,
    policy: &mut P,
) -> Result<Option<&'b str>, Refusal> {
    if !request.offers_subprotocols() {
        return Ok(None);
    }
    let offered = request.subprotocols();
    let chosen = policy.on_subprotocols(&offered)?;
    // From the offer, so that it is a token the client knows.
    let chosen = chosen.map(|name| offered.find(name).ok_or(Misuse::FieldReserved));
    Ok(chosen.transpose()?)
}

fn agree_extensions<P: Upgrade + ?Sized>(
    request: &Request<'_>,
    policy: &mut P,
    draft: &mut Draft<'_>,
) -> Result<Range<usize>, Refusal> {
    let start = draft.len();
    let mut agreed = [""; MAX_EXTENSIONS];
    let mut places = agreed.len();
    for offer in request.extensions() {
        if offer.has_more_params() || agreed.contains(&offer.name) {
            continue;
        }
        let mut answer = draft.answer(offer.name, places == agreed.len());
        policy.on_extension(&offer, &mut answer)?;
        if answer.is_accepted() {
            places = places.saturating_sub(1);
            if let Some(place) = agreed.get_mut(places) {
                *place = offer.name;
            }
        }
    }
    Ok(draft.end_answers(start))
}
