//! `wsconf compare`: the engine against every testee that is a published package.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::select::Cases;
use super::{Roles, until_signal};
use crate::Error;
use crate::autobahn::index::file_name_of;
use crate::conformance::CaseId;
use crate::error::io;
use crate::parity::alone::{self, OUT};
use crate::parity::started::{Who, start, stop};
use crate::parity::testees::{self, Testee};
use crate::report::class::{Class, count};
use crate::report::html::{self, Implementation, Page, load};
use crate::report::{store, table};
use crate::talk::{self, counted, note, say};

/// Options of `wsconf compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf compare --testees harness/peers/testees.toml --quick
  wsconf compare --testees harness/peers/testees.toml --only ws --cases '7.*'

Only testees with a `package` are compared. One that is not installed or does
not start is told as not judged, and the command ends with 4; how the others
fare changes nothing.")]
pub struct Options {
    /// A file of testees; repeat it.
    #[arg(long, value_name = "FILE", required = true)]
    testees: Vec<PathBuf>,
    /// Of these testees, this one; repeat it.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// In which role.
    #[arg(long, value_enum, default_value = "both")]
    role: Roles,
    #[command(flatten)]
    cases: Cases,
    /// Send 32 messages in each case of 12.* and 13.*, not 1000.
    #[arg(long)]
    quick: bool,
    /// Where it all goes: index.html, compare.md, and a folder for each testee and role.
    #[arg(long, value_name = "DIR", default_value = "reports/latest/compare")]
    out: PathBuf,
    /// Where the versions of crates are.
    #[arg(long, value_name = "FILE", default_value = "Cargo.lock")]
    lock: PathBuf,
    /// Where harness/peers/install.sh has installed the peers that are not Rust.
    #[arg(long, value_name = "DIR", env = "WS_PEERS", default_value = "target/peers")]
    peers: PathBuf,
}

const TITLE: &str = "WebSocket implementations compared";

/// One that is to be judged.
struct Chosen {
    testee: Testee,
    /// Of its package, if that is installed.
    version: Result<String, Error>,
}

