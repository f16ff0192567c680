//! An echo server on the standard library, a thread per connection:
//! `cargo run --example echo_std [ADDRESS]`.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::thread;

use ws_core::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept()?;
        thread::spawn(move || {
            if let Err(error) = echo(stream) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

fn echo(stream: TcpStream) -> Result<(), ws_core::io::Error> {
    stream.set_nodelay(true)?;
    let mut socket = ws_core::io::accept(stream, Config::default())?;
    while let Some(message) = socket.recv()? {
        socket.feed(message)?;
    }
    Ok(())
}
