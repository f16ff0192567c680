//! An echo client on `tungstenite`: asks the fuzzing server for its cases, runs each, and asks for
//! the report.

use std::net::TcpStream;

use tungstenite::{Error, Message, WebSocket, client};
use ws_peers::{agent, fuzzing_server};

fn main() {
    let (address, agent) = (fuzzing_server(), agent());
    let mut count = None;
    hear(&address, "/getCaseCount", |_, message| {
        count = message.to_text().ok().and_then(|text| text.parse().ok());
        Ok(())
    });
    let count: usize = count.expect("the fuzzing server says how many cases it has");
    for n in 1..=count {
        hear(&address, &format!("/runCase?case={n}&agent={agent}"), WebSocket::send);
    }
    hear(&address, &format!("/updateReports?agent={agent}"), |_, _| Ok(()));
}

/// Asks for `resource`, and gives its messages to `on_message` until the connection ends. What goes
/// wrong is the suite's to judge.
fn hear(
    address: &str,
    resource: &str,
    mut on_message: impl FnMut(&mut WebSocket<TcpStream>, Message) -> Result<(), Error>,
) {
    let stream = TcpStream::connect(address).expect("a fuzzing server listens");
    stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    let Ok((mut socket, _)) = client(format!("ws://{address}{resource}"), stream) else { return };
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && on_message(&mut socket, message).is_err() {
            return;
        }
    }
}
