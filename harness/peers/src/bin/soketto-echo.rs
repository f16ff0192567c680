//! Echo server and client on `soketto`, with its permessage-deflate.
//!
//! Whether a text is UTF-8 it leaves to its caller; as its examples do, an endpoint that is sent
//! another ends.

use soketto::connection::Error;
use soketto::extension::deflate::Deflate;
use soketto::handshake::server::Response;
use soketto::handshake::{Client, Server, ServerResponse};
use soketto::{BoxedError, Data, Mode, Receiver, Sender};
use tokio::io::BufStream;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};
use ws_peers::{Role, Visit};

type Io = Compat<BufStream<TcpStream>>;

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

async fn serve(stream: TcpStream) -> Result<(), BoxedError> {
    let mut server = Server::new(BufStream::new(stream).compat());
    server.add_extension(Box::new(Deflate::new(Mode::Server)));
    let key = server.receive_request().await?.key();
    server.send_response(&Response::Accept { key, protocol: None }).await?;
    let (sender, receiver) = server.into_builder().finish();
    hear(sender, receiver, true, &mut None).await
}

async fn run(visit: Visit, first: &mut Option<String>) -> Result<(), BoxedError> {
    let stream = BufStream::new(visit.stream).compat();
    let mut client = Client::new(stream, &visit.host, &visit.resource);
    client.add_extension(Box::new(Deflate::new(Mode::Client)));
    match client.handshake().await? {
        ServerResponse::Accepted { .. } => {}
        refused => return Err(format!("{refused:?}").into()),
    }
    let (sender, receiver) = client.into_builder().finish();
    hear(sender, receiver, visit.echo, first).await
}

async fn hear(
    mut sender: Sender<Io>,
    mut receiver: Receiver<Io>,
    echo: bool,
    first: &mut Option<String>,
) -> Result<(), BoxedError> {
    let mut message = Vec::new();
    loop {
        message.clear();
        match receiver.receive_data(&mut message).await {
            Ok(Data::Text(_)) => {
                let text = std::str::from_utf8(&message)?;
                first.get_or_insert_with(|| text.to_owned());
                if echo {
                    sender.send_text(text).await?;
                }
            }
            Ok(Data::Binary(_)) if echo => sender.send_binary_mut(&mut message).await?,
            Ok(Data::Binary(_)) => {}
            Err(Error::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        sender.flush().await?;
    }
}
