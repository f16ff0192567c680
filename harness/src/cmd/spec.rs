//! `wsconf spec`: the suite's spec files alone, for a suite that something else starts.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::select::Cases;
use crate::Error;
use crate::autobahn::spec::{FuzzingClient, FuzzingServer};
use crate::error::io;
use crate::talk::{self, counted};

/// Options of `wsconf spec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wsconf spec --out config --report-dir /reports --url ws://server:9001
  wstest -m fuzzingclient -s config/fuzzingclient.json")]
pub struct Options {
    #[command(flatten)]
    cases: Cases,
    /// Where fuzzingclient.json and fuzzingserver.json go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where the suite shall put its reports, in DIR/servers and DIR/clients.
    #[arg(long, value_name = "DIR")]
    report_dir: PathBuf,
    /// The server to be tested by the fuzzing client.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:9001")]
    url: String,
    /// The port on which the fuzzing server waits for clients.
    #[arg(long, value_name = "PORT", default_value = "9001")]
    port: u16,
    /// The tested server's name in the report.
    #[arg(long, value_name = "NAME", default_value = "ws-core")]
    agent: String,
}

impl Options {
    /// Writes both files.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a pattern matches nothing, or a file cannot be written.
    pub fn run(&self) -> Result<Exit, Error> {
        let (_, ids) = self.cases.resolve()?;
        let (servers, clients) = (self.report_dir.join("servers"), self.report_dir.join("clients"));
        let client = FuzzingClient::new(&self.url, &self.agent, &servers, &ids);
        let server = FuzzingServer::new(self.port, &clients, &ids);
        let texts = [
            ("fuzzingclient.json", serde_json::to_string_pretty(&client)),
            ("fuzzingserver.json", serde_json::to_string_pretty(&server)),
        ];
        let doing = || format!("cannot write to {}", self.out.display());
        std::fs::create_dir_all(&self.out).map_err(io(doing()))?;
        for (name, text) in texts {
            let text = text.map_err(|error| Error::Unusable(format!("{}: {error}", doing())))?;
            std::fs::write(self.out.join(name), text).map_err(io(doing()))?;
        }
        talk::remark(&format!("{} in {}", counted(ids.len(), "case"), self.out.display()));
        Ok(Exit::Same)
    }
}
