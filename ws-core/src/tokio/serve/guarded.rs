//! A policy whose panics refuse the request: 500, and the server is none the worse (T26).

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::handshake::{
    Answer, Extension, HandshakeError, HeaderField, Refusal, Request, RequestLine, ResponseFields,
    Subprotocols, Upgrade,
};

/// Asks a policy until it panics; what state that has left it in is nobody's concern any more, for
/// the request is refused then.
pub(super) struct Guarded<P> {
    pub(super) policy: P,
    panicked: bool,
}

impl<P> Guarded<P> {
    pub(super) const fn new(policy: P) -> Self {
        Self { policy, panicked: false }
    }

    fn ask<T>(&mut self, ask: impl FnOnce(&mut P) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let Self { policy, panicked } = self;
        catch_unwind(AssertUnwindSafe(|| ask(policy))).unwrap_or_else(|_| {
            *panicked = true;
            Err(Refusal::new(500)?)
        })
    }
}

impl<P: Upgrade> Upgrade for Guarded<P> {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_request_line(line))
    }

    fn on_host(&mut self, host: &str) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_host(host))
    }

    fn on_field(&mut self, field: &HeaderField<'_>) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_field(field))
    }

    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_request(request))
    }

    fn on_subprotocols<'a>(
        &mut self,
        offered: &Subprotocols<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        self.ask(|policy| policy.on_subprotocols(offered))
    }

    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_extension(offer, answer))
    }

    fn on_before_upgrade(
        &mut self,
        request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        self.ask(|policy| policy.on_before_upgrade(request, response))
    }

    /// The answer is written already: a panic here has nothing left to change.
    fn on_answered(&mut self, input: &[u8], answer: &[u8], refused: Option<HandshakeError>) {
        if !self.panicked {
            let _ = self.ask(|policy| {
                policy.on_answered(input, answer, refused);
                Ok(())
            });
        }
    }

    fn takes_early_frames(&self) -> bool {
        let ask = AssertUnwindSafe(|| self.policy.takes_early_frames());
        catch_unwind(ask).unwrap_or_default()
    }
}
