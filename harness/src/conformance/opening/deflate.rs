//! What the two ends say of permessage-deflate (RFC 7692 §7.1), by the suite's rules.
//!
//! In: the value of a `Sec-WebSocket-Extensions` field, and what a case asks for. Out: an answer to
//! write, the agreed parameters, or why the suite refuses. Unlike the RFC, the suite
//! refuses a bad offer instead of declining it, and takes any well-formed answer, offered or not.

use crate::conformance::ask::{self, Ask, Offer};

use super::head::number;

/// The extension's name.
pub const NAME: &str = "permessage-deflate";

/// The window that stands if nothing is said.
pub const WIDEST: u8 = 15;

/// One extension with its parameters, as it stands in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its name, in lower case.
    pub name: String,
    /// Parameters, names in lower case, in the order of the field.
    pub parameters: Vec<(String, Option<String>)>,
}

/// Takes the field apart. Commas and semicolons part it wherever they stand, even in quotes.
#[must_use]
pub fn extensions(field: &str) -> Vec<Extension> {
    let items = field.split(',').map(str::trim).filter(|item| !item.is_empty());
    let parameter = |text: &str| {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(unquoted(value.trim()))),
            None => (text, None),
        };
        (name.trim().to_lowercase(), value)
    };
    let extension = |item: &str| {
        let mut pieces = item.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default().to_lowercase();
        Extension { name, parameters: pieces.map(parameter).collect() }
    };
    items.map(extension).collect()
}

fn unquoted(value: &str) -> String {
    let value = value.strip_prefix('"').unwrap_or(value);
    value.strip_suffix('"').unwrap_or(value).to_owned()
}

/// What both ends will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The server forgets its window after each message.
    pub server_no_context_takeover: bool,
    /// The client forgets its window after each message.
    pub client_no_context_takeover: bool,
    /// The server's window, as a power of two.
    pub server_max_window_bits: u8,
    /// The client's window, as a power of two.
    pub client_max_window_bits: u8,
}

/// What an offer or an answer says; what it does not say is `false` or `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Said {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<u8>,
    /// `client_max_window_bits` stands there, with or without a value.
    client_window: bool,
}

impl Said {
    /// Reads the parameters; only an offer may have `client_max_window_bits` without a value.
    fn read(extension: &Extension, is_offer: bool) -> Result<Self, String> {
        let mut said = Self::default();
        let mut seen = Vec::new();
        for (name, value) in &extension.parameters {
            if seen.contains(&name) {
                return Err(format!("{NAME}: parameter {name} stands there twice"));
            }
            seen.push(name);
            let bad = || {
                let value = value.as_deref().unwrap_or("(none)");
                Err(format!("{NAME}: parameter {name} has the value {value}"))
            };
            let bits = || match value.as_deref().and_then(number).map(u8::try_from) {
                Some(Ok(bits @ 8..=15)) => Ok(bits),
                _ => bad().map(|()| 0),
            };
            match (name.as_str(), value) {
                ("server_no_context_takeover", None) => said.server_no_context_takeover = true,
                ("client_no_context_takeover", None) => said.client_no_context_takeover = true,
                ("server_no_context_takeover" | "client_no_context_takeover", Some(_)) => bad()?,
                ("server_max_window_bits", _) => said.server_max_window_bits = Some(bits()?),
                ("client_max_window_bits", None) if is_offer => said.client_window = true,
                ("client_max_window_bits", _) => {
                    said.client_max_window_bits = Some(bits()?);
                    said.client_window = true;
                }
                _ => return Err(format!("{NAME}: there is no parameter {name}")),
            }
        }
        Ok(said)
    }
}

/// What a server's answer agrees to. `wanted`: the case is about compression; if not, the engine
/// has offered nothing and refuses any extension.
///
/// # Errors
///
/// Why the suite fails the handshake.
pub fn check_answer(field: &str, wanted: bool) -> Result<Option<Agreed>, String> {
    let mut agreed = None;
    for extension in extensions(field) {
        if extension.name != NAME {
            return Err(format!("the server takes extension {}, not offered", extension.name));
        }
        if agreed.is_some() {
            return Err(format!("the server takes {NAME} twice"));
        }
        let said = Said::read(&extension, false)?;
        if !wanted {
            return Err(format!("the server takes {NAME}, not offered"));
        }
        agreed = Some(Agreed {
            server_no_context_takeover: said.server_no_context_takeover,
            client_no_context_takeover: said.client_no_context_takeover,
            server_max_window_bits: said.server_max_window_bits.unwrap_or(WIDEST),
            client_max_window_bits: said.client_max_window_bits.unwrap_or(WIDEST),
        });
    }
    Ok(agreed)
}

