//! The echo client: asks a fuzzing server for its cases, runs each, and asks for the report.

use std::num::NonZeroUsize;

use tokio::task::{JoinError, JoinSet};
use ws_core::{Config, Message};

use crate::Error;
use crate::autobahn::control::Control;

/// Runs every case of the fuzzing server at `url` as `agent`, `jobs` at a time; returns how many.
///
/// # Errors
///
/// [`Error::NothingRan`]: the server cannot be reached or does not speak the control paths. What
/// happens inside a case is the server's to judge, so it is no error here.
pub async fn run(
    url: &str,
    agent: &str,
    config: Config,
    jobs: NonZeroUsize,
) -> Result<usize, Error> {
    let control = Control::new(url, agent);
    let cases = case_count(&control.case_count(), config).await?;
    let mut running = JoinSet::new();
    for n in 1..=cases {
        if running.len() >= jobs.get() {
            done(running.join_next().await)?;
        }
        let url = control.run_case(n);
        running.spawn(async move {
            let ws = connect(&url, config).await?;
            let _ = super::echo(ws).await;
            Ok(())
        });
    }
    while !running.is_empty() {
        done(running.join_next().await)?;
    }
    let ws = connect(&control.update_reports(), config).await?;
    super::echo(ws).await.map_err(|error| {
        Error::NothingRan(format!(
            "{}: the report was not written: {error}",
            control.update_reports()
        ))
    })?;
    Ok(cases)
}

/// A case that ran; one that panicked takes the run down.
fn done(case: Option<Result<Result<(), Error>, JoinError>>) -> Result<(), Error> {
    match case {
        Some(Ok(ran)) => ran,
        Some(Err(error)) => Err(Error::NothingRan(format!("a case: {error}"))),
        None => Ok(()),
    }
}

async fn case_count(url: &str, config: Config) -> Result<usize, Error> {
    let bad = |what: String| {
        Error::NothingRan(format!("{url}: {what}; is a fuzzing server listening there?"))
    };
    let mut ws = connect(url, config).await?;
    let count = match ws.recv().await {
        Ok(Some(Message::Text(text))) => text
            .as_str()
            .trim()
            .parse()
            .map_err(|_| bad(format!("`{}` is no number of cases", text.as_str())))?,
        Ok(Some(Message::Binary(_))) => return Err(bad("a binary message came".to_owned())),
        Ok(None) => return Err(bad("closed without an answer".to_owned())),
        Err(error) => return Err(bad(error.to_string())),
    };
    // The server closes now; how it does so is no case.
    let _ = super::echo(ws).await;
    Ok(count)
}

async fn connect(
    url: &str,
    config: Config,
) -> Result<ws_core::tokio::WebSocket<ws_core::tokio::ClientStream>, Error> {
    ws_core::tokio::connect(url, config).await.map_err(|error| {
        Error::NothingRan(format!(
            "cannot connect to {url}: {error}; is a fuzzing server listening there?"
        ))
    })
}
