//! How long a server waits before it accepts again, after it could not.
//!
//! Out of descriptors or buffers (`EMFILE`, `ENFILE`, `ENOBUFS`), trying again at once would use a
//! whole processor to learn nothing. A connection that its peer gave up before we came to it is no
//! reason to wait.

use core::time::Duration;
use std::io::{self, ErrorKind};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The wait before the next try: none after a success, then doubled from failure to failure.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    wait: Option<Duration>,
}

impl BackOff {
    pub(super) const fn wait(&self) -> Option<Duration> {
        self.wait
    }

    pub(super) const fn succeeded(&mut self) {
        self.wait = None;
    }

    pub(super) fn failed(&mut self, error: &io::Error) {
        if !is_of_one_connection(error) {
            let wait = self.wait.map_or(FIRST, |wait| wait.saturating_mul(2));
            self.wait = Some(wait.min(LONGEST));
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t27_waits_double_from_50_ms_to_1_s_and_end_with_a_success() {
        let mut back_off = BackOff::default();
        let out_of_descriptors = io::Error::from_raw_os_error(24);
        for millis in [50, 100, 200, 400, 800, 1000, 1000] {
            back_off.failed(&out_of_descriptors);
            assert_eq!(back_off.wait(), Some(Duration::from_millis(millis)));
        }
        back_off.succeeded();
        assert_eq!(back_off.wait(), None);
        back_off.failed(&out_of_descriptors);
        assert_eq!(back_off.wait(), Some(FIRST));
    }

    #[test]
    fn a_connection_that_is_gone_already_is_no_reason_to_wait() {
        let mut back_off = BackOff::default();
        back_off.failed(&ErrorKind::ConnectionAborted.into());
        assert_eq!(back_off.wait(), None);
    }
}
