//! What a case asks for when permessage-deflate is negotiated (RFC 7692 §7.1).
//!
//! In, as a client: the asks. Out: the value of Sec-WebSocket-Extensions. In, as a server: the
//! asks and the client's offers, parsed. Out: the answer. Knows neither headers nor compressors.

/// What the engine asks of its peer's compressor.
///
/// As a client it makes an offer of each, in this order. As a server it tries each in turn against
/// all offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// `*_no_context_takeover`. Any offer allows it.
    pub no_context_takeover: bool,
    /// `*_max_window_bits`. Only an offer with `client_max_window_bits` allows it.
    pub max_window_bits: Option<u8>,
}

/// One offer of permessage-deflate by a client, as far as an answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// `client_max_window_bits` is there, with a value or without.
    pub client_max_window_bits: bool,
    /// `server_no_context_takeover` is there.
    pub server_no_context_takeover: bool,
    /// The value of `server_max_window_bits`.
    pub server_max_window_bits: Option<u8>,
}

/// The engine's answer to an offer, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The offer that is accepted; its `server_*` parameters are the engine's to keep.
    pub offer: Offer,
    /// What is asked of the client in return.
    pub ask: Ask,
}

const EXTENSION: &str = "permessage-deflate";

impl Ask {
    /// The engine's offer, as the suite writes it.
    #[must_use]
    pub fn offer(self) -> String {
        let client = format!("{EXTENSION}; client_no_context_takeover; client_max_window_bits");
        client + &parameters("server", self.no_context_takeover, self.max_window_bits)
    }

    fn is_allowed_by(self, offer: &Offer) -> bool {
        self.max_window_bits.is_none() || offer.client_max_window_bits
    }
}

/// The engine's offers, as the value of one header field.
#[must_use]
pub fn offers(asks: &[Ask]) -> String {
    asks.iter().map(|ask| ask.offer()).collect::<Vec<_>>().join(", ")
}

/// The first ask that an offer allows, and that offer; without one the extension is not agreed.
#[must_use]
pub fn answer(asks: &[Ask], offers: &[Offer]) -> Option<Answer> {
    asks.iter().find_map(|ask| {
        let offer = offers.iter().find(|offer| ask.is_allowed_by(offer))?;
        Some(Answer { offer: *offer, ask: *ask })
    })
}

impl std::fmt::Display for Answer {
    /// The value of the header field, as the suite writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { offer, ask } = self;
        let kept = (offer.server_no_context_takeover, offer.server_max_window_bits);
        f.write_str(EXTENSION)?;
        f.write_str(&parameters("server", kept.0, kept.1))?;
        f.write_str(&parameters("client", ask.no_context_takeover, ask.max_window_bits))
    }
}

fn parameters(whose: &str, no_context_takeover: bool, max_window_bits: Option<u8>) -> String {
    let mut text = String::new();
    if no_context_takeover {
        text.push_str(&format!("; {whose}_no_context_takeover"));
    }
    if let Some(bits) = max_window_bits {
        text.push_str(&format!("; {whose}_max_window_bits={bits}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Ask = Ask { no_context_takeover: false, max_window_bits: None };
    const BOTH: Ask = Ask { no_context_takeover: true, max_window_bits: Some(9) };
    const BARE: Offer = Offer {
        client_max_window_bits: false,
        server_no_context_takeover: false,
        server_max_window_bits: None,
    };
    const WINDOW: Offer = Offer { client_max_window_bits: true, ..BARE };

    #[test]
    fn an_ask_is_tried_against_all_offers_before_the_next() {
        for (asks, offers, expected) in [
            (&[PLAIN][..], &[][..], None),
            (&[], &[BARE], None),
            (&[BOTH], &[BARE], None),
            (&[PLAIN], &[BARE, WINDOW], Some((BARE, PLAIN))),
            (&[BOTH, PLAIN], &[BARE, WINDOW], Some((WINDOW, BOTH))),
            (&[BOTH, PLAIN], &[BARE], Some((BARE, PLAIN))),
        ] {
            let expected = expected.map(|(offer, ask)| Answer { offer, ask });
            assert_eq!(answer(asks, offers), expected, "{asks:?} to {offers:?}");
        }
    }

    #[test]
    fn the_answer_keeps_what_the_offer_asks_and_adds_what_we_ask() {
        let offer = Offer {
            server_no_context_takeover: true,
            server_max_window_bits: Some(10),
            client_max_window_bits: true,
        };
        assert_eq!(
            answer(&[BOTH], &[offer]).unwrap().to_string(),
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; \
             client_no_context_takeover; client_max_window_bits=9"
        );
    }
}
