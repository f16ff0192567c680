//! A folder that is made beside its final place and moved there whole, or not at all.
//!
//! Names carry the maker's process id: two makers never meet, and what a killed one left behind
//! is removed by the next. And who may write into a folder that stays: [`hold`].

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

/// A folder in the making; removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    target: PathBuf,
}

impl Scratch {
    /// Makes an empty folder beside `target`, after removing those of makers that are gone.
    pub(crate) fn beside(target: &Path) -> io::Result<Self> {
        let parent = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let target = fs::canonicalize(parent)?.join(target.file_name().unwrap_or_default());
        remove_abandoned(&target);
        let path = sibling(&target, std::process::id());
        remove(&path)?;
        fs::create_dir(&path)?;
        Ok(Self { path, target })
    }

    /// Where the folder is now, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the folder to its final place, unless somebody else's is there already.
    pub(crate) fn keep_first(self) -> io::Result<()> {
        match fs::rename(&self.path, &self.target) {
            Err(_) if self.target.is_dir() => Ok(()),
            other => other,
        }
    }

    /// Moves the folder to its final place, in the stead of what is there.
    pub(crate) fn replace(self) -> io::Result<()> {
        remove(&self.target)?;
        fs::rename(&self.path, &self.target)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // After a move there is nothing left to remove.
        let _ = remove(&self.path);
    }
}

/// Keeps other runs out of `dir`, whose files would be of both: until this is closed, or we end.
pub(crate) fn hold(dir: &Path) -> io::Result<File> {
    let held = File::open(dir)?;
    match held.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::other(
            "another run is writing there: wait for its end, or give this one another --out",
        )),
        // A file system without locks keeps nobody out.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(held),
    }
}

/// Removes a folder with all that is in it; none there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sibling(target: &Path, pid: u32) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{pid}.tmp"))
}

/// Removes the siblings of `target` whose maker no longer runs. Failing to is harmless.
fn remove_abandoned(target: &Path) {
    let Some(parent) = target.parent() else { return };
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let pid = file_name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".tmp")?.parse::<i32>().ok())
            .and_then(Pid::from_raw);
        let gone = |pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        if pid.is_some_and(gone) {
            let _ = remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_leaves_nothing_and_kept_moves_whole() {
        let room = tempfile::tempdir().unwrap();
        let target = room.path().join("made");
        drop(Scratch::beside(&target).unwrap());
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);

        let scratch = Scratch::beside(&target).unwrap();
        fs::write(scratch.path().join("one"), "1").unwrap();
        assert!(!target.exists());
        scratch.keep_first().unwrap();
        assert_eq!(fs::read_to_string(target.join("one")).unwrap(), "1");
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_first_maker_wins_and_a_replacement_replaces() {
        let room = tempfile::tempdir().unwrap();
        let target = room.path().join("made");
        let late = Scratch::beside(&target).unwrap();
        fs::write(late.path().join("late"), "").unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("first"), "").unwrap();
        late.keep_first().unwrap();
        assert!(target.join("first").exists() && !target.join("late").exists());

        let newer = Scratch::beside(&target).unwrap();
        fs::write(newer.path().join("newer"), "").unwrap();
        newer.replace().unwrap();
        assert!(target.join("newer").exists() && !target.join("first").exists());
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_maker_left_is_removed_and_a_living_one_is_not() {
        let room = tempfile::tempdir().unwrap();
        let target = room.path().join("made");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = sibling(&target, child.id());
        child.wait().unwrap();
        // Our parent runs for as long as this test does.
        let living = sibling(&target, std::os::unix::process::parent_id());
        fs::create_dir(&gone).unwrap();
        fs::create_dir(&living).unwrap();
        drop(Scratch::beside(&target).unwrap());
        assert!(!gone.exists());
        assert!(living.exists());
    }
}
