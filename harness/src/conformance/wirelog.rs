//! The wire log as others read it: the suite's JSON rows, and lines for people.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::record::{Excerpt, FrameHead, Log, Row};

/// Octets as hex digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// An excerpt as the suite shows octets: hex, and dots where it is cut.
fn octets(excerpt: &Excerpt) -> String {
    let dots = if excerpt.is_cut() { " ..." } else { "" };
    format!("{}{dots}", hex(&excerpt.head))
}

/// An excerpt as the suite shows payload: text if it is UTF-8, else hex.
#[must_use]
pub fn payload(excerpt: &Excerpt) -> String {
    let dots = if excerpt.is_cut() { " ..." } else { "" };
    match std::str::from_utf8(&excerpt.head) {
        Ok(text) => format!("{text}{dots}"),
        Err(_) => format!("0x{}", octets(excerpt)),
    }
}

/// The log in the suite's format.
#[must_use]
pub fn json(log: &Log) -> Value {
    log.rows.iter().map(row).collect()
}

fn row(row: &Row) -> Value {
    let shown = |excerpt: &Excerpt| json!([excerpt.len, payload(excerpt)]);
    let tag = |tag: &Option<char>| tag.map(String::from);
    match row {
        Row::OctetsSent { octets: sent, own_turn } => {
            json!(["TO", [sent.len, octets(sent)], own_turn])
        }
        Row::OctetsReceived(received) => json!(["RO", [received.len, octets(received)]]),
        Row::FrameSent { frame, payload, chop, sync } => {
            let FrameHead { opcode, fin, rsv, mask } = frame;
            let mask = mask.map(|key| hex(&key));
            json!(["TF", shown(payload), opcode.0, fin, rsv, mask, null, chop, sync])
        }
        Row::FrameReceived { frame, payload } => {
            let FrameHead { opcode, fin, rsv, mask } = frame;
            let key = mask.map(|key| hex(&key));
            json!(["RF", shown(payload), opcode.0, fin, rsv, mask.is_some(), key])
        }
        Row::Wait(time, name) => json!(["CT", seconds(*time), tag(name)]),
        Row::Waited(name) => json!(["CTE", tag(name)]),
        Row::KillArmed(time) => json!(["KL", seconds(*time)]),
        Row::Killed => json!(["KLE"]),
        Row::CloseArmed(time) => json!(["TI", seconds(*time)]),
        Row::ClosedByTimer => json!(["TIE"]),
        Row::Switched(on) => json!(["WLM", on]),
    }
}

/// Whole seconds as an integer, as the suite's cases have them.
fn seconds(time: Duration) -> Value {
    if time.subsec_nanos() == 0 { json!(time.as_secs()) } else { json!(time.as_secs_f64()) }
}

/// The log for people: frames decoded, with their octets in hex; `>` is sent, `<` is received.
#[must_use]
pub fn text(log: &Log) -> String {
    let mut text = String::new();
    for row in &log.rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    if log.left_out > 0 {
        let _ = writeln!(text, "  … and {} rows more", log.left_out);
    }
    text
}

fn line(row: &Row) -> String {
    let decoded = |direction: char, frame: &FrameHead, payload: &Excerpt| {
        let FrameHead { opcode, fin, rsv, mask } = frame;
        let mut text = format!("  {direction} {opcode}");
        text.push_str(if *fin { " FIN" } else { "" });
        if *rsv != 0 {
            let _ = write!(text, " RSV={rsv}");
        }
        if mask.is_some() {
            text.push_str(" masked");
        }
        let _ = write!(text, " {} octets", payload.len);
        if payload.len > 0 {
            let _ = write!(text, " {:?}", self::payload(payload));
        }
        text
    };
    match row {
        Row::OctetsSent { octets: sent, .. } => format!("      > {:5}  {}", sent.len, octets(sent)),
        Row::OctetsReceived(received) => {
            format!("      < {:5}  {}", received.len, octets(received))
        }
        Row::FrameSent { frame, payload, chop, .. } => {
            let pieces = chop.map(|len| format!(", {len} octets a write")).unwrap_or_default();
            decoded('>', frame, payload) + &pieces
        }
        Row::FrameReceived { frame, payload } => decoded('<', frame, payload),
        Row::Wait(time, _) => format!("  - waits {} s", time.as_secs_f64()),
        Row::Waited(_) => "  - has waited".to_owned(),
        Row::KillArmed(time) => format!("  - fails the connection in {} s", time.as_secs_f64()),
        Row::Killed => "  - fails the connection: time is up".to_owned(),
        Row::CloseArmed(time) => format!("  - closes in {} s", time.as_secs_f64()),
        Row::ClosedByTimer => "  - closes: time is up".to_owned(),
        Row::Switched(true) => "  - log on".to_owned(),
        Row::Switched(false) => "  - log off until the last message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::case::Opcode;

    #[test]
    fn rows_as_the_suite_writes_them() {
        let frame = |mask| FrameHead { opcode: Opcode::CLOSE, fin: true, rsv: 0, mask };
        let long = Excerpt::of(&[b'*'; 125]);
        let stars = "*".repeat(64) + " ...";
        for (row, written) in [
            (
                Row::FrameSent {
                    frame: frame(Some([0x33, 0x18, 0x31, 0x85])),
                    payload: Excerpt::of(&[0x03, 0xe8]),
                    chop: None,
                    sync: false,
                },
                json!(["TF", [2, "0x03e8"], 8, true, 0, "33183185", null, null, false]),
            ),
            (
                Row::FrameReceived { frame: frame(None), payload: long.clone() },
                json!(["RF", [125, stars], 8, true, 0, false, null]),
            ),
            (
                Row::OctetsSent { octets: Excerpt::of(b"\x88\x82"), own_turn: true },
                json!(["TO", [2, "8882"], true]),
            ),
            (Row::OctetsReceived(long), json!(["RO", [125, "2a".repeat(64) + " ..."]])),
            (Row::Wait(Duration::from_secs(1), Some('A')), json!(["CT", 1, "A"])),
            (Row::Waited(None), json!(["CTE", null])),
            (Row::KillArmed(Duration::from_millis(500)), json!(["KL", 0.5])),
            (Row::Killed, json!(["KLE"])),
            (Row::Switched(false), json!(["WLM", false])),
        ] {
            assert_eq!(super::row(&row), written);
        }
    }

    #[test]
    fn what_is_cut_and_what_is_not() {
        for (len, dots) in [(60, false), (61, true), (64, true), (65, true)] {
            let shown = payload(&Excerpt::of(&vec![b'x'; len]));
            assert_eq!(shown.ends_with(" ..."), dots, "{len}");
            assert_eq!(shown.trim_end_matches(" ...").len(), len.min(64), "{len}");
        }
    }
}
