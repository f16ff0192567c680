//! A server that decides who may connect: by path, page, cookie and subprotocol.
//! `cargo run --example upgrade_callbacks [ADDRESS]`.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::thread;

use ws_core::handshake::policy::{ChooseSubprotocol, OriginPolicy};
use ws_core::handshake::{Refusal, Request, RequestLine, ResponseFields, Upgrade, cookies};
use ws_core::{Config, Message};

/// What this application asks of a request, and learns from it.
#[derive(Default)]
struct Chat {
    user: String,
}

impl Upgrade for Chat {
    /// Called as soon as the first line is there: nothing else need arrive to say 404.
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        if line.path == "/chat" { Ok(()) } else { Err(Refusal::not_found()) }
    }

    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let fields = request.fields().filter(|field| field.is("Cookie"));
        let user = fields.flat_map(|field| cookies(field.value)).find(|(name, _)| *name == b"user");
        let Some((_, user)) = user else {
            return Err(Refusal::new(401)?.with_field("WWW-Authenticate", "Cookie")?);
        };
        self.user = String::from_utf8_lossy(user).into_owned(); // kept, so copied
        Ok(())
    }

    /// A value with a line break in it would not be sent: `?` makes that a 500.
    fn on_before_upgrade(
        &mut self,
        _request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        response.add("X-Welcome", &self.user)?;
        Ok(())
    }
}

pub(crate) fn serve(stream: TcpStream) -> Result<(), ws_core::io::Error> {
    let mut chat = Chat::default();
    let policy = (
        OriginPolicy::same_origin(),
        ChooseSubprotocol::server_prefers(&["v2.chat", "v1.chat"]),
        &mut chat,
    );
    let (mut socket, agreed) = ws_core::io::accept_with(stream, Config::default(), policy)?;
    let subprotocol = agreed.subprotocol.as_deref().unwrap_or("none");
    socket.send(Message::text(format!("hello {}, speaking {subprotocol}", chat.user)))?;
    while let Some(message) = socket.recv()? {
        socket.feed(message)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept()?;
        thread::spawn(move || {
            if let Err(error) = serve(stream) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}