/// What the engine answers to a client's offers: each of `asks` in turn is held against all of
/// them. The text is the value of `Sec-WebSocket-Extensions`.
///
/// # Errors
///
/// Why the suite fails the handshake: an offer of permessage-deflate is malformed.
pub fn answer(field: &str, asks: &[Ask]) -> Result<Option<(String, Agreed)>, String> {
    let deflate = extensions(field).into_iter().filter(|extension| extension.name == NAME);
    let offer = |extension: Extension| {
        Said::read(&extension, true).map(|said| Offer {
            client_max_window_bits: said.client_window,
            server_no_context_takeover: said.server_no_context_takeover,
            server_max_window_bits: said.server_max_window_bits,
        })
    };
    let offers = deflate.map(offer).collect::<Result<Vec<_>, _>>()?;
    Ok(ask::answer(asks, &offers).map(|answer| {
        let agreed = Agreed {
            server_no_context_takeover: answer.offer.server_no_context_takeover,
            client_no_context_takeover: answer.ask.no_context_takeover,
            server_max_window_bits: answer.offer.server_max_window_bits.unwrap_or(WIDEST),
            client_max_window_bits: answer.ask.max_window_bits.unwrap_or(WIDEST),
        };
        (answer.to_string(), agreed)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ask(no_context_takeover: bool, max_window_bits: Option<u8>) -> Ask {
        Ask { no_context_takeover, max_window_bits }
    }

    const PREFERENCE: [Ask; 3] = [ask(true, Some(9)), ask(true, None), ask(false, None)];

    #[test]
    fn answers_that_a_client_takes_and_those_that_it_does_not() {
        let plain = Agreed {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        };
        for (field, agreed) in [
            ("permessage-deflate", plain),
            (
                " PERMESSAGE-DEFLATE ;Server_Max_Window_Bits=\"9\"",
                Agreed { server_max_window_bits: 9, ..plain },
            ),
            (
                "permessage-deflate; client_max_window_bits=08",
                Agreed { client_max_window_bits: 8, ..plain },
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Agreed {
                    server_no_context_takeover: true,
                    client_no_context_takeover: true,
                    ..plain
                },
            ),
        ] {
            assert_eq!(check_answer(field, true), Ok(Some(agreed)), "{field}");
            assert!(check_answer(field, false).is_err(), "not offered: {field}");
        }
        assert_eq!(check_answer("", true), Ok(None));
        for field in [
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; foo",
            "permessage-deflate; ",
            "permessage-deflate, permessage-deflate",
            "x-webkit-deflate-frame",
        ] {
            assert!(check_answer(field, true).is_err(), "{field}");
        }
    }

    #[test]
    fn answers_of_the_engine() {
        let (plain, bits) = ("permessage-deflate", "permessage-deflate; client_max_window_bits");
        let none: Option<&str> = None;
        for (field, asks, text) in [
            (plain, &[ask(false, None)][..], Some(plain)),
            (plain, &[ask(true, None)], Some("permessage-deflate; client_no_context_takeover")),
            (plain, &[ask(false, Some(9))], none),
            (bits, &[ask(false, Some(9))], Some("permessage-deflate; client_max_window_bits=9")),
            (plain, &PREFERENCE, Some("permessage-deflate; client_no_context_takeover")),
            (
                "permessage-deflate, permessage-deflate; client_max_window_bits=10",
                &PREFERENCE,
                Some("permessage-deflate; client_no_context_takeover; client_max_window_bits=9"),
            ),
            (
                "permessage-deflate; server_max_window_bits=10; server_no_context_takeover",
                &[ask(false, None)],
                Some("permessage-deflate; server_no_context_takeover; server_max_window_bits=10"),
            ),
            ("foo; bar=1, permessage-deflate", &[ask(false, None)], Some(plain)),
            ("foo", &PREFERENCE, none),
            ("", &PREFERENCE, none),
            (plain, &[], none),
        ] {
            let answer = answer(field, asks).unwrap().map(|(text, _)| text);
            assert_eq!(answer.as_deref(), text, "{field}");
        }
        for field in ["permessage-deflate; server_max_window_bits", "permessage-deflate; x=y"] {
            assert!(answer(field, &PREFERENCE).is_err(), "{field}");
        }
    }
}
