//! A budget that a server and a connector share: what one holds, the other does not have. (D18)
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::sleep;
use ws_core::connection::{Budget, Failure};
use ws_core::handshake::Dialer;
use ws_core::tokio::serve::{Server, Socket};
use ws_core::tokio::{ClientStream, Connector, Error, WebSocket, accept};
use ws_core::{Config, Limits, Violation};

const KIB: usize = 1024;

fn config() -> Config {
    Config::with_limits(Limits::builder().max_message_len(1 << 20).build().unwrap())
}

/// The start of a message of 600 KiB, and most of it; `mask` is the bit of its header.
fn unfinished(mask: u8) -> Vec<u8> {
    let key: &[u8] = if mask == 0 { &[] } else { &[0; 4] };
    [&[0x02, mask | 127, 0, 0, 0, 0, 0, 0x09, 0x60, 0], key, &vec![7; 500 * KIB]].concat()
}

async fn dial(port: u16, connector: &Connector) -> Result<WebSocket<ClientStream>, Error> {
    let url = format!("ws://127.0.0.1:{port}/");
    connector.connect(&Dialer::new(&url)?, config()).await
}

#[tokio::test]
async fn d18_a_server_and_a_connector_share_a_budget() {
    let budget = Budget::new(1024 * KIB);
    assert_eq!(budget.total(), 1024 * KIB);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = listener.local_addr().unwrap().port();
    let server = Server::builder().config(config()).budget(budget.clone()).build().unwrap();
    let handler = |mut socket: Socket<_>, _| async move {
        while socket.recv().await?.is_some() {}
        Ok::<(), Error>(())
    };
    tokio::spawn(server.serve(listener, std::future::pending::<()>(), handler));

    // A server that sends as much, and waits.
    let sending = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sent = sending.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let io = sending.accept().await.unwrap().0;
            let mut io = accept(io, config()).await.unwrap().into_inner();
            tokio::spawn(async move {
                let _ = io.write_all(&unfinished(0)).await;
                sleep(Duration::from_secs(60)).await;
            });
        }
    });

    // The connector's own connections first: one message fits, two do not.
    let connector = Connector::new().budget(budget.clone());
    let mut first = dial(sent, &connector).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(300), first.recv()).await;
    assert!(waits.is_err(), "{waits:?}");
    let held = budget.in_use();
    assert!((400 * KIB..=512 * KIB).contains(&held), "{held}");
    // The server's connection has the rest.
    let plain = Connector::new();
    let mut io = dial(served, &plain).await.unwrap().into_inner();
    io.write_all(&unfinished(0x80)).await.unwrap();
    while budget.in_use() < 2 * held {
        sleep(Duration::from_millis(5)).await;
    }
    let mut third = dial(sent, &connector).await.unwrap();
    let failed = third.recv().await;
    let over = Failure::Violation(Violation::OverBudget);
    assert!(matches!(&failed, Err(Error::Failed(failure)) if *failure == over), "{failed:?}");
    // Without a budget nothing is counted.
    let mut other = dial(sent, &plain).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(300), other.recv()).await;
    assert!(waits.is_err(), "{waits:?}");
    drop((first, io));
    while budget.in_use() > 0 {
        sleep(Duration::from_millis(5)).await;
    }
}
