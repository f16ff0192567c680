//! Rooms under axum: `cargo run --example chat_axum --features hyper [ADDRESS]`, then connect to
//! `ws://127.0.0.1:9001/room/NAME`.

use std::error::Error;

use axum::extract::{FromRequestParts, Path};
use axum::http::{StatusCode, request::Parts};
use axum::response::Response;
use axum::{Router, routing::any};
use ws_core::Config;
use ws_core::handshake::policy::{ChooseSubprotocol, OriginPolicy};
use ws_core::tokio::hyper::{Opening, upgrade_parts};

pub(crate) fn router() -> Router {
    Router::new().route("/room/{name}", any(room))
}

/// An extractor: what this application asks of every client is said once, and a handler gets only
/// those that it accepts.
struct Chat {
    response: Response,
    opening: Opening,
}

impl<S: Send + Sync> FromRequestParts<S> for Chat {
    /// 403 or 426, say: the answer to whom it does not accept.
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let policy = (OriginPolicy::same_origin(), ChooseSubprotocol::server_prefers(&["chat"]));
        let (response, opening) = upgrade_parts(parts, Config::default(), policy);
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(Self { response, opening }),
            _ => Err(response),
        }
    }
}

async fn room(Path(name): Path<String>, chat: Chat) -> Response {
    tokio::spawn(async move {
        let (mut socket, agreed) = chat.opening.await?;
        let subprotocol = agreed.subprotocol.as_deref().unwrap_or("none");
        socket.send(format!("room {name}, speaking {subprotocol}")).await?;
        while let Some(message) = socket.recv().await? {
            socket.feed(message).await?;
        }
        Ok::<(), ws_core::tokio::Error>(())
    });
    chat.response
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on ws://{}/room/NAME", listener.local_addr()?);
    axum::serve(listener, router()).await?;
    Ok(())
}
