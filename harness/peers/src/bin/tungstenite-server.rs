//! An echo server on `tungstenite`, a thread for each connection.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use tungstenite::{Error, accept};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ws_peers::port()))?;
    for stream in listener.incoming() {
        let stream = stream?;
        // What goes wrong is the suite's to judge.
        thread::spawn(move || drop(echo(stream)));
    }
    Ok(())
}

fn echo(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut socket = accept(stream).map_err(|_| Error::ConnectionClosed)?;
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}
