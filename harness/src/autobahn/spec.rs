//! The suite's spec files: what it shall run, against whom, and where its report goes.
//!
//! Cases are written as ids, never as patterns: the suite accepts a misspelt pattern as an empty
//! selection, so ours are resolved before. `agent` is always set: without it one failed handshake
//! leaves the suite hanging.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::conformance::CaseId;

/// `fuzzingclient.json`: the suite dials servers.
#[derive(Debug, Serialize)]
pub struct FuzzingClient<'a> {
    outdir: &'a Path,
    servers: [Server<'a>; 1],
    cases: &'a BTreeSet<CaseId>,
    #[serde(rename = "exclude-cases")]
    exclude_cases: [&'a str; 0],
    #[serde(rename = "exclude-agent-cases")]
    exclude_agent_cases: Nothing,
}

#[derive(Debug, Serialize)]
struct Server<'a> {
    agent: &'a str,
    url: &'a str,
}

/// `fuzzingserver.json`: the suite waits for clients, on all interfaces.
#[derive(Debug, Serialize)]
pub struct FuzzingServer<'a> {
    url: String,
    outdir: &'a Path,
    cases: &'a BTreeSet<CaseId>,
    #[serde(rename = "exclude-cases")]
    exclude_cases: [&'a str; 0],
    #[serde(rename = "exclude-agent-cases")]
    exclude_agent_cases: Nothing,
}

/// Written as `{}`.
#[derive(Debug, Serialize)]
struct Nothing {}

impl<'a> FuzzingClient<'a> {
    /// Test the server at `url`, called `agent` in the report; write the report to `outdir`.
    #[must_use]
    pub fn new(
        url: &'a str,
        agent: &'a str,
        outdir: &'a Path,
        cases: &'a BTreeSet<CaseId>,
    ) -> Self {
        let servers = [Server { agent, url }];
        Self { outdir, servers, cases, exclude_cases: [], exclude_agent_cases: Nothing {} }
    }
}

impl<'a> FuzzingServer<'a> {
    /// Test any client that comes to `port`; write the report to `outdir`.
    #[must_use]
    pub fn new(port: u16, outdir: &'a Path, cases: &'a BTreeSet<CaseId>) -> Self {
        let url = format!("ws://127.0.0.1:{port}");
        Self { url, outdir, cases, exclude_cases: [], exclude_agent_cases: Nothing {} }
    }
}