impl Options {
    /// Judges every testee in every role, and writes the page and the table.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: a testee was not judged; page and table say so.
    /// - [`Error::Unusable`]: a file or an option.
    pub fn run(&self) -> Result<Exit, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(io("cannot start"))?.block_on(until_signal(self.run_async()))
    }

    async fn run_async(&self) -> Result<Exit, Error> {
        let (_, ids) = self.cases.resolve()?;
        let testees = self.testees()?;
        let mut page = Page { title: TITLE.to_owned(), ..Page::default() };
        let mut left = 0;
        for Chosen { testee, version } in &testees {
            let ids = testee.judged_by(&ids).map_err(Error::Unusable)?;
            let name = &testee.name;
            page.notes.extend(testee.note.as_ref().map(|note| format!("{name}: {note}")));
            for &role in self.role.each() {
                let Some(command) = testee.command(role).filter(|_| !ids.is_empty()) else {
                    continue;
                };
                let who = Who::command(role, command);
                match self.judge(testee, version.clone(), who, &ids).await {
                    Ok(judged) => {
                        say!("{}", table::totals(role, &judged.report.cases));
                        let untold = judged.report.without_verdict();
                        if !untold.is_empty() {
                            let untold = format!("{name} as {}", table::untold(role, &untold));
                            note!("error: {untold}");
                            page.notes.push(untold);
                        }
                        page.shown.push(judged);
                    }
                    Err(Error::NothingRan(why)) => {
                        note!("error: {name} as {}: {why}", role.name());
                        let why = why.lines().next().unwrap_or_default();
                        page.notes.push(format!("{name} as {} was not judged: {why}", role.name()));
                        left += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        if page.shown.is_empty() {
            return Err(Error::NothingRan("no testee was judged".to_owned()));
        }
        let table = markdown(&page);
        for (name, text) in [("index.html", html::page(&page)), ("compare.md", table.clone())] {
            let path = self.out.join(name);
            fs::write(&path, text).map_err(io(format!("cannot write {}", path.display())))?;
        }
        talk::text(&table);
        say!("compare: {}", self.out.join("index.html").display());
        match left {
            0 => Ok(Exit::Same),
            left => Err(Error::NothingRan(format!("not judged: {left}"))),
        }
    }

    /// What the engine finds; kept as a report in the testee's folder.
    async fn judge(
        &self,
        testee: &Testee,
        version: Result<String, Error>,
        who: Who,
        ids: &BTreeSet<CaseId>,
    ) -> Result<Implementation, Error> {
        let (name, role) = (&testee.name, who.role().name());
        let version = version.map_err(|error| Error::NothingRan(error.to_string()))?;
        say!("{name} {version} as {role}: {}", counted(ids.len(), "case"));
        let folder = format!("{}-{role}", file_name_of(name));
        let keep = self.out.join(folder);
        fs::create_dir_all(&keep).map_err(io(format!("cannot make {}", keep.display())))?;
        let options: Vec<String> = self.quick.then(|| "--quick".to_owned()).into_iter().collect();
        let (mut server, reached) = start(&who, &keep).await?;
        let report = alone::judge(&reached, name, ids, &options, &keep).await;
        stop(&mut server).await;
        let mut report = report?;
        report.testee.version = Some(version);
        let out = keep.join(OUT);
        store::save_report(&out.join("report.json"), &report)?;
        let details = load::details(&out, &report);
        let quick = if self.quick { " QUICK=--quick" } else { "" };
        let command = Some(format!("make compare ONLY={name} ROLE={role}{quick}"));
        Ok(Implementation { command, details, ..Implementation::from(report) })
    }

    /// The testees asked for, each with the version of its package.
    fn testees(&self) -> Result<Vec<Chosen>, Error> {
        let mut found = Vec::new();
        for file in &self.testees {
            for testee in testees::load(file)? {
                let Some(package) = &testee.package else { continue };
                if self.only.is_empty() || self.only.contains(&testee.name) {
                    let version = package.version(&self.lock, &self.peers);
                    found.push(Chosen { testee, version });
                }
            }
        }
        let unknown = |name: &&String| !found.iter().any(|one| one.testee.name == **name);
        match self.only.iter().find(unknown) {
            Some(name) => Err(Error::Unusable(format!(
                "--only: no testee of the files is `{name}` and has a package"
            ))),
            None if found.is_empty() => {
                Err(Error::Unusable("no testee of the files has a package".to_owned()))
            }
            None => Ok(found),
        }
    }
}

/// One row for each implementation and role, one column for each class.
fn markdown(page: &Page) -> String {
    let heads = Class::ALL.map(Class::name).join(" | ");
    let mut text = format!("| implementation | version | role | cases | {heads} |\n");
    text.push_str(&format!("|---|---|---|{}\n", "--:|".repeat(1 + Class::ALL.len())));
    for report in page.shown.iter().map(|shown| &shown.report) {
        let version = report.testee.version.as_deref().unwrap_or("-");
        let (agent, role) = (&report.testee.agent, report.role.name());
        let counts = count(&report.cases).map(|count| count.to_string()).join(" | ");
        let cases = report.cases.len();
        let _ = writeln!(text, "| {agent} | {version} | {role} | {cases} | {counts} |");
    }
    for note in &page.notes {
        let _ = writeln!(text, "\n{note}");
    }
    if let Some(first) = page.shown.first().map(|shown| &shown.report) {
        let version = first.suite.version.as_deref().unwrap_or("of unknown release");
        let (suite, engine) = (&first.suite.name, &first.suite.engine);
        let (os, arch) = (&first.platform.os, &first.platform.arch);
        let day = first.started.split('T').next().unwrap_or_default();
        let _ = writeln!(text, "\n{suite} {version} by {engine} on {os} {arch}, {day}.");
    }
    text
}
