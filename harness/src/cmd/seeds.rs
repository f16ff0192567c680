//! `wsconf seeds`: what the cases send, as seeds for a fuzzer's targets.
//!
//! In: cases. Out: a file for each case, target and direction, the same octets each time: frames
//! that a client sends are masked with the key of RFC 6455's examples. What a target wants before
//! the octets of the wire stands in `WIRES` and nowhere else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::select::known;
use crate::Error;
use crate::conformance::ask;
use crate::conformance::case::{Case, Closer, Opcode, RoundTrips, Source, Step};
use crate::conformance::corpus::Corpus;
use crate::conformance::deflate::{Codec, LEVEL};
use crate::conformance::opening::client::Request;
use crate::conformance::opening::{deflate, server};
use crate::conformance::payload::Payload;
use crate::conformance::wire::{self, Header, MaskingKey};
use crate::error::io;
use crate::report::schema::Role;
use crate::talk::say;

/// The masking key of RFC 6455 §5.7, and the key of §1.3.
const KEY: MaskingKey = [0x37, 0xfa, 0x21, 0x3d];
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Longer inputs are cut by the fuzzer, and show nothing more.
const LONGEST: usize = 4096;

/// A target that takes what a peer sends: who the peer is, whether there may be compression, and the
/// octets of settings before it.
struct Wire {
    target: &'static str,
    peer: Role,
    compressed: bool,
    settings: &'static [u8],
}

const WIRES: [Wire; 8] = [
    wire_of("frame_stream_server", Role::Client, true, &[5, 2]),
    wire_of("frame_stream_client", Role::Server, true, &[5, 2]),
    wire_of("session_oracle", Role::Client, false, &[5, 0, 0]),
    wire_of("session_oracle", Role::Server, false, &[5, 1, 0]),
    wire_of("diff_tungstenite", Role::Client, false, &[0]),
    wire_of("diff_tungstenite", Role::Server, false, &[1]),
    wire_of("diff_tokio_websockets", Role::Client, false, &[0]),
    wire_of("diff_tokio_websockets", Role::Server, false, &[1]),
];

const fn wire_of(
    target: &'static str,
    peer: Role,
    compressed: bool,
    settings: &'static [u8],
) -> Wire {
    Wire { target, peer, compressed, settings }
}

/// Options of `wsconf seeds`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wsconf seeds --out fuzz/corpus

fuzz/minimise.sh then keeps those that reach something new.")]
pub struct Options {
    /// Cases to take, as the suite writes patterns. Without any: all.
    #[arg(value_name = "PATTERN", default_value = "*")]
    cases: Vec<String>,
    /// Where a folder for each target is, or goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Seeds by target and name.
type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

impl Options {
    /// Writes the seeds.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a pattern matches nothing, or a file cannot be written.
    pub fn run(&self) -> Result<Exit, Error> {
        let seeds: Seeds =
            known(&self.cases, &[])?.into_iter().flat_map(|case| Sent::by(case).seeds()).collect();
        for ((target, name), octets) in &seeds {
            let folder = self.out.join(target);
            let doing = || format!("cannot write to {}", folder.display());
            std::fs::create_dir_all(&folder).map_err(io(doing()))?;
            std::fs::write(folder.join(name), octets).map_err(io(doing()))?;
        }
        say!("{} seeds in {}", seeds.len(), self.out.display());
        Ok(Exit::Same)
    }
}

/// What a case sends, in both roles of the engine.
struct Sent<'a> {
    case: &'a Case,
    as_client: Vec<u8>,
    as_server: Vec<u8>,
    /// The unmasked payloads of text and of Close frames.
    text: Vec<Vec<u8>>,
    close: Vec<Vec<u8>>,
}

impl<'a> Sent<'a> {
    fn by(case: &'a Case) -> Self {
        let mut sent = Self {
            case,
            as_client: Vec::new(),
            as_server: Vec::new(),
            text: Vec::new(),
            close: Vec::new(),
        };
        for role in Role::ALL {
            let mut writer = Writer::new(case, role);
            for step in &case.send {
                writer.step(step);
            }
            if case.auto_close && case.close.closer == Closer::Engine {
                writer.step(&Step::Close { code: case.close.codes.first().copied(), reason: None });
            }
            match role {
                Role::Client => sent.as_client = writer.octets,
                Role::Server => sent.as_server = writer.octets,
            }
            (sent.text, sent.close) = (writer.text, writer.close);
        }
        sent
    }

    fn seeds(&self) -> Seeds {
        let mut seeds = Seeds::new();
        let id = &self.case.id;
        let mut add = |target, name: String, parts: &[&[u8]]| {
            let mut octets = parts.concat();
            octets.truncate(LONGEST);
            seeds.insert((target, name), octets);
        };
        for Wire { target, peer, compressed, settings } in WIRES {
            let (octets, to) = match peer {
                Role::Client => (&self.as_client, "server"),
                Role::Server => (&self.as_server, "client"),
            };
            if compressed || self.case.deflate.is_none() {
                add(target, format!("case_{id}_to_{to}"), &[settings, octets]);
            }
        }
        for (i, text) in self.text.iter().enumerate() {
            add("utf8_stream", format!("case_{id}_{i}"), &[&[5], text]);
        }
        for (i, close) in self.close.iter().enumerate() {
            add("close_payload", format!("case_{id}_{i}"), &[close]);
        }
        let (request, answer) = opening(self.case);
        add("diff_http", format!("case_{id}"), &[&request]);
        add("http_request_head", format!("case_{id}"), &[&[5], &request]);
        add("http_response_head", format!("case_{id}"), &[&[5], &answer, &self.as_server]);
        seeds
    }
}

