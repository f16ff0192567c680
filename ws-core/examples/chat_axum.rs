//! Rooms under axum: `cargo run --example chat_axum --features hyper [ADDRESS]`, then connect to
//! `ws://127.0.0.1:9001/room/NAME`.

use std::error::Error;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::{Router, routing::any};
use ws_core::Config;
use ws_core::handshake::policy::{ChooseSubprotocol, OriginPolicy};
use ws_core::tokio::hyper::upgrade;

pub(crate) fn router() -> Router {
    Router::new().route("/room/{name}", any(room))
}

/// Extractors as in every handler; the request comes last.
async fn room(Path(name): Path<String>, mut request: Request) -> Response {
    let policy = (OriginPolicy::same_origin(), ChooseSubprotocol::server_prefers(&["chat"]));
    let (response, opening) = upgrade::<_, Body, _>(&mut request, Config::default(), policy);
    tokio::spawn(async move {
        let (mut socket, agreed) = opening.await?;
        let subprotocol = agreed.subprotocol.as_deref().unwrap_or("none");
        socket.send(format!("room {name}, speaking {subprotocol}")).await?;
        while let Some(message) = socket.recv().await? {
            socket.feed(message).await?;
        }
        Ok::<(), ws_core::tokio::Error>(())
    });
    response // 101, or why not
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on ws://{}/room/NAME", listener.local_addr()?);
    axum::serve(listener, router()).await?;
    Ok(())
}
