//! A case in words: what is sent frame by frame, what is expected, how it ends, why, and how
//! implementations usually fail it.
//!
//! In: a [`Case`]. Out: text for a terminal, one line for each step. Every field that decides a
//! verdict is in it.

use std::fmt;
use std::time::Duration;

use super::ask;
use super::case::{
    Adjust, Ask, Case, Closer, Compare, Event, Expect, ExpectClose, Frame, Opcode, RoundTrips,
    Source, Step, Timer, Write,
};
use super::corpus::{File, Unit};
use super::payload::Payload;
use super::pitfalls;

/// Shows a case in words.
#[derive(Debug, Clone, Copy)]
pub struct Explained<'a>(pub &'a Case);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { id, group, subgroup, about, rule, send, .. } = self.0;
        writeln!(f, "{id}  {group}: {subgroup}\n{about}\n\nSent, once the connection is open:")?;
        for (number, step) in (1..).zip(send) {
            writeln!(f, "  {number:>2}. {}", in_words(step))?;
        }
        writeln!(f, "\nExpected:")?;
        for line in expected(self.0) {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "\nClose:")?;
        for line in closing(self.0) {
            writeln!(f, "  {line}")?;
        }
        if let Some(asks) = self.0.deflate {
            writeln!(f, "\npermessage-deflate:")?;
            for line in deflate(asks) {
                writeln!(f, "  {line}")?;
            }
        }
        writeln!(f, "\n{}: {}", rule.section, rule.text)?;
        write!(f, "\nUsual mistakes: {}", pitfalls::of(id))
    }
}

fn in_words(step: &Step) -> String {
    match step {
        Step::Frame(frame) => one_frame(frame),
        Step::Message { opcode, payload, fragment } => message(*opcode, payload, *fragment),
        Step::FrameHeader { opcode, fin, rsv, payload_len } => {
            format!("header of {}, claims {}", head(*opcode, *fin, *rsv), octets(*payload_len))
        }
        Step::FramePiece(piece) => format!("piece of its payload, {}", contents(piece)),
        Step::Close { code, reason } => {
            let code = code.map_or("no code".to_owned(), |code| format!("code {code}"));
            let reason = reason
                .as_ref()
                .map_or(String::new(), |reason| format!(", reason of {}", contents(reason)));
            format!("closing handshake: Close, {code}{reason}")
        }
        Step::Wait { duration, tag: None } => format!("nothing for {}", seconds(*duration)),
        Step::Wait { duration, tag: Some(tag) } => format!(
            "nothing for {}; if still open then, records timeout {tag}, else sends no more",
            seconds(*duration)
        ),
        Step::Arm(Timer::Kill(after)) => format!(
            "timer: unless closed {} from here, fails the connection (Close 1001 if open, else \
             drops TCP)",
            seconds(*after)
        ),
        Step::Arm(Timer::Close(after)) => {
            format!("timer: if open {} from here, sends an empty Close", seconds(*after))
        }
        Step::RoundTrips(trips) => round_trips(trips),
    }
}

fn one_frame(frame: &Frame) -> String {
    let Frame { opcode, fin, rsv, payload, write } = frame;
    let write = match write {
        Write::Plain => String::new(),
        Write::Sync => ", in a write of its own".to_owned(),
        Write::Chop(1) => ", octet by octet".to_owned(),
        Write::Chop(octets) => format!(", {octets} octets a write"),
    };
    format!("{}, {}{write}", head(*opcode, *fin, *rsv), contents(payload))
}

/// Opcode and the bits that are set: `TEXT FIN RSV1`.
fn head(opcode: Opcode, fin: bool, rsv: u8) -> String {
    let bits = [(fin, " FIN"), (rsv & 4 != 0, " RSV1"), (rsv & 2 != 0, " RSV2")];
    let bits = bits.into_iter().chain([(rsv & 1 != 0, " RSV3")]);
    let set: String = bits.filter(|(set, _)| *set).map(|(_, name)| name).collect();
    format!("{opcode}{set}")
}

fn message(opcode: Opcode, payload: &Payload, fragment: Option<usize>) -> String {
    let whole = format!("{opcode} message, {}", contents(payload));
    match fragment {
        Some(fragment) if payload.len() > fragment => {
            let between = match payload.len() / fragment - 1 {
                0 => String::new(),
                more => format!("{more} CONTINUATION of {}, ", octets(fragment)),
            };
            format!(
                "{whole}: {opcode} of {}, {between}CONTINUATION FIN of {}",
                octets(fragment),
                octets(payload.len() % fragment)
            )
        }
        _ => format!("{whole}, in one frame"),
    }
}

fn round_trips(trips: &RoundTrips) -> String {
    let RoundTrips { count, opcode, source } = trips;
    let each = match source {
        Source::Same(payload) => format!("{} FIN, {}", opcode, contents(payload)),
        Source::Windows { file, len, fragment } => {
            let cut = fragment.map_or("in one frame".to_owned(), |fragment| {
                format!("in frames of {}", octets(fragment))
            });
            format!(
                "{opcode} message, the next {} of {}, compressed, {cut}",
                units(*file, *len),
                file.name()
            )
        }
    };
    format!("{count} times, each after the echo of the one before: {each}")
}

fn units(file: File, len: usize) -> String {
    match file.unit() {
        Unit::Octet => octets(len),
        Unit::Character => format!("{len} characters"),
    }
}

