//! What an application has to say about a request, callback by callback, in the order of the wire.
//!
//! Everything a callback is lent lives in the caller's buffer and until the callback returns: copy
//! what is kept. [`Upgrader`](super::Upgrader) calls; [`super::policy`] has ready-made answers.

use super::answer::{Answer, ResponseFields};
use super::error::HandshakeError;
use super::extensions::Extension;
use super::fields::HeaderField;
use super::refusal::Refusal;
use super::request::Request;
use super::subprotocols::Subprotocols;

/// The first line of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLine<'a> {
    /// `GET`: whatever else is refused before it gets here (RFC 6455 §4.1, item 2).
    pub method: &'a str,
    /// The request target as sent: visible ASCII.
    pub target: &'a str,
    /// The path of the target, escapes as sent; begins with `/`.
    pub path: &'a str,
    /// The query of the target, without its `?`.
    pub query: Option<&'a str>,
}

/// Decides about an opening handshake while it arrives. Implement what is wanted; every callback
/// left alone goes on, declines, or adds nothing. Each may end the handshake with a [`Refusal`].
///
/// Tuples put several together, each callback asked from left to right, without a box: the first
/// refusal ends it, the first choice is taken. `()` accepts every good request, `&mut P` lends a
/// policy.
///
/// ```
/// use ws_core::handshake::{Refusal, RequestLine, Upgrade};
///
/// /// One path, nothing else.
/// struct Only(&'static str);
///
/// impl Upgrade for Only {
///     fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
///         if line.path == self.0 { Ok(()) } else { Err(Refusal::not_found()) }
///     }
/// }
/// ```
///
/// The order of the calls:
///
/// ```text
/// on_request_line ─▶ on_field, on_host … ─▶ on_request ─▶ on_subprotocols ─▶ on_extension …
///   as soon as each line is whole            the head is whole and good            │
///                               on_answered ◀── the answer is written ◀── on_before_upgrade
/// ```
pub trait Upgrade {
    /// The request line is whole and good.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        let _ = line;
        Ok(())
    }

    /// Host is whole and good: `host` or `host:port`, from the target if that is a whole URI, else
    /// as in `Host`. [`on_field`](Self::on_field) is called for `Host` as well, before.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_host(&mut self, host: &str) -> Result<(), Refusal> {
        let _ = host;
        Ok(())
    }

    /// A header field is whole and good; every one, those of the handshake included, in order.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_field(&mut self, field: &HeaderField<'_>) -> Result<(), Refusal> {
        let _ = field;
        Ok(())
    }

    /// The head is whole, and a request that may be accepted; all of it can be looked at together.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let _ = request;
        Ok(())
    }

    /// Chooses one of the subprotocols that the client offers, or none. Not called if none is
    /// offered. What is chosen must be in the offer: anything else is answered with 500.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_subprotocols<'a>(
        &mut self,
        offered: &Subprotocols<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        let _ = offered;
        Ok(None)
    }

    /// Accepts one extension that the client offers by writing its `answer`; left alone, the offer
    /// is declined. Called for each offer in order, but not for another one of an extension that is
    /// accepted already, nor for one with more than [`MAX_EXTENSIONS`](super::MAX_EXTENSIONS)
    /// parameters.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let _ = (offer, answer);
        Ok(())
    }

    /// Everything is agreed: the last word, and header fields for the 101.
    ///
    /// # Errors
    ///
    /// The refusal, if it ends here.
    fn on_before_upgrade(
        &mut self,
        request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        let _ = (request, response);
        Ok(())
    }

    /// The answer is written: `input` is what the client sent so far, `answer` a 101 or a refusal,
    /// and `refused` tells which.
    fn on_answered(&mut self, input: &[u8], answer: &[u8], refused: Option<HandshakeError>) {
        let _ = (input, answer, refused);
    }

    /// Whether octets that come in one read with the end of the head are taken for frames, instead
    /// of refused with 400: see [`EarlyFrames`](super::policy::EarlyFrames). No, if left alone.
    fn takes_early_frames(&self) -> bool {
        false
    }
}

impl<P: Upgrade + ?Sized> Upgrade for &mut P {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        (**self).on_request_line(line)
    }

    fn on_host(&mut self, host: &str) -> Result<(), Refusal> {
        (**self).on_host(host)
    }

    fn on_field(&mut self, field: &HeaderField<'_>) -> Result<(), Refusal> {
        (**self).on_field(field)
    }

    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        (**self).on_request(request)
    }

    fn on_subprotocols<'a>(
        &mut self,
        offered: &Subprotocols<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        (**self).on_subprotocols(offered)
    }

    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        (**self).on_extension(offer, answer)
    }

    fn on_before_upgrade(
        &mut self,
        request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        (**self).on_before_upgrade(request, response)
    }

    fn on_answered(&mut self, input: &[u8], answer: &[u8], refused: Option<HandshakeError>) {
        (**self).on_answered(input, answer, refused);
    }

    fn takes_early_frames(&self) -> bool {
        (**self).takes_early_frames()
    }
}

/// `()`, then one more policy at a time.
macro_rules! tuples {
    ($(($($policy:ident $at:tt),*))*) => {$(
        impl<$($policy: Upgrade),*> Upgrade for ($($policy,)*) {
            fn on_request_line(&mut self, _line: &RequestLine<'_>) -> Result<(), Refusal> {
                $(self.$at.on_request_line(_line)?;)*
                Ok(())
            }

            fn on_host(&mut self, _host: &str) -> Result<(), Refusal> {
                $(self.$at.on_host(_host)?;)*
                Ok(())
            }

            fn on_field(&mut self, _field: &HeaderField<'_>) -> Result<(), Refusal> {
                $(self.$at.on_field(_field)?;)*
                Ok(())
            }

            fn on_request(&mut self, _request: &Request<'_>) -> Result<(), Refusal> {
                $(self.$at.on_request(_request)?;)*
                Ok(())
            }

            fn on_subprotocols<'a>(
                &mut self,
                _offered: &Subprotocols<'a>,
            ) -> Result<Option<&'a str>, Refusal> {
                $(if let Some(chosen) = self.$at.on_subprotocols(_offered)? {
                    return Ok(Some(chosen));
                })*
                Ok(None)
            }

            fn on_extension(
                &mut self,
                _offer: &Extension<'_>,
                _answer: &mut Answer<'_>,
            ) -> Result<(), Refusal> {
                $(if !_answer.is_accepted() {
                    self.$at.on_extension(_offer, _answer)?;
                })*
                Ok(())
            }

            fn on_before_upgrade(
                &mut self,
                _request: &Request<'_>,
                _response: &mut ResponseFields<'_>,
            ) -> Result<(), Refusal> {
                $(self.$at.on_before_upgrade(_request, _response)?;)*
                Ok(())
            }

            fn on_answered(
                &mut self,
                _input: &[u8],
                _answer: &[u8],
                _refused: Option<HandshakeError>,
            ) {
                $(self.$at.on_answered(_input, _answer, _refused);)*
            }

            fn takes_early_frames(&self) -> bool {
                false $(|| self.$at.takes_early_frames())*
            }
        }
    )*};
}

tuples! {
    ()
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
