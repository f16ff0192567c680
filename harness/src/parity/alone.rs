//! One testee judged by the engine: a process of its own, `wsconf test … --out DIR`, as anybody
//! would run it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::Error;
use crate::autobahn::run::Testee;
use crate::autobahn::testee::path_with_us;
use crate::conformance::CaseId;
use crate::error::io;
use crate::group::Group;
use crate::report::schema::Report;
use crate::report::store;

/// The folder in `keep` that the engine fills.
pub(crate) const OUT: &str = "engine";

/// What the engine finds; all that it writes stays in `keep`, in [`OUT`] and `engine.log`.
///
/// # Errors
///
/// - [`Error::NothingRan`]: it ended without a report.
/// - [`Error::Unusable`]: the machine refused a file or a process.
pub(crate) async fn judge(
    testee: &Testee,
    agent: &str,
    ids: &BTreeSet<CaseId>,
    options: &[String],
    keep: &Path,
) -> Result<Report, Error> {
    let out = keep.join(OUT);
    let us = std::env::current_exe().map_err(io("cannot tell where this program is"))?;
    let mut command = Command::new(us);
    command.env("PATH", path_with_us());
    match testee {
        Testee::ClientCommand(line) => command.args(["test", "client", "--command", line]),
        Testee::ServerAt(url) => command.args(["test", "server", url]),
        Testee::OurServer | Testee::OurClient => {
            return Err(Error::Unusable("a testee here has a command or a URL".to_owned()));
        }
    };
    command.args(["--agent", agent, "--fail-on", "never", "--out"]).arg(&out);
    command.args(["--cases", &patterns(ids).join(" ")]).args(options);
    let log = keep.join("engine.log");
    let writing = || format!("cannot write {}", log.display());
    let file = fs::File::create(&log).map_err(io(writing()))?;
    let errors = file.try_clone().map_err(io(writing()))?;
    command.stdin(Stdio::null()).stdout(file).stderr(errors);
    let mut engine = Group::spawn(&mut command).map_err(io("cannot start the engine"))?;
    let ended = engine.wait().await.map_err(io("cannot wait for the engine"))?;
    let report = match ended.success() {
        true => store::load_report(&out.join("report.json"))?,
        false => None,
    };
    report.ok_or_else(|| {
        let said = fs::read_to_string(&log).unwrap_or_default();
        Error::NothingRan(format!("the engine ended without a report: {ended}\n{said}"))
    })
}

/// The ids as patterns: one without `*` matches itself alone.
pub(crate) fn patterns(ids: &BTreeSet<CaseId>) -> Vec<String> {
    ids.iter().map(CaseId::to_string).collect()
}