fn octets(len: impl fmt::Display) -> String {
    match len.to_string().as_str() {
        "1" => "1 octet".to_owned(),
        len => format!("{len} octets"),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// Length and content: text in quotes, else hex, a pattern only once.
fn contents(payload: &Payload) -> String {
    let len = octets(payload.len());
    match payload {
        _ if payload.is_empty() => "empty".to_owned(),
        Payload::Repeat { pattern, .. } if payload.len() > pattern.len() => {
            format!("{len}: {} over and over", quoted(pattern))
        }
        payload => format!("{len}: {}", quoted(&payload.octets())),
    }
}

fn quoted(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        // A noncharacter is text, but no terminal shows it.
        Ok(text) if !text.chars().any(|c| c.is_control() || (c as u32 & 0xfff0) == 0xfff0) => {
            format!("\"{text}\"")
        }
        _ => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

fn expected(case: &Case) -> Vec<String> {
    let mut lines = Vec::new();
    match &case.expect {
        Expect::Events { ok, non_strict } => {
            lines.extend(list("OK", ok));
            lines.extend(non_strict.iter().flat_map(|events| list("NON-STRICT", events)));
            lines.push(row("FAILED", "anything else, more, less or in another order"));
        }
        Expect::Length { binary, len } => {
            let first = format!("the first message is {}, {}", kind(*binary), octets(len));
            lines.push(row("OK", &first));
            lines.push(row("FAILED", "anything else; the content is not looked at"));
        }
        Expect::Echoes { compare } => {
            lines.push(row(
                "OK",
                match compare {
                    Compare::Length => "every echo has the type and the length of what was sent",
                    Compare::Octets => "every echo is what was sent, type and octets",
                },
            ));
            lines.push(row("FAILED", "at the first echo that is not, or by time"));
        }
    }
    if case.deflate.is_some() {
        lines.push(row("UNIMPLEMENTED", "permessage-deflate is not agreed"));
    }
    match case.adjust {
        Adjust::Nothing | Adjust::WrongCodeFails | Adjust::WrongCloserFails => {}
        Adjust::Informational => {
            lines.push("whatever happens, this and the close are INFORMATIONAL".to_owned());
        }
        Adjust::SentFrames { text, continuation } => lines.push(row(
            "FAILED",
            &format!("unless the engine sent {text} TEXT and {continuation} CONTINUATION frames"),
        )),
    }
    lines
}

fn kind(binary: bool) -> &'static str {
    if binary { "binary" } else { "text" }
}

/// A verdict and the events that earn it, one a line.
fn list(verdict: &str, events: &[Event]) -> Vec<String> {
    let event = |event: &Event| match event {
        Event::Message { binary, payload } => format!("{}, {}", kind(*binary), contents(payload)),
        Event::Pong(payload) => format!("Pong, {}", contents(payload)),
        Event::Timeout(tag) => format!("timeout {tag}"),
    };
    if events.is_empty() {
        return vec![row(verdict, "nothing")];
    }
    let verdicts = std::iter::once(verdict).chain(std::iter::repeat(""));
    verdicts.zip(events).map(|(verdict, each)| row(verdict, &event(each))).collect()
}

fn row(verdict: &str, what: &str) -> String {
    format!("{verdict:<14} {what}")
}

fn closing(case: &Case) -> Vec<String> {
    let ExpectClose { closer, clean, codes } = &case.close;
    let mut codes = codes.clone();
    codes.dedup();
    let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
    let who = match closer {
        Closer::Engine => "the engine sends the first Close",
        Closer::Testee => "the testee sends the first Close, or drops TCP",
    };
    let clean = if *clean { "the closing handshake is completed" } else { "clean or not" };
    let mut lines = vec![
        format!("{who}; {clean}"),
        format!("a Close from the testee has code {} or none", codes.join(", ")),
    ];
    lines.push(when(case).to_owned());
    lines.extend(match case.adjust {
        Adjust::WrongCodeFails => Some("another code makes the behaviour FAILED too".to_owned()),
        Adjust::WrongCloserFails => {
            Some("if the engine has to close first, the behaviour is FAILED too".to_owned())
        }
        _ => None,
    });
    lines
}

/// When the engine sends a Close, its timer apart.
fn when(case: &Case) -> &'static str {
    let scripted = case.send.iter().any(|step| matches!(step, Step::Close { .. }));
    match (&case.expect, case.close.closer) {
        (Expect::Length { .. }, _) => "the engine closes with 1000 on the first message",
        (Expect::Echoes { .. }, _) if case.deflate.is_some() => {
            "the engine closes with 1000 after the last echo, at the first bad one, or at once \
             without permessage-deflate"
        }
        (Expect::Echoes { .. }, _) => {
            "the engine closes with 1000 after the last echo or at the first bad one"
        }
        (Expect::Events { .. }, Closer::Testee) => "the engine closes only when the timer fires",
        (Expect::Events { .. }, Closer::Engine) if scripted => "the engine closes as listed above",
        (Expect::Events { .. }, Closer::Engine) => {
            "the engine closes with 1000 as soon as the OK list is complete"
        }
    }
}

fn deflate(asks: &[Ask]) -> Vec<String> {
    let mut lines = vec![format!("as a client, offers: {}", ask::offers(asks))];
    lines.extend(asks.iter().map(|ask| {
        let needs = match ask.max_window_bits {
            Some(_) => "the first offer with client_max_window_bits",
            None => "the first offer",
        };
        format!("as a server, accepts {needs}, and asks {}", asked(*ask))
    }));
    lines
}

fn asked(ask: Ask) -> String {
    let takeover = ask.no_context_takeover.then(|| "client_no_context_takeover".to_owned());
    let window = ask.max_window_bits.map(|bits| format!("client_max_window_bits={bits}"));
    let parts: Vec<String> = takeover.into_iter().chain(window).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" and ") }
}
