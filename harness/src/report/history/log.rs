//! The file of a log: read whole, appended to, never rewritten.
//!
//! Whoever appends holds the file's lock, so lines of two runs do not mix. A line that a crash cut
//! off is not counted, and the next append takes its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Commit, Run, State};
use crate::Error;
use crate::autobahn::index::file_name_of;
use crate::error::io;
use crate::report::schema::{Report, Role};

/// A log as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// The last that is known of each case.
    pub state: State,
    /// How many octets of a line that was cut off are behind the last run.
    pub torn: usize,
    /// How many octets of the file the runs take.
    len: usize,
    /// The last run's line lacks its end, and only that.
    unended: bool,
}

/// What [`add`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The log.
    pub path: PathBuf,
    /// The line of the run, `None` if the log has this very run already.
    pub run: Option<Run>,
    /// It is the first of its log.
    pub first: bool,
    /// How many octets of a line that was cut off were removed.
    pub removed: usize,
}

/// The log of a testee in a role.
#[must_use]
pub fn path(dir: &Path, testee: &str, role: Role) -> PathBuf {
    dir.join(format!("{}-{}.jsonl", file_name_of(testee), role.name()))
}

/// Reads a log; `None` if there is no such file.
///
/// # Errors
///
/// [`Error::Unusable`]: a line before the last is malformed, or does not follow from those before.
pub fn load(path: &Path) -> Result<Option<Log>, Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(format!("cannot read {}", path.display()))(error)),
    };
    let mut octets = Vec::new();
    let read = file.lock_shared().and_then(|()| file.read_to_end(&mut octets));
    read.map_err(io(format!("cannot read {}", path.display())))?;
    parse(path, &octets).map(Some)
}

/// Appends a run to the log of its testee and role in `dir`.
///
/// # Errors
///
/// [`Error::Unusable`]: as [`load`]; the report's selection; the file system. The log has then
/// what it had.
pub fn add(dir: &Path, report: &Report, commit: Commit) -> Result<Added, Error> {
    let path = path(dir, &report.testee.agent, report.role);
    let doing = || format!("cannot append to {}", path.display());
    fs::create_dir_all(dir).map_err(io(doing()))?;
    let options =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = options.map_err(io(doing()))?;
    let mut octets = Vec::new();
    let read = file.lock().and_then(|()| file.read_to_end(&mut octets));
    read.map_err(io(doing()))?;
    let log = parse(&path, &octets)?;
    let same = |run: &Run| {
        (&run.started, run.duration_ms) == (&report.started, report.duration_ms)
            && run.engine == report.suite.engine
    };
    let mut added =
        Added { first: log.runs.is_empty(), run: None, removed: log.torn, path: path.clone() };
    let mut line = if log.unended { "\n".to_owned() } else { String::new() };
    if !log.runs.iter().any(same) {
        let run = Run::of(report, commit, (log.runs.last(), &log.state))
            .and_then(|run| run.apply(log.runs.last(), &mut log.state.clone()).map(|()| run))
            .map_err(|why| Error::Unusable(format!("{}: {why}", doing())))?;
        let json = serde_json::to_string(&run).map_err(io::Error::from).map_err(io(doing()))?;
        line.push_str(&json);
        line.push('\n');
        added.run = Some(run);
    }
    let end = log.len as u64;
    let mut write = || {
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    if let Err(error) = write() {
        // What is left of the line, if even this fails, is a line that was cut off.
        let _ = file.set_len(end);
        return Err(io(doing())(error));
    }
    Ok(added)
}

fn parse(path: &Path, octets: &[u8]) -> Result<Log, Error> {
    let mut log = Log::default();
    for (number, line) in (1..).zip(octets.split_inclusive(|octet| *octet == b'\n')) {
        let ended = line.ends_with(b"\n");
        let read = serde_json::from_slice::<Run>(line).map_err(|error| error.to_string());
        let mut state = log.state.clone();
        let followed = read.and_then(|run| run.apply(log.runs.last(), &mut state).map(|()| run));
        match followed {
            Ok(run) => {
                log.runs.push(run);
                log.state = state;
                log.len += line.len();
                log.unended = !ended;
            }
            Err(_) if !ended => log.torn = line.len(),
            Err(why) => {
                return Err(Error::Unusable(format!(
                    "{}, line {number}: {why}; restore the file from version control, or remove \
                     this line and all behind it and add their reports again",
                    path.display()
                )));
            }
        }
    }
    Ok(log)
}