/// What the engine asks, and what it answers to that.
fn opening(case: &Case) -> (Vec<u8>, Vec<u8>) {
    let offers = case.deflate.map(ask::offers);
    let asks = case.deflate.unwrap_or_default();
    let agreed = deflate::answer(offers.as_deref().unwrap_or_default(), asks).ok().flatten();
    let answer = server::answer("wsconf", NONCE, agreed.map(|(text, _)| text).as_deref());
    let request = Request {
        resource: format!("/runCase?casetuple={}", case.id),
        host: "localhost:9001".to_owned(),
        user_agent: "wsconf".to_owned(),
        fields: Vec::new(),
        key: NONCE.to_owned(),
        origin: None,
        protocols: Vec::new(),
        extensions: offers,
    };
    (request.octets(), answer)
}

/// Writes steps without a peer: round trips follow each other, waits are not waited for.
struct Writer {
    role: Role,
    codec: Option<Codec>,
    octets: Vec<u8>,
    /// How much of the payload of a frame in pieces was written.
    before: usize,
    text: Vec<Vec<u8>>,
    close: Vec<Vec<u8>>,
}

impl Writer {
    fn new(case: &Case, role: Role) -> Self {
        let offers = case.deflate.map(ask::offers).unwrap_or_default();
        let agreed = deflate::answer(&offers, case.deflate.unwrap_or_default()).ok().flatten();
        let codec = agreed.map(|(_, agreed)| Codec::new(agreed, role, LEVEL));
        Self { role, codec, octets: Vec::new(), before: 0, text: Vec::new(), close: Vec::new() }
    }

    fn step(&mut self, step: &Step) {
        if self.octets.len() >= LONGEST {
            return;
        }
        match step {
            Step::Frame(frame) => {
                self.frame(frame.opcode, frame.fin, frame.rsv, &frame.payload.octets());
            }
            Step::Message { opcode, payload, fragment } => {
                self.message(*opcode, &payload.octets(), *fragment);
            }
            Step::FrameHeader { opcode, fin, rsv, payload_len } => {
                self.before = 0;
                self.header(*opcode, *fin, *rsv, *payload_len).write(&mut self.octets);
            }
            Step::FramePiece(payload) => {
                let mut octets = payload.octets().into_owned();
                octets.truncate(LONGEST);
                if self.role == Role::Client {
                    wire::mask(KEY, self.before, &mut octets);
                }
                self.before += octets.len();
                self.octets.extend(octets);
            }
            Step::Close { code, reason } => {
                let mut payload = code.map(u16::to_be_bytes).map(Vec::from).unwrap_or_default();
                payload
                    .extend_from_slice(&reason.as_ref().map(Payload::octets).unwrap_or_default());
                self.frame(Opcode::CLOSE, true, 0, &payload);
            }
            Step::RoundTrips(RoundTrips { count, opcode, source }) => {
                let mut windows = match source {
                    Source::Same(_) => None,
                    Source::Windows { file, len, .. } => {
                        Some(Corpus::standins().windows(*file, *len))
                    }
                };
                for _ in 0..*count {
                    if self.octets.len() >= LONGEST {
                        break;
                    }
                    match source {
                        Source::Same(payload) => self.message(*opcode, &payload.octets(), None),
                        Source::Windows { fragment, .. } => {
                            let window = windows.as_mut().and_then(Iterator::next);
                            self.message(*opcode, &window.unwrap_or_default(), *fragment);
                        }
                    }
                }
            }
            Step::Wait { .. } | Step::Arm(_) => {}
        }
    }

    /// As [`Step::Message`] cuts.
    fn message(&mut self, opcode: Opcode, payload: &[u8], fragment: Option<usize>) {
        let compressed = self.codec.as_mut().and_then(|codec| codec.compress(payload).ok());
        let rsv = if compressed.is_some() { 4 } else { 0 };
        let payload = compressed.as_deref().unwrap_or(payload);
        let Some(fragment) = fragment.filter(|len| payload.len() > *len) else {
            return self.frame(opcode, true, rsv, payload);
        };
        let (mut opcode, mut rsv) = (opcode, rsv);
        for piece in payload.chunks_exact(fragment) {
            self.frame(opcode, false, rsv, piece);
            (opcode, rsv) = (Opcode::CONTINUATION, 0);
        }
        self.frame(opcode, true, rsv, payload.chunks_exact(fragment).remainder());
    }

    fn frame(&mut self, opcode: Opcode, fin: bool, rsv: u8, payload: &[u8]) {
        let header = self.header(opcode, fin, rsv, payload.len() as u64);
        // Of a longer payload the rest is cut off anyway.
        let payload = &payload[..payload.len().min(LONGEST)];
        self.octets.extend(wire::frame(&header, payload));
        match opcode {
            Opcode::TEXT if rsv == 0 => self.text.push(payload.to_vec()),
            Opcode::CLOSE => self.close.push(payload.to_vec()),
            _ => {}
        }
    }

    fn header(&self, opcode: Opcode, fin: bool, rsv: u8, payload_len: u64) -> Header {
        let mask = (self.role == Role::Client).then_some(KEY);
        Header { fin, rsv, opcode, payload_len, mask }
    }
}
