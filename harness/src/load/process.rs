//! What a process on this machine has used: CPU time by its clock, memory as `/proc` tells it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use crate::Error;

/// What a process had used at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// On a processor, all its threads, those that have ended as well.
    pub cpu: Duration,
    /// Resident memory, in octets.
    pub resident: u64,
}

impl Usage {
    /// Of this process, now.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: there is no such process, or no `/proc`.
    pub fn of(pid: u32) -> Result<Self, Error> {
        let read = || -> io::Result<Self> { Ok(Self { cpu: cpu(pid)?, resident: resident(pid)? }) };
        read().map_err(|error| {
            Error::Unusable(format!(
                "--pid {pid}: {error}; it needs Linux, and a server that runs here"
            ))
        })
    }
}

fn folder(pid: u32) -> PathBuf {
    PathBuf::from("/proc").join(pid.to_string())
}

#[cfg(target_os = "linux")]
fn cpu(pid: u32) -> io::Result<Duration> {
    let pid = i32::try_from(pid).map_err(|_| io::Error::from(ErrorKind::NotFound))?;
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid))?;
    Ok(clock.now()?.into())
}

#[cfg(not(target_os = "linux"))]
fn cpu(_: u32) -> io::Result<Duration> {
    Err(ErrorKind::Unsupported.into())
}

fn resident(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(folder(pid).join("status"))?;
    let kibioctets = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    kibioctets.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in its status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_ended_has_used_its_time() {
        let own = || nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID.now().map(Duration::from).unwrap();
        let before = Usage::of(std::process::id()).unwrap();
        let busy = std::thread::spawn(move || while own() < Duration::from_millis(200) {});
        busy.join().unwrap();
        let after = Usage::of(std::process::id()).unwrap();
        assert!(after.cpu - before.cpu >= Duration::from_millis(200), "{before:?} {after:?}");
    }

    #[test]
    fn this_process_uses_something_and_a_missing_one_is_told() {
        let before = Usage::of(std::process::id()).unwrap();
        let memory = vec![1_u8; 32 << 20];
        assert_eq!(memory.iter().map(|octet| u64::from(*octet)).sum::<u64>(), 32 << 20);
        let after = Usage::of(std::process::id()).unwrap();
        assert!(after.cpu > before.cpu);
        assert!(after.resident > before.resident + (16 << 20));
        let error = Usage::of(u32::MAX).unwrap_err().to_string();
        assert!(error.starts_with("--pid 4294967295: "), "{error}");
    }
}
