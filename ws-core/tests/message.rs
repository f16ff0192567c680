//! Messages as values: what is text stays text, and reads like a `str`.
#![cfg(feature = "alloc")]

use bytes::Bytes;
use ws_core::{Message, MessageKind, Misuse, Text};

#[test]
fn text_reads_like_a_str() {
    let text = Text::from("κόσμε \"\n");
    assert!(text == "κόσμε \"\n" && text == *"κόσμε \"\n" && text != "κόσμε");
    assert_eq!(text.to_string(), "κόσμε \"\n");
    assert_eq!(format!("{text:?}"), "\"κόσμε \\\"\\n\"", "escaped as a str is");
    assert_eq!(text.as_bytes(), &Bytes::from("κόσμε \"\n"));
    assert_eq!(text.into_bytes(), Bytes::from("κόσμε \"\n"));
}

#[test]
fn octets_become_text_if_they_are_utf8() {
    for (octets, is_text) in [(&b"abc"[..], true), (b"", true), (b"a\xC3", false), (b"\xFF", false)]
    {
        let text = Text::try_from(Bytes::from_static(octets));
        assert_eq!(text.is_ok(), is_text, "{octets:02x?}");
        assert!(text.is_ok() || text == Err(Misuse::TextNotUtf8));
    }
    for (message, kind) in [
        (Message::from("a"), MessageKind::Text),
        (Message::from(String::from("a")), MessageKind::Text),
        (Message::from(Text::from("a")), MessageKind::Text),
        (Message::from(vec![b'a']), MessageKind::Binary),
        (Message::from(Bytes::from_static(b"a")), MessageKind::Binary),
    ] {
        assert_eq!(message.kind(), kind);
        assert_eq!(message.payload(), "a");
    }
}
