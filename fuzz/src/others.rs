//! What implementations in other languages make of octets: programs of `harness/peers`, asked a line at
//! a time. They are no fuzzer's speed, so only `tests/others.rs` asks, about the corpus.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;
use ws_core::Role;

use crate::peers::{End, Heard, MAX_LEN};
use crate::support::Seen;

static WEBSOCKETS: LazyLock<Mutex<Program>> =
    LazyLock::new(|| Program::start(r#""$WS_PEERS/venv/bin/python" python/hear.py"#));

static WS: LazyLock<Mutex<Program>> = LazyLock::new(|| {
    Program::start(r#"env NODE_PATH="$WS_PEERS/node_modules" node node/hear.cjs"#)
});

/// What `websockets`, of Python, makes of these octets.
///
/// # Panics
///
/// `make interop` has not installed it, or it says what its program does not say.
#[must_use]
pub fn websockets_hears(role: Role, wire: &[u8]) -> Heard {
    WEBSOCKETS.lock().unwrap_or_else(PoisonError::into_inner).hear(role, wire)
}

/// What `ws`, of npm, makes of these octets.
///
/// # Panics
///
/// As [`websockets_hears`].
#[must_use]
pub fn ws_hears(role: Role, wire: &[u8]) -> Heard {
    WS.lock().unwrap_or_else(PoisonError::into_inner).hear(role, wire)
}

/// It ends with its input, when this process does.
struct Program {
    _process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    fn start(command: &str) -> Mutex<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/peers");
        let mut process = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .current_dir(peers)
            .env("MAX_LEN", MAX_LEN.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let asks = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Mutex::new(Self { _process: process, asks, answers })
    }

    fn hear(&mut self, role: Role, wire: &[u8]) -> Heard {
        let role = match role {
            Role::Server => "server",
            Role::Client => "client",
        };
        let octets: String = wire.iter().map(|octet| format!("{octet:02x}")).collect();
        let mut answer = String::new();
        let asked = writeln!(self.asks, "{role} {octets}");
        let len = asked.and_then(|()| self.answers.read_line(&mut answer)).unwrap_or_default();
        assert!(len > 0, "it does not run: `make interop` installs it");
        heard(&answer).unwrap_or_else(|| panic!("an answer: {answer:?}"))
    }
}

/// Reads the line of an answer.
fn heard(answer: &str) -> Option<Heard> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let told = answer["told"].as_array()?.iter().map(seen).collect::<Option<_>>()?;
    let end = match &answer["end"] {
        Value::String(end) if end == "open" => End::Open,
        Value::String(end) if end == "failed" => End::Failed,
        Value::Null => End::Closed(None),
        close => {
            let code = u16::try_from(close[0].as_u64()?).ok()?;
            End::Closed(Some((code, close[1].as_str()?.to_owned())))
        }
    };
    Some(Heard { told, end })
}

fn seen(told: &Value) -> Option<Seen> {
    let octets = octets(told[1].as_str()?)?;
    Some(match told[0].as_str()? {
        "text" => Seen::Text(octets),
        "binary" => Seen::Binary(octets),
        "ping" => Seen::Ping(octets),
        "pong" => Seen::Pong(octets),
        _ => return None,
    })
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
    let octet = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let (pairs, []) = hex.as_bytes().as_chunks() else { return None };
    pairs.iter().map(octet).collect()
}
