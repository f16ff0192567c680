//! The endpoints of `harness/tests/odd`, each odd in one way, as programs.
//!
//! `odd server NAME` listens at `$WS_PORT`; `odd client NAME` asks the fuzzing server at `$WS_URL`
//! for its cases, one after the other.

#[path = "../../../tests/odd/mod.rs"]
mod odd;

use std::env;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use odd::Odd;
use ws_peers::{agent, fuzzing_server, port};

/// A client that the suite keeps waiting for so long has been left; the next case is due.
const LONGEST: Duration = Duration::from_secs(130);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>()[..] {
        ["server", name] => {
            Odd::named(name).listen_at(([127, 0, 0, 1], port()).into()).await;
            pending().await
        }
        ["client", name] => client(Odd::named(name)).await,
        _ => panic!("usage: odd server|client NAME"),
    }
}

async fn client(odd: Odd) {
    let (address, agent) = (fuzzing_server(), agent());
    let address: SocketAddr = address.parse().expect("the fuzzing server is at an IP address");
    // What is asked besides the cases is asked as it should be.
    let count = Odd::Good.visit(address, "/getCaseCount").await;
    let count: usize = count.and_then(|text| text.parse().ok()).expect("a number of cases");
    for n in 1..=count {
        let resource = format!("/runCase?case={n}&agent={agent}");
        // The verdict is the suite's; a case that lasts for ever is its fault as well.
        let _ = tokio::time::timeout(LONGEST, odd.visit(address, &resource)).await;
    }
    Odd::Good.visit(address, &format!("/updateReports?agent={agent}")).await;
}
