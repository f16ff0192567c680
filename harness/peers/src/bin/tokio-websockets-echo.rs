//! Echo server and client on `tokio-websockets`. It has no permessage-deflate.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Error, ServerBuilder, WebSocketStream};
use ws_peers::{Role, Visit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    match ws_peers::role() {
        Role::Server => ws_peers::listen(serve).await,
        Role::Client => {
            ws_peers::run_cases(async |visit| {
                let mut first = None;
                // How it went is the judge's to say.
                let _ = run(visit, &mut first).await;
                first
            })
            .await;
            Ok(())
        }
    }
}

async fn serve(stream: TcpStream) -> Result<(), Error> {
    let (_, socket) = ServerBuilder::new().accept(stream).await?;
    hear(socket, true, &mut None).await
}

async fn run(visit: Visit, first: &mut Option<String>) -> Result<(), Error> {
    let url = format!("ws://{}{}", visit.host, visit.resource);
    let client = ClientBuilder::new().uri(&url).expect("a URL");
    let (socket, _) = client.connect_on(visit.stream).await?;
    hear(socket, visit.echo, first).await
}

async fn hear(
    mut socket: WebSocketStream<TcpStream>,
    echo: bool,
    first: &mut Option<String>,
) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if let Some(text) = message.as_text() {
            first.get_or_insert_with(|| text.to_owned());
        }
        if echo && (message.is_text() || message.is_binary()) {
            socket.send(message).await?;
        }
    }
    Ok(())
}
